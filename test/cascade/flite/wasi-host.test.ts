import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { compileProgram, runProgram } from '../../../src/cascade/flite/wasi-host.mjs';

interface Wabt {
  parseWat(name: string, text: string): { toBinary(options: object): { readonly buffer: Uint8Array } };
}
const load: NodeJS.Require = createRequire(import.meta.url);
const wabt: Wabt = await load('wabt')();

/** A program of one page of memory, whose global `$runs` counts its runs: no memory put back takes it back. */
function program(body: string): ReturnType<typeof compileProgram> {
  const text = `(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "clean")
    (global $runs (mut i32) (i32.const 0))
    (func (export "_start")
      (global.set $runs (i32.add (global.get $runs) (i32.const 1)))
      ${body}))`;
  return compileProgram(wabt.parseWat('program.wat', text).toBinary({}).buffer);
}

const none = { args: [], stdin: new Uint8Array(0) };
const statuses = (module: Awaited<ReturnType<typeof program>>): readonly number[] =>
  [0, 1, 2].map(() => runProgram(module, none).status);

test('a program is run again in memory as it was at first, until it ends badly', async () => {
  // Exits with 2 in its second run, with 9 and more where it finds what the first one wrote.
  const module = await program(`
    (if (i32.load8_u (i32.const 0)) (then (call $exit (i32.const 9))))
    (if (i32.ne (i32.load8_u (i32.const 8)) (i32.const 99)) (then (call $exit (i32.const 10))))
    (if (i32.gt_u (memory.size) (i32.const 1))
      (then (if (i32.load8_u (i32.const 70000)) (then (call $exit (i32.const 11))))))
    (i32.store8 (i32.const 0) (i32.const 1))
    (i32.store8 (i32.const 8) (i32.const 1))
    (drop (memory.grow (i32.const 1)))
    (i32.store8 (i32.const 70000) (i32.const 1))
    (if (i32.eq (global.get $runs) (i32.const 2)) (then (call $exit (i32.const 2))))`);
  expect(statuses(module)).toEqual([0, 2, 0]);
});

test('a program that exits, traps or takes much memory is made anew for the next run', async () => {
  const exits = await program('(call $exit (global.get $runs))');
  expect(statuses(exits)).toEqual([1, 1, 1]);
  const exitsWell = await program(`(if (i32.gt_u (global.get $runs) (i32.const 1)) (then (call $exit (i32.const 1))))
    (call $exit (i32.const 0))`);
  expect(statuses(exitsWell)).toEqual([0, 0, 0]);
  const grows = await program(`(drop (memory.grow (i32.const 1024)))
    (if (i32.gt_u (global.get $runs) (i32.const 1)) (then (call $exit (i32.const 1))))`);
  expect(statuses(grows)).toEqual([0, 0, 0]);
  const traps = await program(`(if (i32.eq (global.get $runs) (i32.const 1)) (then unreachable))`);
  for (let run = 0; run < 2; run += 1) expect(() => runProgram(traps, none)).toThrow('unreachable');
});
