import { ConnectorError } from '../base/connector-error.js';
import { createResampler } from '../media/resampler.js';

const rates = [8000, 16_000, 24_000, 48_000] as const;

/**
 * Samples at the 8000 Hz of a phone.
 *
 * @throws ConnectorError `ERR_AUDIO_FILE` for a rate that is none of 8, 16, 24, 48 kHz.
 */
export function toPhoneSamples(audio: { readonly samples: Int16Array; readonly sampleRate: number }): Int16Array {
  const rate = rates.find((known) => known === audio.sampleRate);
  if (rate === undefined) {
    throw new ConnectorError('ERR_AUDIO_FILE', `${audio.sampleRate} Hz is not supported: use ${rates.join(', ')} Hz`);
  }
  if (rate === 8000) return audio.samples;
  const resampler = createResampler(rate, 8000);
  // The filter's delay is taken off the front, and its tail fetched with silence.
  const tail = new Int16Array(Math.ceil((resampler.delaySamples * rate) / 8000));
  const padded = new Int16Array(audio.samples.length + tail.length);
  padded.set(audio.samples);
  return resampler.process(padded).slice(resampler.delaySamples);
}
