import type { Clock, TimerHandle } from '../../../base/clock.js';
import { type AudioFormat, bytesPerMs } from '../../../flavor-api/index.js';
import { silenceOf } from './wire-format.js';

export interface SilenceKeeperOptions {
  readonly flux: boolean;
  readonly format: AudioFormat;
  readonly clock: Clock;
  /** Somebody is in the middle of saying something, as far as the recogniser told. */
  speaking(): boolean;
  send(message: object): void;
  sendSilence(bytes: Uint8Array): void;
}

/** Between looks while none comes, ms. Otherwise the next look is when the first sign could be due. */
const LOOK_MS = 100;
/** So long without audio, and Flux is given silence, lest a turn that was under way hangs open, ms. */
const FLUX_GAP_MS = 500;
/** And so much of it at most in a row: after the longest time-out of a turn there is none under way, ms. */
const FLUX_SILENCE_MS = 6_000;
/** Between signs of life while no audio comes, ms. Deepgram closes after 10 s without any (1011, NET-0001). */
const KEEP_ALIVE_MS = 4_000;
const CHUNK_MS = LOOK_MS;

/**
 * What the recogniser is told while the caller is on hold, or does not talk yet. Nova has KeepAlive, which it takes only
 * after it has heard some audio; Flux has none: a little silence every few seconds stands for it, and a turn that was
 * under way is given as much silence as ends it.
 */
export class SilenceKeeper {
  readonly #options: SilenceKeeperOptions;
  readonly #silence: Uint8Array;
  #timer: TimerHandle | undefined;
  #audioAtMs = 0;
  #signAtMs = 0;
  #silentMs = 0;
  #heardAny = false;

  constructor(options: SilenceKeeperOptions) {
    this.#options = options;
    const chunk = new Uint8Array(CHUNK_MS * bytesPerMs(options.format));
    this.#silence = chunk.fill(silenceOf(options.format));
  }

  /** A connection stands. */
  start(): void {
    this.#audioAtMs = this.#options.clock.now();
    this.#signAtMs = this.#audioAtMs;
    this.#heardAny = false;
    this.#silentMs = 0;
    this.#watch();
  }

  /** Caller audio went out. Hot path. */
  sent(): void {
    this.#audioAtMs = this.#options.clock.now();
    this.#signAtMs = this.#audioAtMs;
    this.#heardAny = true;
    this.#silentMs = 0;
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #watch(): void {
    this.stop();
    const timer = this.#options.clock.setTimeout(() => {
      this.#look();
      // The connection may be gone by now.
      if (this.#timer === timer) this.#watch();
    }, this.#waitMs());
    this.#timer = timer;
  }

  /** Audio comes often, and none of it sets a timer. */
  #waitMs(): number {
    const sinceAudioMs = this.#options.clock.now() - this.#audioAtMs;
    return sinceAudioMs < FLUX_GAP_MS ? Math.max(FLUX_GAP_MS - sinceAudioMs, LOOK_MS) : LOOK_MS;
  }

  #look(): void {
    const nowMs = this.#options.clock.now();
    const { flux } = this.#options;
    const dangling = flux && this.#options.speaking() && this.#silentMs < FLUX_SILENCE_MS;
    if (dangling && nowMs - this.#audioAtMs >= FLUX_GAP_MS) {
      this.#say(nowMs);
      return;
    }
    if (nowMs - this.#signAtMs < KEEP_ALIVE_MS) return;
    if (flux || !this.#heardAny) {
      this.#say(nowMs);
      return;
    }
    this.#signAtMs = nowMs;
    this.#options.send({ type: 'KeepAlive' });
  }

  #say(nowMs: number): void {
    this.#signAtMs = nowMs;
    this.#heardAny = true;
    this.#silentMs += CHUNK_MS;
    this.#options.sendSilence(this.#silence);
  }
}
