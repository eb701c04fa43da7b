import type { Clock, TimerHandle } from '../../base/clock.js';
import { FlavorError } from '../../flavor-api/index.js';

export interface SpeechWatchLimits {
  /** From a piece to its first audio, ms. */
  readonly firstAudioMs: number;
  /** Silence at the caller's ear, ms. */
  readonly stallMs: number;
}

/** Tells when an engine owes audio for too long: an engine that hangs says nothing of it. */
export class SpeechWatch {
  readonly #clock: Clock;
  readonly #limits: SpeechWatchLimits;
  readonly #onStall: (error: FlavorError) => 'left' | 'wait';
  #timer: TimerHandle | undefined;
  /** When the caller has heard all that came, if it is played at once. */
  #heardUntilMs = Number.NEGATIVE_INFINITY;
  #lastAtMs = Number.NEGATIVE_INFINITY;
  #earlyMs = 0;
  #owedSinceMs: number | undefined;
  #begun = false;

  /** @param onStall `wait`: it is left alone, and looked at again when as much time has passed */
  constructor(clock: Clock, limits: SpeechWatchLimits, onStall: (error: FlavorError) => 'left' | 'wait') {
    this.#clock = clock;
    this.#limits = limits;
    this.#onStall = onStall;
  }

  /** The engine has been given text that it can speak without waiting for more. */
  owed(): void {
    this.#owedSinceMs ??= this.#clock.now();
    this.#arm();
  }

  /** Nothing more is to be expected until {@link owed} is called again. */
  settled(): void {
    this.#owedSinceMs = undefined;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Another engine begins.
   *
   * @param earlyMs one that brings nothing for as long as is allowed is given up so long before all has been heard;
   *   absent: after the caller has listened to silence for as long
   */
  restart(earlyMs = -this.#limits.stallMs): void {
    this.settled();
    this.#begun = false;
    this.#earlyMs = earlyMs;
  }

  /** Audio has come; now there is so much that the caller has not heard, ms. */
  heard(aheadMs: number): void {
    this.#begun = true;
    this.#lastAtMs = this.#clock.now();
    this.#heardUntilMs = this.#lastAtMs + aheadMs;
    if (this.#owedSinceMs !== undefined) this.#arm();
  }

  /** The timer runs on while audio comes, and looks again when it fires: one timer an utterance, not one a chunk. */
  #arm(): void {
    this.#timer ??= this.#clock.setTimeout(this.#look, Math.max(0, this.#dueMs() - this.#clock.now()));
  }

  #dueMs(): number {
    const { firstAudioMs, stallMs } = this.#limits;
    const sinceMs = this.#owedSinceMs ?? this.#clock.now();
    if (!this.#begun) return sinceMs + firstAudioMs;
    return Math.max(this.#heardUntilMs - this.#earlyMs, this.#lastAtMs + stallMs, sinceMs + firstAudioMs);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    if (this.#owedSinceMs === undefined) return;
    if (this.#clock.now() < this.#dueMs()) {
      this.#arm();
      return;
    }
    this.settled();
    const error = new FlavorError('ERR_FLAVOR_TIMEOUT', 'the engine has stopped speaking', true);
    if (this.#onStall(error) === 'wait') this.owed();
  };
}
