import { copyFile, mkdir, readFile, rename, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { callJournalDefaults } from '../../src/ops/call-journal.js';
import type { CallRecord } from '../../src/ops/call-record.js';
import { openRecordLog, type RecordLog } from '../../src/ops/record-log.js';
import { FakeClock } from '../support/fake-clock.js';
import { type DiskFaults, faultyFileSystem } from '../support/faulty-file-system.js';
import { MemoryLog } from '../support/memory-log.js';
import { sampleRecord, sampleSummary } from '../support/sample-record.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

async function openAt(path: string, clock = new FakeClock(), faults: DiskFaults = {}): Promise<RecordLog> {
  const recordLog = await openRecordLog({ path }, { clock, log: new MemoryLog(), fs: faultyFileSystem(faults) });
  onTestFinished(() => recordLog.close());
  return recordLog;
}

async function recordsIn(path: string): Promise<CallRecord[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as CallRecord);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(condition, { interval: 2 }).toBe(true);
}

/** The disk as a process leaves it that dies now: the files copied elsewhere, inode numbers and all else lost. */
async function crash(path: string): Promise<string> {
  const copy = join(dirname(path), `crashed-${Math.random()}`, 'cdr.jsonl');
  await mkdir(dirname(copy));
  await copyFile(path, copy);
  await copyFile(`${path}.open`, `${copy}.open`);
  return copy;
}

test('a call that was up when the process died gets a record marked recovered', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const clock = new FakeClock();
  const recordLog = await openAt(path, clock);
  expect(await recordLog.began(sampleSummary({ id: 'up', route: null }))).toBe(true);
  await recordLog.began(sampleSummary({ id: 'over' }));
  recordLog.append(sampleRecord({ id: 'over' }));
  await recordLog.flush();
  clock.advance(callJournalDefaults.beatMs * 3);
  await recordLog.flush();

  const after = await crash(path);
  const next = await openAt(after, new FakeClock(0, Date.UTC(2026, 0, 2)));
  expect(next.status).toMatchObject({ recovered: 1, open: 0 });
  const records = await recordsIn(after);
  expect(records.map(({ id, recovered }) => ({ id, recovered }))).toEqual([
    { id: 'over', recovered: undefined },
    { id: 'up', recovered: true },
  ]);
  expect(records[1]).toEqual({
    version: 1,
    id: 'up',
    direction: 'inbound',
    from: '+442071838750',
    to: '2000',
    route: null,
    flavor: 'echo',
    codec: 'pcmu',
    startedAt: '2026-01-01T00:00:00.000Z',
    answeredAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:00:15.000Z',
    durationMs: 15_000,
    endedBy: 'connector',
    cause: { sip: 200, text: 'drain' },
    turns: [],
    bargeIns: [],
    rtp: null,
    tools: [],
    usage: [],
    costUsd: null,
    recording: null,
    error: { code: 'ERR_CALL_INTERRUPTED', message: 'the connector died during the call' },
    recovered: true,
  });
});

test('what a call had cost at the last sign of life is in its record, also after a second crash', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const clock = new FakeClock();
  const recordLog = await openAt(path, clock);
  let costUsd: number | null = null;
  await recordLog.began(sampleSummary({ id: 'a' }), () => costUsd);
  await recordLog.began(sampleSummary({ id: 'b' }), () => null);
  for (const usd of [0.25, 0.5]) {
    costUsd = usd;
    clock.advance(callJournalDefaults.beatMs);
  }
  await recordLog.flush();
  const after = await crash(path);
  await openAt(after, new FakeClock(0, Date.UTC(2026, 0, 2)), { datasync: 'EIO', only: 'cdr.jsonl' });
  const again = await crash(after);
  await truncate(again);
  await openAt(again, new FakeClock(0, Date.UTC(2026, 0, 3)));
  const expected = [
    { id: 'a', costUsd: 0.5, recovered: true },
    { id: 'b', costUsd: null, recovered: true },
  ];
  expect(await recordsIn(after)).toMatchObject(expected);
  expect(await recordsIn(again)).toMatchObject(expected);
});

test('a call that is over is asked nothing more while the disk refuses its record, and its cost is not forgotten', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const clock = new FakeClock();
  const recordLog = await openAt(path, clock, { datasync: 'EIO', only: 'cdr.jsonl' });
  let asked = 0;
  await recordLog.began(sampleSummary({ id: 'a' }), () => {
    asked += 1;
    return 0.25;
  });
  recordLog.append(sampleRecord({ id: 'a', costUsd: 0.5 }));
  asked = 0;
  for (let beats = 0; beats <= callJournalDefaults.maxDeadLines; beats += 1) clock.advance(callJournalDefaults.beatMs);
  await until(async () => (await readFile(`${path}.open`, 'utf8')).includes('"costUsd":0.5'));
  expect(asked).toBe(0);
  const after = await crash(path);
  await truncate(after);
  await openAt(after, new FakeClock(0, Date.UTC(2026, 0, 2)));
  expect(await recordsIn(after)).toMatchObject([{ id: 'a', costUsd: 0.5, recovered: true }]);
});

