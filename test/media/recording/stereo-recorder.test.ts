import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { WAV_HEADER_BYTES } from '../../../src/audio/wav-header.js';
import { createStereoRecorder } from '../../../src/media/recording/stereo-recorder.js';
import { FakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const ORIGIN_MS = 5000;

function frame(n: number): Int16Array {
  return Int16Array.from({ length: 160 }, (_, i) => ((n * 160 + i) % 20_000) + 1);
}

interface Recorded {
  readonly left: Int16Array;
  readonly right: Int16Array;
}

async function read(path: string): Promise<Recorded> {
  const bytes = await readFile(path);
  expect(bytes.readUInt32LE(40)).toBe(bytes.length - WAV_HEADER_BYTES);
  const track = (side: 0 | 1): Int16Array =>
    Int16Array.from({ length: (bytes.length - WAV_HEADER_BYTES) / 4 }, (_, i) =>
      bytes.readInt16LE(WAV_HEADER_BYTES + 4 * i + 2 * side),
    );
  return { left: track(0), right: track(1) };
}

/** Lets the disk, which knows no fake clock, keep up with the call: the recorder's timer is set again when it has written. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  await clock.advanceAsync(ms);
  while (clock.pendingTimers === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

test('a caller packet ends at its arrival, an agent packet begins at its sending', async () => {
  const path = join(temporaryDirectory(), 'new', 'folder', 'call.wav');
  const recorder = createStereoRecorder({ path, originMs: ORIGIN_MS, clock: new FakeClock(ORIGIN_MS) });
  recorder.caller(frame(0), ORIGIN_MS + 100, 0xffff_ff80);
  recorder.agent(frame(1), ORIGIN_MS + 100);
  expect(await recorder.close()).toEqual({ path, durationMs: 120 });
  const { left, right } = await read(path);
  expect(left).toEqual(Int16Array.from([...new Int16Array(640), ...frame(0), ...new Int16Array(160)]));
  expect(right).toEqual(Int16Array.from([...new Int16Array(800), ...frame(1)]));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('arrival jitter, a timestamp wrap and late ticks tear neither waveform', async () => {
  const clock = new FakeClock(ORIGIN_MS);
  const path = join(temporaryDirectory(), 'call.wav');
  const recorder = createStereoRecorder({ path, originMs: ORIGIN_MS, clock });
  const random = new SeededRandom(3);
  for (let n = 0; n < 240; n += 1) {
    const timestamp = (0xffff_0000 + n * 160) >>> 0;
    recorder.caller(frame(n), ORIGIN_MS + 40 + n * 20 + random.integer(30), timestamp);
    // The first stands where it is: what comes earlier moves the track (track-cursor.test.ts).
    recorder.agent(frame(n), ORIGIN_MS + n * 20 + (n === 0 ? 0 : random.integer(8)));
    await pass(clock, 20);
  }
  await recorder.close();
  const { left, right } = await read(path);
  const start = left.findIndex((sample) => sample !== 0);
  expect(start / 8).toBeGreaterThanOrEqual(20);
  expect(start / 8).toBeLessThan(50);
  const whole = Int16Array.from(Array.from({ length: 240 }, (_, n) => [...frame(n)]).flat());
  expect(left.subarray(start, start + whole.length)).toEqual(whole);
  const agentStart = right.findIndex((sample) => sample !== 0);
  expect(right.subarray(agentStart, agentStart + whole.length)).toEqual(whole);
});

test('a skipped slot of ours shows as the silence it was', async () => {
  const path = join(temporaryDirectory(), 'call.wav');
  const recorder = createStereoRecorder({ path, originMs: 0, clock: new FakeClock() });
  for (let n = 0; n < 100; n += 1) recorder.agent(frame(n), n < 50 ? n * 20 : n * 20 + 40);
  await recorder.close();
  const { right } = await read(path);
  expect(right.subarray(99 * 160 + 320, 100 * 160 + 320)).toEqual(frame(99));
});

test('sound before the origin is left out', async () => {
  const path = join(temporaryDirectory(), 'call.wav');
  const recorder = createStereoRecorder({ path, originMs: ORIGIN_MS, clock: new FakeClock(ORIGIN_MS) });
  recorder.caller(frame(0), ORIGIN_MS - 1000, 0);
  recorder.caller(frame(1), ORIGIN_MS + 10, 8080);
  expect((await recorder.close()).durationMs).toBe(10);
  expect((await read(path)).left).toEqual(frame(1).slice(80));
});

test('while a call goes on, the file on disk is whole up to a few seconds ago', async () => {
  const clock = new FakeClock();
  const path = join(temporaryDirectory(), 'call.wav');
  const recorder = createStereoRecorder({ path, originMs: 0, clock });
  for (let n = 0; n < 500; n += 1) {
    recorder.agent(frame(n), n * 20);
    await pass(clock, 20);
  }
  const { right } = await read(path);
  expect(right.length).toBeGreaterThanOrEqual(7 * 8000);
  expect(right.subarray(0, 160)).toEqual(frame(0));
  await recorder.close();
});

test('a call without a sound leaves an empty recording', async () => {
  const path = join(temporaryDirectory(), 'call.wav');
  const recorder = createStereoRecorder({ path, originMs: 0, clock: new FakeClock() });
  expect(await recorder.close()).toEqual({ path, durationMs: 0 });
  expect((await read(path)).left).toHaveLength(0);
});

test('closing twice is closing once, and taps after it are ignored', async () => {
  const clock = new FakeClock();
  const recorder = createStereoRecorder({ path: join(temporaryDirectory(), 'call.wav'), originMs: 0, clock });
  recorder.agent(frame(0), 0);
  const closing = recorder.close();
  recorder.agent(frame(1), 20);
  recorder.caller(frame(1), 20, 0);
  expect(await closing).toEqual(await recorder.close());
  expect((await closing).durationMs).toBe(20);
  expect(clock.pendingTimers).toBe(0);
});

test('a path that cannot be written fails the close, not the call', async () => {
  const clock = new FakeClock();
  const path = '/dev/null/call.wav';
  const recorder = createStereoRecorder({ path, originMs: 0, clock });
  for (let n = 0; n < 500; n += 1) {
    recorder.agent(frame(n), n * 20);
    await clock.advanceAsync(20);
  }
  await expect(recorder.close()).rejects.toMatchObject({
    code: 'ERR_RECORDING_WRITE',
    message: expect.stringContaining(path),
  });
  expect(recorder.begun).toBe(false);
  expect(clock.pendingTimers).toBe(0);
});

test('a disk that fills up fails the close', async () => {
  const recorder = createStereoRecorder({ path: '/dev/full', originMs: 0, clock: new FakeClock() });
  recorder.agent(frame(0), 0);
  await expect(recorder.close()).rejects.toMatchObject({ code: 'ERR_RECORDING_WRITE' });
  expect(recorder.begun).toBe(true);
});

test('a disk that stalls for long leaves holes, and the close says how long they are together', async () => {
  const path = 'call.wav';
  let wake = (): void => {};
  const stall = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const written: number[] = [];
  const nothing = async (): Promise<void> => {};
  const file = {
    ...{ begin: () => stall, settle: nothing, finish: nothing, close: nothing },
    write: async ({ index }: { readonly index: number }) => void written.push(index),
  };
  const recorder = createStereoRecorder({ path, originMs: 0, clock: new FakeClock(), createFile: async () => file });
  for (let half = 0; half < 40; half += 1) recorder.agent(frame(half), half * 500);
  wake();
  await expect(recorder.close()).rejects.toMatchObject({
    code: 'ERR_RECORDING_WRITE',
    message: expect.stringContaining('call.wav: 12000 ms '),
  });
  expect(written).toEqual(Array.from({ length: 16 }, (_, i) => 24 + i));
});

test('a caller whose clock is slow is followed without a hole in the waveform', async () => {
  const clock = new FakeClock();
  const path = join(temporaryDirectory(), 'call.wav');
  const recorder = createStereoRecorder({ path, originMs: 0, clock });
  const level = new Int16Array(160).fill(5000);
  // 0.1 % slow: ten times what a phone may be.
  for (let n = 0; n < 2000; n += 1) {
    recorder.caller(level, 100 + n * 20 * 1.001, n * 160);
    await pass(clock, 20);
  }
  await recorder.close();
  const { left } = await read(path);
  const from = left.indexOf(5000);
  const to = left.lastIndexOf(5000);
  expect(left.subarray(from, to).every((sample) => sample === 5000)).toBe(true);
  expect(to - from).toBeGreaterThan(320_000 + 200);
});

test('after a pause both tracks stand where they were recorded', async () => {
  const clock = new FakeClock();
  const path = join(temporaryDirectory(), 'call.wav');
  const recorder = createStereoRecorder({ path, originMs: 0, clock });
  const paused = (n: number): boolean => n >= 50 && n < 200;
  for (let n = 0; n < 300; n += 1) {
    if (!paused(n)) {
      recorder.agent(frame(n), n * 20);
      recorder.caller(frame(n), n * 20 + 20, n * 160);
    }
    await pass(clock, 20);
  }
  await recorder.close();
  const { left, right } = await read(path);
  for (const track of [left, right]) {
    expect(track.subarray(49 * 160, 50 * 160)).toEqual(frame(49));
    expect(track.subarray(50 * 160, 200 * 160).every((sample) => sample === 0)).toBe(true);
    expect(track.subarray(200 * 160, 201 * 160)).toEqual(frame(200));
    expect(track.subarray(299 * 160, 300 * 160)).toEqual(frame(299));
  }
});
