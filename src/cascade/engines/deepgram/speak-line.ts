import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';
import type { AudioFormat, FlavorError } from '../../../flavor-api/index.js';
import { Backoff, type ReconnectOptions } from '../shared/backoff.js';
import { type JsonObject, textIn } from '../shared/json.js';
import { redial } from '../shared/redial.js';
import type { SpeakDesk, SpeakUtterance } from '../shared/speak-utterance.js';
import { asFlavorError, closeFailure, protocolFault, serviceFailure, timeout } from './errors.js';
import type { DeepgramSocketListener } from './socket.js';
import type { SpeakLease, SpeakPool } from './speak-pool.js';
import { SpeakQueue } from './speak-queue.js';

export interface SpeakLineOptions {
  readonly format: AudioFormat;
  readonly pool: SpeakPool;
  /** A connection is had only while something is being said. */
  readonly share: boolean;
  readonly answerTimeoutMs: number;
  readonly renewAfterMs: number;
  readonly reconnect: ReconnectOptions;
  readonly clock: Clock;
  readonly random: Random;
}

/** Warnings that wait for somebody to be told. */
const MAX_UNTOLD = 4;
/** For `Cleared`, ms. */
const CLEAR_MS = 1_500;

/**
 * One call's way to Aura. Audio carries no id: what comes belongs to the oldest text that was not `Flushed` yet, and
 * between `Clear` and `Cleared` to nobody.
 */
export class SpeakLine implements SpeakDesk {
  readonly #options: SpeakLineOptions;
  readonly #closing = new AbortController();
  readonly #queue: SpeakQueue;
  readonly #backoff: Backoff;
  #lease: SpeakLease | undefined;
  #obtaining = false;
  /** What Deepgram said of the connection that is being had, before it was here: why it is of no use. */
  #early: FlavorError | undefined;
  /** `Clear` sent and not answered. */
  #clears = 0;
  #untold: FlavorError[] = [];
  #answerTimer: TimerHandle | undefined;
  /** When the wait that the timer is for began, or Deepgram last gave a sign. */
  #signAtMs = 0;
  #flushTimer: TimerHandle | undefined;
  #renewTimer: TimerHandle | undefined;

  constructor(options: SpeakLineOptions) {
    this.#options = options;
    this.#queue = new SpeakQueue();
    this.#backoff = new Backoff(options.reconnect, options.clock, options.random, options.answerTimeoutMs);
  }

