import { expect, test } from 'vitest';
import { TrackCursor } from '../../src/media/track-cursor.js';
import { SeededRandom } from '../support/seeded-random.js';

const options = { driftSamples: 480, driftPackets: 25, jumpSamples: 3200, spurtGapSamples: 480 };

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
  expect(new Set(gaps(place(500, () => random.integer(400))))).toEqual(new Set([160]));
});

test('a stall of 200 ms and the burst after it leave the waveform whole', () => {
  const places = place(200, (n) => (n >= 100 && n < 110 ? (110 - n) * 160 : 0));
  expect(new Set(gaps(places))).toEqual(new Set([160]));
});

test('a sender whose clock is 100 ppm off is moved now and then, never by more than the drift allowed', () => {
  const count = 50 * 60 * 30;
  const moves = gaps(place(count, (n) => Math.round(n * 160 * 1e-4))).filter((gap) => gap !== 160);
  expect(moves.length).toBeGreaterThan(1);
  expect(moves.length).toBeLessThan(4);
  for (const move of moves) expect(Math.abs(move - 160)).toBeLessThan(500);
});

test('a delay that stays moves the track once, to where the least late packet says', () => {
  const places = place(100, (n) => (n < 50 ? 0 : 800 + (n % 7) * 20));
  const moves = gaps(places).filter((gap) => gap !== 160);
  expect(moves).toEqual([160 + 800]);
});

test('a talk spurt after a silence stands where it arrived', () => {
  const cursor = new TrackCursor(options);
  place(10, () => 0, cursor);
  // 1 s of silence, by the media clock, and the spurt 30 ms later than that clock says.
  expect(cursor.place(1000 + 9600 + 240, 9600, 160)).toBe(1000 + 9600 + 240);
  expect(cursor.place(1000 + 9760, 9760, 160)).toBe(1000 + 9760 + 240);
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
