import type { FliteVoiceName } from '../../../src/cascade/index.js';
import { speak8k } from '../../support/speech.js';

const FRAME_SAMPLES = 160;
/** RMS that no detector takes for silence: 20 dB below full scale. */
const LOUD_RMS = 3277;

/**
 * Speech that ends in the middle of a vowel, so that nobody can disagree about its last voiced frame: the truth that
 * latency is counted from.
 */
export async function abruptUtterance(text: string, voice: FliteVoiceName): Promise<Int16Array> {
  const spoken = normalised(await speak8k(text, voice));
  for (let end = Math.floor(spoken.length / FRAME_SAMPLES) * FRAME_SAMPLES; end > 0; end -= FRAME_SAMPLES) {
    if (rms(spoken.subarray(end - FRAME_SAMPLES, end)) >= LOUD_RMS) return spoken.slice(0, end);
  }
  throw new Error(`no vowel in "${text}" is loud`);
}

/** At 1 dB below full scale. */
function normalised(samples: Int16Array): Int16Array {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1);
  const gain = 29_200 / peak;
  return samples.map((sample) => Math.round(sample * gain));
}

function rms(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}
