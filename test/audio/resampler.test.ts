import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createResampler } from '../../src/audio/resampler.js';
import { SeededRandom } from '../support/seeded-random.js';

const rates = [8000, 16_000, 24_000, 48_000] as const;
const pairs = rates.flatMap((from) => rates.filter((to) => to !== from).map((to) => ({ from, to })));

const AMPLITUDE = 29_000;

function tone(hz: number, rate: number, samples: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) =>
    Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hz * i) / rate)),
  );
}

function noise(samples: number, seed = 1): Int16Array {
  const random = new SeededRandom(seed);
  return Int16Array.from({ length: samples }, () => random.integer(65_536) - 32_768);
}

/** Output of 20 ms chunks, as calls have them. */
function inFrames(from: number, to: number, input: Int16Array): Int16Array {
  const resampler = createResampler(from, to);
  const output: number[] = [];
  for (let at = 0; at < input.length; at += from / 50)
    output.push(...resampler.process(input.subarray(at, at + from / 50)));
  return Int16Array.from(output);
}

/** Fits a sine of `hz` to the steady part: its amplitude in dB over the input's, and its distance from all the rest. */
function matchTone(samples: Int16Array, hz: number, rate: number): { gainDb: number; snrDb: number } {
  const steady = samples.subarray(1000, samples.length - 1000);
  let [ss, cc, sc, ys, yc] = [0, 0, 0, 0, 0];
  const angle = (i: number): number => (2 * Math.PI * hz * i) / rate;
  for (const [i, y] of steady.entries()) {
    const s = Math.sin(angle(i));
    const c = Math.cos(angle(i));
    ss += s * s;
    cc += c * c;
    sc += s * c;
    ys += y * s;
    yc += y * c;
  }
  const determinant = ss * cc - sc * sc;
  const a = (ys * cc - yc * sc) / determinant;
  const b = (yc * ss - ys * sc) / determinant;
  let signal = 0;
  let rest = 0;
  for (const [i, y] of steady.entries()) {
    const value = a * Math.sin(angle(i)) + b * Math.cos(angle(i));
    signal += value ** 2;
    rest += (y - value) ** 2;
  }
  return { gainDb: 20 * Math.log10(Math.hypot(a, b) / AMPLITUDE), snrDb: 10 * Math.log10(signal / rest) };
}

/** Level of the steady part over that of the input tone. */
function levelDb(samples: Int16Array): number {
  const steady = samples.subarray(500, samples.length - 500);
  const meanSquare = steady.reduce((sum, y) => sum + y * y, 0) / steady.length;
  return 10 * Math.log10((2 * meanSquare) / AMPLITUDE ** 2 + 1e-12);
}

