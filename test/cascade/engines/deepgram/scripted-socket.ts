import type {
  DeepgramConnection,
  DeepgramSocketListener,
  Dial,
} from '../../../../src/cascade/engines/deepgram/socket.js';
import type { JsonObject } from '../../../../src/cascade/engines/shared/json.js';
import type { FlavorError } from '../../../../src/flavor-api/index.js';
import type { FakeClock } from '../../../support/fake-clock.js';

/** A connection whose other end is the test. */
export class ScriptedSocket implements DeepgramConnection {
  readonly messages: JsonObject[] = [];
  /** All audio that was sent. */
  readonly audio: Uint8Array[] = [];
  /** Clock time of each chunk. */
  readonly audioAtMs: number[] = [];
  readonly openedAtMs: number;
  bufferedBytes = 0;
  closed = false;
  lost = false;
  readonly #listener: DeepgramSocketListener;
  readonly #clock: FakeClock;

  constructor(listener: DeepgramSocketListener, clock: FakeClock) {
    this.#listener = listener;
    this.#clock = clock;
    this.openedAtMs = clock.now();
  }

  get alive(): boolean {
    return !this.closed && !this.lost;
  }

  get audioBytes(): number {
    return this.audio.reduce((sum, { length }) => sum + length, 0);
  }

  types(): readonly unknown[] {
    return this.messages.map(({ type }) => type);
  }

  send(message: object): void {
    this.messages.push({ ...message });
  }

  sendAudio(bytes: Uint8Array): void {
    this.audio.push(bytes.slice());
    this.audioAtMs.push(this.#clock.now());
  }

  close(farewell?: object): void {
    if (farewell !== undefined) this.send(farewell);
    this.closed = true;
  }

  /** The service says something. */
  say(message: JsonObject): void {
    this.#listener.onMessage(message);
  }

  speak(bytes: Uint8Array): void {
    this.#listener.onAudio(Buffer.from(bytes));
  }

  fault(error: FlavorError): void {
    this.#listener.onFault(error);
  }

  lose(error: FlavorError): void {
    this.lost = true;
    this.#listener.onLost(error);
  }
}

/** A service that gives connections, or refuses them. */
export class ScriptedService {
  readonly sockets: ScriptedSocket[] = [];
  /** What the next attempts are refused with. */
  readonly refusals: unknown[] = [];
  /** What is said on each connection before whoever dialled has it. */
  greeting: readonly JsonObject[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get last(): ScriptedSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('nobody connected');
    return socket;
  }

  readonly dial: Dial = async (listener) => {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    const socket = new ScriptedSocket(listener, this.#clock);
    this.sockets.push(socket);
    for (const message of this.greeting) socket.say(message);
    return socket;
  };
}

/** Lets promises settle. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
