import type { Socket } from 'node:net';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { ConnectorError, errorMessage } from '../../../base/connector-error.js';
import type { Random } from '../../../base/random.js';
import type { IpEndpoint } from '../../ip-literal.js';
import { ErrorListeners } from './error-listeners.js';
import { FrameReader } from './frame-reader.js';
import { KEEP_ALIVE_ANSWER_MS, KEEP_ALIVE_PING, KEEP_ALIVE_PONG, KeepAlive } from './keep-alive.js';
import type { SipFlow } from './sip-transport.js';

/** How long a connection may do what, and how much may wait in it. */
export interface TcpConnectionLimits {
  /** From the SYN to the end of the last handshake, ms. */
  readonly connectMs: number;
  /** From accept to the first whole message, keep-alives not counted, ms. */
  readonly firstMessageMs: number;
  /** From the first byte of a message to its last, ms: a slow sender holds a connection no longer. */
  readonly partialMessageMs: number;
  /** Without a message or keep-alive in either direction, ms. */
  readonly idleMs: number;
  /** Between an unreadable frame, whose answer must still get out, and the end of the connection, ms. */
  readonly lingerMs: number;
  /** Unsent bytes; a peer that does not read is cut off above this. */
  readonly unsentBytes: number;
}

export interface TcpConnectionOptions {
  readonly protocol: 'tcp' | 'tls';
  /** With TLS a `TLSSocket`, whose handshake is done unless `connecting`. */
  readonly socket: Socket;
  readonly remote: IpEndpoint;
  readonly local: IpEndpoint;
  /** Whether the handshake is still to come. */
  readonly connecting: boolean;
  readonly clock: Clock;
  readonly limits: TcpConnectionLimits;
  /** Ours to keep open: what draws the gaps between keep-alives, and how long they are. */
  readonly keepAlive?: { readonly random: Random; readonly intervalMs: number } | undefined;
  onMessage(flow: SipFlow, message: Buffer): void;
  /** Called once, when the connection is gone. `early`: before it could be used. */
  onClose(connection: TcpConnection, end: { readonly early: boolean; readonly error: Error }): void;
}

/** More messages than this in one read, and the other sockets get their turn before the next. */
const MESSAGES_PER_TURN = 16;

/**
 * What the running deadline is for. `fresh`: accepted, no message yet. `partial`: inside a message. `ending`: an
 * unreadable frame came; answers may still leave, nothing more is read.
 */
type Phase = 'connecting' | 'fresh' | 'resting' | 'partial' | 'ending' | 'closed';

/** One TCP or TLS connection as a flow. Closing is final: a peer that comes back does so as a new flow. */
export class TcpConnection implements SipFlow {
  readonly protocol: 'tcp' | 'tls';
  readonly reliable = true;
  readonly remote: IpEndpoint;
  readonly local: IpEndpoint;
  readonly #options: TcpConnectionOptions;
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #listeners = new ErrorListeners();
  #phase: Phase;
  #timer: TimerHandle | undefined;
  /** Why the connection ended or is ending. */
  #cause: Error | undefined;
  #messages = 0;
  #pinged = false;
  #keepAlive: KeepAlive | undefined;
  #awaited: TimerHandle | undefined;
  /** Whether this peer has ever answered a keep-alive: only then does silence mean anything. */
  #answersPings = false;