  /** Has a connection ready. @throws as {@link SpeakPool.lease}. */
  async open(signal: AbortSignal): Promise<void> {
    if (!this.#options.share) this.#adopt(await this.#newLease(signal));
  }

  append(utterance: SpeakUtterance, index: number, piece: string): void {
    if (this.#closing.signal.aborted) return;
    this.#queue.append(utterance, index, piece);
    for (const error of this.#untold.splice(0)) utterance.events.push({ type: 'warning', error });
    this.#pump();
  }

  finish(utterance: SpeakUtterance): void {
    if (this.#queue.finish(utterance)) this.#pump();
    else utterance.complete();
  }

  cancel(utterance: SpeakUtterance): void {
    const verdict = this.#queue.cancel(utterance);
    if (verdict === 'clear' && this.#lease !== undefined) {
      this.#clears += 1;
      this.#lease.connection.send({ type: 'Clear' });
      this.#watch();
    }
    this.#pump();
    this.#rest();
  }

  /** Ends everything. Never throws. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    for (const timer of [this.#answerTimer, this.#flushTimer, this.#renewTimer])
      this.#options.clock.clearTimeout(timer);
    this.#lease?.release(this.#clears === 0 && this.#queue.empty);
    this.#lease = undefined;
    for (const utterance of this.#queue.drain()) utterance.end();
  }

  /** Sends what was not sent yet, as far as there is a connection and Deepgram takes a `Flush`. */
  #pump(): void {
    if (this.#queue.empty) return;
    if (this.#lease === undefined) {
      void this.#obtain();
      return;
    }
    const { connection, flushes } = this.#lease;
    const waits = this.#queue.send((message) => connection.send(message), flushes);
    this.#options.clock.clearTimeout(this.#flushTimer);
    if (waits) this.#flushTimer = this.#options.clock.setTimeout(() => this.#pump(), flushes.waitMs);
    if (this.#answerTimer === undefined) this.#watch();
  }

  #listener(): DeepgramSocketListener {
    return {
      onMessage: (message) => this.#read(message),
      onAudio: (bytes) => {
        if (this.#clears > 0) return;
        this.#queue.audio(bytes);
        this.#onSign();
      },
      onFault: (error) => this.#warn(error),
      onLost: (error) => this.#lose(error),
    };
  }

  #read(message: JsonObject): void {
    switch (textIn(message, 'type')) {
      case 'Metadata':
        return;
      case 'Flushed':
        if (this.#clears === 0) this.#queue.flushed();
        this.#watch();
        this.#rest();
        return;
      case 'Cleared':
        this.#clears = Math.max(0, this.#clears - 1);
        this.#watch();
        this.#rest();
        return;
      case 'Warning':
        this.#warned(message);
        return;
      case 'Error':
        this.#lose(serviceFailure(textIn(message, 'code') || textIn(message, 'err_code')));
        return;
      default:
        this.#warn(protocolFault('a message of a kind that speak v1 does not have'));
    }
  }

  #warned(message: JsonObject): void {
    const code = textIn(message, 'code');
    if (/flush/i.test(code) || /flush/i.test(textIn(message, 'description'))) {
      // It was not taken, and its `Flushed` will not come: once more, later.
      this.#lease?.flushes.refused();
      this.#queue.unflush();
      this.#pump();
    }
    this.#warn(serviceFailure(code));
  }

  /** What is wrong while nobody speaks is told by whoever speaks next. */
  #warn(error: FlavorError): void {
    const { current } = this.#queue;
    if (current !== undefined) current.events.push({ type: 'warning', error });
    else if (this.#untold.length < MAX_UNTOLD) this.#untold.push(error);
  }

  /** Everything was said: a shared connection goes to whoever waits, an old one is replaced. */
  #rest(): void {
    const lease = this.#lease;
    if (lease === undefined || !this.#queue.empty || this.#clears > 0) return;
    const old = this.#options.clock.now() - lease.connection.openedAtMs >= this.#options.renewAfterMs;
    if (!this.#options.share && !old) return;
    this.#lease = undefined;
    this.#stopTimers();
    lease.release(!old);
    if (!this.#options.share) void this.#obtain();
  }

  /** Deepgram owes something: it may not take for ever. */
  #watch(): void {
    const { clock, answerTimeoutMs } = this.#options;
    clock.clearTimeout(this.#answerTimer);
    this.#answerTimer = undefined;
    if (this.#lease === undefined) return;
    const what = this.#clears > 0 ? 'to stop speaking' : 'to speak';
    const owedMs = this.#clears > 0 ? CLEAR_MS : this.#queue.owed ? answerTimeoutMs : undefined;
    if (owedMs === undefined) return;
    this.#signAtMs = clock.now();
    this.#await(what, owedMs, owedMs);
  }

  #await(what: string, owedMs: number, delayMs: number): void {
    const { clock } = this.#options;
    this.#answerTimer = clock.setTimeout(() => {
      const restMs = owedMs - (clock.now() - this.#signAtMs);
      if (restMs >= 1) this.#await(what, owedMs, restMs);
      else this.#lose(timeout(what));
    }, delayMs);
  }

  /** Audio comes dozens of times a second, and sets no timer. */
  #onSign(): void {
    if (this.#queue.owed && this.#answerTimer !== undefined) this.#signAtMs = this.#options.clock.now();
    else this.#watch();
  }

  async #newLease(signal: AbortSignal): Promise<SpeakLease> {
    const { pool, format } = this.#options;
    this.#early = undefined;
    return pool.lease(format, this.#listener(), signal);
  }

  #adopt(lease: SpeakLease): void {
    if (this.#closing.signal.aborted) {
      lease.release(true);
      return;
    }
    if (this.#early !== undefined || !lease.connection.alive) {
      lease.release(false);
      throw this.#early ?? closeFailure(1006);
    }
    this.#lease = lease;
    this.#clears = 0;
    this.#backoff.connected();
    const { clock, renewAfterMs } = this.#options;
    clock.clearTimeout(this.#renewTimer);
    this.#renewTimer = clock.setTimeout(() => this.#rest(), renewAfterMs);
    this.#queue.resend();
    this.#pump();
  }

  #lose(error: FlavorError): void {
    if (this.#closing.signal.aborted) return;
    if (this.#lease === undefined) {
      this.#early ??= error;
      return;
    }
    this.#lease.release(false);
    this.#lease = undefined;
    this.#clears = 0;
    this.#stopTimers();
    // What was begun cannot be taken up in the middle of a word; what was not is said over the next connection.
    this.#queue.lost(error);
    if (!this.#options.share || !this.#queue.empty) void this.#obtain(error);
  }

  async #obtain(loss?: FlavorError): Promise<void> {
    if (this.#obtaining || this.#lease !== undefined) return;
    this.#obtaining = true;
    const { clock } = this.#options;
    const attempt = async (closing: AbortSignal): Promise<void> => this.#adopt(await this.#newLease(closing));
    const options = { backoff: this.#backoff, clock, explain: asFlavorError, attempt };
    const failure = await redial(options, loss, this.#closing.signal);
    this.#obtaining = false;
    if (failure !== undefined) for (const utterance of this.#queue.drain()) utterance.end(failure);
    else this.#pump();
  }

  #stopTimers(): void {
    this.#options.clock.clearTimeout(this.#answerTimer);
    this.#options.clock.clearTimeout(this.#flushTimer);
    this.#answerTimer = undefined;
  }
}