test.each([
  { set: 'forward', ms: 86_400_000, endedAt: '2026-01-02T00:00:11.234Z' },
  { set: 'back', ms: -3_600_000, endedAt: '2025-12-31T23:00:11.234Z' },
])('a clock that is set $set during a call that a crash cuts off does not change how long it lasted', async (step) => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const clock = new FakeClock(1234);
  const recordLog = await openAt(path, clock);
  await recordLog.began(sampleSummary({ id: 'a' }));
  clock.advance(callJournalDefaults.beatMs);
  clock.stepWallTime(step.ms);
  clock.advance(callJournalDefaults.beatMs);
  await recordLog.flush();
  const after = await crash(path);
  const expected = [{ id: 'a', endedAt: step.endedAt, durationMs: 10_000 }];
  await openAt(after, new FakeClock(99, Date.UTC(2026, 0, 2)), { datasync: 'EIO', only: 'cdr.jsonl' });
  const again = await crash(after);
  await truncate(again);
  await openAt(again, new FakeClock(0, Date.UTC(2026, 0, 3)));
  expect(await recordsIn(after)).toMatchObject(expected);
  expect(await recordsIn(again)).toMatchObject(expected);
});

test('a call announced just before its answer counts as answered at that moment', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const clock = new FakeClock(250);
  const recordLog = await openAt(path, clock);
  await recordLog.began(sampleSummary({ id: 'a', answeredAt: null }));
  const after = await crash(path);
  const faults: DiskFaults = { datasync: 'EIO', only: 'cdr.jsonl' };
  await openAt(after, new FakeClock(0, Date.UTC(2026, 0, 2)), faults);
  const again = await crash(after);
  await truncate(again);
  await openAt(again, new FakeClock(0, Date.UTC(2026, 0, 3)));
  const expected = [{ id: 'a', answeredAt: '2026-01-01T00:00:00.250Z', durationMs: 0, recovered: true }];
  expect(await recordsIn(after)).toMatchObject(expected);
  expect(await recordsIn(again)).toMatchObject(expected);
});

test('a record written before the crash is not written again, although the journal did not learn of it', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const recordLog = await openAt(path);
  await recordLog.began(sampleSummary({ id: 'a' }));
  await recordLog.began(sampleSummary({ id: 'b' }));
  recordLog.append(sampleRecord({ id: 'a' }));
  // The clock stands still, so no sync comes and the journal is not told.
  await until(() => recordLog.status.written === 1);
  const after = await crash(path);
  const next = await openAt(after);
  expect(next.status.recovered).toBe(1);
  expect((await recordsIn(after)).map(({ id }) => id)).toEqual(['a', 'b']);
});

test('recovery looks only behind the length the record file had, unless the file is another', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const recordLog = await openAt(path);
  for (let index = 0; index < 20; index += 1) recordLog.append(sampleRecord({ id: `old-${index}` }));
  await recordLog.flush();
  await recordLog.began(sampleSummary({ id: 'a' }));
  recordLog.append(sampleRecord({ id: 'a' }));
  await until(() => recordLog.status.written === 21);
  const journal = await readFile(`${path}.open`, 'utf8');
  const records = await readFile(path, 'utf8');
  expect(journal).toContain(`"size":${records.indexOf('{"version":1,"id":"a"')}`);
});

test('a crash during recovery writes no second record', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const recordLog = await openAt(path);
  await recordLog.began(sampleSummary({ id: 'a' }));
  const first = await crash(path);
  // The disk takes the recovered record but syncs nothing, so the journal keeps the call.
  const faults: DiskFaults = { datasync: 'EIO', only: 'cdr.jsonl' };
  await mkdir(join(dirname(first), 'again'));
  const second = await openAt(first, new FakeClock(0, Date.UTC(2026, 0, 2)), faults);
  expect(second.status.recovered).toBe(1);
  const third = await crash(first);
  const last = await openAt(third, new FakeClock(0, Date.UTC(2026, 0, 3)));
  expect(last.status.recovered).toBe(0);
  expect((await recordsIn(third)).map(({ id }) => id)).toEqual(['a']);
});

test('a call keeps the time of its own crash when the disk is full through the next one', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const clock = new FakeClock();
  const recordLog = await openAt(path, clock);
  await recordLog.began(sampleSummary({ id: 'a' }));
  clock.advance(callJournalDefaults.beatMs);
  await recordLog.flush();
  const first = await crash(path);
  await openAt(first, new FakeClock(0, Date.UTC(2026, 0, 2)), { write: 'ENOSPC', only: 'cdr.jsonl' });
  await until(async () => (await readFile(`${first}.open`, 'utf8')).includes('"died"'));
  const second = await crash(first);
  await openAt(second, new FakeClock(0, Date.UTC(2026, 0, 3)));
  expect(await recordsIn(second)).toMatchObject([{ id: 'a', endedAt: '2026-01-01T00:00:05.000Z' }]);
});