  constructor(options: TcpConnectionOptions) {
    this.#options = options;
    this.protocol = options.protocol;
    this.#socket = options.socket;
    this.remote = options.remote;
    this.local = options.local;
    this.#reader = new FrameReader({
      message: (bytes) => this.#deliver(bytes),
      ping: () => {
        this.#pinged = true;
      },
      broken: (reason) => this.#linger(reason),
    });
    const { socket, limits } = options;
    this.#phase = options.connecting ? 'connecting' : 'fresh';
    if (options.connecting) this.#deadline(limits.connectMs, 'no answer to the connection attempt');
    else this.#deadline(limits.firstMessageMs, 'no message came');
    socket.on(options.protocol === 'tls' ? 'secureConnect' : 'connect', () => this.#connected());
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => {
      this.#cause ??= error;
    });
    socket.on('close', () => this.#finish());
  }

  get closed(): boolean {
    return this.#phase === 'closed';
  }

  /** Whether new messages may still be sent over it. */
  get usable(): boolean {
    return !this.#deaf;
  }

  send(message: Uint8Array): void {
    if (this.closed) {
      this.#listeners.emitLater(this.#error());
      return;
    }
    this.#socket.write(message);
    if (this.#socket.writableLength > this.#options.limits.unsentBytes) this.abort('the peer does not read');
    else if (this.#phase === 'resting') this.#rest();
  }

  onError(listener: (error: Error) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Ends the connection once everything written has left; resolves when it is gone. */
  end(): Promise<void> {
    this.#cause ??= new Error('closed on our side');
    return new Promise((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.destroySoon();
    });
  }

  /** Ends the connection at once. */
  abort(reason: string): void {
    this.#cause ??= new Error(reason);
    this.#socket.destroy();
  }

  #connected(): void {
    this.#rest();
    const { clock, keepAlive } = this.#options;
    if (keepAlive === undefined) return;
    this.#keepAlive = new KeepAlive({ clock, ...keepAlive, send: () => this.#ping() });
  }

  #ping(): void {
    if (this.#deaf) return;
    this.#socket.write(KEEP_ALIVE_PING);
    if (this.#phase === 'resting') this.#rest();
    this.#awaited ??= this.#options.clock.setTimeout(() => {
      this.#awaited = undefined;
      if (this.#answersPings) this.abort('no answer to our keep-alive');
    }, KEEP_ALIVE_ANSWER_MS);
  }

  #receive(chunk: Buffer): void {
    if (this.#deaf) return;
    if (this.#awaited !== undefined) {
      this.#options.clock.clearTimeout(this.#awaited);
      this.#awaited = undefined;
      if (!this.#reader.pending && chunk.equals(KEEP_ALIVE_PONG)) {
        // Not for the reader, to which two of them would be a keep-alive of the peer's.
        this.#answersPings = true;
        this.#rest();
        return;
      }
    }
    const before = this.#messages;
    this.#pinged = false;
    this.#reader.feed(chunk);
    if (this.#deaf) return;
    // One answer for all keep-alives of a chunk: a flood of them must not become a flood of ours.
    if (this.#pinged) this.send(KEEP_ALIVE_PONG);
    if (this.#messages - before > MESSAGES_PER_TURN) this.#yield();
    if (!this.#reader.pending) {
      if (this.#messages > 0 || this.#phase === 'resting') this.#rest();
    } else if (this.#phase !== 'partial' || this.#messages > before) {
      // The deadline runs from the first byte of a message; more bytes of the same message do not move it.
      this.#phase = 'partial';
      this.#deadline(this.#options.limits.partialMessageMs, 'a message was not completed');
    }
  }

  /**
   * libuv reads up to 2 MB from one socket before it looks at another: a peer that pipelines would hold up the
   * audio of every call for as long as that takes to answer.
   */
  #yield(): void {
    this.#socket.pause();
    setImmediate(() => this.#socket.resume());
  }

  get #deaf(): boolean {
    return this.#phase === 'ending' || this.#phase === 'closed' || this.#socket.destroyed;
  }

  #deliver(bytes: Buffer): void {
    this.#messages += 1;
    // A chunk can hold many messages, and the handler of one may have closed the connection.
    if (!this.#deaf) this.#options.onMessage(this, bytes);
  }

  #rest(): void {
    this.#phase = 'resting';
    this.#deadline(this.#options.limits.idleMs, 'idle');
  }

  /**
   * Ends the connection a little later, so that the answer to an unreadable frame gets out. What arrives meanwhile is
   * read and thrown away: closing with unread bytes would send RST, and RST may overtake the answer.
   */
  #linger(reason: string): void {
    const { clock, limits } = this.#options;
    this.#cause ??= new Error(reason);
    this.#phase = 'ending';
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      this.#socket.end();
      this.#deadline(limits.lingerMs, reason);
    }, limits.lingerMs);
  }

  #deadline(delayMs: number, reason: string): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.abort(reason), delayMs);
  }

  #finish(): void {
    const early = this.#phase === 'connecting';
    this.#phase = 'closed';
    this.#options.clock.clearTimeout(this.#timer);
    this.#options.clock.clearTimeout(this.#awaited);
    this.#keepAlive?.stop();
    const error = this.#error();
    this.#options.onClose(this, { early, error });
    this.#listeners.emit(error);
  }

  #error(): ConnectorError {
    const reason = this.#cause === undefined ? 'closed by the peer' : errorMessage(this.#cause);
    return new ConnectorError('ERR_SIP_TRANSPORT', `${this.protocol.toUpperCase()} connection: ${reason}`, {
      cause: this.#cause,
    });
  }
}
