import type { Clock } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';
import type { FlavorError } from '../../../flavor-api/index.js';
import { type ProviderFailures, ProviderSocket } from '../shared/provider-socket.js';
import type { SharedTls } from '../shared/shared-tls.js';
import { closeFailure, protocolFault, socketFailure, statusError, timeout } from './errors.js';
import { binaryMessage, newUspId, readBinaryMessage, readTextMessage, textMessage, type UspMessage } from './usp.js';

/**
 * Why the connections are plain `ws` and not those of `microsoft-cognitiveservices-speech-sdk` (tried with 1.52.0
 * against a server on loopback, which also holds the fake of this service to its wire format):
 *
 * - a refused upgrade is told as close code 1006: a wrong key, a full resource and a broken network look the same;
 * - after a close code that it does not know, 4429 (busy) among them, it connects again for ever, without a pause
 *   (microsoft/cognitive-services-speech-sdk-js issue 896);
 * - caller audio waits until 100 ms of it are together;
 * - the key goes into the address, and an endpoint without a path is first asked for a redirect over HTTPS on port 443,
 *   whatever its own port;
 * - audio of an utterance that was given up cannot be told from that of the next; a message with another request id than
 *   it expects is dropped without a word;
 * - no bound on the size of a message, no sign of life from a peer that went away, no clock of ours.
 */
export interface AzureListener {
  onMessage(message: UspMessage): void;
  /** A message that breaks the protocol; the connection stands. */
  onFault(error: FlavorError): void;
  /** The connection is gone; the last call, and none after `close()`. */
  onLost(error: FlavorError): void;
}

/** What the lines of this engine need of a connection; tests put a scripted one in its place. */
export interface AzureConnection {
  readonly alive: boolean;
  /** What the network has not taken yet. */
  readonly bufferedBytes: number;
  /** A JSON message. */
  send(path: string, requestId: string, body: object): void;
  /** A text message of another type. */
  sendText(path: string, requestId: string, contentType: string, body: string): void;
  /** Caller audio; without a byte: its end. Not kept beyond the call. */
  sendAudio(requestId: string, bytes: Uint8Array, contentType?: string): void;
  /** Ends the connection. Nothing is heard of it any more. */
  close(): void;
}

/** Opens a connection; {@link connectAzure} with everything but listener and signal filled in. */
export type Dial = (listener: AzureListener, signal: AbortSignal) => Promise<AzureConnection>;

export interface AzureConnectionOptions {
  readonly url: URL;
  readonly key: string;
  /** Until the connection stands, ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly tls: SharedTls;
}

/** Largest message taken, bytes: many seconds of 48 kHz audio. */
const MAX_MESSAGE_BYTES = 2 * 2 ** 20;

const failures: ProviderFailures = {
  refused: ({ statusCode = 0 }) => statusError(statusCode),
  closed: closeFailure,
  broken: socketFailure,
  late: timeout,
};

/**
 * Connects to a service of a Speech resource.
 *
 * @throws FlavorError that says why not, or the signal's reason.
 */
export async function connectAzure(
  { url, key, timeoutMs, clock, random, tls }: AzureConnectionOptions,
  listener: AzureListener,
  signal: AbortSignal,
): Promise<AzureConnection> {
  const tell = (message: UspMessage | undefined): void => {
    if (message === undefined) listener.onFault(protocolFault('a message without a header'));
    else listener.onMessage(message);
  };
  const socket = await ProviderSocket.connect(
    {
      url,
      headers: { 'Ocp-Apim-Subscription-Key': key, 'X-ConnectionId': newUspId(random) },
      timeoutMs,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      clock,
      failures,
      tls,
    },
    {
      onText: (text) => tell(readTextMessage(text)),
      onBinary: (bytes) => tell(readBinaryMessage(bytes)),
      onLost: (error) => listener.onLost(error),
    },
    signal,
  );
  return new UspConnection(socket, clock);
}

class UspConnection implements AzureConnection {
  readonly #socket: ProviderSocket;
  readonly #clock: Clock;

  constructor(socket: ProviderSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  get alive(): boolean {
    return this.#socket.alive;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  send(path: string, requestId: string, body: object): void {
    this.sendText(path, requestId, 'application/json', JSON.stringify(body));
  }

  sendText(path: string, requestId: string, contentType: string, body: string): void {
    this.#socket.send(textMessage({ path, requestId, contentType, timestamp: this.#timestamp() }, body));
  }

  sendAudio(requestId: string, bytes: Uint8Array, contentType?: string): void {
    const header = { path: 'audio', requestId, timestamp: this.#timestamp() };
    this.#socket.send(binaryMessage(contentType === undefined ? header : { ...header, contentType }, bytes));
  }

  close(): void {
    this.#socket.close();
  }

  #timestamp(): string {
    return new Date(this.#clock.wallTime()).toISOString();
  }
}