describe.each(pairs)('$from to $to Hz', ({ from, to }) => {
  const lower = Math.min(from, to);

  test('1 kHz comes out at 80 dB above everything else, at its own level', () => {
    const { gainDb, snrDb } = matchTone(inFrames(from, to, tone(1000, from, from)), 1000, to);
    expect(snrDb).toBeGreaterThan(80);
    expect(Math.abs(gainDb)).toBeLessThan(0.01);
  });

  test('the passband reaches 0.425 of the lower rate (3.4 kHz of 8), images included', () => {
    const { gainDb, snrDb } = matchTone(inFrames(from, to, tone(lower * 0.425, from, from)), lower * 0.425, to);
    expect(Math.abs(gainDb)).toBeLessThan(0.1);
    expect(snrDb).toBeGreaterThan(80);
  });

  test('however the signal is cut, the output is the same bit for bit', () => {
    const input = noise(from / 10);
    const whole = createResampler(from, to).process(input).slice();
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 20 }), (lengths) => {
        const resampler = createResampler(from, to, { blockSamples: 257 });
        const output: number[] = [];
        let at = 0;
        for (const length of [...lengths, input.length]) {
          output.push(...resampler.process(input.subarray(at, at + length)));
          at = Math.min(at + length, input.length);
        }
        expect(Int16Array.from(output)).toEqual(whole);
      }),
      { numRuns: 20 },
    );
    expect(whole).toHaveLength(Math.ceil((input.length * to) / from));
  });

  test('a click arrives after delaySamples', () => {
    const input = new Int16Array(from / 10);
    input[480] = 20_000;
    const resampler = createResampler(from, to);
    const output = resampler.process(input);
    const peak = output.reduce((best, value, i) => (Math.abs(value) > Math.abs(output[best] ?? 0) ? i : best), 0);
    expect(peak).toBe((480 * to) / from + resampler.delaySamples);
  });

  test('a frame of 20 ms gives a frame of 20 ms, in the same memory each time', () => {
    const resampler = createResampler(from, to);
    const first = resampler.process(noise(from / 50));
    expect(first).toHaveLength(to / 50);
    expect(resampler.process(noise(from / 50, 2))).toBe(first);
  });

  test('full-scale square waves saturate and do not wrap', () => {
    const square = Int16Array.from({ length: from / 10 }, (_, i) => (i % (from / 400) < from / 800 ? 32_767 : -32_768));
    const resampler = createResampler(from, to);
    const output = resampler.process(square);
    const period = to / 400;
    // Overshoot lies beside the edges; in mid-plateau the sign must be the square's own.
    for (let i = to / 50; i < output.length; i += 1) {
      const place = (i - resampler.delaySamples) % period;
      if (place > period / 8 && place < (3 * period) / 8) expect(output[i]).toBeGreaterThan(20_000);
    }
  });

  test('reset forgets', () => {
    const resampler = createResampler(from, to);
    const fresh = resampler.process(noise(from / 50)).slice();
    resampler.process(noise(123, 5));
    resampler.reset();
    expect(resampler.process(noise(from / 50))).toEqual(fresh);
  });

  test('a constant stays that constant', () => {
    const output = createResampler(from, to).process(new Int16Array(from / 10).fill(12_345));
    for (const value of output.subarray(to / 50)) expect(Math.abs(value - 12_345)).toBeLessThanOrEqual(1);
  });
});

test.each(pairs.filter(({ from, to }) => to < from))('$from to $to Hz: nothing folds back', ({ from, to }) => {
  for (const hz of [0.578, 0.65, 0.8, 1, 1.3].map((share) => share * to).filter((hz) => hz < from / 2)) {
    expect(levelDb(inFrames(from, to, tone(hz, from, from)))).toBeLessThan(-80);
  }
});

test('5 kHz does not come back as 3 kHz on a phone line', () => {
  expect(levelDb(inFrames(16_000, 8000, tone(5000, 16_000, 16_000)))).toBeLessThan(-80);
});

test('equal rates hand back the input itself', () => {
  const input = noise(100);
  expect(createResampler(8000, 8000).process(input)).toBe(input);
});

test.each([
  [44_100, 8000],
  [22_050, 8000],
  [11_025, 8000],
  [32_000, 8000],
  [8000, 44_100],
])('rates of files: %d to %d Hz', (from, to) => {
  const whole = createResampler(from, to)
    .process(tone(1000, from, from))
    .slice();
  const { gainDb, snrDb } = matchTone(whole, 1000, to);
  expect(snrDb).toBeGreaterThan(80);
  expect(Math.abs(gainDb)).toBeLessThan(0.01);
  expect(whole).toHaveLength(to);
  const resampler = createResampler(from, to);
  const chunks = [7, 1000, 1, 333, from].reduce<{ at: number; output: number[] }>(
    ({ at, output }, length) => {
      output.push(...resampler.process(tone(1000, from, from).subarray(at, at + length)));
      return { at: at + length, output };
    },
    { at: 0, output: [] },
  );
  expect(Int16Array.from(chunks.output)).toEqual(whole);
});

test.each([
  [0, 8000],
  [8000, -1],
  [Number.NaN, 8000],
  [44_101, 8000],
  [8000.5, 16_000],
])('%d to %d Hz is refused', (from, to) => {
  expect(() => createResampler(from, to)).toThrow(RangeError);
});
