import { decodeAlaw, decodeMulaw } from './g711.js';

/** Sign apart, the bits of four codes in a word. */
const MAGNITUDES = 0x7f7f7f7f;
const SIGNS = 0x80808080;
const EACH_BYTE = 0x01010101;

const allCodes = Uint8Array.from({ length: 256 }, (_, code) => code);

/**
 * G.711 four codes at a time, as 32-bit words. Both laws rise with their lower seven bits once the bits that they invert
 * on the line are inverted back: how loud a code is can be told from these alone, its *rank*, 0 to 127.
 */
export class CompandedWords {
  /** What is inverted on the line, the sign left aside, in each byte of a word. */
  readonly #inverted: number;
  readonly #linear = new Int16Array(256);

  constructor(decode: (codes: Uint8Array, samples: Int16Array) => void, inverted: number) {
    decode(allCodes, this.#linear);
    this.#inverted = inverted * EACH_BYTE;
  }

  /** The lowest rank of an amplitude of so much or more, 16 bits; 128 where none is so loud. */
  rankOf(amplitude: number): number {
    const code = this.#inverted & 0x7f;
    let rank = 0;
    while (rank < 128 && Math.abs(this.#linear[code ^ rank] as number) < amplitude) rank += 1;
    return rank;
  }

  /** Whether any code of `count` words, from `from` on, is of that rank (1 to 128) or above. */
  reaches(rank: number, words: Int32Array, from: number, count: number): boolean {
    const inverted = this.#inverted;
    // Seven bits and what is missing to the eighth: a rank that is reached carries into it, and never further.
    const missing = ((0x80 - rank) * EACH_BYTE) | 0;
    for (let i = from; i < from + count; i += 1) {
      const ranks = ((words[i] as number) ^ inverted) & MAGNITUDES;
      if (((ranks + missing) & SIGNS) !== 0) return true;
    }
    return false;
  }

  /** Expands the codes of all `words`, as they lie in memory. Only where `LITTLE_ENDIAN` of pcm16.ts. */
  decode(words: Int32Array, samples: Int16Array): void {
    const linear = this.#linear;
    for (let i = 0, at = 0; i < words.length; i += 1, at += 4) {
      const word = words[i] as number;
      samples[at] = linear[word & 0xff] as number;
      samples[at + 1] = linear[(word >>> 8) & 0xff] as number;
      samples[at + 2] = linear[(word >>> 16) & 0xff] as number;
      samples[at + 3] = linear[word >>> 24] as number;
    }
  }
}

export const mulawWords = new CompandedWords(decodeMulaw, 0x7f);
export const alawWords = new CompandedWords(decodeAlaw, 0x55);
