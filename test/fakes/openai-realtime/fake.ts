import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { createSystemClock } from '../../../src/base/clock.js';
import { createFliteVoice, type FliteVoice, type FliteVoiceName } from '../../../src/cascade/flite/flite-voice.js';
import type { ProviderControl, ProviderFault, ProviderRequest } from '../../../src/flavor-testkit/harness.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { Connection, type ConnectionOptions } from './connection.js';
import { type Fault, type FaultName, type FaultOptions, FaultPlan, faultDefaults, faultsNamed } from './faults.js';
import { judgeUpgrade, wrongKey } from './handshake.js';
import { Ids } from './ids.js';
import { Listener, refuseUpgrade } from './listener.js';
import { type FakeOptions, fakeDefaults } from './options.js';
import { type KnownUtterance, Recogniser } from './recogniser.js';
import { refusal } from './refusal.js';
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
export class FakeOpenAiRealtime implements ProviderControl, AsyncDisposable {
  readonly name = 'openai-realtime';
  /** Everything that happened, since the start or the last `timeline.clear()`. */
  readonly timeline = new Timeline();
  readonly #options: FakeOptions;
  readonly #random: SeededRandom;
  readonly #ids: Ids;
  readonly #voices = new Map<FliteVoiceName, FliteVoice>();
  readonly #texts: SpokenTexts;
  readonly #faults: FaultPlan;
  readonly #listener = new Listener((request, socket, head) => this.#onUpgrade(request, socket, head));
  readonly #webSockets: WebSocketServer;
  readonly #connections = new Set<Connection>();
  #recogniser = new Recogniser([]);
  /** The next connection is to get a message that is none. */
  #malformNext = false;

  constructor(options: FakeOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#ids = new Ids(this.#random);
    this.#texts = new SpokenTexts(options.synthesise ?? this.#speaker(options.voice));
    // Dice of its own: what is thrown for faults leaves ids as they would be.
    this.#faults = new FaultPlan(new SeededRandom(options.seed));
    this.#webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      autoPong: false,
      handleProtocols: (protocols) => (protocols.has('realtime') ? 'realtime' : false),
    });
  }

  /** `ws://127.0.0.1:PORT/v1/realtime`: the address without its query. */
  get url(): string {
    return `${this.origin}/v1/realtime`;
  }

  /** `ws://127.0.0.1:PORT`. */
  get origin(): string {
    return `ws://127.0.0.1:${this.#listener.port}`;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Rejects when the port is taken. */
  async listen(): Promise<void> {
    this.#recogniser = new Recogniser(await this.#learn());
    await this.#listener.open(this.#options.port);
  }

  /**
   * Switches a fault on, for connections made from now on and, where it makes sense, for those that are up. Several add
   * up. A name of the contract tests' means the nearest faults of this fake's.
   */
  fail(fault: FaultName | ProviderFault, options: Partial<FaultOptions> = {}): void {
    for (const name of faultsNamed(fault)) this.#failWith({ name, options: { ...faultDefaults, ...options } });
  }

  /** Switches all faults off; connections that are up are well again. Resolves when it listens. */
  async recover(): Promise<void> {
    this.#faults.clear();
    this.#malformNext = false;
    for (const connection of this.#connections) connection.wire.heal();
    await this.#listener.open();
  }

  /** Sends a text frame that is no JSON to every connection, or to the next one; it stays. */
  malformNext(): void {
    this.#malformNext = this.#connections.size === 0;
    for (const connection of this.#connections) connection.malform();
  }

  /** Sends a text frame to every connection, whatever it says. */
  say(text: string): void {
    for (const connection of this.#connections) connection.sendText(text);
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
    this.#listener.close();
    for (const voice of this.#voices.values()) await voice[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #failWith(fault: Fault): void {
    this.#faults.add(fault);
    if (this.#faults.deaf) this.#listener.shut();
    if (fault.options.to === 'new') return;
    for (const connection of this.#connections) if (this.#faults.strikes(fault)) connection.strike(fault);
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { apiKey, dialect } = this.#options;
    const faults = this.#faults.draw();
    const fault = faults.find(({ name }) => name.startsWith('connect-') || name.startsWith('upgrade-'));
    if (fault !== undefined) {
      failUpgrade(socket, fault);
      return;
    }
    const verdict = faults.some(({ name }) => name === 'invalid-api-key')
      ? wrongKey()
      : judgeUpgrade(request, { apiKey, dialect });
    if (verdict.type === 'refuse') {
      refuseUpgrade(socket, verdict.status, { error: verdict.refusal });
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = this.#connect({ webSocket, socket, faults });
      if (verdict.type === 'dismiss') connection.dismiss(verdict.refusal, verdict.closeCode);
      else connection.begin(this.#session(connection, verdict.model));
      if (this.#malformNext) connection.malform();
      this.#malformNext = false;
    });
  }

  #connect(parts: Pick<ConnectionOptions, 'webSocket' | 'socket' | 'faults'>): Connection {
    const { clock, dialect } = this.#options;
    const connection = new Connection({
      ...parts,
      clock,
      dialect,
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
      send: (event) => connection.wire.send(event),
      close: (code, reason) => connection.close(code, reason),
      bend: (reply) => connection.wire.bend(reply),
    });
  }

  async #learn(): Promise<readonly KnownUtterance[]> {
    const known: KnownUtterance[] = [];
    for (const utterance of this.#options.utterances) {
      if ('speech' in utterance) known.push(utterance);
      else {
        const { text, spokenAs = text, voice } = utterance;
        known.push({ text, speech: await this.#speaker(voice)(spokenAs) });
      }
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

const upgradeErrors: Readonly<Partial<Record<FaultName, readonly [status: number, code: string, message: string]>>> = {
  'upgrade-401': [401, 'invalid_api_key', 'Incorrect API key provided.'],
  'upgrade-429': [429, 'rate_limit_exceeded', 'Rate limit reached for requests.'],
  'upgrade-500': [500, 'server_error', 'The server had an error while processing your request.'],
  'upgrade-503': [503, 'server_error', 'The engine is currently overloaded, please try again later.'],
};

/** Refuses a connection as a fault wants it: with an HTTP error, with a reset, or not at all. */
function failUpgrade(socket: Duplex, { name, options }: Fault): void {
  const error = upgradeErrors[name];
  if (error !== undefined) {
    const [status, code, message] = error;
    const headers = status === 429 ? { 'retry-after': String(options.retryAfterSeconds) } : {};
    refuseUpgrade(socket, status, { error: refusal(code, message) }, headers);
  } else if (name === 'connect-refused') socket.destroy();
}
