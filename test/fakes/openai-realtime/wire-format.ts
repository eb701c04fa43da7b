import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../../src/audio/g711.js';
import { createResampler } from '../../../src/audio/resampler.js';

/** An audio format of the Realtime API, as `session.audio.*.format` has it. */
export type WireFormat =
  | { readonly type: 'audio/pcmu' }
  | { readonly type: 'audio/pcma' }
  | { readonly type: 'audio/pcm'; readonly rate: 24_000 };

/** Samples a second on the wire. */
export function sampleRateOf(format: WireFormat): number {
  return format.type === 'audio/pcm' ? format.rate : 8000;
}

/** Bytes that a millisecond of audio takes. */
export function bytesPerMs(format: WireFormat): number {
  return format.type === 'audio/pcm' ? 48 : 8;
}

/** 16-bit samples out of bytes; an odd last byte of `audio/pcm` is left out. */
export function decodeAudio(bytes: Uint8Array, format: WireFormat): Int16Array {
  if (format.type === 'audio/pcm') {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Int16Array.from({ length: bytes.length >> 1 }, (_, index) => view.getInt16(index * 2, true));
  }
  const samples = new Int16Array(bytes.length);
  if (format.type === 'audio/pcmu') decodeMulaw(bytes, samples);
  else decodeAlaw(bytes, samples);
  return samples;
}

/** Bytes out of 16-bit samples at any rate: resampled, the filter's delay taken out, and encoded. */
export function encodeAudio(samples: Int16Array, sampleRateHz: number, format: WireFormat): Uint8Array {
  const converted = resample(samples, sampleRateHz, sampleRateOf(format));
  if (format.type === 'audio/pcm') {
    const bytes = new Uint8Array(converted.length * 2);
    const view = new DataView(bytes.buffer);
    for (const [index, sample] of converted.entries()) view.setInt16(index * 2, sample, true);
    return bytes;
  }
  const bytes = new Uint8Array(converted.length);
  if (format.type === 'audio/pcmu') encodeMulaw(converted, bytes);
  else encodeAlaw(converted, bytes);
  return bytes;
}

/** A whole signal at another rate. The result starts when the signal starts, and lasts as long. */
export function resample(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  if (fromHz === toHz) return samples;
  const resampler = createResampler(fromHz, toHz);
  const delay = Math.round(resampler.delaySamples);
  const flush = Math.ceil((delay * fromHz) / toHz);
  const padded = new Int16Array(samples.length + flush);
  padded.set(samples);
  const length = Math.floor((samples.length * toHz) / fromHz);
  return resampler.process(padded).slice(delay, delay + length);
}
