import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { createProcessIo } from '../../src/cli/process-io.js';

/** As much of a process as is looked at. */
function fakeProcess(): NodeJS.Process & EventEmitter {
  const streams = { stdout: new EventEmitter(), stderr: new EventEmitter() };
  return Object.assign(new EventEmitter(), streams, { env: {}, cwd: () => '/' }) as unknown as NodeJS.Process;
}

test('a reader that has gone (EPIPE) does not end the process', () => {
  const process = fakeProcess();
  createProcessIo(process);
  const error = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  expect(() => process.stdout.emit('error', error)).not.toThrow();
  expect(() => process.stderr.emit('error', error)).not.toThrow();
});

test('signals and stray rejections come to subscribers, until they unsubscribe', () => {
  const process = fakeProcess();
  const io = createProcessIo(process);
  const seen: unknown[] = [];
  const unsubscribe = [io.onSignal((name) => seen.push(name)), io.onStrayRejection((error) => seen.push(error))];
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.emit(name);
  process.emit('unhandledRejection', 'lost');
  expect(seen).toEqual(['SIGTERM', 'SIGINT', 'SIGHUP', 'lost']);
  for (const end of unsubscribe) end();
  // Without a listener a signal ends the process again.
  expect(['SIGTERM', 'SIGINT', 'SIGHUP', 'unhandledRejection'].map((name) => process.listenerCount(name))).toEqual([
    0, 0, 0, 0,
  ]);
});

test('the limit of open files is that of this process, where the system has proc(5)', () => {
  const said = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
  const limit = process.platform !== 'linux' || said === 'unlimited' ? undefined : Number(said);
  expect(createProcessIo(fakeProcess()).openFilesLimit()).toBe(limit);
});
