import { decodeAlaw, decodeMulaw } from './g711.js';
import { readPcm16 } from './pcm16.js';

/** Linear samples of audio as calls and services have it: `output` takes one for each code, or for each two bytes of `pcm16`. */
export function readSamples(input: Uint8Array, encoding: 'mulaw' | 'alaw' | 'pcm16', output: Int16Array): void {
  if (encoding === 'mulaw') decodeMulaw(input, output);
  else if (encoding === 'alaw') decodeAlaw(input, output);
  else readPcm16(input, output);
}
