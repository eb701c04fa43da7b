import { PowerSpectrum, SPECTRUM_SAMPLES } from '../../src/audio/power-spectrum.js';
import { Concealment } from '../../src/media/caller/concealment.js';
import { SeededRandom } from './seeded-random.js';
import { speak8k } from './speech.js';

/** One packet, 8000 Hz. */
const FRAME = 160;
const SPOKEN = 'The salon opens at nine, and we have a chair by the window for you on Thursday afternoon.';

const none = new Uint8Array(FRAME);
const all = new Uint8Array(FRAME).fill(1);

/** Speech, 8000 Hz, of which packets were lost. */
export interface LossySpeech {
  readonly original: Int16Array;
  /** With the connector's concealment in their place. */
  readonly concealed: Int16Array;
  readonly silenced: Int16Array;
}

/** The speech with so many in 100 packets lost at random. */
export async function lossy(percent: number): Promise<LossySpeech> {
  const random = new SeededRandom(percent);
  const original = await speak8k(SPOKEN);
  const lost = Array.from({ length: Math.floor(original.length / FRAME) }, () => random.integer(100) < percent);
  const play = (conceal: (frame: Int16Array, isLost: boolean) => void): Int16Array => {
    const heard = original.slice();
    for (const [index, isLost] of lost.entries()) conceal(heard.subarray(index * FRAME, (index + 1) * FRAME), isLost);
    return heard;
  };
  const concealment = new Concealment();
  return {
    original,
    concealed: play((frame, isLost) => {
      if (isLost) concealment.process(frame, none);
      else if (concealment.busy) concealment.process(frame, all);
      else concealment.learn(frame);
    }),
    silenced: play((frame, isLost) => {
      if (isLost) frame.fill(0);
    }),
  };
}

/** Bands of 250 Hz, whose power is compared. */
const BAND_BINS = 8;
/** What is weaker is not heard: mean square of a sample, -60 dBFS. */
const FLOOR = 33 ** 2;

/**
 * Spectral distortion, dB: root mean square of how far the power of 16 bands of 250 Hz is off, over every 10 ms in which
 * the original speaks. Deaf to phase, as the ear is; 0 for what is the same.
 */
export function spectralDistortionDb(original: Int16Array, heard: Int16Array): number {
  const spectra = [original, heard].map((samples) => {
    const spectrum = new PowerSpectrum();
    return (at: number): number[] => {
      spectrum.compute(Float64Array.from(samples.subarray(at, at + SPECTRUM_SAMPLES)));
      return Array.from({ length: 16 }, (_, band) =>
        spectrum.power
          .slice(1 + band * BAND_BINS, 1 + (band + 1) * BAND_BINS)
          .reduce((sum, power) => sum + power, FLOOR),
      );
    };
  });
  let sum = 0;
  let count = 0;
  for (let at = 0; at + SPECTRUM_SAMPLES <= original.length; at += 80) {
    const [wanted = [], got = []] = spectra.map((bandsAt) => bandsAt(at));
    if (wanted.reduce((total, power) => total + power, 0) < 40 * FLOOR) continue;
    for (const [band, power] of wanted.entries()) {
      sum += (10 * Math.log10(power / (got[band] ?? FLOOR))) ** 2;
      count += 1;
    }
  }
  return Math.sqrt(sum / count);
}

/** Segments in which the speech is weaker say nothing: mean square of a sample. */
const SPEAKING = 40 * FLOOR;
/** One that is not changed counts as this much, and one that is worse than the other as that, dB: as is usual. */
const SNR_RANGE_DB = [-10, 35] as const;

/** Segmental signal-to-noise ratio, dB: mean over all segments of 20 ms in which the original speaks. Sensitive to phase. */
export function segmentalSnrDb(original: Int16Array, heard: Int16Array): number {
  let sum = 0;
  let count = 0;
  for (let at = 0; at + FRAME <= original.length; at += FRAME) {
    let signal = 0;
    let noise = 0;
    for (let index = at; index < at + FRAME; index += 1) {
      const sample = original[index] ?? 0;
      signal += sample ** 2;
      noise += (sample - (heard[index] ?? 0)) ** 2;
    }
    if (signal / FRAME < SPEAKING) continue;
    const snrDb = noise === 0 ? SNR_RANGE_DB[1] : 10 * Math.log10(signal / noise);
    sum += Math.min(SNR_RANGE_DB[1], Math.max(SNR_RANGE_DB[0], snrDb));
    count += 1;
  }
  return sum / count;
}
