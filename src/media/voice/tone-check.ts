import { COLUMNS_HZ, ROWS_HZ } from '../dtmf/key-tones.js';

/** Hz between two bins of the spectrum. */
const BIN_HZ = 8000 / 256;

/** Bins of the telephone band, 250 to 3500 Hz. */
const FIRST_BIN = 8;
const LAST_BIN = 112;

/** A pure tone fills its bin and this many on either side (the main lobe of the window, and what a cut tone adds). */
const PEAK_REACH = 3;

/** Q.24 asks receivers to accept 1.5 %; a spectrum of 32 ms cannot tell as exactly. */
const KEY_TOLERANCE = 0.03;

/** Shares of the power in the telephone band above which it is nothing but one tone, two, or a key. */
const SINGLE_SHARE = 0.97;
const DOUBLE_SHARE = 0.96;
const KEY_SHARE = 0.8;

/** From one frame to the next a machine's tone moves by less, a voice's harmonics by more. Hz. */
const SINGLE_DRIFT_HZ = 20;
const DOUBLE_DRIFT_HZ = 4;

/** The strongest one or two peaks of a spectrum. */
interface Peaks {
  firstHz: number;
  secondHz: number;
  /** Power of the strongest, and of both, relative to all. */
  firstShare: number;
  bothShare: number;
}

/** Where all of a thread look for peaks, one frame at a time. */
const rest = new Float64Array(LAST_BIN + PEAK_REACH + 1);

/**
 * Recognises machine tones (keys, dial, busy and ringing tones, fax) that are as periodic as a voice: nearly all of the
 * power in one or two lines that stand still. Speech looks like that in under 3 % of its frames.
 */
export class ToneCheck {
  #now: Peaks = { firstHz: 0, secondHz: 0, firstShare: 0, bothShare: 0 };
  #before: Peaks = { firstHz: 0, secondHz: 0, firstShare: 0, bothShare: 0 };

  /** Whether the frame with this power spectrum (256 samples at 8000 Hz) is a tone. Looks at the frame before, too. */
  check(power: Float64Array): boolean {
    const swapped = this.#before;
    this.#before = this.#now;
    this.#now = swapped;
    this.#findPeaks(power);
    return this.#isKey() || this.#standsStill();
  }

  /** The next frame has no predecessor: something else was between. */
  reset(): void {
    this.#now.firstHz = 0;
    this.#now.secondHz = 0;
  }

  #isKey(): boolean {
    const { firstHz, secondHz, bothShare } = this.#now;
    if (bothShare < KEY_SHARE) return false;
    return near(Math.min(firstHz, secondHz), ROWS_HZ) && near(Math.max(firstHz, secondHz), COLUMNS_HZ);
  }

  #standsStill(): boolean {
    const now = this.#now;
    const before = this.#before;
    if (now.firstShare > SINGLE_SHARE && Math.abs(now.firstHz - before.firstHz) < SINGLE_DRIFT_HZ) return true;
    return (
      now.bothShare > DOUBLE_SHARE &&
      distance(now.firstHz, before) < DOUBLE_DRIFT_HZ &&
      distance(now.secondHz, before) < DOUBLE_DRIFT_HZ
    );
  }

  #findPeaks(power: Float64Array): void {
    let total = 0;
    for (let bin = FIRST_BIN; bin <= LAST_BIN; bin += 1) {
      rest[bin] = power[bin] as number;
      total += power[bin] as number;
    }
    const first = strongest(rest);
    this.#now.firstHz = exactHz(power, first);
    const firstPower = removePeak(rest, first);
    const second = strongest(rest);
    this.#now.secondHz = exactHz(power, second);
    const secondPower = removePeak(rest, second);
    this.#now.firstShare = firstPower / (total + 1e-9);
    this.#now.bothShare = (firstPower + secondPower) / (total + 1e-9);
  }
}

function near(hz: number, keys: readonly number[]): boolean {
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] as number;
    if (Math.abs(hz - key) < key * KEY_TOLERANCE) return true;
  }
  return false;
}

function distance(hz: number, peaks: Peaks): number {
  return Math.min(Math.abs(hz - peaks.firstHz), Math.abs(hz - peaks.secondHz));
}

function strongest(power: Float64Array): number {
  let best = FIRST_BIN;
  for (let bin = FIRST_BIN; bin <= LAST_BIN; bin += 1) {
    if ((power[bin] as number) > (power[best] as number)) best = bin;
  }
  return best;
}

/** Takes the peak at `bin` out of `power` and returns what it held. */
function removePeak(power: Float64Array, bin: number): number {
  let sum = 0;
  for (let i = Math.max(FIRST_BIN, bin - PEAK_REACH); i <= Math.min(LAST_BIN, bin + PEAK_REACH); i += 1) {
    sum += power[i] as number;
    power[i] = 0;
  }
  return sum;
}

/** The top of the parabola through the logarithms of three bins: exact for a Gaussian peak, within 1 Hz for Hann's. */
function exactHz(power: Float64Array, bin: number): number {
  const left = Math.log((power[bin - 1] as number) + 1e-9);
  const middle = Math.log((power[bin] as number) + 1e-9);
  const right = Math.log((power[bin + 1] as number) + 1e-9);
  const curvature = left - 2 * middle + right;
  const offset = curvature === 0 ? 0 : (left - right) / (2 * curvature);
  return (bin + offset) * BIN_HZ;
}
