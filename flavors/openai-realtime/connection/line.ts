import { Alarm, type Clock, pause } from 'sip-voice-connector/cascade';
import { FlavorError } from 'sip-voice-connector/flavor';
import { timeout } from '../protocol/errors.js';
import type { ServerEvent } from '../protocol/server-event.js';
import type { Connection } from './connection.js';

export interface LineOptions {
  /** Connections tried after a loss before the session is given up. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Age at which a connection is to be replaced. */
  readonly renewAfterMs: number;
  readonly clock: Clock;
  /** In [0, 1). */
  random(): number;
  /** A connection that knows everything about the call but the dialogue. */
  obtain(signal: AbortSignal): Promise<Connection>;
}

export interface LineHandlers {
  onEvent(event: ServerEvent): void;
  onFault(error: FlavorError): void;
  /** The connection is gone; another is being made. */
  onLost(error: FlavorError): void;
  /** A connection stands, the first or another, and knows nothing of the dialogue yet. */
  onReplaced(): void;
  /** A replacement for an old connection is ready: {@link Line.renew} when nobody would notice. */
  onRenewable(): void;
  /** There will be no other connection. */
  onFailed(error: FlavorError): void;
}

/** A connection that has lived this long has proved that losses are not a matter of principle, ms. */
const STABLE_MS = 30_000;
/** Between attempts to have a replacement ready, ms. */
const RENEW_RETRY_MS = 30_000;

/** The session's way to the service: one connection after the other, without the session noticing more than it must. */
export class Line {
  readonly #options: LineOptions;
  readonly #handlers: LineHandlers;
  readonly #closing = new AbortController();
  #connection: Connection | undefined;
  #standby: Connection | undefined;
  readonly #renewal: Alarm;
  /** Attempts since a connection last lived long enough. */
  #attempts = 0;
  #replacedAtMs: number;

  constructor(options: LineOptions, handlers: LineHandlers) {
    this.#options = options;
    this.#renewal = new Alarm(options.clock);
    this.#handlers = handlers;
    this.#replacedAtMs = options.clock.now();
  }

  /** Begins with a connection; `onReplaced` follows at once. */
  start(first: Connection): void {
    this.#adopt(first);
  }

  /** The connection, if one stands. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** A replacement waits. */
  get renewable(): boolean {
    return this.#standby !== undefined;
  }

  /** Sends an event, if a connection stands; what a lost connection was not told, the next is told as dialogue. */
  send(event: object): void {
    this.#connection?.send(event);
  }

  /**
   * Changes settings of the session. Rejects as {@link Connection.update} does. A replacement that has other settings than
   * the connection is none.
   */
  async update(event: object, timeoutMs: number): Promise<void> {
    const standby = this.#standby;
    const drop = (): void => this.#drop(standby);
    const ready = standby?.update(event, timeoutMs).catch(drop);
    try {
      await this.#connection?.update(event, timeoutMs);
    } catch (error) {
      drop();
      throw error;
    }
    await ready;
  }

  /** Moves to the replacement. */
  renew(): void {
    const standby = this.#standby;
    if (!standby) return;
    this.#standby = undefined;
    this.#connection?.close();
    this.#adopt(standby);
  }

  /** The connection is of no more use, though it stands: as if it had been lost. */
  giveUp(error: FlavorError): void {
    this.#connection?.close();
    this.#lose(error);
  }

  close(): void {
    this.#closing.abort();
    this.#renewal.clear();
    this.#connection?.close();
    this.#connection = undefined;
    this.#standby?.close();
    this.#standby = undefined;
  }

  #use(connection: Connection): void {
    this.#connection = connection;
    const ageMs = this.#options.clock.now() - connection.openedAtMs;
    this.#renewAfter(Math.max(0, this.#options.renewAfterMs - ageMs));
    // A loss that happened in between is told from inside `listen`.
    connection.listen({
      onEvent: (event) => {
        if (connection === this.#connection) this.#handlers.onEvent(event);
      },
      onFault: (error) => {
        if (connection === this.#connection) this.#handlers.onFault(error);
      },
      onLost: (error) => {
        if (connection === this.#connection) this.#lose(error);
      },
    });
  }

  #adopt(connection: Connection): void {
    this.#replacedAtMs = this.#options.clock.now();
    this.#use(connection);
    if (this.#connection === connection) this.#handlers.onReplaced();
  }

  #lose(error: FlavorError): void {
    if (this.#closing.signal.aborted) return;
    this.#connection = undefined;
    this.#renewal.clear();
    if (this.#options.clock.now() - this.#replacedAtMs >= STABLE_MS) this.#attempts = 0;
    this.#handlers.onLost(error);
    void this.#replace(error);
  }

  async #replace(loss: FlavorError): Promise<void> {
    const { signal } = this.#closing;
    let error = loss;
    while (!signal.aborted && this.#attempts < this.#options.attempts) {
      this.#attempts += 1;
      try {
        const standby = this.#standby;
        this.#standby = undefined;
        if (!standby?.alive) await pause(this.#delayMs(), this.#options.clock, signal);
        const connection = standby?.alive ? standby : await this.#options.obtain(signal);
        if (signal.aborted) {
          connection.close();
          return;
        }
        this.#adopt(connection);
        return;
      } catch (cause) {
        if (signal.aborted) return;
        error = cause instanceof FlavorError ? cause : timeout('to connect');
        if (!error.retryable) break;
      }
    }
    if (!signal.aborted) this.#handlers.onFailed(error);
  }

  /** Doubles with each attempt, at most the longest; between half of it and all of it, so that many calls do not agree. */
  #delayMs(): number {
    const { firstDelayMs, maxDelayMs, random } = this.#options;
    // The first attempt is made at once: most losses are of one connection alone.
    if (this.#attempts <= 1) return 0;
    const delayMs = Math.min(firstDelayMs * 2 ** (this.#attempts - 2), maxDelayMs);
    return delayMs * (0.5 + random() / 2);
  }

  #renewAfter(delayMs: number): void {
    this.#renewal.set(delayMs, () => void this.#prepareRenewal());
  }

  async #prepareRenewal(): Promise<void> {
    const { signal } = this.#closing;
    try {
      const standby = await this.#options.obtain(signal);
      // The old connection may have been lost, and replaced, meanwhile.
      if (signal.aborted || this.#standby || !this.#connection) {
        standby.close();
        return;
      }
      this.#standby = standby;
      standby.listen({ onEvent: () => undefined, onFault: () => undefined, onLost: () => this.#drop(standby) });
      if (this.#standby === standby) this.#handlers.onRenewable();
    } catch {
      // The old connection still serves. Should it end first, the loss is handled like any other.
      if (!signal.aborted) this.#renewAfter(RENEW_RETRY_MS);
    }
  }

  /** The replacement is of no use: another is made in a while. */
  #drop(standby: Connection | undefined): void {
    if (standby === undefined || this.#standby !== standby) return;
    this.#standby = undefined;
    standby.close();
    this.#renewAfter(RENEW_RETRY_MS);
  }
}
