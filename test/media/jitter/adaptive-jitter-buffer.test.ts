import { describe, expect, test } from 'vitest';
import { AdaptiveJitterBuffer } from '../../../src/media/jitter/adaptive-jitter-buffer.js';
import { playJittered } from '../../support/jittered-stream.js';
import { SeededRandom } from '../../support/seeded-random.js';

interface Arrival {
  readonly atMs: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

interface TakenFrame {
  readonly atMs: number;
  /** The number a packet's payload was filled with, of the frame's last sample; `undefined` where that was invented. */
  readonly value: number | undefined;
  readonly missing: number;
  readonly playing: boolean;
  readonly receivedAtMs: number | undefined;
}

const FRAME_MS = 20;

/** One packet every `ptimeMs`, payload filled with its index + 1. */
const stream = (
  count: number,
  options: { ptimeMs?: number; firstSequence?: number; firstTimestamp?: number; startMs?: number } = {},
): Arrival[] => {
  const ptimeMs = options.ptimeMs ?? 20;
  return Array.from({ length: count }, (_, index) => ({
    atMs: (options.startMs ?? 0) + index * ptimeMs,
    sequence: (options.firstSequence ?? 1000) + index,
    timestamp: ((options.firstTimestamp ?? 0) + index * ptimeMs * 8) >>> 0,
    payload: new Uint8Array(ptimeMs * 8).fill((index + 1) % 256),
  }));
};

/** Plays arrivals into a buffer and takes a frame every 20 ms, the first at `phaseMs`. */
const run = (
  arrivals: readonly Arrival[],
  options: {
    frames: number;
    phaseMs?: number;
    speaking?: boolean;
    delay?: { minMs: number; maxMs: number; burstMs?: number };
  },
) => {
  const buffer = new AdaptiveJitterBuffer({ minMs: 40, maxMs: 40, burstMs: 160, ...options.delay });
  const pending = [...arrivals].sort((a, b) => a.atMs - b.atMs);
  const frames: TakenFrame[] = [];
  const verdicts: string[] = [];
  const depths: number[] = [];
  for (let index = 0; index < options.frames; index += 1) {
    const atMs = (options.phaseMs ?? 5) + index * FRAME_MS;
    while (pending[0] && pending[0].atMs <= atMs) {
      const { sequence, timestamp, payload, atMs: arrivalMs } = pending.shift() as Arrival;
      verdicts.push(buffer.put(sequence, timestamp, payload, 0, payload.length, arrivalMs));
    }
    depths.push(buffer.depthMs);
    const frame = buffer.take(atMs, options.speaking ?? true);
    frames.push({
      atMs,
      value: frame.known[159] === 1 ? frame.data[159] : undefined,
      missing: frame.missingMs * 8,
      playing: frame.playing,
      receivedAtMs: Number.isNaN(frame.receivedAtMs) ? undefined : frame.receivedAtMs,
    });
  }
  return { buffer, frames, verdicts, depths };
};

const values = (frames: readonly TakenFrame[]) => frames.map(({ value }) => value);
const firstHeard = (frames: readonly TakenFrame[]) => frames.findIndex(({ value }) => value !== undefined);
const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

test.each([0, 5, 10, 15])('a talkspurt starts within 50 ms, nothing missing (frames %d ms off)', (phaseMs) => {
  const { frames } = run(stream(20), { frames: 20, phaseMs });
  const first = frames[firstHeard(frames)];
  expect(first?.atMs).toBeGreaterThanOrEqual(30);
  expect(first?.atMs).toBeLessThan(50);
  expect(values(frames.slice(firstHeard(frames))).slice(0, 17)).toEqual(range(1, 17));
  expect(frames.every(({ playing, missing }) => !playing || missing === 0)).toBe(true);
});

test('a frame is stamped with the arrival of the packet that holds its last sample', () => {
  const { frames } = run(stream(10), { frames: 10 });
  for (const { value, receivedAtMs } of frames) {
    if (value !== undefined) expect(receivedAtMs).toBe((value - 1) * 20);
  }
});

test.each([10, 30, 40, 50, 60])('packets of %d ms give even frames', (ptimeMs) => {
  const arrivals = stream(Math.ceil(1_000 / ptimeMs), { ptimeMs });
  const { frames } = run(arrivals, { frames: 45 });
  const heard = frames.slice(firstHeard(frames));
  expect(heard.every(({ missing }) => missing === 0)).toBe(true);
  const sampleAt = (index: number) => Math.floor((index * 20 + 19.9) / ptimeMs) + 1;
  expect(values(heard)).toEqual(heard.map((_, index) => sampleAt(index)));
});

test('packets of uneven length are joined without a gap', () => {
  const lengths = [37, 160, 1, 240, 82, 160, 160, 333, 160, 160];
  let timestamp = 0;
  const arrivals = lengths.map((length, index) => {
    const arrival = {
      atMs: timestamp / 8,
      sequence: index,
      timestamp,
      payload: new Uint8Array(length).fill(index + 1),
    };
    timestamp += length;
    return arrival;
  });
  const { frames } = run(arrivals, { frames: 10 });
  const heard = frames.slice(firstHeard(frames), firstHeard(frames) + 7);
  expect(heard.every(({ missing }) => missing === 0)).toBe(true);
});

test('packets that changed places are put in order', () => {
  const arrivals = stream(20).map((arrival, index) => ({
    ...arrival,
    atMs: arrival.atMs + (index % 2 === 0 ? 25 : 0),
  }));
  const { frames, verdicts } = run(arrivals, { frames: 18 });
  expect(values(frames.slice(firstHeard(frames))).slice(0, 13)).toEqual(range(1, 13));
  expect(new Set(verdicts)).toEqual(new Set(['queued']));
});

test('a lost packet is one frame to invent, at its own place', () => {
  const { frames } = run(
    stream(20).filter((_, index) => index !== 7),
    { frames: 18 },
  );
  expect(values(frames.slice(firstHeard(frames))).slice(5, 11)).toEqual([6, 7, undefined, 9, 10, 11]);
});

test('behind a lost packet one that was overtaken is played as well, if it comes in time', () => {
  // The one behind it is there already when the lost packet's turn comes.
  const arrivals = stream(20)
    .filter((_, index) => index !== 7)
    .map((arrival) => (arrival.sequence === 1_008 ? { ...arrival, atMs: arrival.atMs + 40 } : arrival));
  const { frames, verdicts } = run(arrivals, { frames: 18 });
  expect(values(frames.slice(firstHeard(frames))).slice(5, 11)).toEqual([6, 7, undefined, 9, 10, 11]);
  expect(new Set(verdicts)).toEqual(new Set(['queued']));
});

test('a packet after its time is refused, and not played later', () => {
  const arrivals = stream(20).map((arrival, index) =>
    index === 7 ? { ...arrival, atMs: arrival.atMs + 90 } : arrival,
  );
  const { frames, verdicts } = run(arrivals, { frames: 18 });
  expect(verdicts.filter((verdict) => verdict === 'late')).toHaveLength(1);
  expect(values(frames)).not.toContain(8);
});

test('the sequence number of 16 bits and the timestamp of 32 wrap unheard', () => {
  const { frames } = run(stream(40, { firstSequence: 65_520, firstTimestamp: 2 ** 32 - 1_600 }), { frames: 38 });
  const heard = frames.slice(firstHeard(frames));
  expect(values(heard).slice(0, 36)).toEqual(range(1, 36));
});

/** Frames from the first arrival of the second part to its first frame heard, ms. */
const silenceAfter = (first: readonly Arrival[], second: readonly Arrival[]): number => {
  const marked = second.map((arrival) => ({ ...arrival, payload: arrival.payload.map(() => 200) }));
  const { frames } = run([...first, ...marked], { frames: 160 });
  const heard = frames.find(({ value }) => value === 200);
  return (heard?.atMs ?? Number.POSITIVE_INFINITY) - (second[0]?.atMs ?? 0);
};

const before = stream(25);
const nextSequence = 1_025;
const nextTimestamp = 25 * 160;
const after = (jumpSamples: number, startMs = 500, firstSequence = nextSequence) =>
  stream(40, { startMs, firstSequence, firstTimestamp: nextTimestamp + jumpSamples });

test.each([
  ['40 ms', 320],
  ['100 ms', 800],
  ['300 ms', 2_400],
  ['1 s', 8_000],
  ['2.7 h', 77_760_000],
  ['half the range and more', 2 ** 31 + 8_000],
])('a timestamp that jumps %s ahead is heard again within 100 ms', (_, jump) => {
  expect(silenceAfter(before, after(jump))).toBeLessThanOrEqual(100);
});

test.each([
  ['20 ms', -160],
  ['100 ms', -800],
  ['400 ms', -3_200],
  ['1 h', -28_800_000],
])('a timestamp that jumps %s back is heard again within 100 ms', (_, jump) => {
  expect(silenceAfter(before, after(jump))).toBeLessThanOrEqual(100);
});

test('a sender silent for 2 s is heard again within 60 ms, whether its timestamp went on or stood still', () => {
  expect(silenceAfter(before, after(16_000, 2_500))).toBeLessThanOrEqual(60);
  expect(silenceAfter(before, after(0, 2_500))).toBeLessThanOrEqual(60);
});

test('a pause shorter than the talkspurt limit costs its own length and leaves the delay as it was', () => {
  const { frames } = run([...before, ...after(480, 560)], { frames: 60 });
  const first = firstHeard(frames);
  const last = frames.findLastIndex(({ value }) => value !== undefined && value <= 25);
  const delays = frames
    .filter(({ receivedAtMs }) => receivedAtMs !== undefined)
    .map(({ atMs, receivedAtMs = 0 }) => atMs - receivedAtMs);
  expect(frames.slice(first, last + 1).filter(({ value }) => value === undefined)).toHaveLength(3);
  expect(new Set(delays)).toEqual(new Set([delays[0]]));
});

test('a jump of the extended number starts anew', () => {
  expect(silenceAfter(before, after(0, 500, 5 * 65_536))).toBeLessThanOrEqual(60);
});

test('a single stray packet from the far future costs little', () => {
  const stray = { atMs: 245, sequence: 1_012, timestamp: 500_000_000, payload: new Uint8Array(160).fill(99) };
  const rest = stream(40).map((arrival, index) =>
    index < 12 ? arrival : { ...arrival, sequence: arrival.sequence + 1 },
  );
  const { frames } = run([...rest, stray], { frames: 40 });
  expect(values(frames).filter((value) => value !== undefined && value !== 99).length).toBeGreaterThan(30);
  expect(frames.at(-3)?.value).toBeDefined();
});

test('a sender that falls silent stops being played after 100 ms', () => {
  const { frames } = run(stream(10), { frames: 30 });
  const last = frames.findLastIndex(({ value }) => value !== undefined);
  expect(frames.slice(last + 1, last + 6).every(({ playing }) => playing)).toBe(true);
  expect(frames.slice(last + 7).some(({ playing }) => playing)).toBe(false);
});

test('a network that grows slower by 60 ms is waited for, and nothing is lost', () => {
  const arrivals = stream(100).map((arrival, index) =>
    index < 30 ? arrival : { ...arrival, atMs: arrival.atMs + 60 },
  );
  const { frames, verdicts } = run(arrivals, { frames: 100 });
  const heard = values(frames).filter((value) => value !== undefined);
  expect(heard.slice(0, 90)).toEqual(range(1, 90));
  expect(verdicts).not.toContain('late');
});

test.each([
  ['speaking', true],
  ['silent', false],
])('delay from a burst is shed within two seconds while the caller is %s', (_, speaking) => {
  // 200 ms of the stream are held back and come at once.
  const arrivals = stream(200).map((arrival, index) =>
    index >= 50 && index < 60 ? { ...arrival, atMs: 1_200 } : arrival,
  );
  const { frames, depths } = run(arrivals, { frames: 190, speaking });
  expect(Math.max(...depths.slice(60, 70))).toBeGreaterThan(150);
  expect(Math.max(...depths.slice(160))).toBeLessThanOrEqual(100);
  expect(frames.slice(160).every(({ missing }) => missing === 0)).toBe(true);
});

test('a network that held its breath once costs no delay for the rest of the call', () => {
  // 60 ms of the stream come at once: the buffer runs dry for a frame, and is a frame too deep from then on.
  const arrivals = stream(250).map((arrival, index) =>
    index >= 50 && index < 53 ? { ...arrival, atMs: 50 * FRAME_MS + 60 } : arrival,
  );
  const { frames, depths } = run(arrivals, { frames: 240, speaking: false });
  expect(Math.max(...depths.slice(120))).toBe(Math.max(...depths.slice(20, 45)));
  expect(frames.slice(60).every(({ missing }) => missing === 0)).toBe(true);
});

test('two seconds of packets at once do not delay the call by two seconds', () => {
  const arrivals = stream(300).map((arrival, index) =>
    index >= 50 && index < 150 ? { ...arrival, atMs: 3_000 } : arrival,
  );
  const { depths, buffer } = run(arrivals, { frames: 280 });
  expect(Math.max(...depths)).toBeLessThanOrEqual(220);
  expect(Math.max(...depths.slice(250))).toBeLessThanOrEqual(100);
  expect(buffer.discardedMs).toBeGreaterThan(80 * 20);
});

test.each([
  ['fast', 0.999],
  ['slow', 1.001],
])('a sender whose clock runs 0.1 %% %s keeps the delay steady for two minutes', (_, factor) => {
  const arrivals = stream(6_000).map((arrival) => ({ ...arrival, atMs: arrival.atMs * factor }));
  const { frames, depths } = run(arrivals, { frames: 5_900, speaking: false });
  expect(Math.max(...depths)).toBeLessThanOrEqual(120);
  const invented = frames.slice(5).filter(({ missing }) => missing > 0).length;
  expect(invented).toBeLessThanOrEqual(12);
});

test.each([
  [0.01, 10],
  [0.05, 30],
  [0.2, 60],
])('loss of %d and jitter of %d ms: most is heard in order, and the delay returns', (loss, jitterMs) => {
  const random = new SeededRandom(jitterMs);
  const arrivals = stream(1_500).map((arrival, index) => ({
    ...arrival,
    atMs: arrival.atMs + (index < 1_250 ? random.integer(jitterMs) : 0),
  }));
  const kept = arrivals.filter((_, index) => index >= 1_250 || random.integer(1_000) >= loss * 1_000);
  const lost = arrivals.length - kept.length;
  const { frames, depths, verdicts } = run(kept, { frames: 1_480 });
  const invented = frames.slice(5).filter(({ missing }) => missing > 0).length;
  expect(invented).toBeLessThanOrEqual(lost + 0.05 * arrivals.length);
  expect(verdicts.filter((verdict) => verdict !== 'queued').length).toBeLessThan(0.02 * arrivals.length);
  expect(Math.max(...depths.slice(1_380))).toBeLessThanOrEqual(100);
  expect(frames.slice(1_380).every(({ missing }) => missing === 0)).toBe(true);
});

test('any order, loss, length and timing leaves a buffer that plays the next clean stream', () => {
  const random = new SeededRandom(5);
  const buffer = new AdaptiveJitterBuffer();
  let sequence = 1_000;
  let nowMs = 0;
  for (let round = 0; round < 50_000; round += 1) {
    nowMs += random.integer(15);
    sequence = Math.max(0, sequence + random.integer(40) - 18);
    const payload = new Uint8Array(random.integer(500) + 1);
    buffer.put(
      sequence,
      random.integer(20) === 0 ? random.integer(2 ** 32) : sequence * 160,
      payload,
      0,
      payload.length,
      nowMs,
    );
    if (round % 2 === 0) {
      const frame = buffer.take(nowMs, random.integer(2) === 0);
      const known = frame.known.reduce((sum, value) => sum + value, 0);
      if (known + frame.missingMs * 8 !== 160) throw new Error('samples lost count');
    }
    if (buffer.depthMs > 260) throw new Error(`${buffer.depthMs} ms queued`);
  }
  buffer.reset();
  for (const { sequence: number, timestamp, payload, atMs } of stream(10, { startMs: nowMs })) {
    buffer.put(number, timestamp, payload, 0, payload.length, atMs);
  }
  buffer.take(nowMs + 120, false);
  expect(buffer.take(nowMs + 140, false).missingMs).toBe(0);
});

const adaptive = { minMs: 20, maxMs: 120 };

/** Wait of each frame's last sample from its packet's arrival to its play, ms; `undefined` where it was invented. */
const waits = (frames: readonly TakenFrame[]) =>
  frames.map(({ atMs, receivedAtMs }) => (receivedAtMs === undefined ? undefined : atMs - receivedAtMs));

test('on an even network the delay comes down to the minimum within two seconds, also while the caller speaks', () => {
  for (const speaking of [false, true]) {
    const { frames, buffer } = run(stream(300), { frames: 290, speaking, delay: adaptive });
    expect(
      Math.max(
        ...waits(frames)
          .slice(100)
          .map((wait) => wait ?? 1_000),
      ),
    ).toBeLessThan(40);
    expect(frames.slice(firstHeard(frames)).every(({ missing }) => missing === 0)).toBe(true);
    expect(buffer.targetMs).toBe(20);
  }
});

test('jitter that sets in is followed: after the first second little is late; it is forgotten 5 s after its end', () => {
  const random = new SeededRandom(11);
  const arrivals = stream(1_500).map((arrival, index) => ({
    ...arrival,
    atMs: arrival.atMs + (index >= 250 && index < 1_000 ? random.integer(60) : 0),
  }));
  const { frames } = run(arrivals, { frames: 1_480, delay: adaptive });
  const lateWhile = frames.slice(300, 1_000).filter(({ missing }) => missing > 0).length;
  expect(lateWhile).toBeLessThan(14);
  expect(
    Math.max(
      ...waits(frames)
        .slice(1_250)
        .map((wait) => wait ?? 1_000),
    ),
  ).toBeLessThan(60);
});

describe('5 % loss and 40 ms of jitter, 50 networks', () => {
  const played = Array.from({ length: 50 }, (_, seed) => playJittered({ jitterMs: 40, lossPercent: 5 }, seed));
  const inserted = played.flatMap(({ insertedMs }) => insertedMs);

  test('no gap is longer than its lost packets by more than 20 ms, the beginning of the call included', () => {
    expect(inserted.length).toBeGreaterThan(4_000);
    expect(Math.max(...inserted)).toBeLessThanOrEqual(20);
  });

  test('ninety-nine gaps in a hundred are as long as their lost packets', () => {
    expect(inserted.filter((ms) => ms > 0).length).toBeLessThan(inserted.length / 100);
  });

  test('the delay is below 80 ms within 5 s of the end of the jitter, and stays there', () => {
    expect(Math.max(...played.map(({ longestDelayMs }) => longestDelayMs(5_000)))).toBeLessThan(80);
  });
});

test('one hiccup of 200 ms does not lengthen the delay of what follows', () => {
  const arrivals = stream(600).map((arrival, index) =>
    index >= 300 && index < 310 ? { ...arrival, atMs: Math.max(arrival.atMs, 310 * 20) } : arrival,
  );
  const { frames, buffer } = run(arrivals, { frames: 590, speaking: false, delay: adaptive });
  expect(buffer.targetMs).toBe(20);
  expect(
    Math.max(
      ...waits(frames)
        .slice(400)
        .map((wait) => wait ?? 1_000),
    ),
  ).toBeLessThan(45);
});

test('packets that come in threes every 60 ms are played without a gap', () => {
  const arrivals = stream(600).map((arrival, index) => ({ ...arrival, atMs: Math.floor(index / 3) * 60 + 40 }));
  const { frames } = run(arrivals, { frames: 580, delay: adaptive });
  expect(frames.slice(100).every(({ missing }) => missing === 0)).toBe(true);
});

test('the frame that is left out is handed over, to be spliced', () => {
  const buffer = new AdaptiveJitterBuffer({ ...adaptive, burstMs: 80 });
  let left = 0;
  for (const { atMs, sequence, timestamp, payload } of stream(200)) {
    buffer.put(sequence, timestamp, payload, 0, payload.length, atMs);
    const frame = buffer.take(atMs + 5, false);
    if (frame.before === undefined) continue;
    left += 1;
    expect((frame.data[0] ?? 0) - (frame.before[0] ?? 0)).toBe(1);
  }
  expect(left).toBeGreaterThan(0);
});

test('a packet that comes more than a second late changes nothing for the others', () => {
  const arrivals = stream(300).map((arrival, index) => (index === 100 ? { ...arrival, atMs: 3_501 } : arrival));
  const { frames, buffer } = run(arrivals, { frames: 290, speaking: false, delay: adaptive });
  expect(frames.slice(110).every(({ missing }) => missing === 0)).toBe(true);
  expect(buffer.targetMs).toBe(20);
});
