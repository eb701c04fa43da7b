/** Bounds of a reconstructed sub-band signal (block LIMIT). */
export const G722_MAX = 16_383;
export const G722_MIN = -16_384;

/** Output levels of the adaptive inverse quantisers by code: 4 bits of the lower band, 2 of the higher. */
const QM4 = Int32Array.of(
  ...[0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0],
);
const QM2 = Int32Array.of(-7408, -1616, 7408, 1616);

/** Steps of the logarithmic scale factor by code (WL by way of RL42, WH by way of RH2). */
const WL = Int32Array.of(-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60);
const WH = Int32Array.of(798, -214, 798, -214);

/** Table ILB: 2048 * 2^(i/32), by which the logarithm is undone. */
const ILB = Int32Array.from({ length: 32 }, (_, index) => Math.floor(2048 * 2 ** (index / 32) + 0.5));

const POLES = 3;
const ZEROS = 7;

/**
 * Adaptive prediction and scale factor of one sub-band: all that encoder and decoder must keep alike. Blocks INVQAL or
 * INVQAH, LOGSCL, SCALEL, RECONS to PREDIC of the Recommendation.
 */
export class G722Band {
  /** The sample that is expected next. */
  prediction = 0;
  /** The quantiser's scale factor. */
  scale: number;

  readonly #levels: Int32Array;
  readonly #steps: Int32Array;
  readonly #largestLog: number;
  readonly #logShift: number;
  readonly #restScale: number;
  #log = 0;
  #zeroPrediction = 0;
  /** Index 0 is the newest; coefficients have none for it. */
  readonly #reconstructed = new Int32Array(POLES);
  readonly #partial = new Int32Array(POLES);
  readonly #poles = new Int32Array(POLES);
  readonly #differences = new Int32Array(ZEROS);
  readonly #zeros = new Int32Array(ZEROS);

  constructor(band: 'low' | 'high') {
    const isLow = band === 'low';
    this.#levels = isLow ? QM4 : QM2;
    this.#steps = isLow ? WL : WH;
    this.#largestLog = isLow ? 18_432 : 22_528;
    this.#logShift = isLow ? 8 : 10;
    this.#restScale = isLow ? 32 : 8;
    this.scale = this.#restScale;
  }

  reset(): void {
    this.prediction = 0;
    this.scale = this.#restScale;
    this.#log = 0;
    this.#zeroPrediction = 0;
    for (const state of [this.#reconstructed, this.#partial, this.#poles, this.#differences, this.#zeros])
      state.fill(0);
  }

  /** What the predictor was off by, as `code` tells it. */
  difference(code: number): number {
    return (this.scale * (this.#levels[code] as number)) >> 15;
  }

  /** Takes the code of a sample: adapts, and predicts the next one. */
  update(code: number): void {
    const difference = this.difference(code);
    this.#adaptScale(code);
    const reconstructed = this.#reconstructed;
    const partial = this.#partial;
    reconstructed[0] = saturate(this.prediction + difference);
    partial[0] = saturate(this.#zeroPrediction + difference);
    this.#differences[0] = difference;
    this.#adaptPoles();
    this.#adaptZeros(difference);
    partial[2] = partial[1] as number;
    partial[1] = partial[0] as number;
    reconstructed[2] = reconstructed[1] as number;
    reconstructed[1] = reconstructed[0] as number;
    this.#predict();
  }

  /** LOGSCL or LOGSCH, SCALEL or SCALEH. */
  #adaptScale(code: number): void {
    const log = ((this.#log * 127) >> 7) + (this.#steps[code] as number);
    this.#log = log < 0 ? 0 : log > this.#largestLog ? this.#largestLog : log;
    const shift = this.#logShift - (this.#log >> 11);
    const mantissa = ILB[(this.#log >> 6) & 31] as number;
    this.scale = (shift < 0 ? mantissa << -shift : mantissa >> shift) << 2;
  }

  /** UPPOL2 and UPPOL1. */
  #adaptPoles(): void {
    const poles = this.#poles;
    const partial = this.#partial;
    const sign = (partial[0] as number) >> 15;
    const agreesWithLast = sign === (partial[1] as number) >> 15;
    const agreesWithOneBefore = sign === (partial[2] as number) >> 15;
    const first = poles[1] as number;
    const scaled = saturate(first << 2);
    const towards = agreesWithLast ? Math.min(-scaled, 32_767) : scaled;
    const second = (towards >> 7) + (agreesWithOneBefore ? 128 : -128) + (((poles[2] as number) * 32_512) >> 15);
    const boundedSecond = second > 12_288 ? 12_288 : second < -12_288 ? -12_288 : second;
    const wanted = saturate((agreesWithLast ? 192 : -192) + ((first * 32_640) >> 15));
    const bound = saturate(15_360 - boundedSecond);
    poles[1] = wanted > bound ? bound : wanted < -bound ? -bound : wanted;
    poles[2] = boundedSecond;
  }

  /** UPZERO and the delay line of the differences. */
  #adaptZeros(difference: number): void {
    const zeros = this.#zeros;
    const differences = this.#differences;
    const step = difference === 0 ? 0 : 128;
    const sign = difference >> 15;
    for (let i = ZEROS - 1; i > 0; i -= 1) {
      const past = differences[i] as number;
      const towards = past >> 15 === sign ? step : -step;
      zeros[i] = saturate(towards + (((zeros[i] as number) * 32_640) >> 15));
    }
    for (let i = ZEROS - 1; i > 0; i -= 1) differences[i] = differences[i - 1] as number;
  }

  /** FILTEP, FILTEZ and PREDIC. */
  #predict(): void {
    const poles = this.#poles;
    const reconstructed = this.#reconstructed;
    const byFirst = ((poles[1] as number) * saturate(2 * (reconstructed[1] as number))) >> 15;
    const bySecond = ((poles[2] as number) * saturate(2 * (reconstructed[2] as number))) >> 15;
    const byPoles = saturate(byFirst + bySecond);
    let byZeros = 0;
    for (let i = ZEROS - 1; i > 0; i -= 1) {
      byZeros += ((this.#zeros[i] as number) * saturate(2 * (this.#differences[i] as number))) >> 15;
    }
    this.#zeroPrediction = saturate(byZeros);
    this.prediction = saturate(byPoles + this.#zeroPrediction);
  }
}

/** To 16 bits. */
export function saturate(value: number): number {
  return value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
}
