import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { FlavorError } from '../../../flavor-api/index.js';
import type { RealtimeConnection, RealtimeListener } from './realtime-session.js';

export interface RenewedSessionParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** @throws FlavorError */
  connect(listener: RealtimeListener, signal: AbortSignal): Promise<RealtimeConnection>;
  /** A recording was understood. @param recording as {@link RenewedSession.commit} named it */
  onText(recording: number, text: string): void;
  /** There is no session any more, and what it owed is lost. The last call. */
  onLost(error: FlavorError): void;
}

/** A session is replaced at this age, ms: speaches ends each after half an hour. */
const RENEW_MS = 25 * 60_000;
/** Until it is tried again where that failed, ms. */
const RETRY_MS = 30_000;

/** One of the sessions, and the recordings that it has not told the text of. */
interface Session {
  connection: RealtimeConnection | undefined;
  /** Committed, and not named by the server yet. In order. */
  readonly unnamed: number[];
  readonly named: Map<string, number>;
}

/**
 * Sessions one after the other, as one that does not end: a new one is opened in good time, takes over between two
 * recordings, and the old one is kept until it has told the text of what it was given.
 */
export class RenewedSession {
  readonly #parts: RenewedSessionParts;
  readonly #closing = new AbortController();
  #current: Session | undefined;
  /** Set up, and not used yet. */
  #next: Session | undefined;
  readonly #old = new Set<Session>();
  #recordings = 0;
  /** Something was sent that is not committed. */
  #dirty = false;
  #timer: TimerHandle | undefined;

  constructor(parts: RenewedSessionParts) {
    this.#parts = parts;
  }

  /** @throws FlavorError; `signal.reason` */
  async open(): Promise<void> {
    this.#current = await this.#connect();
    this.#renewIn(RENEW_MS);
  }

  /** Between two recordings: what was sent and not committed is of no use. */
  begin(): void {
    this.#dirty = false;
    this.#turnOver();
  }

  append(samples: Int16Array): void {
    this.#dirty = true;
    this.#current?.connection?.append(samples);
  }

  /** Ends a recording. @returns its number */
  commit(): number {
    this.#dirty = false;
    this.#recordings += 1;
    this.#current?.unnamed.push(this.#recordings);
    this.#current?.connection?.commit();
    // Not only when somebody speaks again: until then the old one may have been ended.
    this.#turnOver();
    return this.#recordings;
  }

  close(): void {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#closing.abort();
    for (const session of [this.#current, this.#next, ...this.#old]) session?.connection?.close();
    this.#current = this.#next = undefined;
    this.#old.clear();
  }

  async #connect(): Promise<Session> {
    const session: Session = { connection: undefined, unnamed: [], named: new Map() };
    const listener: RealtimeListener = {
      onCommitted(itemId) {
        const recording = session.unnamed.shift();
        if (recording !== undefined) session.named.set(itemId, recording);
      },
      onText: (itemId, text) => this.#onText(session, itemId, text),
      onLost: (error) => this.#onLost(session, error),
    };
    const signal = AbortSignal.any([this.#parts.signal, this.#closing.signal]);
    session.connection = await this.#parts.connect(listener, signal);
    return session;
  }

  #renewIn(ms: number): void {
    const { clock } = this.#parts;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => void this.#renew(), ms);
  }

  async #renew(): Promise<void> {
    try {
      const next = await this.#connect();
      if (this.#closing.signal.aborted) next.connection?.close();
      else {
        this.#next = next;
        this.#renewIn(RENEW_MS);
        if (!this.#dirty) this.#turnOver();
      }
    } catch {
      // The old one listens on; should it end before there is another, whoever reads hears of that.
      if (!this.#closing.signal.aborted) this.#renewIn(RETRY_MS);
    }
  }

  /** The newer session listens from here on. */
  #turnOver(): void {
    const old = this.#current;
    if (this.#next === undefined) return;
    this.#current = this.#next;
    this.#next = undefined;
    if (old === undefined) return;
    this.#old.add(old);
    this.#dismiss(old);
  }

  /** Closes an old one that owes nothing. */
  #dismiss(session: Session): void {
    if (!this.#old.has(session) || owes(session)) return;
    this.#old.delete(session);
    session.connection?.close();
  }

  #onText(session: Session, itemId: string, text: string): void {
    const recording = session.named.get(itemId);
    if (recording === undefined || this.#closing.signal.aborted) return;
    session.named.delete(itemId);
    this.#dismiss(session);
    this.#parts.onText(recording, text);
  }

  #onLost(session: Session, error: FlavorError): void {
    if (this.#closing.signal.aborted) return;
    if (session === this.#next) {
      this.#next = undefined;
      // What it said may be the reason, and not that it is gone.
      session.connection?.close();
      this.#renewIn(RETRY_MS);
    } else if (session === this.#current || this.#old.has(session)) this.#parts.onLost(error);
  }
}

function owes({ unnamed, named }: Session): boolean {
  return unnamed.length + named.size > 0;
}
