import { type Clock, encodedSamples, type TimerHandle } from 'sip-voice-connector/cascade';
import type { AudioFormat } from 'sip-voice-connector/flavor';
import type { Rendering } from './rendering.js';

/** What is being handed on, how far it has come, and where it ends. */
export interface Part {
  readonly rendering: Rendering;
  /** Samples of it that have gone out. */
  sent: number;
  /** Nothing from here on goes out, whatever comes. Absent: all of it. */
  limit?: number;
}

/** Of a sentence, this much goes out at once: something must be heard of it. */
const FIRST_MS = 100;
const MOST_MS = 1_000;

/**
 * Hands audio on, of a rendering that may still break off no more than is needed: what is not in the caller's ear can be
 * said otherwise. Of one that is whole, everything.
 */
export class Handover {
  readonly #clock: Clock;
  readonly #format: AudioFormat;
  readonly #leadMs: number;
  readonly #push: (data: Uint8Array) => void;
  #heardUntilMs = Number.NEGATIVE_INFINITY;
  #part: Part | undefined;
  #timer: TimerHandle | undefined;

  /** @param leadMs what goes out ahead of playout */
  constructor(clock: Clock, format: AudioFormat, leadMs: number, push: (data: Uint8Array) => void) {
    this.#clock = clock;
    this.#format = format;
    this.#leadMs = leadMs;
    this.#push = push;
  }

  /** Until everything that went out has been heard, if it was played at once, ms. */
  get aheadMs(): number {
    return Math.max(0, this.#heardUntilMs - this.#clock.now());
  }

  /** How long everything that went out has been heard already, if it was played at once, ms. */
  get silentMs(): number {
    return Math.max(0, this.#clock.now() - this.#heardUntilMs);
  }

  /** The same as `aheadMs`, with what of the present rendering is still held back. */
  get leftMs(): number {
    const part = this.#part;
    if (part === undefined) return this.aheadMs;
    const end = Math.min(part.limit ?? part.rendering.length, part.rendering.length);
    return this.aheadMs + Math.max(0, end - part.sent) / this.#perMs;
  }

  follow(part: Part | undefined): void {
    this.#part = part;
    this.wake();
  }

  /** Hands on what is due. To be called whenever more has come. */
  wake(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const part = this.#part;
    if (part === undefined) return;
    const { rendering } = part;
    const end = Math.min(part.limit ?? rendering.length, rendering.length);
    const whole = rendering.state === 'done' && part.limit === undefined;
    const dueMs = part.sent === 0 ? Math.max(FIRST_MS, this.#leadMs - this.aheadMs) : this.#leadMs - this.aheadMs;
    const due = whole ? end : Math.min(end, part.sent + Math.max(0, Math.floor(dueMs * this.#perMs)));
    if (due > part.sent) {
      this.say(rendering.slice(part.sent, due));
      part.sent = due;
    }
    if (part.sent < end) {
      this.#timer = this.#clock.setTimeout(() => this.wake(), Math.max(10, this.aheadMs - this.#leadMs / 2));
    }
  }

  /** Hands these on at once. */
  say(samples: Int16Array): void {
    const most = MOST_MS * this.#perMs;
    for (let at = 0; at < samples.length; at += most) {
      this.#push(encodedSamples(samples.subarray(at, at + most), this.#format.encoding));
    }
    this.#heardUntilMs = Math.max(this.#heardUntilMs, this.#clock.now()) + samples.length / this.#perMs;
  }

  stop(): void {
    this.follow(undefined);
  }

  get #perMs(): number {
    return this.#format.sampleRate / 1_000;
  }
}
