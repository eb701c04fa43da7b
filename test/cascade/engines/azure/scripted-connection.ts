import type { AzureConnection, AzureListener, Dial } from '../../../../src/cascade/engines/azure/connection.js';
import type { FlavorError } from '../../../../src/flavor-api/index.js';
import type { FakeClock } from '../../../support/fake-clock.js';

export interface SentAudio {
  readonly requestId: string;
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  readonly atMs: number;
}

/** A connection whose other end is the test. */
export class ScriptedConnection implements AzureConnection {
  readonly messages: { readonly path: string; readonly requestId: string; readonly body: unknown }[] = [];
  /** Caller audio, headers and ends included. */
  readonly audio: SentAudio[] = [];
  bufferedBytes = 0;
  closed = false;
  lost = false;
  readonly #listener: AzureListener;
  readonly #clock: FakeClock;

  constructor(listener: AzureListener, clock: FakeClock) {
    this.#listener = listener;
    this.#clock = clock;
  }

  get alive(): boolean {
    return !this.closed && !this.lost;
  }

  /** The id of the turn under way. */
  get requestId(): string {
    return this.audio.at(-1)?.requestId ?? '';
  }

  /** Caller audio proper, ms of mu-law. */
  get audioMs(): number {
    return this.audio.reduce(
      (sum, { bytes, contentType }) => sum + (contentType === undefined ? bytes.length / 8 : 0),
      0,
    );
  }

  send(path: string, requestId: string, body: object): void {
    this.messages.push({ path, requestId, body });
  }

  sendText(path: string, requestId: string, _contentType: string, body: string): void {
    this.messages.push({ path, requestId, body });
  }

  sendAudio(requestId: string, bytes: Uint8Array, contentType?: string): void {
    this.audio.push({ requestId, bytes: bytes.slice(), contentType, atMs: this.#clock.now() });
  }

  close(): void {
    this.closed = true;
  }

  /** The service says something, about the turn under way unless told otherwise. */
  say(path: string, body: object = {}, requestId = this.requestId): void {
    this.#listener.onMessage({ path, requestId, streamId: '', body: { type: 'text', text: JSON.stringify(body) } });
  }

  lose(error: FlavorError): void {
    this.lost = true;
    this.#listener.onLost(error);
  }
}

/** A service that gives connections, or refuses them. */
export class ScriptedService {
  readonly connections: ScriptedConnection[] = [];
  /** When somebody dialled, clock time. */
  readonly dialledAtMs: number[] = [];
  /** What the next attempts are refused with. */
  readonly refusals: unknown[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get last(): ScriptedConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('nobody connected');
    return connection;
  }

  readonly dial: Dial = async (listener) => {
    this.dialledAtMs.push(this.#clock.now());
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    const connection = new ScriptedConnection(listener, this.#clock);
    this.connections.push(connection);
    return connection;
  };
}

/** Lets promises settle. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
