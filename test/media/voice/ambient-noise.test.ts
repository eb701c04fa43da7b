import { expect, test } from 'vitest';
import { PowerSpectrum } from '../../../src/audio/power-spectrum.js';
import { AmbientNoise, type Loudness } from '../../../src/media/voice/ambient-noise.js';
import { makeNoise, type NoiseKind } from '../../support/phone-scene.js';

/** Power spectra of noise at a level, 20 ms apart. */
async function spectra(kind: NoiseKind, seconds: number, levelDbfs: number, seed = 1): Promise<Float64Array[]> {
  const amplitude = 32_768 * 10 ** (levelDbfs / 20);
  const samples = (await makeNoise(kind, seconds * 8000, seed)).map((value) => value * amplitude);
  const spectrum = new PowerSpectrum();
  const result: Float64Array[] = [];
  for (let at = 0; at + 256 <= samples.length; at += 160) {
    spectrum.compute(samples.subarray(at, at + 256));
    result.push(spectrum.power.slice());
  }
  return result;
}

/** Learns all frames as noise and tells what was found before learning each. */
function learn(noise: AmbientNoise, frames: readonly Float64Array[], first = false): Loudness[] {
  return frames.map((power, i) => {
    const loudness = { ...noise.compare(power, first && i === 0) };
    noise.learnBands(false);
    noise.learnLevel(1);
    noise.learnExcess();
    return loudness;
  });
}

function share(values: readonly number[], condition: (value: number) => boolean): number {
  return values.filter(condition).length / values.length;
}

test.each([-60, -40, -20])('the level is the RMS in dBFS (%d)', async (levelDbfs) => {
  const levels = learn(new AmbientNoise(), await spectra('pink', 2, levelDbfs), true).map(({ levelDb }) => levelDb);
  expect(levels.reduce((sum, level) => sum + level, 0) / levels.length).toBeCloseTo(levelDbfs, -0.3);
});

test.each(['white', 'pink', 'hum', 'car'] as const)('%s noise that is known does not stand out', async (kind) => {
  const known = learn(new AmbientNoise(), await spectra(kind, 10, -40), true).slice(100);
  expect(
    share(
      known.map(({ bandExcessDb }) => bandExcessDb),
      (db) => db > 1.6,
    ),
  ).toBe(0);
  expect(
    share(
      known.map(({ levelExcessDb }) => levelExcessDb),
      (db) => db > 4,
    ),
  ).toBe(0);
  expect(
    share(
      known.map(({ levelExcessDb }) => levelExcessDb),
      (db) => db > 0,
    ),
  ).toBeGreaterThan(0.1);
});

test('a rise of 20 dB stands out at once and is learnt within two seconds, a fall within three', async () => {
  const noise = new AmbientNoise();
  learn(noise, await spectra('white', 3, -50), true);
  const louder = learn(noise, await spectra('white', 3, -30, 2));
  expect(louder[1]?.bandExcessDb).toBeGreaterThan(12);
  expect(louder[1]?.levelExcessDb).toBeGreaterThan(17);
  for (const { bandExcessDb, levelExcessDb } of louder.slice(100)) {
    expect(bandExcessDb).toBeLessThan(1.6);
    expect(levelExcessDb).toBeLessThan(4);
  }
  learn(noise, await spectra('white', 3, -50, 3));
  expect(learn(noise, await spectra('white', 1, -40, 4))[0]?.levelExcessDb).toBeGreaterThan(5);
});

test('a crowd stands out of itself more than steady noise does, and that is known', async () => {
  const steady = new AmbientNoise();
  learn(steady, await spectra('white', 12, -40), true);
  const crowd = new AmbientNoise();
  const heard = learn(crowd, await spectra('babble', 12, -40), true).slice(250);
  expect(crowd.usualExcessDb).toBeGreaterThan(steady.usualExcessDb + 0.4);
  expect(
    share(
      heard.map(({ levelExcessDb }) => levelExcessDb),
      (db) => db > 4,
    ),
  ).toBeLessThan(0.02);
});

test('noise that sets in stands out of the silence before, and is not taken for a restless one', async () => {
  const noise = new AmbientNoise();
  learn(noise, await spectra('white', 3, -40), true);
  const usual = noise.usualExcessDb;
  learn(noise, await spectra('white', 2, -20, 2));
  expect(noise.usualExcessDb).toBeLessThan(usual + 0.7);
});

test('what may be speech is learnt at a quarter of the speed', async () => {
  const excessAfter = async (weight: number): Promise<number> => {
    const noise = new AmbientNoise();
    learn(noise, await spectra('white', 2, -60), true);
    const louder = await spectra('white', 1, -30, 2);
    for (const power of louder.slice(0, 20)) {
      noise.compare(power, false);
      noise.learnLevel(weight);
    }
    return noise.compare(louder[20] ?? new Float64Array(129), false).levelExcessDb;
  };
  const [quick, slow] = [await excessAfter(1), await excessAfter(0.25)];
  expect(slow - quick).toBeCloseTo(20 * 0.32 * 0.75, 0);
});
