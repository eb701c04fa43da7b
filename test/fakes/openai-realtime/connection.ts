import type { RawData, WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../../src/base/clock.js';
import type { Ids } from './ids.js';
import { type Refusal, refusal } from './refusal.js';
import type { ServerEvent } from './server-event.js';
import type { RealtimeSession } from './session.js';

/** The service pings so often, ms. */
const PING_MS = 20_000;

export interface ConnectionOptions {
  readonly socket: WebSocket;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called once, when the connection is gone. */
  onClosed(code: number): void;
}

/** A client's WebSocket: frames in and out, and the session behind it. */
export class Connection {
  readonly #options: ConnectionOptions;
  #session: RealtimeSession | undefined;
  #pingTimer: TimerHandle | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { socket, onClosed } = options;
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    // A broken socket is closed right after; there is nobody to tell.
    socket.on('error', () => {});
    socket.on('close', (code) => {
      options.clock.clearTimeout(this.#pingTimer);
      this.#session?.end();
      onClosed(code);
    });
    this.#schedulePing();
  }

  get session(): RealtimeSession | undefined {
    return this.#session;
  }

  /** Begins the session, whose events go out by {@link send}. */
  begin(session: RealtimeSession): void {
    this.#session = session;
    session.open();
  }

  /** Tells why there will be no session, and ends the connection. */
  dismiss({ type, code, message, param }: Refusal, closeCode: number): void {
    this.send({ type: 'error', error: { type, code, message, param, event_id: null } });
    this.close(closeCode, `${type}.${code}`);
  }

  send(event: ServerEvent): void {
    const { type, ...members } = event;
    this.sendText(JSON.stringify({ type, event_id: this.#options.ids.next('event'), ...members }));
  }

  /** Sends a text frame, whatever is in it. */
  sendText(text: string): void {
    const { socket } = this.#options;
    if (socket.readyState === socket.OPEN) socket.send(text);
  }

  close(code: number, reason: string): void {
    this.#session?.end();
    this.#options.socket.close(code, reason);
  }

  /** Breaks the connection without a word, as a crash does: the client sees 1006. */
  drop(): void {
    this.#session?.end();
    this.#options.socket.terminate();
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    const session = this.#session;
    if (session === undefined) return;
    if (isBinary) {
      const message = 'Expected a text WebSocket message; binary frames are not supported.';
      session.refuse(refusal('invalid_event', message), null);
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(String(data));
    } catch {
      session.refuse(refusal('invalid_json', 'Invalid event: failed to parse JSON value.'), null);
      return;
    }
    session.take(message);
  }

  #schedulePing(): void {
    const { clock, socket } = this.#options;
    this.#pingTimer = clock.setTimeout(() => {
      if (socket.readyState === socket.OPEN) socket.ping();
      this.#schedulePing();
    }, PING_MS);
  }
}
