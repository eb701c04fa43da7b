import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { errorCode } from '../../src/base/connector-error.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import { openRecordLog, type RecordLog, recordLogDefaults } from '../../src/ops/record-log.js';
import { FakeClock } from '../support/fake-clock.js';
import { type DiskFaults, faultyFileSystem } from '../support/faulty-file-system.js';
import { MemoryLog } from '../support/memory-log.js';
import { sampleRecord, sampleSummary } from '../support/sample-record.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

interface Bench {
  readonly path: string;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly faults: DiskFaults;
  readonly fs: ReturnType<typeof faultyFileSystem>;
  open(): Promise<RecordLog>;
}

function bench(path = join(temporaryDirectory(), 'data', 'cdr.jsonl')): Bench {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const faults: DiskFaults = {};
  const fs = faultyFileSystem(faults);
  const open = async (): Promise<RecordLog> => {
    const recordLog = await openRecordLog({ path }, { clock, log, fs });
    onTestFinished(() => recordLog.close());
    return recordLog;
  };
  return { path, clock, log, faults, fs, open };
}

async function recordsIn(path: string): Promise<CallRecord[]> {
  const text = await readFile(path, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CallRecord);
}

async function idsIn(path: string): Promise<string[]> {
  return (await recordsIn(path)).map((record) => record.id);
}

