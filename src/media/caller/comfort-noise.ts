import { amplitudeAt, FULL_SCALE } from '../../audio/amplitude.js';

/** Silence quieter than this is digital silence, and stays so: G.711's own smallest steps (amplitude). */
const SILENT_POWER = 8 ** 2;
/** The loudest noise that is taken for the surroundings of a caller: -45 dBFS. More is somebody's voice, or a tone. */
const LOUDEST_POWER = amplitudeAt(-45) ** 2;
/** The surroundings are as loud as the quietest frame of the last one to two seconds. */
const WINDOW_FRAMES = 50;
/** One sample in so many is looked at. */
const STRIDE = 4;
/** RFC 3389 section 3: no more reflection coefficients are used; the sound hardly changes with more. */
const MAX_ORDER = 12;

const noNumbers = new Float64Array(0);

/**
 * Noise for when nothing comes: as loud as an RFC 3389 packet says, else as the surroundings of the caller were while
 * somebody could be heard. Silence, where neither is known. Shaped like the packet says, white otherwise.
 *
 *      0 1 2 3 4 5 6 7   8 ...
 *     +-+-+-+-+-+-+-+-+ +-----+-----+-
 *     |0|   level     | | N1  | N2  |   ... reflection coefficients
 *     +-+-+-+-+-+-+-+-+ +-----+-----+-
 */
export class ComfortNoise {
  /** The state of the filter, and behind it in the same memory its reflections: made for the first packet that has some. */
  #lattice = noNumbers;
  #reflections = noNumbers;
  #order = 0;
  /** What a packet said; below 0: none has. */
  #toldPower = -1;
  #quietest = Number.POSITIVE_INFINITY;
  #quietestBefore = Number.POSITIVE_INFINITY;
  #frames = 0;
  /** Peak of the white noise. */
  #peak = 0;
  #seed = 0x2545f491;

  /** There is noise to be made; without, all samples are 0. */
  get audible(): boolean {
    return this.#peak > 0;
  }

  /** A frame of the caller, whole and as it came. */
  learn(samples: Int16Array): void {
    let sum = 0;
    for (let i = 0; i < samples.length; i += STRIDE) sum += (samples[i] as number) ** 2;
    const power = (sum * STRIDE) / samples.length;
    if (power < this.#quietest) this.#quietest = power;
    this.#frames += 1;
    if (this.#frames < WINDOW_FRAMES) return;
    this.#quietestBefore = this.#quietest;
    this.#quietest = Number.POSITIVE_INFINITY;
    this.#frames = 0;
    this.#choose();
  }

  /** The caller sends sound again: what a packet said of the silence counts no more. */
  end(): void {
    if (this.#toldPower < 0) return;
    this.#toldPower = -1;
    this.#order = 0;
    this.#choose();
  }

  /** The payload of a comfort noise packet. Counts until {@link end}. */
  take(bytes: Uint8Array, offset: number, length: number): void {
    if (length < 1) return;
    const level = (bytes[offset] as number) & 0x7f;
    this.#toldPower = FULL_SCALE ** 2 * 10 ** (-level / 10);
    this.#order = Math.min(length - 1, MAX_ORDER);
    if (this.#order > 0 && this.#lattice === noNumbers) {
      this.#lattice = new Float64Array(2 * MAX_ORDER + 1);
      this.#reflections = this.#lattice.subarray(MAX_ORDER + 1);
    }
    for (let i = 0; i < this.#order; i += 1) {
      const index = Math.min(bytes[offset + 1 + i] as number, 254);
      this.#reflections[i] = (258 * (index - 127)) / 32_768;
    }
    this.#lattice.fill(0, 0, MAX_ORDER + 1);
    this.#choose();
  }

  /** The next sample, 16 bits. */
  next(): number {
    if (this.#peak === 0) return 0;
    // xorshift: noise for the ear, nothing to be kept secret.
    let seed = this.#seed;
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    this.#seed = seed;
    const white = (seed / 2 ** 31) * this.#peak;
    return Math.round(this.#order === 0 ? white : this.#shape(white));
  }

  fill(samples: Int16Array): void {
    for (let i = 0; i < samples.length; i += 1) samples[i] = this.next();
  }

  /** Another caller, or a pause in which nothing is meant to be heard. */
  reset(): void {
    this.#toldPower = -1;
    this.#quietest = Number.POSITIVE_INFINITY;
    this.#quietestBefore = Number.POSITIVE_INFINITY;
    this.#frames = 0;
    this.#order = 0;
    this.#choose();
  }

  #choose(): void {
    const learnt = Math.min(this.#quietest, this.#quietestBefore);
    const known = learnt >= SILENT_POWER && learnt <= LOUDEST_POWER ? learnt : 0;
    let power = this.#toldPower < 0 ? known : Math.min(this.#toldPower, LOUDEST_POWER);
    // The filter is louder than what goes in; its gain is that of its reflections.
    for (let i = 0; i < this.#order; i += 1) power *= 1 - (this.#reflections[i] as number) ** 2;
    // Evenly spread between the peaks: their power is a third of the peak's.
    this.#peak = power < 1 ? 0 : Math.sqrt(3 * power);
  }

  /** All-pole lattice: stable, as all reflections are below 1. */
  #shape(white: number): number {
    const lattice = this.#lattice;
    let forward = white;
    for (let i = this.#order - 1; i >= 0; i -= 1) {
      const reflection = this.#reflections[i] as number;
      forward -= reflection * (lattice[i] as number);
      lattice[i + 1] = (lattice[i] as number) + reflection * forward;
    }
    lattice[0] = forward;
    return Math.max(-FULL_SCALE, Math.min(forward, FULL_SCALE - 1));
  }
}
