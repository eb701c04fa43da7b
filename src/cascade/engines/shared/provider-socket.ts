import type { ClientRequest, IncomingMessage } from 'node:http';
import { type RawData, WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { FlavorError } from '../../../flavor-api/index.js';
import type { HostGuard } from './host-guard.js';
import type { SharedTls } from './shared-tls.js';

export interface ProviderSocketListener {
  onText(text: string): void;
  /** The bytes are the listener's to keep. */
  onBinary(bytes: Buffer): void;
  /** The connection is gone; the last call, and none after `close()`. */
  onLost(error: FlavorError): void;
}

/** How a provider's failures are worded. */
export interface ProviderFailures {
  /** A refused upgrade, with the beginning of its body. */
  refused(response: IncomingMessage, body: string): FlavorError;
  closed(code: number, reason: string): FlavorError;
  /** Below the protocol. */
  broken(cause: Error): FlavorError;
  /** `what` completes "took too long ...". */
  late(what: string): FlavorError;
}

export interface ProviderSocketOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Until the connection stands, ms. */
  readonly timeoutMs: number;
  /** Largest message taken. */
  readonly maxMessageBytes: number;
  readonly clock: Clock;
  readonly failures: ProviderFailures;
  /** Of everybody who connects to that provider. */
  readonly tls: SharedTls;
  /** Where connections may go. Default: anywhere. */
  readonly guard?: HostGuard | undefined;
}

/** Bytes of a refusal's body that are read. */
const MAX_REFUSAL_BYTES = 16 * 2 ** 10;
/** For the other side to answer a close, ms. */
const CLOSE_MS = 300;
/** A connection that neither says nor answers anything for two of these is dead, ms. */
const PING_MS = 8_000;

/** One WebSocket to a provider: bounded, watched, and closed for certain. */
export class ProviderSocket {
  /** Monotonic ms. */
  readonly openedAtMs: number;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #failures: ProviderFailures;
  readonly #listener: ProviderSocketListener;
  #lost = false;
  #closed = false;
  #timer: TimerHandle | undefined;
  #heardSincePing = true;

  /**
   * Connects; resolves when the upgrade is done. The listener may be called before that, and is told of no loss until
   * then.
   *
   * @throws FlavorError that says why not, or the signal's reason.
   */
  static connect(
    options: ProviderSocketOptions,
    listener: ProviderSocketListener,
    signal: AbortSignal,
  ): Promise<ProviderSocket> {
    const { url, headers, timeoutMs, maxMessageBytes, clock, failures, tls, guard } = options;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      // What it throws rejects.
      guard?.admit(url);
      const secureContext = tls.contextFor(url);
      const webSocket = new WebSocket(url, {
        headers,
        maxPayload: maxMessageBytes,
        // Audio does not get smaller, and the time is the caller's.
        perMessageDeflate: false,
        // A redirect would take the key elsewhere.
        followRedirects: false,
        // `ws` hands on to `tls.connect` what it does not know.
        ...(secureContext && { secureContext }),
        ...(guard && { lookup: guard.lookup }),
      });
      let settled = false;
      const settle = (error?: unknown): void => {
        if (settled) return;
        settled = true;
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        if (error === undefined) {
          resolve(socket);
          return;
        }
        socket.close();
        reject(error);
      };
      const socket = new ProviderSocket(webSocket, options, {
        onText: (text) => listener.onText(text),
        onBinary: (bytes) => listener.onBinary(bytes),
        onLost: (error) => (settled ? listener.onLost(error) : settle(error)),
      });
      const onAbort = (): void => settle(signal.reason);
      const timer = clock.setTimeout(() => settle(failures.late('to connect')), timeoutMs);
      signal.addEventListener('abort', onAbort, { once: true });
      webSocket.on('open', () => settle());
      webSocket.on('unexpected-response', (request: ClientRequest, response: IncomingMessage) => {
        bodyOf(response, (body) => {
          settle(failures.refused(response, body));
          request.destroy();
        });
      });
    });
  }

  private constructor(socket: WebSocket, { clock, failures }: ProviderSocketOptions, listener: ProviderSocketListener) {
    this.#socket = socket;
    this.#clock = clock;
    this.#failures = failures;
    this.#listener = listener;
    this.openedAtMs = clock.now();
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#heardSincePing = true;
    });
    // A guard says for itself what is wrong.
    socket.on('error', (error) => this.#lose(error instanceof FlavorError ? error : failures.broken(error)));
    socket.on('close', (code, reason) => {
      this.#lose(failures.closed(code, reason.toString('utf8')));
      this.#clock.clearTimeout(this.#timer);
    });
    // How long it may take until then is another matter.
    socket.on('open', () => this.#watch());
  }

  get alive(): boolean {
    return !this.#closed && !this.#lost;
  }

  /** What the network has not taken yet. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** A text frame or a binary one, if the connection stands. */
  send(data: string | Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  /** Ends the connection. Nothing is heard of it any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    // The other side owes the answer to a close; whether it gives it is not worth a hanging socket.
    this.#timer = this.#clock.setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
    else this.#socket.close(1000);
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#heardSincePing = true;
    if (!this.alive || !Buffer.isBuffer(data)) return;
    if (isBinary) this.#listener.onBinary(data);
    else this.#listener.onText(data.toString('utf8'));
  }

  /** Finds out about peers that went away without a word. */
  #watch(): void {
    this.#timer = this.#clock.setTimeout(() => {
      if (!this.#heardSincePing) {
        this.#lose(this.#failures.late('to show a sign of life'));
        return;
      }
      this.#heardSincePing = false;
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
      this.#watch();
    }, PING_MS);
  }

  #lose(error: FlavorError): void {
    if (this.#lost || this.#closed) return;
    this.#lost = true;
    this.#clock.clearTimeout(this.#timer);
    if (this.#socket.readyState !== WebSocket.CLOSED) this.#socket.terminate();
    this.#listener.onLost(error);
  }
}

/** The beginning of a refusal's body; `done` is called once. */
function bodyOf(response: IncomingMessage, done: (body: string) => void): void {
  let body = '';
  let told = false;
  const tell = (): void => {
    if (told) return;
    told = true;
    done(body);
  };
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    body += chunk;
    if (body.length > MAX_REFUSAL_BYTES) tell();
  });
  for (const event of ['end', 'error', 'close']) response.on(event, tell);
}
