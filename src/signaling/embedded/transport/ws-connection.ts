import { isUtf8 } from 'node:buffer';
import type { RawData, WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { ConnectorError, errorMessage } from '../../../base/connector-error.js';
import type { IpEndpoint } from '../../ip-literal.js';
import { messageLimits } from '../../message/limits.js';
import { ErrorListeners } from './error-listeners.js';
import { KEEP_ALIVE_PING, KEEP_ALIVE_PONG } from './keep-alive.js';
import type { SipFlow } from './sip-transport.js';

/** How long a WebSocket may do what, and how much may wait in it. */
export interface WsConnectionLimits {
  /** Until a connection of ours is open, ms. */
  readonly connectMs: number;
  /** From accept to the first SIP message, ms. */
  readonly firstMessageMs: number;
  /** Between our pings; a peer that has been silent from one to the next is gone, ms. */
  readonly pingMs: number;
  /** Unsent bytes; a peer that does not read is cut off above this. */
  readonly unsentBytes: number;
  /** From our Close frame to the end of the connection, ms. */
  readonly closeMs: number;
}

export interface WsConnectionOptions {
  readonly protocol: 'ws' | 'wss';
  readonly socket: WebSocket;
  readonly remote: IpEndpoint;
  readonly local: IpEndpoint;
  readonly clock: Clock;
  readonly limits: WsConnectionLimits;
  onMessage(flow: SipFlow, message: Buffer): void;
  /** Called once, when the connection is gone. `early`: before it could be used. */
  onClose(connection: WsConnection, end: { readonly early: boolean; readonly error: Error }): void;
}

/** More messages than this in one turn of the event loop, and the other sockets get their turn before the next. */
const MESSAGES_PER_TURN = 16;
/** RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;

/**
 * One WebSocket as a flow (RFC 7118): one SIP message in each WebSocket message, text or binary. Keep-alives of both
 * kinds are answered, ours are pings.
 */
export class WsConnection implements SipFlow {
  readonly protocol: 'ws' | 'wss';
  readonly reliable = true;
  readonly remote: IpEndpoint;
  readonly local: IpEndpoint;
  readonly #options: WsConnectionOptions;
  readonly #socket: WebSocket;
  readonly #listeners = new ErrorListeners();
  /** What was sent before the handshake was over. */
  #waiting: Uint8Array[] | undefined;
  #closed = false;
  #timer: TimerHandle | undefined;
  #first: TimerHandle | undefined;
  #cause: Error | undefined;
  /** Something came since the last ping. */
  #alive = true;
  #inThisTurn = 0;

  constructor(options: WsConnectionOptions) {
    const { socket, remote, local, protocol, clock, limits } = options;
    this.#options = options;
    this.#socket = socket;
    this.protocol = protocol;
    this.remote = remote;
    this.local = local;
    socket.on('message', (data) => this.#receive(data));
    socket.on('ping', () => this.#heard());
    socket.on('pong', () => this.#heard());
    socket.on('error', (error) => {
      this.#cause ??= error;
    });
    socket.on('close', () => this.#finish());
    if (socket.readyState === socket.CONNECTING) {
      this.#waiting = [];
      // Of our own: that of `ws` begins anew with each byte.
      this.#timer = clock.setTimeout(() => this.abort('no answer to the connection attempt'), limits.connectMs);
      socket.once('open', () => this.#opened());
    } else {
      this.#first = clock.setTimeout(() => this.abort('no message came'), limits.firstMessageMs);
      this.#pingLater();
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether new messages may still be sent over it. */
  get usable(): boolean {
    const { readyState, CONNECTING, OPEN } = this.#socket;
    return !this.#closed && (readyState === CONNECTING || readyState === OPEN);
  }

  send(message: Uint8Array): void {
    if (!this.usable) this.#listeners.emitLater(this.#error());
    else if (this.#waiting !== undefined) this.#waiting.push(message);
    else this.#write(message);
  }

  onError(listener: (error: Error) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Says goodbye; resolves when the connection is gone. */
  end(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#cause ??= new Error('closed on our side');
    const { clock, limits } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.#socket.terminate(), limits.closeMs);
    return new Promise((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.close(GOING_AWAY);
    });
  }

  /** Ends the connection at once. */
  abort(reason: string): void {
    this.#cause ??= new Error(reason);
    this.#socket.terminate();
  }

  #opened(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#options.clock.clearTimeout(this.#timer);
    this.#pingLater();
    for (const message of waiting) this.#write(message);
  }

  #write(message: Uint8Array): void {
    // A text frame must be UTF-8 (RFC 6455 section 5.6); what we echo of a request may be anything.
    this.#socket.send(message, { binary: !isUtf8(message) });
    if (this.#socket.bufferedAmount > this.#options.limits.unsentBytes) this.abort('the peer does not read');
  }

  #receive(data: RawData): void {
    this.#heard();
    if (!this.usable) return;
    this.#yieldAfterMany();
    const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
    if (bytes.length < messageLimits.leastBytes) {
      if (bytes.equals(KEEP_ALIVE_PING)) this.#socket.send(KEEP_ALIVE_PONG, { binary: false });
      return;
    }
    this.#options.clock.clearTimeout(this.#first);
    this.#first = undefined;
    this.#options.onMessage(this, bytes);
  }

  /** A peer that sends without a pause would hold up the audio of every call. */
  #yieldAfterMany(): void {
    this.#inThisTurn += 1;
    if (this.#inThisTurn === 1) {
      setImmediate(() => {
        this.#inThisTurn = 0;
        if (this.#socket.isPaused) this.#socket.resume();
      });
    }
    if (this.#inThisTurn === MESSAGES_PER_TURN) this.#socket.pause();
  }

  #heard(): void {
    this.#alive = true;
  }

  #pingLater(): void {
    const { clock, limits } = this.#options;
    this.#timer = clock.setTimeout(() => {
      if (!this.#alive) {
        this.abort('no answer to our ping');
        return;
      }
      this.#alive = false;
      if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
      this.#pingLater();
    }, limits.pingMs);
  }

  #finish(): void {
    const early = this.#waiting !== undefined;
    this.#closed = true;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    clock.clearTimeout(this.#first);
    const error = this.#error();
    this.#options.onClose(this, { early, error });
    this.#listeners.emit(error);
  }

  #error(): ConnectorError {
    const reason = this.#cause === undefined ? 'closed by the peer' : errorMessage(this.#cause);
    return new ConnectorError('ERR_SIP_TRANSPORT', `WebSocket: ${reason}`, { cause: this.#cause });
  }
}
