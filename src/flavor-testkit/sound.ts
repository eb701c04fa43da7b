import { type AudioFormat, bytesPerSample } from '../flavor-api/index.js';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from './g711.js';

/** RMS of a 20 ms block, of 32,768, above which the kit calls it voiced: about -42 dBFS. */
const VOICED_RMS = 250;

/** The octet that silence consists of in `encoding`. */
export function silenceOctet(encoding: AudioFormat['encoding']): number {
  if (encoding === 'mulaw') return 0xff;
  return encoding === 'alaw' ? 0xd5 : 0;
}

/** 16-bit samples into `format`; the sample rate is the caller's business. */
export function encodeSamples(samples: Int16Array, encoding: AudioFormat['encoding']): Uint8Array {
  const bytes = new Uint8Array(samples.length * bytesPerSample(encoding));
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < samples.length; index += 1) {
    const sample = samples[index] ?? 0;
    if (encoding === 'pcm16') view.setInt16(index * 2, sample, true);
    else bytes[index] = encoding === 'mulaw' ? encodeMulaw(sample) : encodeAlaw(sample);
  }
  return bytes;
}

/** The samples of `bytes`; an odd last byte of `pcm16` is left out. */
export function decodeSamples(bytes: Uint8Array, encoding: AudioFormat['encoding']): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Int16Array(Math.floor(bytes.length / bytesPerSample(encoding)));
  for (let index = 0; index < samples.length; index += 1) {
    if (encoding === 'pcm16') samples[index] = view.getInt16(index * 2, true);
    else samples[index] = encoding === 'mulaw' ? decodeMulaw(bytes[index] ?? 0) : decodeAlaw(bytes[index] ?? 0);
  }
  return samples;
}

/** Whether any 20 ms of `bytes` are loud enough to be heard on a phone. */
export function isVoiced(bytes: Uint8Array, format: AudioFormat): boolean {
  const samples = decodeSamples(bytes, format.encoding);
  const block = format.sampleRate / 50;
  for (let start = 0; start < samples.length; start += block) {
    const end = Math.min(start + block, samples.length);
    let energy = 0;
    for (let index = start; index < end; index += 1) energy += (samples[index] ?? 0) ** 2;
    if (Math.sqrt(energy / (end - start)) > VOICED_RMS) return true;
  }
  return false;
}

/** A sound like somebody talking: a vowel of 140 Hz with harmonics, four syllables a second. Always the same. */
export function speechLike(format: AudioFormat, durationMs: number): Uint8Array {
  const samples = new Int16Array(Math.round((durationMs * format.sampleRate) / 1000));
  for (let index = 0; index < samples.length; index += 1) {
    const seconds = index / format.sampleRate;
    let value = 0;
    for (let harmonic = 1; harmonic <= 20; harmonic += 1) {
      value += Math.sin(2 * Math.PI * 140 * harmonic * seconds) / harmonic;
    }
    const syllable = 0.4 + 0.6 * Math.sin(Math.PI * 4 * seconds) ** 2;
    samples[index] = Math.round(value * syllable * 7000);
  }
  return encodeSamples(samples, format.encoding);
}
