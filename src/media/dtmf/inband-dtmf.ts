import { COLUMNS_HZ, ROWS_HZ } from './key-tones.js';

/** Limits of the detector, after ITU-T Q.24 (Table A.1) and what networks do to tones. */
export interface InbandDtmfOptions {
  /** A tone weaker than this is none, dBm0. Q.24 asks for -24 at the least in most countries, -29 in some. */
  readonly minLevelDbm0: number;
  /** The high tone may be stronger by so much, dB ("twist"). */
  readonly twistDb: number;
  /** The low tone may be stronger by so much, dB ("reverse twist"). */
  readonly reverseTwistDb: number;
  /** Tones shorter than about this are none, ms: Q.24 wants 40 accepted and 23 refused. */
  readonly minToneMs: number;
  /** A gap of about this, and no shorter one, ends a digit, ms: Q.24 wants 40 seen, and 10 bridged. */
  readonly minPauseMs: number;
}

export const inbandDtmfDefaults = {
  minLevelDbm0: -33,
  twistDb: 8,
  reverseTwistDb: 10,
  minToneMs: 30,
  minPauseMs: 20,
} as const satisfies InbandDtmfOptions;

const KEYS = '123A456B789C*0#D';

const RATE = 8000;
/** Length of a window, samples: 25.5 ms, resolution enough to refuse tones that are 3.5 % off. */
const WINDOW = 204;
/** Windows overlap: one ends every 5 ms. */
const HOP = 40;
const HOP_MS = 5;
/** Windows of which more than 28 % at either end is something else hold no pure tone: so much less are seen of it, and more of a pause. */
const EDGES_MS = 11;

/** Power of a sine at 0 dBm0: 3.14 dB below the largest that mu-law can carry (ITU-T G.711). Full scale 32,124. */
const POWER_0_DBM0 = (32_124 * 10 ** (-3.14 / 20)) ** 2 / 2;

/** Two tones make up the sound: the rest is so far below them, as a share of all power. Speech is hardly ever so pure. */
const MIN_PURITY = 0.78;
/** The low tone is at least this share of all power, whatever the twist: most of speech ends here. */
const MIN_SHARE = 0.05;
/** The strongest tone of a group stands out of the second by so much, as a ratio of powers: 7 dB, less the window's leak. */
const MIN_LEAD = 5;
/** Speech with a harmonic at a tone of the high group has one at twice that, too, stronger than this share of it. */
const MAX_SECOND_HARMONIC = 0.12;
/** Frequency error beyond which a tone is none: Q.24 accepts 1.5 % and refuses 3.5 %. */
const MAX_ERROR = 0.026;

/** One Goertzel resonator bank: the power at each of a few frequencies within a window. */
class ToneBank {
  readonly power: Float64Array;
  readonly #coefficients: Float64Array;

  constructor(frequenciesHz: readonly number[]) {
    this.power = new Float64Array(frequenciesHz.length);
    this.#coefficients = Float64Array.from(frequenciesHz, (hz) => 2 * Math.cos((2 * Math.PI * hz) / RATE));
  }

  /** Finds the mean power of the sine at each frequency, in squared samples; returns which is the strongest. */
  measure(window: Float64Array): number {
    const { power } = this;
    let best = 0;
    for (let i = 0; i < power.length; i += 1) {
      power[i] = goertzel(window, this.#coefficients[i] as number) * SINE_POWER;
      if ((power[i] as number) > (power[best] as number)) best = i;
    }
    return best;
  }

  /** Power of the strongest but that one. */
  second(best: number): number {
    let most = 0;
    for (let i = 0; i < this.power.length; i += 1) {
      if (i !== best && (this.power[i] as number) > most) most = this.power[i] as number;
    }
    return most;
  }
}

function goertzel(window: Float64Array, coefficient: number): number {
  let before = 0;
  let last = 0;
  for (let i = 0; i < window.length; i += 1) {
    const next = (window[i] as number) + coefficient * last - before;
    before = last;
    last = next;
  }
  return last * last + before * before - coefficient * last * before;
}

/** Hann: what lies outside a tone's own neighbourhood leaks nothing into it. */
const hann = Float64Array.from({ length: WINDOW }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / WINDOW));
const hannSum = hann.reduce((sum, weight) => sum + weight, 0);
const hannPower = hann.reduce((sum, weight) => sum + weight * weight, 0);
/** From the squared magnitude of a bin to the mean power of the sine there. */
const SINE_POWER = 2 / hannSum ** 2;

/**
 * Hears keys pressed as tones in the sound itself, as phones and gateways without RFC 4733 send them. 8000 Hz in frames of
 * any length; no allocation.
 */
export class InbandDtmfDetector {
  readonly #options: InbandDtmfOptions;
  readonly #onDigit: (digit: string, durationMs: number) => void;
  readonly #rows = new ToneBank(ROWS_HZ);
  readonly #columns = new ToneBank(COLUMNS_HZ);
  readonly #history = new Float64Array(WINDOW);
  readonly #window = new Float64Array(WINDOW);
  readonly #minPower: number;
  readonly #twist: number;
  readonly #reverseTwist: number;
  readonly #startHops: number;
  readonly #stopHops: number;
  #sinceHop = 0;
  /** What the latest windows held, how many in a row, and how many with something else since. */
  #candidate = -1;
  #hits = 0;
  #misses = 0;
  #pressed = false;
  #heldHops = 0;

