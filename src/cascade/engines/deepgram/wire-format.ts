import type { AudioFormat } from '../../../flavor-api/index.js';

/** What Deepgram calls the encodings of the contract. */
const encodings = { pcm16: 'linear16', mulaw: 'mulaw', alaw: 'alaw' } as const;

export type DeepgramEncoding = (typeof encodings)[AudioFormat['encoding']];

export function encodingOf({ encoding }: AudioFormat): DeepgramEncoding {
  return encodings[encoding];
}

/** A sample of silence, as it is filled into a buffer: G.711 idles at the code of the smallest positive value. */
export function silenceOf({ encoding }: AudioFormat): number {
  switch (encoding) {
    case 'pcm16':
      return 0;
    case 'mulaw':
      return 0xff;
    case 'alaw':
      return 0xd5;
  }
}

/**
 * What the recognisers take and Aura makes, the phone's own first: nothing is resampled then. Deepgram has more rates; what
 * a phone sends is never better than 16 kHz, and 24 kHz is what Aura is made at.
 */
export const deepgramFormats: readonly AudioFormat[] = [
  { encoding: 'mulaw', sampleRate: 8000 },
  { encoding: 'alaw', sampleRate: 8000 },
  { encoding: 'pcm16', sampleRate: 16_000 },
  { encoding: 'pcm16', sampleRate: 24_000 },
];
