import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { startFakeProvider } from '../../src/demo/fake-provider.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const clock = createSystemClock();

/** A program in place of the fakes. */
function program(source: string): URL {
  const path = join(temporaryDirectory(), 'fakes.mjs');
  writeFileSync(path, source);
  return pathToFileURL(path);
}

const listening = `process.stdout.write('{"url":"ws://127.0.0.1:' + process.pid + '/v1/realtime"}\\n');`;

/** The program tells its process id as its port. */
const pidOf = (url: string): number => Number(/:(\d+)\//.exec(url)?.[1]);

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('it is started by name, says where it listens, what it was told, and ends when it is disposed of', async () => {
  const source = `${listening}
    if (process.argv.slice(2).join(' ') !== 'acme --port 0 --json') process.exit(2);
    process.stdin.on('data', (data) => {
      if (String(data) !== 'timeline\\n') process.exit(3);
      const truncations = [{ audioEndMs: 900, audioMs: 4000, refused: false }, { audioEndMs: 9000, audioMs: 1, refused: true }];
      process.stdout.write(JSON.stringify({ timeline: { truncations } }) + '\\n');
    });`;
  const fake = await startFakeProvider({ name: 'acme', program: program(source), clock });
  const pid = pidOf(fake.url);
  expect(isRunning(pid)).toBe(true);
  expect((await fake.account())?.cuts).toMatchObject([{ audioEndMs: 900, audioMs: 4000 }]);
  await fake[Symbol.asyncDispose]();
  expect(isRunning(pid)).toBe(false);
  expect(await fake.account()).toBeUndefined();
});

test('one that does not heed a signal is killed', async () => {
  const source = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); ${listening}`;
  const fake = await startFakeProvider({ name: 'acme', program: program(source), clock });
  await fake[Symbol.asyncDispose]();
  expect(isRunning(pidOf(fake.url))).toBe(false);
});

test.each([
  ['ends at once', 'process.exit(1)'],
  ['says something else', `process.stdout.write('hello\\n'); setInterval(() => {}, 1000)`],
])('one that %s did not start', async (_what, source) => {
  const started = startFakeProvider({ name: 'acme', program: program(source), clock });
  await expect(started).rejects.toThrow('did not start');
});

test('a signal in the middle of its start ends it', async () => {
  const abort = new AbortController();
  const started = startFakeProvider(
    { name: 'acme', program: program('setInterval(() => {}, 1000)'), clock },
    abort.signal,
  );
  setTimeout(() => abort.abort(new Error('enough')), 100);
  await expect(started).rejects.toThrow('enough');
});

test('in an installed package, which has no fakes, the message says what to do', async () => {
  const started = startFakeProvider({ name: 'acme', program: new URL('file:///nowhere/main.js'), clock });
  await expect(started).rejects.toThrow(/comes with a clone of the repository.*OPENAI_API_KEY/);
});
