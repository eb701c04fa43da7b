import crypto, { randomUUID } from 'node:crypto';
import { linkSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Clock, createSystemClock } from '../../src/base/clock.js';
import { type ProcessLock, takeProcessLock } from '../../src/ops/process-lock.js';

/** Waits for nothing longer than the disk takes. */
const clock: Clock = { ...createSystemClock(), setTimeout: (callback) => createSystemClock().setTimeout(callback, 2) };

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'lock-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A socket as a process leaves it behind that was killed. */
async function leftBehind(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((done) => void server.listen(`${path}-dead`, done));
  linkSync(`${path}-dead`, path);
  await new Promise((done) => void server.close(done));
}

const isLock = (outcome: ProcessLock | string): outcome is ProcessLock => typeof outcome !== 'string';

test('is held once, and free again when it is released', async () => {
  const path = join(directory(), 'a.lock');
  const lock = await takeProcessLock(path, { clock });
  expect(await takeProcessLock(path, { clock })).toBe('held');
  if (isLock(lock)) await lock.release();
  expect(readdirSync(join(path, '..'))).toEqual([]);
  const again = await takeProcessLock(path, { clock });
  expect(isLock(again)).toBe(true);
  if (isLock(again)) await again.release();
});

test('a dead process is succeeded in the working directory too, whatever the identity of the new one reads like', async () => {
  const path = resolve(`${randomUUID()}.lock`);
  onTestFinished(() => rmSync(path, { force: true }));
  await leftBehind(path);
  // Of a number alone Node makes a port.
  const genuine = crypto.randomUUID;
  onTestFinished(() => {
    crypto.randomUUID = genuine;
    syncBuiltinESMExports();
  });
  crypto.randomUUID = () => '29366393-0000-4000-8000-000000000000';
  syncBuiltinESMExports();
  const lock = await takeProcessLock(path, { clock });
  expect(isLock(lock)).toBe(true);
  if (isLock(lock)) await lock.release();
});

test('of several that start at once after a crash, one has the lock of the dead process', async () => {
  const base = directory();
  // One round after the other: side by side they leave each other no gap.
  for (let round = 0; round < 100; round += 1) {
    const path = join(base, `${round}.lock`);
    await leftBehind(path);
    const outcomes = await Promise.all([1, 2, 3].map(() => takeProcessLock(path, { clock })));
    const locks = outcomes.filter(isLock);
    for (const lock of locks) await lock.release();
    expect(locks).toHaveLength(1);
  }
  expect(readdirSync(base)).toEqual([]);
});

test('who is overtaken after a crash leaves the lock to the other, at its own end too', async () => {
  const base = directory();
  const path = join(base, 'a.lock');
  await leftBehind(path);
  const faster = createServer((socket) => void socket.on('error', () => {}).end('faster'));
  const late: Clock = {
    ...clock,
    setTimeout: (callback) => {
      // A third one, which found the dead lock as well, removes what it takes for that, and has a lock of its own.
      renameSync(path, `${path}-overtaken`);
      return clock.setTimeout(() => void faster.listen(path, callback), 0);
    },
  };
  expect(await takeProcessLock(path, { clock: late })).toBe('held');
  expect(readdirSync(base)).toContain('a.lock');
  // What is still open is closed with the process, and takes the path along that it was bound to.
  const refused = await new Promise((done) => void connect(`${path}-overtaken`, () => done(false)).once('error', done));
  expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
  expect(await takeProcessLock(path, { clock })).toBe('held');
  await new Promise((done) => void faster.close(done));
});

test('a file in its place is left there, and there is no lock', async () => {
  const path = join(directory(), 'a.lock');
  writeFileSync(path, 'x');
  expect(await takeProcessLock(path, { clock })).toBe('unavailable');
  expect(readdirSync(join(path, '..'))).toEqual(['a.lock']);
});
