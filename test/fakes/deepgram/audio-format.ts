import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../../src/audio/g711.js';
import { resample } from '../openai-realtime/wire-format.js';

/** The raw encodings that this fake decodes; the service has more. */
export interface FakeAudioFormat {
  readonly encoding: 'linear16' | 'mulaw' | 'alaw';
  readonly sampleRate: number;
}

export function bytesPerMs({ encoding, sampleRate }: FakeAudioFormat): number {
  return (sampleRate / 1000) * (encoding === 'linear16' ? 2 : 1);
}

export function isRawEncoding(encoding: string): encoding is FakeAudioFormat['encoding'] {
  return encoding === 'linear16' || encoding === 'mulaw' || encoding === 'alaw';
}

/** 16-bit samples out of bytes; an odd last byte of linear16 is left out. */
export function decodeAudio(bytes: Uint8Array, { encoding }: FakeAudioFormat): Int16Array {
  if (encoding === 'linear16') {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Int16Array.from({ length: bytes.length >> 1 }, (_, index) => view.getInt16(index * 2, true));
  }
  const samples = new Int16Array(bytes.length);
  if (encoding === 'mulaw') decodeMulaw(bytes, samples);
  else decodeAlaw(bytes, samples);
  return samples;
}

/** Bytes out of 16-bit samples at any rate. */
export function encodeAudio(samples: Int16Array, sampleRateHz: number, format: FakeAudioFormat): Uint8Array {
  const converted = resample(samples, sampleRateHz, format.sampleRate);
  if (format.encoding === 'linear16') {
    const bytes = new Uint8Array(converted.length * 2);
    const view = new DataView(bytes.buffer);
    for (const [index, sample] of converted.entries()) view.setInt16(index * 2, sample, true);
    return bytes;
  }
  const bytes = new Uint8Array(converted.length);
  if (format.encoding === 'mulaw') encodeMulaw(converted, bytes);
  else encodeAlaw(converted, bytes);
  return bytes;
}
