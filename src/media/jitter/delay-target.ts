export interface DelayTargetOptions {
  /** The target is never below, ms. */
  readonly minMs: number;
  /** Nor above, ms. Equal to `minMs`: it is fixed. */
  readonly maxMs: number;
}

/** Until enough packets have come to judge by, ms. */
const START_MS = 40;
const START_PACKETS = 25;
/** Packets that are looked back upon: 4 s of 20 ms. Counted in bytes: 255 at most. */
const WINDOW = 200;
/** So many of them may be later than the target: a hiccup now and then costs less than delay at all times. */
const MAY_BE_LATE = 4;
/** Steps in which lateness is counted, ms. */
const STEP_MS = 5;
const STEPS = 64;
/** Memory that a target needs, see {@link DelayTarget}. */
export const DELAY_TARGET_BYTES = WINDOW + STEPS;
/** Frames are taken every 20 ms: what comes just after one waits for the next, half of that on average. */
const MARGIN_MS = 10;
/** Packets that come so close together, ms, were held up by the same thing: the first of them tells how long. */
const TOGETHER_MS = 5;
/** A timestamp that strays so far from the clock is no lateness, ms. */
const JUMP_MS = 1_000;

/**
 * The delay that a jitter buffer should have, learnt from when packets come: as much as all but a few of the last 4 s
 * needed. Up as soon as packets are late, down when the late ones are 4 s old. Follows a sender whose clock runs fast or
 * slow, and a route that grows longer or shorter. Pure: time comes in with each packet.
 */
export class DelayTarget {
  /** Rate of the timestamps; a talkspurt begins where it changes ({@link rebase}). */
  ticksPerMs = 8;
  readonly #minMs: number;
  readonly #maxMs: number;
  /** From `#steps` on: the lateness of each packet of the window, in steps; from `#counts` on how many have which. */
  readonly #memory: Uint8Array;
  readonly #steps: number;
  readonly #counts: number;
  /** The longest lateness counted is not above this step. */
  #latestStep = 0;
  #next = 0;
  #recorded = 0;
  #packets = 0;
  #targetMs: number;
  /** Timestamp of the newest packet and what it comes to in ms, counted from an origin of our own. */
  #timestamp = 0;
  #mediaMs = 0;
  /** The shortest way that a packet took, ms: of the current half of the window, and of the one before. */
  #fastestMs = Number.POSITIVE_INFINITY;
  #fastestBeforeMs = Number.POSITIVE_INFINITY;
  #halfPackets = 0;
  #lastArrivalMs = 0;
  #lastLatenessMs = 0;

  /** @param memory of {@link DELAY_TARGET_BYTES} from `first` on, all 0: with whom it shares it costs one array less. Default: its own */
  constructor(options: DelayTargetOptions, memory = new Uint8Array(DELAY_TARGET_BYTES), first = 0) {
    this.#memory = memory;
    this.#counts = first;
    this.#steps = first + STEPS;
    this.#minMs = options.minMs;
    this.#maxMs = options.maxMs;
    this.#targetMs = this.#startMs();
  }

  /** Delay that a packet of the shortest way should have between its arrival and its first sample, ms. */
  get targetMs(): number {
    return this.#targetMs;
  }

  /**
   * A packet has come, in order or not.
   * @param timestamp 32 bits, of its first sample
   */
  update(timestamp: number, arrivalMs: number): void {
    const aheadMs = ((timestamp - this.#timestamp) | 0) / this.ticksPerMs;
    const mediaMs = this.#mediaMs + aheadMs;
    if (this.#packets === 0 || Math.abs(arrivalMs - mediaMs - this.#baseMs()) > JUMP_MS) {
      // An old packet that comes a second late says nothing of those that come in time.
      if (this.#packets === 0 || aheadMs > 0) this.rebase(timestamp, arrivalMs);
      return;
    }
    if (aheadMs > 0) {
      this.#timestamp = timestamp;
      this.#mediaMs = mediaMs;
    }
    this.#packets += 1;
    this.#followFastest(arrivalMs - mediaMs);
    const latenessMs = arrivalMs - mediaMs - this.#baseMs();
    const follows = arrivalMs - this.#lastArrivalMs < TOGETHER_MS && latenessMs < this.#lastLatenessMs;
    this.#lastArrivalMs = arrivalMs;
    this.#lastLatenessMs = latenessMs;
    if (!follows) this.#record(latenessMs);
    this.#targetMs = this.#packets < START_PACKETS ? this.#startMs() : this.#learntMs();
  }

  /**
   * How long a sample that is played now would have waited if its packet had come the shortest way, ms; `undefined`
   * before any packet.
   * @param timestamp 32 bits, of that sample
   */
  delayMs(timestamp: number, nowMs: number): number | undefined {
    if (this.#packets === 0) return undefined;
    return nowMs - this.#mediaMs - ((timestamp - this.#timestamp) | 0) / this.ticksPerMs - this.#baseMs();
  }

  /**
   * The first packet of a talkspurt, or after a jump of the timestamp: how long its way was cannot be told, so it counts as
   * the shortest. How uneven the way is stays known.
   */
  rebase(timestamp: number, arrivalMs: number): void {
    this.#packets += 1;
    this.#timestamp = timestamp;
    this.#mediaMs = arrivalMs;
    this.#fastestMs = 0;
    this.#fastestBeforeMs = Number.POSITIVE_INFINITY;
    this.#halfPackets = 0;
    this.#lastArrivalMs = arrivalMs;
    this.#lastLatenessMs = 0;
  }

  #baseMs(): number {
    return Math.min(this.#fastestMs, this.#fastestBeforeMs);
  }

  #followFastest(transitMs: number): void {
    if (this.#halfPackets === WINDOW / 2) {
      this.#fastestBeforeMs = this.#fastestMs;
      this.#fastestMs = transitMs;
      this.#halfPackets = 0;
    }
    this.#halfPackets += 1;
    if (transitMs < this.#fastestMs) this.#fastestMs = transitMs;
  }

  #record(latenessMs: number): void {
    const step = Math.min(STEPS - 1, Math.ceil(Math.max(0, latenessMs) / STEP_MS));
    const memory = this.#memory;
    const place = this.#steps + this.#next;
    if (this.#recorded === WINDOW) {
      const oldest = this.#counts + (memory[place] as number);
      memory[oldest] = (memory[oldest] as number) - 1;
    } else {
      this.#recorded += 1;
    }
    memory[place] = step;
    const counted = this.#counts + step;
    memory[counted] = (memory[counted] as number) + 1;
    if (step > this.#latestStep) this.#latestStep = step;
    this.#next = this.#next + 1 === WINDOW ? 0 : this.#next + 1;
  }

  #learntMs(): number {
    const memory = this.#memory;
    const counts = this.#counts;
    while (this.#latestStep > 0 && memory[counts + this.#latestStep] === 0) this.#latestStep -= 1;
    let step = this.#latestStep;
    let later = memory[counts + step] as number;
    while (step > 0 && later <= MAY_BE_LATE) {
      step -= 1;
      later += memory[counts + step] as number;
    }
    return this.#clamp(step * STEP_MS + MARGIN_MS);
  }

  #startMs(): number {
    return this.#clamp(START_MS);
  }

  #clamp(ms: number): number {
    return Math.min(Math.max(ms, this.#minMs), this.#maxMs);
  }
}
