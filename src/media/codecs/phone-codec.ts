import { amplitudeAt } from '../../audio/amplitude.js';
import { alawWords, type CompandedWords, mulawWords } from '../../audio/companded-words.js';
import { ALAW_SILENCE, decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw, MULAW_SILENCE } from '../../audio/g711.js';
import { LITTLE_ENDIAN, readPcm16, writePcm16 } from '../../audio/pcm16.js';
import type { AudioFormat } from '../../flavor-api/index.js';
import type { PhoneCodec } from '../engine.js';

/** Peak from which agent audio counts as audible, dBFS. */
const AUDIBLE_DB = -50;

/**
 * What the media plane needs to know of a codec of the phone leg. `format` is what stands in queues and frames: for G.711
 * the payload itself, so that a flavor of the same format is passed through; for the others 16-bit samples at the codec's
 * rate.
 */
export interface PhoneCoding {
  readonly name: PhoneCodec['name'];
  readonly format: AudioFormat;
  /** Units of the RTP timestamp a millisecond: of the clock that SDP names, which is not always the sample rate. */
  readonly ticksPerMs: number;
  /** The byte of which digital silence consists. */
  readonly silence: number;
  /** Packet lengths the codec can be sent in, ms. */
  readonly packetTimesMs: readonly number[];
  /** Bytes of `format` to as many samples as they hold. */
  decode(bytes: Uint8Array, samples: Int16Array): void;
  encode(samples: Int16Array, bytes: Uint8Array): void;
  /**
   * Whether anything in bytes of `format` can be heard.
   * @param words `bytes` in words, where there is such a view
   */
  isAudible(bytes: Uint8Array, offset: number, count: number, words?: Int32Array): boolean;
  /** Of G.711: what can be done four codes at a time. */
  readonly inWords: CompandedWords | undefined;
  /** G.711: by code of the other law, the nearest code of this one. */
  readonly fromOther: Uint8Array | undefined;
}

const allCodes = Uint8Array.from({ length: 256 }, (_, code) => code);
const EVERY_TEN_MS = [10, 20, 30, 40, 50, 60] as const;

/** Coding by codec name. Constant tables. */
export const phoneCodings: Readonly<Record<PhoneCodec['name'], PhoneCoding>> = {
  pcmu: companded(
    'pcmu',
    { encoding: 'mulaw', sampleRate: 8000 },
    MULAW_SILENCE,
    decodeMulaw,
    encodeMulaw,
    mulawWords,
    [decodeAlaw, encodeMulaw],
  ),
  pcma: companded('pcma', { encoding: 'alaw', sampleRate: 8000 }, ALAW_SILENCE, decodeAlaw, encodeAlaw, alawWords, [
    decodeMulaw,
    encodeAlaw,
  ]),
  g722: linear('g722', 16_000, 8, EVERY_TEN_MS),
  // RFC 6716 section 2.1.4: an encoder's frames are of these lengths.
  opus: linear('opus', 24_000, 48, [10, 20, 40, 60]),
};

type Decode = (codes: Uint8Array, samples: Int16Array) => void;
type Encode = (samples: Int16Array, codes: Uint8Array) => void;

function companded(
  name: 'pcmu' | 'pcma',
  format: AudioFormat,
  silence: number,
  decode: Decode,
  encode: Encode,
  inWords: CompandedWords,
  other: readonly [Decode, Encode],
): PhoneCoding {
  const audible = audibleCodes(decode);
  const audibleRank = inWords.rankOf(amplitudeAt(AUDIBLE_DB));
  return {
    name,
    format,
    ticksPerMs: 8,
    silence,
    packetTimesMs: EVERY_TEN_MS,
    decode,
    encode,
    isAudible: (bytes, offset, count, words) => {
      if (words !== undefined && ((offset | count) & 3) === 0) {
        return inWords.reaches(audibleRank, words, offset >> 2, count >> 2);
      }
      for (let i = offset; i < offset + count; i += 1) if (audible[bytes[i] as number] === 1) return true;
      return false;
    },
    inWords: LITTLE_ENDIAN ? inWords : undefined,
    fromOther: recodeTable(...other),
  };
}

function linear(
  name: 'g722' | 'opus',
  sampleRate: 16_000 | 24_000,
  ticksPerMs: number,
  packetTimesMs: readonly number[],
): PhoneCoding {
  const threshold = amplitudeAt(AUDIBLE_DB);
  return {
    name,
    format: { encoding: 'pcm16', sampleRate },
    ticksPerMs,
    silence: 0,
    packetTimesMs,
    decode: readPcm16,
    encode: writePcm16,
    isAudible: (bytes, offset, count) => {
      for (let i = offset; i < offset + count; i += 2) {
        const sample = (((bytes[i] as number) | ((bytes[i + 1] as number) << 8)) << 16) >> 16;
        if (sample >= threshold || -sample >= threshold) return true;
      }
      return false;
    },
    inWords: undefined,
    fromOther: undefined,
  };
}

/** The packet length nearest below what was agreed that the codec can be sent in, ms; the shortest if there is none. */
export function packetTimeOf(coding: PhoneCoding, ptimeMs: number): number {
  return coding.packetTimesMs.findLast((possible) => possible <= ptimeMs) ?? (coding.packetTimesMs[0] as number);
}

function audibleCodes(decode: Decode): Uint8Array {
  const samples = new Int16Array(256);
  decode(allCodes, samples);
  return Uint8Array.from(samples, (sample) => (Math.abs(sample) >= amplitudeAt(AUDIBLE_DB) ? 1 : 0));
}

function recodeTable(decode: Decode, encode: Encode): Uint8Array {
  const samples = new Int16Array(256);
  const codes = new Uint8Array(256);
  decode(allCodes, samples);
  encode(samples, codes);
  return codes;
}