  /** @param onDigit once for each press, when it is over */
  constructor(onDigit: (digit: string, durationMs: number) => void, options: Partial<InbandDtmfOptions> = {}) {
    this.#options = { ...inbandDtmfDefaults, ...options };
    this.#onDigit = onDigit;
    this.#minPower = POWER_0_DBM0 * 10 ** (this.#options.minLevelDbm0 / 10);
    this.#twist = 10 ** (this.#options.twistDb / 10);
    this.#reverseTwist = 10 ** (this.#options.reverseTwistDb / 10);
    this.#startHops = Math.max(1, Math.round((this.#options.minToneMs - EDGES_MS) / HOP_MS));
    this.#stopHops = Math.max(1, Math.round((this.#options.minPauseMs + EDGES_MS) / HOP_MS));
  }

  /** A key is held just now. */
  get pressed(): boolean {
    return this.#pressed;
  }

  /** Takes the next samples of the caller. */
  process(samples: Int16Array): void {
    for (let at = 0; at < samples.length; ) {
      const count = Math.min(HOP - this.#sinceHop, samples.length - at);
      const history = this.#history;
      history.copyWithin(0, count);
      for (let i = 0; i < count; i += 1) history[WINDOW - count + i] = samples[at + i] as number;
      at += count;
      this.#sinceHop += count;
      if (this.#sinceHop === HOP) {
        this.#sinceHop = 0;
        this.#follow(this.#hear());
      }
    }
  }

  /** Ends a press that is under way: what comes next has nothing to do with it. */
  reset(): void {
    if (this.#pressed) this.#report();
    this.#history.fill(0);
    this.#candidate = -1;
    this.#hits = 0;
  }

  /** The key that fills the window, or -1. */
  #hear(): number {
    const { total, loud } = this.#weigh();
    // Most windows end here: silence, and speech between its vowels.
    if (!loud) return -1;
    const row = this.#rows.measure(this.#window);
    const low = this.#rows.power[row] as number;
    if (low < this.#minPower || low < MIN_SHARE * total) return -1;
    const column = this.#columns.measure(this.#window);
    const high = this.#columns.power[column] as number;
    if (high < this.#minPower) return -1;
    if (high > low * this.#twist || low > high * this.#reverseTwist) return -1;
    if (low < MIN_LEAD * this.#rows.second(row) || high < MIN_LEAD * this.#columns.second(column)) return -1;
    const rowHz = ROWS_HZ[row] as number;
    const columnHz = COLUMNS_HZ[column] as number;
    const pure = this.#peakPower(rowHz, low) + this.#peakPower(columnHz, high);
    if (pure < MIN_PURITY * total || !this.#isOn(rowHz, low) || !this.#isOn(columnHz, high)) return -1;
    if (this.#powerAt(2 * columnHz) > MAX_SECOND_HARMONIC * high) return -1;
    return row * 4 + column;
  }

  /** Shapes the window; its mean power, as a sine would have it. */
  #weigh(): { total: number; loud: boolean } {
    let sum = 0;
    for (let i = 0; i < WINDOW; i += 1) {
      const value = (this.#history[i] as number) * (hann[i] as number);
      this.#window[i] = value;
      sum += value * value;
    }
    this.#weight.total = sum / hannPower;
    this.#weight.loud = this.#weight.total >= 2 * this.#minPower * MIN_PURITY;
    return this.#weight;
  }

  readonly #weight = { total: 0, loud: false };

  /** Of a tone that is up to 2 % off. */
  #peakPower(hz: number, power: number): number {
    return Math.max(power, this.#powerAt(hz * 0.987), this.#powerAt(hz * 1.013));
  }

  /** The tone stands within the tolerance of its nominal frequency: neither side of it is stronger. */
  #isOn(hz: number, power: number): boolean {
    const below = this.#powerAt(hz * (1 - 2 * MAX_ERROR));
    const above = this.#powerAt(hz * (1 + 2 * MAX_ERROR));
    return below < power && above < power;
  }

  #powerAt(hz: number): number {
    return goertzel(this.#window, 2 * Math.cos((2 * Math.PI * hz) / RATE)) * SINE_POWER;
  }

  #follow(key: number): void {
    if (this.#pressed) {
      if (key === this.#candidate) {
        this.#heldHops += 1 + this.#misses;
        this.#misses = 0;
        return;
      }
      this.#misses += 1;
      if (this.#misses < this.#stopHops) return;
      this.#report();
    }
    if (key >= 0 && key === this.#candidate) this.#hits += 1;
    else this.#hits = key >= 0 ? 1 : 0;
    this.#candidate = key;
    if (this.#hits < this.#startHops) return;
    this.#pressed = true;
    this.#misses = 0;
    this.#heldHops = this.#hits;
  }

  #report(): void {
    this.#pressed = false;
    this.#hits = 0;
    this.#misses = 0;
    const digit = KEYS.charAt(this.#candidate);
    if (digit !== '') this.#onDigit(digit, this.#heldHops * HOP_MS + EDGES_MS);
  }
}
