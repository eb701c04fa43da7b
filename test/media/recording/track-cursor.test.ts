import { expect, test } from 'vitest';
import { agentTrack, callerTrack } from '../../../src/media/recording/stereo-recorder.js';
import { TrackCursor } from '../../../src/media/recording/track-cursor.js';
import { SeededRandom } from '../../support/seeded-random.js';

const options = callerTrack;

/** Places packets of 160 samples; `late(n)` is how many samples packet n comes after its time. */
function place(count: number, late: (n: number) => number, cursor = new TrackCursor(options), from = 0): number[] {
  return Array.from({ length: count }, (_, i) => {
    const media = (from + i) * 160;
    return cursor.place(1000 + media + late(from + i), media, 160);
  });
}

function gaps(places: readonly number[]): number[] {
  return places.slice(1).map((place, i) => place - (places[i] ?? 0));
}

test('jitter of 50 ms leaves the waveform whole', () => {
  const random = new SeededRandom(4);
  const places = place(500, (n) => (n === 0 ? 0 : random.integer(400)));
  expect(new Set(gaps(places))).toEqual(new Set([160]));
});

test('a first packet that came late is made up for by single samples', () => {
  const random = new SeededRandom(4);
  const places = place(1000, (n) => (n === 0 ? 300 : random.integer(400)));
  expect(new Set(gaps(places))).toEqual(new Set([160, 159]));
  expect(Math.abs((places.at(-1) ?? 0) - (1000 + 999 * 160))).toBeLessThan(60);
});

test('a first packet of ours that left 9 ms late is made up for within two seconds, by single samples', () => {
  const places = place(100, (n) => (n === 0 ? 72 : n % 5), new TrackCursor(agentTrack));
  expect(new Set(gaps(places))).toEqual(new Set([160, 159]));
  expect((places.at(-1) ?? 0) - (1000 + 99 * 160)).toBeLessThanOrEqual(8);
});

test('a stall of 200 ms and the burst after it leave the waveform whole', () => {
  const places = place(200, (n) => (n >= 100 && n < 110 ? (110 - n) * 160 : 0));
  expect(new Set(gaps(places))).toEqual(new Set([160]));
});

test.each([1e-4, -1e-4])('a sender whose clock is off by %f is followed by single samples', (skew) => {
  const count = 50 * 60 * 30;
  const places = place(count, (n) => Math.round(n * 160 * skew));
  expect(new Set(gaps(places))).toEqual(new Set([160, 160 + Math.sign(skew)]));
  places.forEach((at, n) => {
    expect(Math.abs(at - (1000 + n * 160 * (1 + skew)))).toBeLessThan(60);
  });
});

test.each([1e-4, -1e-4])(
  'three hours with a clock off by %f, jitter, loss, silences, holds: within a frame',
  (skew) => {
    const random = new SeededRandom(11);
    const cursor = new TrackCursor(callerTrack);
    let packets = 0;
    let worst = 0;
    let astray = 0;
    /** By our clock, samples; and the phone's, which may stop in a silence. */
    let media = 0xffff_0000;
    let stopped = 0;
    for (let n = 0; n < 50 * 3600 * 3; n += 1) {
      media += 160;
      if (random.integer(3000) === 0) {
        // A silence of up to 10 s, or a hold of up to 5 minutes; some phones stop their clock.
        const pause = 160 * (5 + random.integer(random.integer(20) === 0 ? 15_000 : 500));
        if (random.integer(2) === 0) stopped += pause;
        else media += pause;
        continue;
      }
      if (random.integer(50) === 0) continue;
      const sentAt = (media + stopped) * (1 + skew);
      const jitter = random.integer(10) === 0 ? random.integer(320) : random.integer(80);
      const at = cursor.place(Math.round(sentAt + jitter), media, 160);
      packets += 1;
      const error = Math.abs(at - sentAt);
      worst = Math.max(worst, error);
      if (error > 160) astray += 1;
    }
    expect(packets).toBeGreaterThan(500_000);
    // A phone that stops its clock for a moment looks like a stalled network for half a second.
    expect(astray / packets).toBeLessThan(0.005);
    expect(worst).toBeLessThan(callerTrack.jumpSamples + 320);
  },
);

test('three hours of our own packets, ticks late and slots skipped, stand where they were sent', () => {
  const random = new SeededRandom(12);
  const cursor = new TrackCursor(agentTrack);
  let sent = 0;
  let worst = 0;
  for (let slot = 0; slot < 50 * 3600 * 3; slot += 1) {
    if (random.integer(20_000) === 0) slot += random.integer(3000);
    const lateness = random.integer(100) === 0 ? random.integer(120) : random.integer(8);
    worst = Math.max(worst, Math.abs(cursor.place(slot * 160 + lateness, sent * 160, 160) - slot * 160));
    sent += 1;
  }
  expect(worst).toBeLessThanOrEqual(160);
});

test('a delay that stays moves the track once, to where the least late packet says', () => {
  const places = place(100, (n) => (n < 50 ? 0 : 800 + (n % 7) * 20));
  const moves = gaps(places).filter((gap) => gap !== 160);
  expect(moves).toEqual([160 + 800]);
});

test('a talk spurt after a silence stays on the clock, and stands where it arrived when that tells another time', () => {
  const cursor = new TrackCursor(options);
  place(10, () => 0, cursor);
  // 1 s of silence, by the media clock, and the spurt 30 ms later than that clock says.
  expect(cursor.place(1000 + 9600 + 240, 9600, 160)).toBe(1000 + 9600);
  expect(cursor.place(1000 + 19_200 + 560, 19_200, 160)).toBe(1000 + 19_200 + 560);
});

test('a media clock that jumps either way is followed at once', () => {
  for (const media of [5_000_000, -5_000_000]) {
    const cursor = new TrackCursor(options);
    place(10, () => 0, cursor);
    expect(cursor.place(2600, media, 160)).toBe(2600);
    expect(cursor.place(2770, media + 160, 160)).toBe(2760);
  }
});

test('a phone that stops its clock while silent is placed by arrival when it goes on', () => {
  const cursor = new TrackCursor(options);
  place(10, () => 0, cursor);
  expect(cursor.place(1000 + 80_000, 1600, 160)).toBe(81_000);
});

test('a packet out of order finds its own place', () => {
  const cursor = new TrackCursor(options);
  place(10, () => 0, cursor);
  expect(cursor.place(1000 + 1760, 1760, 160)).toBe(2760);
  expect(cursor.place(1000 + 1780, 1600, 160)).toBe(2600);
  expect(cursor.place(1000 + 1920, 1920, 160)).toBe(2920);
});
