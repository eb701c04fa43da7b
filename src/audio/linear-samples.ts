import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from './g711.js';
import { readPcm16, writePcm16 } from './pcm16.js';

/** Linear samples of audio as calls and services have it: `output` takes one for each code, or for each two bytes of `pcm16`. */
export function readSamples(input: Uint8Array, encoding: 'mulaw' | 'alaw' | 'pcm16', output: Int16Array): void {
  if (encoding === 'mulaw') decodeMulaw(input, output);
  else if (encoding === 'alaw') decodeAlaw(input, output);
  else readPcm16(input, output);
}

/** The same written down, in memory of the receiver's own. */
export function encodedSamples(samples: Int16Array, encoding: 'mulaw' | 'alaw' | 'pcm16'): Uint8Array {
  const bytes = new Uint8Array(encoding === 'pcm16' ? 2 * samples.length : samples.length);
  if (encoding === 'mulaw') encodeMulaw(samples, bytes);
  else if (encoding === 'alaw') encodeAlaw(samples, bytes);
  else writePcm16(samples, bytes);
  return bytes;
}
