import { G722_MAX, G722_MIN, G722Band, saturate } from './g722-band.js';

/**
 * ITU-T G.722 (09/2012) at 64 kbit/s: 16,000 Hz audio in two sub-bands, 6 bits of ADPCM for the lower and 2 for the
 * higher, one byte for two samples. Names of blocks and tables are those of the Recommendation; samples are 16 bits
 * wide, its 14 and two more of precision.
 *
 *      0   1   2   3   4   5   6   7
 *     +---+---+---+---+---+---+---+---+
 *     |  I_H  |          I_L          |      (RFC 3551 section 4.5.2)
 *     +---+---+---+---+---+---+---+---+
 */

/** Quadrature mirror filter, table 4: the first half of 24 symmetric coefficients. */
const QMF = Int32Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11);
const TAPS = 24;

/** Decision levels of the 60-level quantiser of the lower band (table 6), with a value that ends the search. */
const Q6 = Int32Array.of(
  ...[35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219, 1339],
  ...[1458, 1612, 1765, 1980, 2195, 2557, 2919],
);
/** Output levels of the same quantiser by code, with the four codes that are never sent (table 7). */
const QM6 = Int32Array.of(
  ...[-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576],
  ...[-7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040],
  ...[-728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456],
  ...[4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136],
);
/** Decision level of the higher band: one, either side of zero. */
const Q2 = 564;

/** 16,000 Hz to G.722. Stateful: one per stream. */
export class G722Encoder {
  readonly #low = new G722Band('low');
  readonly #high = new G722Band('high');
  /** The newest 24 samples, twice over, so that a window of them always lies in one piece. */
  readonly #history = new Int32Array(TAPS);

  /**
   * @param samples an even number
   * @param codes receives half as many bytes from `offset` on
   */
  encode(samples: Int16Array, codes: Uint8Array, offset = 0): void {
    const history = this.#history;
    const count = samples.length >> 1;
    for (let i = 0; i < count; i += 1) {
      history.copyWithin(0, 2);
      history[TAPS - 2] = samples[2 * i] as number;
      history[TAPS - 1] = samples[2 * i + 1] as number;
      let even = 0;
      let odd = 0;
      for (let tap = 0; tap < TAPS / 2; tap += 1) {
        odd += (history[2 * tap] as number) * (QMF[tap] as number);
        even += (history[2 * tap + 1] as number) * (QMF[TAPS / 2 - 1 - tap] as number);
      }
      codes[offset + i] = (this.#encodeHigh((even - odd) >> 14) << 6) | this.#encodeLow((even + odd) >> 14);
    }
  }

  reset(): void {
    this.#low.reset();
    this.#high.reset();
    this.#history.fill(0);
  }

  #encodeLow(sample: number): number {
    const band = this.#low;
    const error = saturate(sample - band.prediction);
    const magnitude = error >= 0 ? error : ~error;
    let level = 0;
    while (level < Q6.length && magnitude >= ((Q6[level] as number) * band.scale) >> 12) level += 1;
    // Codes count down from the largest magnitude; the two smallest negative ones come last (table 6).
    const code = error >= 0 ? 61 - level : level < 2 ? 63 - level : 33 - level;
    band.update(code >> 2);
    return code;
  }

  #encodeHigh(sample: number): number {
    const band = this.#high;
    const error = saturate(sample - band.prediction);
    const magnitude = error >= 0 ? error : ~error;
    const large = magnitude >= (Q2 * band.scale) >> 12;
    const code = (error >= 0 ? 2 : 0) + (large ? 0 : 1);
    band.update(code);
    return code;
  }
}

/** G.722 to 16,000 Hz. Stateful: one per stream. Every byte is a valid code. */
export class G722Decoder {
  readonly #low = new G722Band('low');
  readonly #high = new G722Band('high');
  readonly #history = new Int32Array(TAPS);

  /** @param samples receives two for each byte of `codes` from `offset` on, `length` bytes */
  decode(codes: Uint8Array, offset: number, length: number, samples: Int16Array): void {
    const history = this.#history;
    const lowBand = this.#low;
    const highBand = this.#high;
    for (let i = 0; i < length; i += 1) {
      const code = codes[offset + i] as number;
      const lowCode = code & 0x3f;
      const highCode = code >> 6;
      const low = limit(lowBand.prediction + ((lowBand.scale * (QM6[lowCode] as number)) >> 15));
      lowBand.update(lowCode >> 2);
      const high = limit(highBand.prediction + highBand.difference(highCode));
      highBand.update(highCode);
      history.copyWithin(0, 2);
      history[TAPS - 2] = low + high;
      history[TAPS - 1] = low - high;
      let first = 0;
      let second = 0;
      for (let tap = 0; tap < TAPS / 2; tap += 1) {
        first += (history[2 * tap] as number) * (QMF[tap] as number);
        second += (history[2 * tap + 1] as number) * (QMF[TAPS / 2 - 1 - tap] as number);
      }
      samples[2 * i] = saturate(second >> 11);
      samples[2 * i + 1] = saturate(first >> 11);
    }
  }

  reset(): void {
    this.#low.reset();
    this.#high.reset();
    this.#history.fill(0);
  }
}

/** Block LIMIT: a reconstructed sub-band signal. */
function limit(value: number): number {
  return value > G722_MAX ? G722_MAX : value < G722_MIN ? G722_MIN : value;
}
