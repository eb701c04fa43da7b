import { Alarm, type Clock } from 'sip-voice-connector/cascade';
import type { Connection } from './connection.js';

export interface PoolOptions {
  readonly size: number;
  readonly maxIdleMs: number;
}

/** Opens a connection: up to `session.created`. */
export type Connect = (signal: AbortSignal) => Promise<Connection>;

/** After a failed attempt to fill the pool, ms. */
const RETRY_MS = 5_000;

interface Waiting {
  readonly connection: Connection;
  readonly age: Alarm;
}

/** Connections that wait for calls: replaced when they grow old or die, refilled when one is taken. */
export class ConnectionPool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #connect: Connect;
  readonly #clock: Clock;
  readonly #disposal = new AbortController();
  #waiting: Waiting[] = [];
  #opening = 0;
  readonly #retry: Alarm;
  #filling = false;

  constructor(options: PoolOptions, connect: Connect, clock: Clock) {
    this.#options = options;
    this.#connect = connect;
    this.#clock = clock;
    this.#retry = new Alarm(clock);
  }

  /** Connections that a call could have at once. */
  get ready(): number {
    return this.#waiting.length;
  }

  /** Fills the pool and keeps it filled from now on. Rejects, and goes on trying, when the service cannot be reached. */
  async fill(signal: AbortSignal): Promise<void> {
    this.#filling = true;
    const missing = this.#options.size - this.#waiting.length - this.#opening;
    if (this.#disposal.signal.aborted || missing <= 0) return;
    const failures: unknown[] = [];
    const opening = Array.from({ length: missing }, () => this.#open(signal).catch((error) => failures.push(error)));
    await Promise.all(opening);
    if (failures.length === 0) return;
    this.#retryLater();
    signal.throwIfAborted();
    throw failures[0];
  }

  /** The youngest waiting connection, or `undefined`. Another is opened in its place. */
  take(): Connection | undefined {
    let taken: Connection | undefined;
    while (!taken?.alive) {
      const waiting = this.#waiting.pop();
      if (!waiting) break;
      waiting.age.clear();
      taken = waiting.connection;
    }
    this.#refill();
    return taken?.alive ? taken : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    this.#retry.clear();
    for (const { connection, age } of this.#waiting.splice(0)) {
      age.clear();
      connection.close();
    }
  }

  async #open(signal: AbortSignal): Promise<void> {
    this.#opening += 1;
    try {
      // Of each signal made of another, Node 20 keeps a trace for as long as that one lives.
      const own = this.#disposal.signal;
      const connection = await this.#connect(signal === own ? own : AbortSignal.any([signal, own]));
      if (this.#disposal.signal.aborted) {
        connection.close();
        return;
      }
      const age = new Alarm(this.#clock);
      age.set(this.#options.maxIdleMs, () => this.#discard(connection));
      this.#waiting.push({ connection, age });
      connection.listen({
        onEvent: () => undefined,
        onFault: () => this.#discard(connection),
        onLost: () => this.#discard(connection),
      });
    } finally {
      this.#opening -= 1;
    }
  }

  #discard(connection: Connection): void {
    const index = this.#waiting.findIndex((each) => each.connection === connection);
    const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (!waiting) return;
    waiting.age.clear();
    const died = !connection.alive;
    connection.close();
    // A service that closes what it has just opened is not asked again at once.
    if (died) this.#retryLater();
    else this.#refill();
  }

  #refill(): void {
    if (!this.#filling) return;
    // Whatever is wrong shows itself at the next call; the pool only tries again later.
    this.fill(this.#disposal.signal).catch(() => undefined);
  }

  #retryLater(): void {
    if (this.#disposal.signal.aborted) return;
    this.#retry.set(RETRY_MS, () => this.#refill());
  }
}
