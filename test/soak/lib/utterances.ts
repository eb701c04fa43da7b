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

/** One utterance, a pause of `pauseMs`, and another that begins as suddenly as the first ends. */
export async function pausingUtterance(
  [first, second]: readonly [string, string],
  pauseMs: number,
  voice: FliteVoiceName,
): Promise<Int16Array> {
  const [before, after] = await Promise.all([abruptUtterance(first, voice), abruptUtterance(second, voice)]);
  let start = 0;
  while (rms(after.subarray(start, start + FRAME_SAMPLES)) < LOUD_RMS) start += FRAME_SAMPLES;
  return Int16Array.from([...before, ...new Int16Array(8 * pauseMs), ...after.subarray(start)]);
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