/** Waits for the file system, which no fake clock governs. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(condition, { interval: 2 }).toBe(true);
}

test('records are written in order, one JSON line each, in a file that only its owner can read', async () => {
  const { path, open } = bench();
  const recordLog = await open();
  for (let index = 0; index < 50; index += 1) recordLog.append(sampleRecord({ id: `call-${index}` }));
  await recordLog.flush();
  expect(await idsIn(path)).toEqual(Array.from({ length: 50 }, (_, index) => `call-${index}`));
  expect(await recordsIn(path)).toContainEqual(sampleRecord({ id: 'call-7' }));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(`${path}.open`)).mode & 0o777).toBe(0o600);
  expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
  expect(recordLog.status).toMatchObject({ pending: 0, written: 50, failures: 0, lost: 0 });
});

test('records that come fast share one write and one sync', async () => {
  const { path, clock, fs, open } = bench();
  const recordLog = await open();
  fs.operations.length = 0;
  for (let index = 0; index < 100; index += 1) recordLog.append(sampleRecord({ id: `call-${index}` }));
  await until(() => recordLog.status.written === 100);
  const ofRecords = () => fs.operations.filter((operation) => operation.path === path).map(({ op }) => op);
  expect(ofRecords().filter((op) => op === 'write').length).toBeLessThanOrEqual(2);
  expect(ofRecords()).not.toContain('datasync');
  clock.advance(recordLogDefaults.syncDelayMs);
  await until(() => ofRecords().includes('datasync'));
  expect(ofRecords().filter((op) => op === 'datasync')).toHaveLength(1);
});

test('what was there before is kept and appended to', async () => {
  const { path, open } = bench();
  const first = await open();
  first.append(sampleRecord({ id: 'old' }));
  await first.close();
  const second = await open();
  second.append(sampleRecord({ id: 'new' }));
  await second.close();
  expect(await idsIn(path)).toEqual(['old', 'new']);
});

test('a last line that only lacks its newline is completed', async () => {
  const { path, log, open } = bench();
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `${JSON.stringify(sampleRecord({ id: 'a' }))}\n${JSON.stringify(sampleRecord({ id: 'b' }))}`);
  const recordLog = await open();
  recordLog.append(sampleRecord({ id: 'c' }));
  await recordLog.flush();
  expect(await idsIn(path)).toEqual(['a', 'b', 'c']);
  expect(existsSync(`${path}.torn`)).toBe(false);
  expect(log.at('warn')).toMatchObject([{ fields: { repair: 'completed' } }]);
});

test.each([
  ['half a record', '{"version":1,"id":"b","fro'],
  ['half a character', Buffer.from([0x7b, 0x22, 0xc3])],
  ['zeros after a power cut', Buffer.alloc(5000)],
  ['an unreadable line with its newline', '{"version":1,"id"\n'],
  ['a line longer than any block read at once', `{"id":"${'x'.repeat(200_000)}`],
])('a torn tail (%s) moves to the .torn file and the next record starts a line', async (_name, tail) => {
  const { path, open } = bench();
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `${JSON.stringify(sampleRecord({ id: 'a' }))}\n`);
  await appendFile(path, tail);
  const recordLog = await open();
  recordLog.append(sampleRecord({ id: 'c' }));
  await recordLog.flush();
  expect(await idsIn(path)).toEqual(['a', 'c']);
  const torn = await readFile(`${path}.torn`);
  expect(torn.subarray(0, tail.length).equals(Buffer.from(tail))).toBe(true);
  expect((await stat(`${path}.torn`)).mode & 0o777).toBe(0o600);
});

test('a file that holds nothing but a torn line is repaired too', async () => {
  const { path, open } = bench();
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, '{"ver');
  const recordLog = await open();
  recordLog.append(sampleRecord());
  await recordLog.flush();
  expect(await idsIn(path)).toEqual(['call-1']);
  expect(await readFile(`${path}.torn`, 'utf8')).toBe('{"ver\n');
});

test.each(['ENOSPC', 'EIO'])(
  'records wait in memory while the disk answers %s, then are written in order',
  async (errno) => {
    const { path, clock, log, faults, open } = bench();
    const recordLog = await open();
    recordLog.append(sampleRecord({ id: 'before' }));
    await recordLog.flush();
    faults.write = errno;
    recordLog.append(sampleRecord({ id: 'during-1' }));
    recordLog.append(sampleRecord({ id: 'during-2' }));
    await until(() => recordLog.status.failures > 0);
    expect(recordLog.status).toMatchObject({ pending: 2, lost: 0 });
    expect(log.at('error')).toMatchObject([{ fields: { code: 'ERR_RECORD_WRITE', errno } }]);
    expect(errorCode(await recordLog.flush().catch((error: unknown) => error))).toBe('ERR_RECORD_WRITE');
    faults.write = undefined;
    recordLog.append(sampleRecord({ id: 'after' }));
    clock.advance(recordLogDefaults.retryMaxMs);
    await until(() => recordLog.status.pending === 0);
    await recordLog.flush();
    expect(await idsIn(path)).toEqual(['before', 'during-1', 'during-2', 'after']);
    expect(log.lines.at(-1)).toMatchObject({ level: 'info', message: 'call records can be written again' });
  },
);

test('a disk that fills up in the middle of a line leaves no half line behind once there is room', async () => {
  const { path, clock, faults, open } = bench();
  const recordLog = await open();
  faults.only = 'cdr.jsonl';
  faults.freeBytes = 1000;
  for (let index = 0; index < 10; index += 1) recordLog.append(sampleRecord({ id: `call-${index}` }));
  await until(() => recordLog.status.failures > 0);
  expect((await stat(path)).size).toBe(1000);
  faults.freeBytes = undefined;
  clock.advance(recordLogDefaults.retryMaxMs);
  await recordLog.flush();
  expect(await idsIn(path)).toEqual(Array.from({ length: 10 }, (_, index) => `call-${index}`));
});

test('a failing disk is complained of once, then once a minute', async () => {
  const { clock, log, faults, open } = bench();
  const recordLog = await open();
  faults.write = 'ENOSPC';
  recordLog.append(sampleRecord());
  for (let failures = 1; failures <= 30; failures += 1) {
    await until(() => recordLog.status.failures >= failures);
    clock.advance(recordLogDefaults.retryMaxMs);
  }
  const elapsedMinutes = Math.floor(clock.now() / 60_000);
  expect(log.at('error').length).toBeGreaterThanOrEqual(2);
  expect(log.at('error').length).toBeLessThanOrEqual(elapsedMinutes + 1);
});

test('the memory for waiting records is bounded; what does not fit is counted and logged', async () => {
  const { clock, log, faults, open } = bench();
  const recordLog = await open();
  faults.write = 'ENOSPC';
  const text = 'x'.repeat(1024 * 1024);
  for (let index = 0; index < 40; index += 1) {
    recordLog.append(sampleRecord({ id: `call-${index}`, transcript: [{ role: 'caller', text, atMs: 0 }] }));
  }
  expect(recordLog.status.lost).toBeGreaterThanOrEqual(8);
  expect(recordLog.status.lost + recordLog.status.pending).toBe(40);
  await until(() => recordLog.status.failures > 0);
  clock.advance(recordLogDefaults.retryMaxMs);
  await until(() => recordLog.status.failures > 1);
  const reported = log.at('error').reduce((sum, { fields }) => sum + Number(fields['lost']), 0);
  expect(reported).toBe(recordLog.status.lost);
});

test('a failed fdatasync is tried again, and the call stays in the journal until it succeeds', async () => {
  const { path, clock, faults, open } = bench();
  const recordLog = await open();
  await recordLog.began(sampleSummary());
  faults.only = 'cdr.jsonl';
  faults.datasync = 'EIO';
  recordLog.append(sampleRecord());
  await until(() => recordLog.status.written === 1);
  clock.advance(recordLogDefaults.syncDelayMs);
  await until(() => recordLog.status.failures === 1);
  expect(recordLog.status.open).toBe(1);
  faults.datasync = undefined;
  clock.advance(recordLogDefaults.retryMinMs);
  await until(() => recordLog.status.open === 0);
  expect(await idsIn(path)).toEqual(['call-1']);
});

test('a rotated file is left alone and a new one begun', async () => {
  const { path, clock, open } = bench();
  const recordLog = await open();
  recordLog.append(sampleRecord({ id: 'old' }));
  await recordLog.flush();
  await rename(path, `${path}.1`);
  clock.advance(recordLogDefaults.followRenameMs);
  recordLog.append(sampleRecord({ id: 'new' }));
  await recordLog.flush();
  expect(await idsIn(`${path}.1`)).toEqual(['old']);
  expect(await idsIn(path)).toEqual(['new']);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a file cut short by a copying rotation is written on from its new end', async () => {
  const { path, open } = bench();
  const recordLog = await open();
  recordLog.append(sampleRecord({ id: 'old' }));
  await recordLog.flush();
  await truncate(path);
  recordLog.append(sampleRecord({ id: 'new' }));
  await recordLog.flush();
  expect(await idsIn(path)).toEqual(['new']);
});

test('close writes what waits, and appending afterwards neither throws nor goes unnoticed', async () => {
  const { path, log, open } = bench();
  const recordLog = await open();
  recordLog.append(sampleRecord({ id: 'a' }));
  await recordLog.close();
  recordLog.append(sampleRecord({ id: 'b' }));
  expect(await idsIn(path)).toEqual(['a']);
  expect(recordLog.status.lost).toBe(1);
  expect(log.at('error')).toHaveLength(1);
});

test('no timer outlives close, also when the disk never recovers', async () => {
  const { clock, faults, log, open } = bench();
  const recordLog = await open();
  await recordLog.began(sampleSummary());
  faults.write = 'EIO';
  recordLog.append(sampleRecord());
  await recordLog.close();
  expect(clock.pendingTimers).toBe(0);
  expect(recordLog.status.lost).toBe(1);
  expect(log.at('error').some(({ fields }) => fields['lost'] === 1)).toBe(true);
});

test('a second connector is refused the same file, and gets it once the first has closed', async () => {
  const first = bench();
  const recordLog = await first.open();
  await recordLog.began(sampleSummary());
  const second = bench(first.path);
  expect(errorCode(await second.open().catch((error: unknown) => error))).toBe('ERR_RECORD_IN_USE');
  expect(await idsIn(first.path)).toEqual([]);
  recordLog.append(sampleRecord());
  await recordLog.close();
  await (await second.open()).close();
  expect(await idsIn(first.path)).toEqual(['call-1']);
});

test('a path that cannot be opened is an error with a code, and leaves no lock', async () => {
  const { path, faults, open } = bench();
  faults.open = 'EACCES';
  expect(errorCode(await open().catch((error: unknown) => error))).toBe('ERR_RECORD_WRITE');
  faults.open = undefined;
  await (await open()).close();
  await expect(
    openRecordLog({ path: join(path, 'below-a-file') }, { clock: new FakeClock(), log: new MemoryLog() }),
  ).rejects.toMatchObject({ code: 'ERR_RECORD_WRITE' });
  await expect(
    openRecordLog({ path: join(path, '..') }, { clock: new FakeClock(), log: new MemoryLog() }),
  ).rejects.toMatchObject({ code: 'ERR_RECORD_WRITE', message: expect.stringMatching(/opened: it is a directory$/) });
});

test('a record log on a disk that lies about nothing takes ten thousand records without loss', async () => {
  const { path, open } = bench();
  const recordLog = await open();
  for (let index = 0; index < 10_000; index += 1) recordLog.append(sampleRecord({ id: `call-${index}` }));
  await recordLog.flush();
  expect(new Set(await idsIn(path)).size).toBe(10_000);
});
