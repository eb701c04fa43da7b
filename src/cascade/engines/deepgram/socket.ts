import type { ClientRequest, IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import type { FlavorError } from '../../../flavor-api/index.js';
import { closeFailure, protocolFault, socketFailure, statusError, timeout } from './errors.js';
import { isObject, type JsonObject, parseJson, textIn } from './json.js';

/**
 * Why the connections are plain `ws` and not those of `@deepgram/sdk` (tried with 5.13.0 against a server on loopback),
 * which gives this engine the types of its messages and of its query:
 *
 * - audio comes as `Blob`, whose bytes are had asynchronously: a `Flushed` overtakes the audio before it;
 * - a refused upgrade is told as the text "Unexpected server response: 401": status, `dg-error` and body are gone, so a
 *   wrong key, an empty account and a busy plan cannot be told apart;
 * - it reconnects by itself up to 30 times and says nothing, while what the new connection must be told is ours to know;
 * - `on()` replaces the listener before it; there is no bound on the size of a message, no ping that a dead peer fails to
 *   answer, and every connection offers to compress audio;
 * - loading it takes 270 ms and 30 MB.
 */
export interface DeepgramSocketListener {
  /** A text frame, which is always one JSON object. */
  onMessage(message: JsonObject): void;
  /** A binary frame; the bytes are the listener's to keep. */
  onAudio(bytes: Buffer): void;
  /** A message that breaks the protocol; the connection stands. */
  onFault(error: FlavorError): void;
  /** The connection is gone; the last call, and none after `close()`. */
  onLost(error: FlavorError): void;
}

export interface DeepgramSocketOptions {
  readonly url: URL;
  readonly apiKey: string;
  /** Until the connection stands, ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** What the lines of this engine need of a connection; tests put a scripted one in its place. */
export interface DeepgramConnection {
  readonly alive: boolean;
  /** Monotonic ms. */
  readonly openedAtMs: number;
  /** What the network has not taken yet. */
  readonly bufferedBytes: number;
  /** Control messages are text frames: a binary one would be taken for audio. */
  send(message: object): void;
  /** Audio; an empty chunk is not sent, for Deepgram takes it for the end of the stream. Not kept beyond the call. */
  sendAudio(bytes: Uint8Array): void;
  /** Ends the connection; `farewell`, if any, goes first. Nothing is heard of it any more. */
  close(farewell?: object): void;
}

/** Opens a connection; {@link DeepgramSocket.connect} with everything but listener and signal filled in. */
export type Dial = (listener: DeepgramSocketListener, signal: AbortSignal) => Promise<DeepgramConnection>;

/** Largest message taken, bytes: seconds of 48 kHz audio, or a transcript of minutes with its words. */
const MAX_MESSAGE_BYTES = 2 * 2 ** 20;
/** Bytes of a refusal that are read in search of a code. */
const MAX_REFUSAL_BYTES = 16 * 2 ** 10;
/** For the other side to answer a close, ms. */
const CLOSE_MS = 300;
/** A connection that neither says nor answers anything for two of these is dead, ms. */
const PING_MS = 8_000;

/** One WebSocket to Deepgram. */
export class DeepgramSocket implements DeepgramConnection {
  readonly openedAtMs: number;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #listener: DeepgramSocketListener;
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
    { url, apiKey, timeoutMs, clock }: DeepgramSocketOptions,
    listener: DeepgramSocketListener,
    signal: AbortSignal,
  ): Promise<DeepgramSocket> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const webSocket = new WebSocket(url, {
        headers: { Authorization: `Token ${apiKey}` },
        maxPayload: MAX_MESSAGE_BYTES,
        perMessageDeflate: false,
        followRedirects: false,
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
      const socket = new DeepgramSocket(webSocket, clock, {
        onMessage: (message) => listener.onMessage(message),
        onAudio: (bytes) => listener.onAudio(bytes),
        onFault: (error) => listener.onFault(error),
        onLost: (error) => (settled ? listener.onLost(error) : settle(error)),
      });
      const onAbort = (): void => settle(signal.reason);
      const timer = clock.setTimeout(() => settle(timeout('to connect')), timeoutMs);
      signal.addEventListener('abort', onAbort, { once: true });
      webSocket.on('open', () => settle());
      webSocket.on('unexpected-response', (request: ClientRequest, response: IncomingMessage) => {
        refusalCode(response, (code) => {
          settle(statusError(response.statusCode ?? 0, code));
          request.destroy();
        });
      });
    });
  }

  private constructor(socket: WebSocket, clock: Clock, listener: DeepgramSocketListener) {
    this.#socket = socket;
    this.#clock = clock;
    this.#listener = listener;
    this.openedAtMs = clock.now();
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#heardSincePing = true;
    });
    socket.on('error', (error) => this.#lose(socketFailure(error)));
    socket.on('close', (code, reason) => {
      this.#lose(closeFailure(code, reason.toString('utf8')));
      this.#clock.clearTimeout(this.#timer);
    });
    this.#watch();
  }

  get alive(): boolean {
    return !this.#closed && !this.#lost;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  sendAudio(bytes: Uint8Array): void {
    if (bytes.length > 0 && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(bytes);
  }

  close(farewell?: object): void {
    if (this.#closed) return;
    if (farewell !== undefined) this.send(farewell);
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    // The other side owes the answer to a close; whether it gives it is not worth a hanging socket.
    this.#timer = this.#clock.setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
    else this.#socket.close(1000);
  }

  #receive(data: WebSocket.RawData, isBinary: boolean): void {
    this.#heardSincePing = true;
    if (!this.alive || !Buffer.isBuffer(data)) return;
    if (isBinary) {
      this.#listener.onAudio(data);
      return;
    }
    const message = parseJson(data.toString('utf8'));
    if (isObject(message)) this.#listener.onMessage(message);
    else this.#listener.onFault(protocolFault('a message that is no JSON object'));
  }

  /** Finds out about peers that went away without a word. */
  #watch(): void {
    this.#timer = this.#clock.setTimeout(() => {
      if (!this.#heardSincePing) {
        this.#lose(timeout('to show a sign of life'));
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

/** The code in the header or the body of a refused upgrade, '' if none can be found; `done` is called once. */
function refusalCode(response: IncomingMessage, done: (code: string) => void): void {
  const header = response.headers['dg-error'];
  let body = '';
  let told = false;
  const tell = (): void => {
    if (told) return;
    told = true;
    const parsed = parseJson(body);
    const named = isObject(parsed) ? textIn(parsed, 'err_code') || textIn(parsed, 'category') : '';
    done(named === '' && typeof header === 'string' ? header : named);
  };
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    body += chunk;
    if (body.length > MAX_REFUSAL_BYTES) tell();
  });
  for (const event of ['end', 'error', 'close']) response.on(event, tell);
}
