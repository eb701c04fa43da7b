import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMulaw } from '../../src/audio/g711.js';
import { SpokenAudio } from '../../src/heard/spoken-audio.js';

/** Level and brightness of each whole block of 20 ms, sample by sample as they are defined. */
function figuresOf(samples: readonly number[], rate: number) {
  const length = rate / 50;
  return Array.from({ length: Math.floor(samples.length / length) }, (_, block) => {
    let power = 0;
    let slope = 0;
    for (let at = block * length; at < (block + 1) * length; at += 1) {
      const sample = samples[at] ?? 0;
      power += sample ** 2;
      slope += (sample - (samples[at - 1] ?? 0)) ** 2;
    }
    const ratio = Math.min(4, slope / (power + length));
    return {
      levelDb: Math.fround(10 * Math.log10(power / length + 1)),
      brightnessHz: Math.fround((Math.acos(1 - ratio / 2) / (2 * Math.PI)) * rate),
    };
  });
}

/** What is heard of `bytes`, given in pieces that end where `cuts` say. */
function heard(audio: SpokenAudio, bytes: Uint8Array, cuts: readonly number[]) {
  const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    audio.push(bytes.subarray(from, end));
    from = end;
  }
  const blocks = audio.speech([], 0, Number.POSITIVE_INFINITY);
  return { durationMs: audio.durationMs, blocks };
}

/** Levels are told below the loud ones. */
function expectSame(
  blocks: ReturnType<SpokenAudio['speech']>,
  expected: readonly { readonly levelDb: number; readonly brightnessHz: number }[],
): void {
  expect(blocks.map(({ brightnessHz }) => brightnessHz)).toEqual(expected.map(({ brightnessHz }) => brightnessHz));
  const [first] = expected;
  const [firstHeard] = blocks;
  for (const [index, { levelDb }] of expected.entries()) {
    const above = (blocks[index]?.levelDb ?? 0) - (firstHeard?.levelDb ?? 0);
    expect(above).toBeCloseTo(levelDb - (first?.levelDb ?? 0), 5);
  }
}

test('linear audio, cut wherever it may be, has the level and the brightness of its blocks', () => {
  const samples = fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 480, maxLength: 2_500 });
  fc.assert(
    fc.property(samples, fc.array(fc.nat(2_500), { maxLength: 12 }), (values, cuts) => {
      const bytes = Buffer.alloc(1 + 2 * values.length).subarray(1);
      for (const [index, value] of values.entries()) bytes.writeInt16LE(value, 2 * index);
      const audio = new SpokenAudio({ encoding: 'pcm16', sampleRate: 24_000 });
      const { durationMs, blocks } = heard(
        audio,
        bytes,
        cuts.map((cut) => 2 * cut),
      );
      expect(durationMs).toBeCloseTo(values.length / 24, 9);
      expectSame(blocks, figuresOf(values, 24_000));
    }),
    { numRuns: 30 },
  );
});

test('mu-law, cut wherever it may be, has the level and the brightness of its blocks', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 160, maxLength: 1_500 }),
      fc.array(fc.nat(1_500), { maxLength: 12 }),
      (bytes, cuts) => {
        const samples = new Int16Array(bytes.length);
        decodeMulaw(bytes, samples);
        const { blocks } = heard(new SpokenAudio({ encoding: 'mulaw', sampleRate: 8_000 }), bytes, cuts);
        expectSame(blocks, figuresOf([...samples], 8_000));
      },
    ),
    { numRuns: 30 },
  );
});
