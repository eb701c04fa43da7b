import { createResampler, type Resampler } from '../audio/resampler.js';
import { ConnectorError } from '../base/connector-error.js';

/**
 * Samples at the rate of a phone, Hz.
 *
 * @throws ConnectorError `ERR_AUDIO_FILE` for a rate that no audio file has.
 */
export function toPhoneSamples(
  audio: { readonly samples: Int16Array; readonly sampleRate: number },
  phoneRate = 8000,
): Int16Array {
  const { samples, sampleRate } = audio;
  if (sampleRate === phoneRate) return samples;
  const resampler = resamplerFrom(sampleRate, phoneRate);
  // The filter's delay is taken off the front, and its tail fetched with silence.
  const tailSamples = Math.ceil((resampler.delaySamples * sampleRate) / phoneRate);
  const padded = new Int16Array(samples.length + tailSamples);
  padded.set(samples);
  return resampler.process(padded).slice(resampler.delaySamples);
}

function resamplerFrom(sampleRate: number, phoneRate: number): Resampler {
  try {
    return createResampler(sampleRate, phoneRate);
  } catch (error) {
    throw new ConnectorError('ERR_AUDIO_FILE', `${sampleRate} Hz is no sample rate to work with`, { cause: error });
  }
}
