import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../base/clock.js';
import type { FlavorError } from '../../../flavor-api/index.js';
import type { HostGuard } from '../shared/host-guard.js';
import { isObject, type JsonObject, parseJson, textIn } from '../shared/json.js';
import { type ProviderFailures, ProviderSocket } from '../shared/provider-socket.js';
import type { SharedTls } from '../shared/shared-tls.js';
import { closeFailure, protocolFault, socketFailure, statusError, timeout } from './errors.js';

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
  readonly tls: SharedTls;
  /** Where connections may go. Default: anywhere. */
  readonly guard?: HostGuard | undefined;
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

const failures: ProviderFailures = {
  refused: (response, body) => statusError(response.statusCode ?? 0, refusalCode(response, body)),
  closed: closeFailure,
  broken: socketFailure,
  late: timeout,
};

/** One WebSocket to Deepgram. */
export class DeepgramSocket implements DeepgramConnection {
  readonly #socket: ProviderSocket;

  /**
   * Connects; resolves when the upgrade is done. The listener may be called before that, and is told of no loss until
   * then.
   *
   * @throws FlavorError that says why not, or the signal's reason.
   */
  static async connect(
    { url, apiKey, timeoutMs, clock, tls, guard }: DeepgramSocketOptions,
    listener: DeepgramSocketListener,
    signal: AbortSignal,
  ): Promise<DeepgramSocket> {
    const headers = { Authorization: `Token ${apiKey}` };
    const socket = await ProviderSocket.connect(
      { url, headers, timeoutMs, maxMessageBytes: MAX_MESSAGE_BYTES, clock, failures, tls, guard },
      {
        onText(text) {
          const message = parseJson(text);
          if (isObject(message)) listener.onMessage(message);
          else listener.onFault(protocolFault('a message that is no JSON object'));
        },
        onBinary: (bytes) => listener.onAudio(bytes),
        onLost: (error) => listener.onLost(error),
      },
      signal,
    );
    return new DeepgramSocket(socket);
  }

  private constructor(socket: ProviderSocket) {
    this.#socket = socket;
  }

  get openedAtMs(): number {
    return this.#socket.openedAtMs;
  }

  get alive(): boolean {
    return this.#socket.alive;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  sendAudio(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#socket.send(bytes);
  }

  close(farewell?: object): void {
    if (farewell !== undefined) this.send(farewell);
    this.#socket.close();
  }
}

/** The code in the header or the body of a refused upgrade, '' if none can be found. */
function refusalCode(response: IncomingMessage, body: string): string {
  const header = response.headers['dg-error'];
  const parsed = parseJson(body);
  const named = isObject(parsed) ? textIn(parsed, 'err_code') || textIn(parsed, 'category') : '';
  return named === '' && typeof header === 'string' ? header : named;
}