test('a record that had to be given up still comes back as recovered', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const faults: DiskFaults = { only: 'cdr.jsonl' };
  const recordLog = await openAt(path, new FakeClock(), faults);
  await recordLog.began(sampleSummary({ id: 'a' }));
  faults.write = 'ENOSPC';
  recordLog.append(sampleRecord({ id: 'a' }));
  await recordLog.close();
  expect(recordLog.status.lost).toBe(1);
  faults.write = undefined;
  await openAt(path);
  expect(await recordsIn(path)).toMatchObject([{ id: 'a', recovered: true }]);
});

test('of more lost records than are worth the memory, the oldest do not come back', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const recordLog = await openAt(path);
  // Neither a value that JSON does not know nor a closed file takes one.
  const unknown = sampleRecord({ id: 'unwritable', durationMs: 1n as never });
  void recordLog.began(sampleSummary({ id: unknown.id }));
  for (let index = 0; index < callJournalDefaults.maxLost; index += 1) {
    void recordLog.began(sampleSummary({ id: `call-${index}` }));
  }
  await recordLog.began(sampleSummary({ id: 'up' }));
  recordLog.append(unknown);
  await recordLog.close();
  expect(recordLog.status.open).toBe(callJournalDefaults.maxLost + 2);
  for (let index = 0; index < callJournalDefaults.maxLost; index += 1) {
    recordLog.append(sampleRecord({ id: `call-${index}` }));
  }
  expect(recordLog.status.open).toBe(callJournalDefaults.maxLost + 1);
});

test('torn and senseless journal lines are passed over', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const recordLog = await openAt(path);
  await recordLog.began(sampleSummary({ id: 'a' }));
  await recordLog.began(sampleSummary({ id: 'b' }));
  const after = await crash(path);
  const journal = await readFile(`${after}.open`, 'utf8');
  await truncate(`${after}.open`, journal.length - 20);
  const next = await openAt(after);
  expect(next.status.recovered).toBe(1);
  expect((await recordsIn(after)).map(({ id }) => id)).toEqual(['a']);
});

test('numbers of callers leave the journal when no call is up', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const clock = new FakeClock();
  const recordLog = await openAt(path, clock);
  await recordLog.began(sampleSummary());
  expect(await readFile(`${path}.open`, 'utf8')).toContain('+442071838750');
  recordLog.append(sampleRecord());
  await recordLog.flush();
  clock.advance(callJournalDefaults.beatMs);
  await until(async () => (await sizeOf(`${path}.open`)) === 0);
  expect(clock.pendingTimers).toBe(0);
});

test('the journal of a busy connector stays small, and forgets no call that is up', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const recordLog = await openAt(path);
  await recordLog.began(sampleSummary({ id: 'long' }));
  for (let index = 0; index < 2000; index += 1) {
    const id = `call-${index}`;
    void recordLog.began(sampleSummary({ id }));
    recordLog.append(sampleRecord({ id }));
    if (index % 50 === 49) await recordLog.flush();
  }
  await recordLog.flush();
  expect(await sizeOf(`${path}.open`)).toBeLessThan(400 * (callJournalDefaults.maxDeadLines + 60));
  const after = await crash(path);
  const next = await openAt(after);
  expect(next.status.recovered).toBe(1);
  expect((await recordsIn(after)).at(-1)).toMatchObject({ id: 'long', recovered: true });
});

test('a call that is answered while the disk is full is not held up, and is remembered when there is room', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const clock = new FakeClock();
  const faults: DiskFaults = {};
  const recordLog = await openAt(path, clock, faults);
  faults.write = 'ENOSPC';
  expect(await recordLog.began(sampleSummary({ id: 'a' }))).toBe(false);
  expect(await recordLog.began(sampleSummary({ id: 'b' }))).toBe(false);
  faults.write = undefined;
  await recordLog.flush();
  const after = await crash(path);
  expect((await openAt(after)).status.recovered).toBe(2);
});

test('a file rotated away between crash and start does not hide the calls that were up', async () => {
  const path = join(temporaryDirectory(), 'cdr.jsonl');
  const recordLog = await openAt(path);
  recordLog.append(sampleRecord({ id: 'old' }));
  await recordLog.flush();
  await recordLog.began(sampleSummary({ id: 'a' }));
  const after = await crash(path);
  await rename(after, `${after}.1`);
  await openAt(after);
  expect((await recordsIn(after)).map(({ id }) => id)).toEqual(['a']);
});
