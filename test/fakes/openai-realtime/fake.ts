import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { createSystemClock } from '../../../src/base/clock.js';
import { createFliteVoice, type FliteVoice, type FliteVoiceName } from '../../../src/cascade/index.js';
import type { ProviderRequest } from '../../../src/flavor-testkit/harness.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { Connection } from './connection.js';
import { judgeUpgrade } from './handshake.js';
import { Ids } from './ids.js';
import { type FakeOptions, fakeDefaults } from './options.js';
import { type KnownUtterance, Recogniser } from './recogniser.js';
import { salonScript } from './salon-script.js';
import { RealtimeSession } from './session.js';
import { SpokenTexts, type Synthesise } from './speech.js';
import { Timeline } from './timeline.js';

/** The largest client message: 15 MiB of audio in base64, and the JSON around it. */
const MAX_MESSAGE_BYTES = 22 * 1024 * 1024;

/** Starts a fake on loopback. Resolves when it listens and knows the utterances. */
export async function startFakeOpenAiRealtime(options: Partial<FakeOptions> = {}): Promise<FakeOpenAiRealtime> {
  const complete: FakeOptions = { ...fakeDefaults, script: salonScript, clock: createSystemClock(), ...options };
  const fake = new FakeOpenAiRealtime(complete);
  await fake.listen();
  return fake;
}

/** A running fake; made by {@link startFakeOpenAiRealtime}. */
export class FakeOpenAiRealtime implements AsyncDisposable {
  readonly name = 'openai-realtime';
  /** Everything that happened, since the start or the last `timeline.clear()`. */
  readonly timeline = new Timeline();
  readonly #options: FakeOptions;
  readonly #random: SeededRandom;
  readonly #ids: Ids;
  readonly #voices = new Map<FliteVoiceName, FliteVoice>();
  readonly #texts: SpokenTexts;
  readonly #server: Server;
  readonly #webSockets: WebSocketServer;
  readonly #connections = new Set<Connection>();
  #recogniser = new Recogniser([]);
  #port = 0;

  constructor(options: FakeOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#ids = new Ids(this.#random);
    this.#texts = new SpokenTexts(options.synthesise ?? this.#speaker(options.voice));
    this.#server = createServer((_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' }).end('This is a WebSocket.\n');
    });
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
    this.#webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      handleProtocols: (protocols) => (protocols.has('realtime') ? 'realtime' : false),
    });
  }

  /** `ws://127.0.0.1:PORT/v1/realtime`: the address without its query. */
  get url(): string {
    return `${this.origin}/v1/realtime`;
  }

  /** `ws://127.0.0.1:PORT`. */
  get origin(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    this.#recogniser = new Recogniser(await this.#learn());
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port === 0 ? this.#options.port : this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Makes the speech for texts before they are needed. */
  async warm(texts: readonly string[]): Promise<void> {
    await Promise.all(texts.map((text) => this.#texts.speech(text)));
  }

  /** Connections open now. */
  connections(): number {
    return this.#connections.size;
  }

  /** What the model remembered at each response, oldest first. */
  requests(): readonly ProviderRequest[] {
    return this.timeline.requests;
  }

  /** Ends every connection with `code`; without one, breaks them as a crash would (1006). */
  dropAll(code?: number, reason = ''): void {
    for (const connection of this.#connections) {
      if (code === undefined) connection.drop();
      else connection.close(code, reason);
    }
  }

  /** As {@link dropAll}, for the contract tests. */
  drop(): void {
    this.dropAll();
  }

  /** Closes everything. Idempotent. */
  async close(): Promise<void> {
    this.dropAll();
    this.#webSockets.close();
    if (this.#server.listening) {
      await new Promise<void>((resolve) => {
        this.#server.close(() => resolve());
        this.#server.closeAllConnections();
      });
    }
    for (const voice of this.#voices.values()) await voice[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client that goes away meanwhile is none of ours.
    socket.on('error', () => {});
    const { apiKey, dialect } = this.#options;
    const verdict = judgeUpgrade(request, { apiKey, dialect });
    if (verdict.type === 'refuse') {
      refuseUpgrade(socket, verdict.status, { error: verdict.refusal });
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = this.#connect(webSocket);
      if (verdict.type === 'dismiss') connection.dismiss(verdict.refusal, verdict.closeCode);
      else connection.begin(this.#session(connection, verdict.model));
    });
  }

  #connect(socket: WebSocket): Connection {
    const { clock } = this.#options;
    const connection = new Connection({
      socket,
      clock,
      ids: this.#ids,
      onClosed: (code) => {
        this.#connections.delete(connection);
        const record = connection.session?.record;
        if (record === undefined) return;
        record.closedAtMs = clock.now();
        record.closeCode = code;
      },
    });
    this.#connections.add(connection);
    return connection;
  }

  #session(connection: Connection, model: string): RealtimeSession {
    const { clock, script, audioRate, transcriptDelayMs, interimEveryMs, sessionLimitMs } = this.#options;
    return new RealtimeSession({
      clock,
      random: this.#random,
      texts: this.#texts,
      recogniser: this.#recogniser,
      mind: script(),
      timeline: this.timeline,
      model,
      audioRate,
      transcriptDelayMs,
      interimEveryMs,
      sessionLimitMs,
      send: (event) => connection.send(event),
      close: (code, reason) => connection.close(code, reason),
      bend: (reply) => reply,
    });
  }

  async #learn(): Promise<readonly KnownUtterance[]> {
    const known: KnownUtterance[] = [];
    for (const utterance of this.#options.utterances) {
      if ('speech' in utterance) known.push(utterance);
      else known.push({ text: utterance.text, speech: await this.#speaker(utterance.voice)(utterance.text) });
    }
    return known;
  }

  #speaker(voice: FliteVoiceName): Synthesise {
    return (text, signal) => {
      const speaker = this.#voices.get(voice) ?? createFliteVoice({ voice, clock: this.#options.clock });
      this.#voices.set(voice, speaker);
      return speaker.speak(text, signal);
    };
  }
}

const reasonPhrases: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function refuseUpgrade(
  socket: Duplex,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${reasonPhrases[status] ?? 'Error'}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}
