import { ALAW_SILENCE, decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw, MULAW_SILENCE } from '../audio/g711.js';
import type { AudioFormat } from '../flavor-api/index.js';
import { amplitudeAt } from './audibility.js';
import type { PhoneCodec } from './engine.js';

/** Peak from which agent audio counts as audible, dBFS. */
const AUDIBLE_DB = -50;

/** What the media plane needs to know of a codec of the phone leg: 8000 Hz, one byte a sample. */
export interface PhoneCoding {
  readonly name: PhoneCodec['name'];
  readonly format: AudioFormat;
  /** The code of digital silence. */
  readonly silence: number;
  decode(codes: Uint8Array, samples: Int16Array): void;
  encode(samples: Int16Array, codes: Uint8Array): void;
  /** By code: 1 where its amplitude is audible. */
  readonly audible: Uint8Array;
  /** By code of the *other* codec: the nearest code of this one. */
  readonly fromOther: Uint8Array;
}

const allCodes = Uint8Array.from({ length: 256 }, (_, code) => code);

/** Coding by codec name. Constant tables. */
export const phoneCodings: Readonly<Record<PhoneCodec['name'], PhoneCoding>> = {
  pcmu: {
    name: 'pcmu',
    format: { encoding: 'mulaw', sampleRate: 8000 },
    silence: MULAW_SILENCE,
    decode: decodeMulaw,
    encode: encodeMulaw,
    audible: audibleCodes(decodeMulaw),
    fromOther: recodeTable(decodeAlaw, encodeMulaw),
  },
  pcma: {
    name: 'pcma',
    format: { encoding: 'alaw', sampleRate: 8000 },
    silence: ALAW_SILENCE,
    decode: decodeAlaw,
    encode: encodeAlaw,
    audible: audibleCodes(decodeAlaw),
    fromOther: recodeTable(decodeMulaw, encodeAlaw),
  },
};

function audibleCodes(decode: PhoneCoding['decode']): Uint8Array {
  const samples = new Int16Array(256);
  decode(allCodes, samples);
  return Uint8Array.from(samples, (sample) => (Math.abs(sample) >= amplitudeAt(AUDIBLE_DB) ? 1 : 0));
}

function recodeTable(decode: PhoneCoding['decode'], encode: PhoneCoding['encode']): Uint8Array {
  const samples = new Int16Array(256);
  const codes = new Uint8Array(256);
  decode(allCodes, samples);
  encode(samples, codes);
  return codes;
}
