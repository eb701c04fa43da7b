import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JoinedSound } from '../../../../src/cascade/engines/speech-server/joined-sound.js';
import { resample } from '../../../fakes/openai-realtime/wire-format.js';

interface Sentence {
  readonly sampleRate: number;
  readonly samples: Int16Array;
}

/** One period of a vowel. */
const period = Float64Array.from({ length: 8_192 }, (_, i) => {
  let value = 0;
  for (let harmonic = 1; harmonic <= 8; harmonic += 1)
    value += Math.sin((2 * Math.PI * harmonic * i) / 8_192) / harmonic;
  return value;
});

/** A voice of some pitch, from one place in a vowel to another: as abrupt as a sentence can begin and end. */
function vowel(sampleRate: number, pitchHz: number, ms: number, phase: number, level: number): Sentence {
  const length = Math.round((sampleRate * ms) / 1000);
  const samples = Int16Array.from({ length }, (_, i) => {
    const at = Math.round((phase + (pitchHz * i) / sampleRate) * period.length) % period.length;
    return Math.round((period[at] as number) * level);
  });
  return { sampleRate, samples };
}

/** What a sentence is made of: the sound itself would fill pages where a test fails. */
const sentences = fc.tuple(
  fc.constantFrom(8_000, 16_000, 22_050, 24_000, 44_100, 48_000),
  fc.integer({ min: 90, max: 260 }),
  fc.integer({ min: 20, max: 60 }),
  fc.integer({ min: 0, max: 99 }).map((percent) => percent / 100),
  fc.integer({ min: 2_000, max: 12_000 }),
);

function steps(samples: Int16Array): number {
  let most = 0;
  for (let i = 1; i < samples.length; i += 1) {
    most = Math.max(most, Math.abs((samples[i] as number) - (samples[i - 1] as number)));
  }
  return most;
}

/** The largest step of a voice that goes on where the sentence ends, without beginning and end. */
function stepsOf([rate, pitchHz, , phase, level]: Parameters<typeof vowel>, sampleRate: number): number {
  const { samples } = vowel(rate, pitchHz, 120, phase, level);
  return steps(resample(samples, rate, sampleRate).subarray(40, -40));
}

function linear(bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true));
}

/** Says a sentence in pieces as the network cuts them. */
function say(sound: JoinedSound, { samples, sampleRate }: Sentence, cuts: readonly number[]): Int16Array {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const cut of [...cuts.map((share) => Math.floor(share * samples.length)), samples.length]) {
    parts.push(sound.push(samples.subarray(from, cut), sampleRate));
    from = cut;
  }
  parts.push(sound.end());
  return linear(Buffer.concat(parts));
}

describe('sentences joined', () => {
  test('a thousand of them, cut anywhere, at any rate: no click, no drift', () => {
    const share = fc.integer({ min: 0, max: 1_000 }).map((part) => part / 1_000);
    const cuts = fc.array(share, { maxLength: 5 }).map((shares) => shares.sort((a, b) => a - b));
    let said = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(sentences, cuts), { minLength: 20, maxLength: 20 }),
        fc.constantFrom(8_000, 16_000, 24_000),
        (given, sampleRate) => {
          const sound = new JoinedSound({ encoding: 'pcm16', sampleRate });
          let seconds = 0;
          let samples = 0;
          let last = 0;
          let lastStep = 0;
          for (const [parts, shares] of given) {
            const sentence = vowel(...parts);
            const heard = say(sound, sentence, shares);
            seconds += sentence.samples.length / sentence.sampleRate;
            samples += heard.length;
            said += 1;
            expect(samples).toBe(Math.round(seconds * sampleRate));
            const ofSource = stepsOf(parts, sampleRate);
            const atJoin = Math.abs((heard[0] ?? 0) - last);
            expect(atJoin).toBeLessThanOrEqual(Math.max(ofSource, lastStep));
            // Where samples fall on a curve is not the same twice: 2 %.
            expect(steps(heard)).toBeLessThanOrEqual(ofSource * 1.02 + 1);
            last = heard.at(-1) ?? 0;
            lastStep = ofSource;
          }
        },
      ),
      { seed: 6, numRuns: 50, endOnFailure: true },
    );
    expect(said).toBe(1_000);
  });

  test('cut anywhere, a sentence sounds the same', () => {
    const sentence = vowel(24_000, 120, 100, 1, 9_000);
    const format = { encoding: 'pcm16', sampleRate: 8_000 } as const;
    const whole = say(new JoinedSound(format), sentence, []);
    for (const cut of [0.001, 0.01, 0.3, 0.97, 0.999]) {
      expect(say(new JoinedSound(format), sentence, [cut])).toEqual(whole);
    }
  });

  test('what begins and ends at zero is left as it is', () => {
    const samples = Int16Array.from({ length: 2_400 }, (_, i) => Math.round(9_000 * Math.sin((2 * Math.PI * i) / 240)));
    const sound = new JoinedSound({ encoding: 'pcm16', sampleRate: 24_000 });
    samples.fill(0, 0, 24).fill(0, -24);
    expect(say(sound, { samples, sampleRate: 24_000 }, [0.5])).toEqual(samples);
  });

  test.each(['mulaw', 'alaw'] as const)('%s has a byte a sample', (encoding) => {
    const sound = new JoinedSound({ encoding, sampleRate: 8_000 });
    const { samples } = vowel(24_000, 120, 100, 1, 9_000);
    expect(sound.push(samples, 24_000).length + sound.end().length).toBe(800);
  });

  test('a sentence of a few samples makes no step', () => {
    const sound = new JoinedSound({ encoding: 'pcm16', sampleRate: 24_000 });
    const heard = say(sound, { samples: new Int16Array(10).fill(20_000), sampleRate: 24_000 }, []);
    expect(heard.length).toBe(10);
    expect(Math.abs(heard.at(-1) ?? 0)).toBeLessThan(100);
  });

  test('a rate that cannot be converted is said so', () => {
    const sound = new JoinedSound({ encoding: 'pcm16', sampleRate: 8_000 });
    expect(() => sound.push(new Int16Array(100), 44_101)).toThrow(RangeError);
  });
});
