import type { Clock, TimerHandle } from '../../../base/clock.js';
import { type AudioFormat, FlavorError } from '../../../flavor-api/index.js';
import type { JsonObject } from '../shared/json.js';
import { closeFailure } from './errors.js';
import { FlushBudget } from './flush-budget.js';
import type { DeepgramConnection, DeepgramSocketListener } from './socket.js';

export interface SpeakPoolOptions {
  /** Connections at once; `undefined`: as many as are wanted. */
  readonly limit: number | undefined;
  /** Whoever wants one waits for it where the limit is reached, and one that is given back is used again. */
  readonly share: boolean;
  readonly clock: Clock;
  dial(format: AudioFormat, listener: DeepgramSocketListener, signal: AbortSignal): Promise<DeepgramConnection>;
}

/** A connection in use by one call. */
export interface SpeakLease {
  readonly connection: DeepgramConnection;
  /** Of this connection, whoever used it before. */
  readonly flushes: FlushBudget;
  /** Gives it back; `reusable` says that nothing of this call can still come over it. */
  release(reusable: boolean): void;
}

/** A connection that was given back is closed after so long, ms. */
const IDLE_MS = 30_000;

const deaf: DeepgramSocketListener = {
  onMessage: () => undefined,
  onAudio: () => undefined,
  onFault: () => undefined,
  onLost: () => undefined,
};

interface Idle {
  readonly held: Held;
  readonly timer: TimerHandle;
}

/** A connection whose listener changes with its user. */
class Held {
  listener: DeepgramSocketListener = deaf;
  readonly flushes: FlushBudget;
  readonly format: AudioFormat;
  connection: DeepgramConnection | undefined;

  constructor(format: AudioFormat, clock: Clock) {
    this.format = format;
    this.flushes = new FlushBudget(clock);
  }

  readonly relay: DeepgramSocketListener = {
    onMessage: (message: JsonObject) => this.listener.onMessage(message),
    onAudio: (bytes: Buffer) => this.listener.onAudio(bytes),
    onFault: (error: FlavorError) => this.listener.onFault(error),
    onLost: (error: FlavorError) => this.listener.onLost(error),
  };
}

/** All connections to Aura that an engine has, so that a plan's limit is kept here and not found out there. */
export class SpeakPool {
  readonly #options: SpeakPoolOptions;
  #used = 0;
  #idle: Idle[] = [];
  #waiting: (() => void)[] = [];
  #closed = false;

  constructor(options: SpeakPoolOptions) {
    this.#options = options;
  }

  /**
   * A connection in `format`.
   *
   * @throws FlavorError as the connection fails; ERR_FLAVOR_QUOTA when the limit is reached and none is shared;
   *   `signal.reason` when it was aborted.
   */
  async lease(format: AudioFormat, listener: DeepgramSocketListener, signal: AbortSignal): Promise<SpeakLease> {
    for (;;) {
      if (signal.aborted) {
        // Whoever woke this one meant somebody who is still there.
        this.#wakeNext();
        throw signal.reason;
      }
      const idle = this.#takeIdle(format);
      if (idle !== undefined) return this.#lend(idle, listener);
      if (this.#takePlace()) break;
      await this.#turn(signal);
    }
    const held = new Held(format, this.#options.clock);
    held.listener = listener;
    try {
      held.connection = await this.#options.dial(format, held.relay, signal);
    } catch (error) {
      this.#freePlace();
      throw error;
    }
    return this.#lend(held, listener);
  }

  /** Closes what nobody uses; what is in use ends with its call. */
  close(): void {
    this.#closed = true;
    for (const { held, timer } of this.#idle.splice(0)) {
      this.#options.clock.clearTimeout(timer);
      held.connection?.close({ type: 'Close' });
      this.#freePlace();
    }
  }

  #takeIdle(format: AudioFormat): Held | undefined {
    for (;;) {
      const at = this.#idle.findLastIndex(({ held }) => sameFormat(held.format, format));
      const [idle] = at < 0 ? [] : this.#idle.splice(at, 1);
      if (idle === undefined) return undefined;
      this.#options.clock.clearTimeout(idle.timer);
      if (idle.held.connection?.alive === true) return idle.held;
      this.#freePlace();
    }
  }

  #lend(held: Held, listener: DeepgramSocketListener): SpeakLease {
    const { connection, flushes } = held;
    if (connection === undefined) throw closeFailure(1006);
    held.listener = listener;
    let given = false;
    return {
      connection,
      flushes,
      release: (reusable) => {
        if (given) return;
        given = true;
        held.listener = deaf;
        if (reusable && this.#options.share && !this.#closed && connection.alive) this.#keep(held);
        else {
          connection.close({ type: 'Close' });
          this.#freePlace();
        }
      },
    };
  }

  #keep(held: Held): void {
    const timer = this.#options.clock.setTimeout(() => {
      this.#idle = this.#idle.filter((each) => each.held !== held);
      held.connection?.close({ type: 'Close' });
      this.#freePlace();
    }, IDLE_MS);
    this.#idle.push({ held, timer });
    // Whoever waits takes it before anybody else asks.
    this.#wakeNext();
  }

  /** False: all are in use, and one will be given back. */
  #takePlace(): boolean {
    const { limit, share } = this.#options;
    if (limit !== undefined && this.#used >= limit && !this.#dropIdle()) {
      if (share) return false;
      const message = `Deepgram is busy: ${limit} voices speak at once, which is the limit configured`;
      throw new FlavorError('ERR_FLAVOR_QUOTA', message, true);
    }
    this.#used += 1;
    return true;
  }

  /** An idle connection of another format makes room. */
  #dropIdle(): boolean {
    const idle = this.#idle.shift();
    if (idle === undefined) return false;
    this.#options.clock.clearTimeout(idle.timer);
    idle.held.connection?.close({ type: 'Close' });
    this.#used -= 1;
    return true;
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== wake);
        reject(signal.reason);
      };
      this.#waiting.push(wake);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #freePlace(): void {
    this.#used -= 1;
    this.#wakeNext();
  }

  #wakeNext(): void {
    this.#waiting.shift()?.();
  }
}

function sameFormat(a: AudioFormat, b: AudioFormat): boolean {
  return a.encoding === b.encoding && a.sampleRate === b.sampleRate;
}
