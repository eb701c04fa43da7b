import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { giveMemoryBack } from '../../../src/media/native/free-memory.js';
import { nativeAddon } from '../../support/native-addon.js';

/**
 * What a process has more after it had 40 MB for a moment than before, MB. First it has a large piece of WebAssembly, as for
 * a voice, after which the allocator keeps 42 MB for itself unless it was told otherwise.
 */
function keptBy(first: string): number {
  const program = `
    ${first}
    const pieces = (count, bytes) => Array.from({ length: count }, () => new Uint8Array(bytes).fill(1));
    const rss = () => process.memoryUsage.rss() / 2 ** 20;
    pieces(1, 21 * 2 ** 20);
    gc(); gc();
    const before = rss();
    pieces(40, 2 ** 20);
    gc(); gc();
    setTimeout(() => { console.log(rss() - before); }, 20);
  `;
  const { MALLOC_TRIM_THRESHOLD_, GLIBC_TUNABLES, ...env } = process.env;
  return Number(execFileSync(process.execPath, ['--expose-gc', '-e', program], { env, encoding: 'utf8' }));
}

test('memory that is no longer used goes back to the system', () => {
  const kept = keptBy(`require(${JSON.stringify(nativeAddon())}).keepFree(2 ** 20);`);
  const untold = keptBy('');
  expect(kept).toBeLessThan(15);
  // Else this test would show nothing.
  expect(untold).toBeGreaterThan(25);
});

test.each([
  ['MALLOC_TRIM_THRESHOLD_', '33554432'],
  ['GLIBC_TUNABLES', 'glibc.malloc.arena_max=4:glibc.malloc.trim_threshold=33554432'],
])('an operator who has said how much is to be kept by %s is heeded', (name, value) => {
  expect(giveMemoryBack({ [name]: value }, nativeAddon())).toBe(false);
});

test('it is told so by the add-on, and left alone without', () => {
  expect(giveMemoryBack({ GLIBC_TUNABLES: 'glibc.malloc.arena_max=4' }, nativeAddon())).toBe(true);
  expect(giveMemoryBack({}, join(import.meta.dirname, 'no-such.node'))).toBe(false);
});
