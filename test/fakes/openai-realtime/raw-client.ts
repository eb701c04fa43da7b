import { WebSocket } from 'ws';
import { isObject, type JsonObject, memberAt } from './json-value.js';
import type { Speech } from './speech.js';
import { encodeAudio, type WireFormat } from './wire-format.js';

export interface RawClientOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
}

/** What ends a connection. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** How long a test waits for something that should come at once, ms. */
const PATIENCE_MS = 30_000;

/** The barest client there is: JSON over a WebSocket, everything that came kept in order. */
export class RawClient {
  readonly socket: WebSocket;
  readonly events: JsonObject[] = [];
  /** Frames that were no JSON text. */
  readonly oddFrames: (string | Buffer)[] = [];
  readonly ending: Promise<Ending>;
  #read = 0;
  #wake: (() => void) | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => this.#take(String(data), isBinary ? (data as Buffer) : undefined));
    // A connection that fails shows in its end.
    socket.on('error', () => {});
    this.ending = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  /** Connects, without waiting for the connection. */
  static start(origin: string, options: RawClientOptions = {}): RawClient {
    const { path = '/v1/realtime?model=gpt-realtime', headers = { authorization: 'Bearer test' }, protocols } = options;
    return new RawClient(new WebSocket(`${origin}${path}`, [...(protocols ?? [])], { headers }));
  }

  /** Connects, and configures the session with `session` if given. */
  static async open(origin: string, session?: JsonObject, options: RawClientOptions = {}): Promise<RawClient> {
    const client = RawClient.start(origin, options);
    await client.next('session.created');
    if (session === undefined) return client;
    client.send({ type: 'session.update', session: { type: 'realtime', ...session } });
    await client.next('session.updated');
    return client;
  }

  send(event: JsonObject): void {
    this.socket.send(JSON.stringify(event));
  }

  /** Waits for the next event of this type, passing over others; each event is met once. */
  async next(type: string, matches: (event: JsonObject) => boolean = () => true): Promise<JsonObject> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const index = this.events.findIndex((event, at) => at >= this.#read && event['type'] === type && matches(event));
      const event = this.events[index];
      if (event !== undefined) {
        this.#read = index + 1;
        return event;
      }
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        deadline.onabort = () => reject(new Error(`no ${type}; came: ${this.types().join(' ')}`));
      });
    }
  }

  /** The code of the `error` event that comes next. */
  async nextError(): Promise<JsonObject> {
    const error = memberAt(await this.next('error'), ['error']);
    return isObject(error) ? error : {};
  }

  /** Types of all that came, runs of the same one told once. */
  types(): readonly string[] {
    return this.events.map(({ type }) => String(type)).filter((type, at, all) => type !== all[at - 1]);
  }

  /** The member at `path` of every event of a type. */
  members(type: string, ...path: readonly string[]): readonly unknown[] {
    return this.events.filter((event) => event['type'] === type).map((event) => memberAt(event, path));
  }

  /** All audio of a response, decoded from base64. */
  audioOf(responseId: unknown): Buffer {
    const deltas = this.events.filter(
      (event) => event['type'] === 'response.output_audio.delta' && event['response_id'] === responseId,
    );
    return Buffer.concat(deltas.map(({ delta }) => Buffer.from(String(delta), 'base64')));
  }

  /** Appends audio in packets of 20 ms, as fast as it goes: the service's clock is the audio's. */
  append(pcm: Int16Array, sampleRate: number, format: WireFormat = { type: 'audio/pcmu' }): void {
    const bytes = encodeAudio(pcm, sampleRate, format);
    const packet = format.type === 'audio/pcm' ? 960 : 160;
    for (let at = 0; at < bytes.length; at += packet) {
      const audio = Buffer.from(bytes.subarray(at, at + packet)).toString('base64');
      this.send({ type: 'input_audio_buffer.append', audio });
    }
  }

  /** Says something, and is then silent long enough for the turn to end. */
  say({ pcm, sampleRate }: Speech, format?: WireFormat, silenceMs = 700): void {
    this.append(pcm, sampleRate, format);
    this.append(new Int16Array((silenceMs * sampleRate) / 1000), sampleRate, format);
  }

  /** Goes away without a word. */
  async close(): Promise<void> {
    this.socket.terminate();
    await this.ending;
  }

  #take(text: string, binary: Buffer | undefined): void {
    try {
      const event: unknown = JSON.parse(text);
      if (binary !== undefined || !isObject(event)) throw new TypeError('no JSON object in text');
      this.events.push(event);
    } catch {
      this.oddFrames.push(binary ?? text);
    }
    this.#wake?.();
  }
}

/** Session of a phone: mu-law both ways, a transcript of the caller. */
export const phoneSession = {
  output_modalities: ['audio'],
  audio: {
    input: {
      format: { type: 'audio/pcmu' },
      transcription: { model: 'gpt-4o-mini-transcribe' },
      turn_detection: { type: 'server_vad', silence_duration_ms: 500 },
    },
    output: { format: { type: 'audio/pcmu' }, voice: 'marin' },
  },
} as const;
