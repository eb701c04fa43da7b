/** Samples of one frame at 8000 Hz. */
const FRAME_SAMPLES = 160;

/** Samples after halving the rate: what one correlation looks at (27.5 ms), and how far it looks back. */
const WINDOW = 110;
const MIN_LAG = 9;
const MAX_LAG = 66;

/** Lags that are tried in one pass over the window: as many sums as fit into a processor's registers. */
const LAGS_AT_ONCE = 4;
/** Lags tried, those that only fill the last pass included. */
const TRIED = Math.ceil((MAX_LAG + 1 - MIN_LAG) / LAGS_AT_ONCE) * LAGS_AT_ONCE;

const HISTORY = WINDOW + MIN_LAG + TRIED;
const HALF_FRAME = FRAME_SAMPLES / 2;

/** Reach of the low-pass before halving, samples to either side. */
const REACH = 6;

/** Hann-windowed sinc, 1600 Hz, gain 1, the middle first: most of a voice's harmonics that noise does not hide. */
const [tap0, tap1, tap2, tap3, tap4, tap5, tap6] = designLowPass();

/** Where all of a thread work, one frame at a time: the input that the low-pass needs, and the sums of one pass. */
const input = new Float64Array(2 * REACH + FRAME_SAMPLES);
const products = new Float64Array(LAGS_AT_ONCE);

/**
 * Tells how periodic 8 kHz audio is, for fundamentals of 60 to 444 Hz: the highest normalised autocorrelation of the
 * last 27 ms with what came one period earlier. Voiced speech reaches 0.6 to 0.95, also where a telephone line has taken
 * away the fundamental itself; noise stays below 0.5.
 */
export class Periodicity {
  /** The newest input samples, which the low-pass still needs. */
  readonly #tail = new Int16Array(2 * REACH);
  /** Filtered, at 4000 Hz, newest last. */
  readonly #slow = new Float64Array(HISTORY);
  /** The last frame at 4000 Hz: 80 samples. A view, new with every {@link push}. */
  readonly lastFrame = this.#slow.subarray(HISTORY - HALF_FRAME);
  /** Frames of silence in succession, as far as the memory goes back. */
  #silentFrames = 0;

  /** Takes 20 ms of digital silence, in place of {@link push}: many phones send little else, and it costs nothing. */
  pushSilence(): void {
    if (this.#silentFrames * HALF_FRAME >= HISTORY + HALF_FRAME) return;
    this.#silentFrames += 1;
    this.#tail.fill(0);
    this.#slow.set(this.#slow.subarray(HALF_FRAME));
    this.#slow.fill(0, HISTORY - HALF_FRAME);
  }

  /** Takes the next 160 samples. One or the other is to be called for every frame. */
  push(samples: Int16Array): void {
    this.#silentFrames = 0;
    const tail = this.#tail;
    for (let i = 0; i < 2 * REACH; i += 1) input[i] = tail[i] as number;
    for (let i = 0; i < FRAME_SAMPLES; i += 1) input[2 * REACH + i] = samples[i] as number;
    for (let i = 0; i < 2 * REACH; i += 1) tail[i] = samples[FRAME_SAMPLES - 2 * REACH + i] as number;
    const slow = this.#slow;
    slow.set(slow.subarray(HALF_FRAME));
    for (let i = 0; i < HALF_FRAME; i += 1) slow[HISTORY - HALF_FRAME + i] = lowPassed(REACH + 2 * i);
  }

  /**
   * From 0 (noise) to 1 (strictly periodic).
   * @param enough where more makes no difference: the search ends there
   */
  measure(enough = 1): number {
    const slow = this.#slow;
    const start = HISTORY - WINDOW;
    let power = 0;
    for (let i = start; i < HISTORY; i += 1) power += (slow[i] as number) ** 2;
    let lagged = 0;
    for (let i = start - MIN_LAG; i < HISTORY - MIN_LAG; i += 1) lagged += (slow[i] as number) ** 2;
    let best = 0;
    for (let lag = MIN_LAG; lag <= MAX_LAG && best < enough; lag += 1) {
      const at = (lag - MIN_LAG) % LAGS_AT_ONCE;
      if (at === 0) correlate(slow, lag);
      // The 1 keeps digital silence from dividing by nothing.
      const correlation = (products[at] as number) / Math.sqrt(power * Math.max(lagged, 0) + 1);
      if (correlation > best) best = correlation;
      if (lag < MAX_LAG) lagged += (slow[start - lag - 1] as number) ** 2 - (slow[HISTORY - lag - 1] as number) ** 2;
    }
    return best;
  }
}

/** The sample of {@link input} at `middle`, without what lies above 1600 Hz. */
function lowPassed(middle: number): number {
  return (
    tap0 * (input[middle] as number) +
    tap1 * ((input[middle - 1] as number) + (input[middle + 1] as number)) +
    tap2 * ((input[middle - 2] as number) + (input[middle + 2] as number)) +
    tap3 * ((input[middle - 3] as number) + (input[middle + 3] as number)) +
    tap4 * ((input[middle - 4] as number) + (input[middle + 4] as number)) +
    tap5 * ((input[middle - 5] as number) + (input[middle + 5] as number)) +
    tap6 * ((input[middle - 6] as number) + (input[middle + 6] as number))
  );
}

/** The products of the window with what came `lag` samples earlier, and one, two and three more. */
function correlate(slow: Float64Array, lag: number): void {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  // What one lag looks at, the next looks at one sample later.
  let earlier1 = slow[HISTORY - WINDOW - lag - 1] as number;
  let earlier2 = slow[HISTORY - WINDOW - lag - 2] as number;
  let earlier3 = slow[HISTORY - WINDOW - lag - 3] as number;
  for (let i = HISTORY - WINDOW; i < HISTORY; i += 1) {
    const sample = slow[i] as number;
    const earlier = slow[i - lag] as number;
    sum0 += sample * earlier;
    sum1 += sample * earlier1;
    sum2 += sample * earlier2;
    sum3 += sample * earlier3;
    earlier3 = earlier2;
    earlier2 = earlier1;
    earlier1 = earlier;
  }
  products[0] = sum0;
  products[1] = sum1;
  products[2] = sum2;
  products[3] = sum3;
}

type Taps = readonly [number, number, number, number, number, number, number];

function designLowPass(): Taps {
  const half = [0, 1, 2, 3, 4, 5, 6].map((i) => {
    const angle = 0.4 * Math.PI * i;
    const sinc = i === 0 ? 1 : Math.sin(angle) / angle;
    return sinc * Math.cos((Math.PI * i) / (2 * (REACH + 1))) ** 2;
  });
  const gain = half.reduce((sum, value, i) => sum + (i === 0 ? value : 2 * value), 0);
  const [first = 0, ...rest] = half.map((value) => value / gain);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = rest;
  return [first, a, b, c, d, e, f];
}
