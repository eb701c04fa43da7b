import type { Clock, TimerHandle } from '../../base/clock.js';
import { type AudioFormat, bytesPerMs } from '../../flavor-api/index.js';
import type { TextToSpeechEvent } from '../stages/text-to-speech.js';

/** Handed on ahead of what the caller hears, ms, and where more of it follows: a main thread that is away for less is not heard. */
const LEAD_MS = 450;
const REFILL_MS = 320;

/** No more is held back, ms and events: where an engine floods, what bounds playout bounds it. */
const MOST_HELD_MS = 60_000;
const MOST_HELD_EVENTS = 10_000;

/**
 * What an engine has said and the caller is not to hear yet. Engines speak faster than they are listened to, and what is
 * still here can be said by another: once handed on, it cannot.
 */
export class Reserve {
  readonly #clock: Clock;
  readonly #format: AudioFormat;
  readonly #push: (event: TextToSpeechEvent) => void;
  #held: TextToSpeechEvent[] = [];
  #heldMs = 0;
  #handedMs = 0;
  #heardUntilMs = Number.NEGATIVE_INFINITY;
  #timer: TimerHandle | undefined;

  /** @param push the way to the caller */
  constructor(clock: Clock, format: AudioFormat, push: (event: TextToSpeechEvent) => void) {
    this.#clock = clock;
    this.#format = format;
    this.#push = push;
  }

  /** Audio of the utterance that cannot be taken back, ms. */
  get handedMs(): number {
    return this.#handedMs;
  }

  /** All audio of the utterance so far, ms. */
  get totalMs(): number {
    return this.#handedMs + this.#heldMs;
  }

  /** Until everything that came has been heard, if it is played at once, ms. */
  get aheadMs(): number {
    return this.#playingMs + this.#heldMs;
  }

  /** The caller has been listening to nothing for so long, if all that came was played at once, ms. */
  get silentMs(): number {
    if (this.#heldMs > 0 || this.#heardUntilMs === Number.NEGATIVE_INFINITY) return 0;
    return Math.max(0, this.#clock.now() - this.#heardUntilMs);
  }

  get #playingMs(): number {
    return Math.max(0, this.#heardUntilMs - this.#clock.now());
  }

  /** More, in order: audio, and what belongs to a place in it. */
  push(event: TextToSpeechEvent): void {
    this.#held.push(event);
    if (event.type === 'audio') this.#heldMs += event.data.length / bytesPerMs(this.#format);
    if (this.#heldMs > MOST_HELD_MS || this.#held.length > MOST_HELD_EVENTS) this.release();
    else this.#handOn(LEAD_MS, REFILL_MS);
  }

  /** Hands on all that is here: nothing of it will be said otherwise. */
  release(): void {
    this.#handOn(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** Gives up what is here from this place of the utterance's audio on, ms. Returns where it ends now. */
  cut(atMs: number): number {
    const kept: TextToSpeechEvent[] = [];
    let keptMs = 0;
    for (const event of this.#held) {
      const leftMs = atMs - this.#handedMs - keptMs;
      if (leftMs <= 0) break;
      if (event.type !== 'audio') {
        // Engines tell of words ahead of their sound.
        if (event.type !== 'word' || event.atMs < atMs) kept.push(event);
        continue;
      }
      const data = event.data.subarray(0, this.#bytesIn(leftMs));
      if (data.length > 0) kept.push({ type: 'audio', data });
      keptMs += data.length / bytesPerMs(this.#format);
      if (data.length < event.data.length) break;
    }
    this.#held = kept;
    this.#heldMs = keptMs;
    return this.totalMs;
  }

  /** Hands on nothing until {@link Reserve.resume}, which is soon: the caller still hears what was handed on. */
  hold(): void {
    this.#stop();
  }

  resume(): void {
    this.#handOn(LEAD_MS, REFILL_MS);
  }

  /** Nothing more is handed on. */
  clear(): void {
    this.#held = [];
    this.#heldMs = 0;
    this.#stop();
  }

  #handOn(leadMs: number, refillMs: number): void {
    this.#stop();
    if (this.#playingMs < refillMs) {
      while (this.#handNext(leadMs - this.#playingMs));
    }
    if (this.#heldMs > 0) this.#timer = this.#clock.setTimeout(this.#refill, this.#playingMs - REFILL_MS + 1);
  }

  /** Hands on the next event, audio of `dueMs` at most. False: nothing is due. */
  #handNext(dueMs: number): boolean {
    const [event] = this.#held;
    if (event === undefined || dueMs <= 0) return false;
    // What belongs to audio goes with it.
    if (event.type !== 'audio') {
      this.#held.shift();
      this.#push(event);
      return true;
    }
    const bytes = Math.min(event.data.length, this.#bytesIn(dueMs));
    if (bytes === 0) return false;
    if (bytes === event.data.length) this.#held.shift();
    else this.#held[0] = { type: 'audio', data: event.data.subarray(bytes) };
    const durationMs = bytes / bytesPerMs(this.#format);
    this.#heldMs = Math.max(0, this.#heldMs - durationMs);
    this.#handedMs += durationMs;
    this.#heardUntilMs = Math.max(this.#heardUntilMs, this.#clock.now()) + durationMs;
    this.#push({ type: 'audio', data: event.data.subarray(0, bytes) });
    return true;
  }

  /** Whole samples. */
  #bytesIn(durationMs: number): number {
    if (durationMs === Number.POSITIVE_INFINITY) return Number.MAX_SAFE_INTEGER;
    const sampleBytes = this.#format.encoding === 'pcm16' ? 2 : 1;
    return Math.floor((durationMs * this.#format.sampleRate) / 1_000 + 1e-6) * sampleBytes;
  }

  #stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #refill = (): void => {
    this.#timer = undefined;
    this.#handOn(LEAD_MS, REFILL_MS);
  };
}
