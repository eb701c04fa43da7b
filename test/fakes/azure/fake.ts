import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { createSystemClock } from '../../../src/base/clock.js';
import { createFliteVoice, type FliteVoice, type FliteVoiceName } from '../../../src/cascade/flite/flite-voice.js';
import type { ProviderControl, ProviderFault } from '../../../src/flavor-testkit/harness.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { HeardScript } from '../deepgram/heard-script.js';
import { refuseUpgrade } from '../openai-realtime/listener.js';
import { type KnownUtterance, Recogniser } from '../openai-realtime/recogniser.js';
import { SpokenTexts, type Synthesise } from '../openai-realtime/speech.js';
import { Connection } from './connection.js';
import { type Fault, type FaultName, type FaultOptions, FaultPlan, faultDefaults, faultNamed } from './faults.js';
import { judgeUpgrade, type ServiceName, type Verdict } from './handshake.js';
import { type FakeAzureOptions, fakeAzureDefaults } from './options.js';
import { RecognitionSession } from './recognition.js';
import { SynthesisSession } from './synthesis.js';
import { Timeline } from './timeline.js';
import { Tokens } from './tokens.js';

/** The largest client message. */
const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;
const services: readonly ServiceName[] = ['stt', 'tts'];

/** Starts a fake on loopback. Resolves when it listens and knows the utterances. */
export async function startFakeAzure(options: Partial<FakeAzureOptions> = {}): Promise<FakeAzure> {
  const fake = new FakeAzure({ ...fakeAzureDefaults, clock: createSystemClock(), ...options });
  await fake.listen();
  return fake;
}

/** A running fake; made by {@link startFakeAzure}. */
export class FakeAzure implements AsyncDisposable {
  readonly timeline = new Timeline();
  readonly #options: FakeAzureOptions;
  readonly #random: SeededRandom;
  readonly #voices = new Map<FliteVoiceName, FliteVoice>();
  readonly #texts: SpokenTexts;
  readonly #faults: FaultPlan;
  readonly #tokens: Tokens;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #connections = new Set<Connection>();
  readonly #heard: HeardScript;
  #recogniser = new Recogniser([]);
  /** Services of which the next connection is to get a message that is none. */
  readonly #malformNext = new Set<ServiceName>();

  constructor(options: FakeAzureOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#texts = new SpokenTexts(options.synthesise ?? this.#speaker(options.voice));
    this.#faults = new FaultPlan(new SeededRandom(options.seed));
    this.#tokens = new Tokens(options.clock, options.key);
    this.#heard = new HeardScript(options.lines);
    this.#server = createServer((request, response) => this.#onRequest(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request, socket, head) => {
      // A client that goes away meanwhile is none of ours.
      socket.on('error', () => {});
      this.#onUpgrade(request, socket, head);
    });
  }

  /** `ws://127.0.0.1:PORT`: what `endpoint` of the configuration is set to. */
  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Rejects when the port is taken. */
  async listen(): Promise<void> {
    this.#recogniser = new Recogniser(await this.#learn());
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, '127.0.0.1', resolve);
    });
  }

  /** Switches a fault on, for connections made from now on and, where it makes sense, for those that are up. */
  fail(fault: FaultName | ProviderFault, options: Partial<FaultOptions> = {}): void {
    const added: Fault = { name: faultNamed(fault), options: { ...faultDefaults, ...options } };
    this.#faults.add(added);
    if (added.options.to === 'new') return;
    for (const connection of this.#connections) {
      if (this.#faults.strikes(added, connection.service)) connection.strike(added);
    }
  }

  /** Switches all faults off, or those of a service; connections that are up are well again. */
  recover(service?: ServiceName): void {
    this.#faults.clear(service);
    this.#malformNext.clear();
    for (const connection of this.#of(service)) connection.heal();
  }

  /** Sends frames without a header to every connection, or to the next one; it stays. */
  malformNext(service?: ServiceName): void {
    const open = this.#of(service);
    if (open.length === 0) for (const each of service === undefined ? services : [service]) this.#malformNext.add(each);
    for (const connection of open) connection.malform();
  }

  connections(service?: ServiceName): number {
    return this.#of(service).length;
  }

  /** Breaks connections as a crash would, or ends them with a code. */
  drop(service?: ServiceName, code?: number, reason = ''): void {
    for (const connection of this.#of(service)) {
      if (code === undefined) connection.drop();
      else connection.close(code, reason);
    }
  }

  /** One service for the contract tests, which break one at a time. */
  control(service: ServiceName): ProviderControl {
    return {
      name: `azure ${service}`,
      drop: () => this.drop(service),
      fail: (fault) => this.fail(fault, { service }),
      recover: () => this.recover(service),
      malformNext: () => this.malformNext(service),
      connections: () => this.connections(service),
      requests: () => [],
    };
  }

  /** Makes the speech for texts before they are needed. */
  async warm(texts: readonly string[]): Promise<void> {
    await Promise.all(texts.map((text) => this.#texts.speech(text)));
  }

  /** Closes everything. Idempotent. */
  async close(): Promise<void> {
    this.drop();
    this.#webSockets.close();
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const voice of this.#voices.values()) await voice[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #of(service: ServiceName | undefined): readonly Connection[] {
    return [...this.#connections].filter((each) => service === undefined || each.service === service);
  }

  /** `POST /sts/v1.0/issueToken` gives a token that connects for 10 minutes. */
  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const key = request.headers['ocp-apim-subscription-key'];
    if (request.method !== 'POST' || request.url !== '/sts/v1.0/issueToken') response.writeHead(404).end();
    else if (typeof key !== 'string' || !this.#tokens.isKey(key)) response.writeHead(401).end();
    else response.writeHead(200, { 'content-type': 'application/jwt; charset=us-ascii' }).end(this.#tokens.issue());
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const verdict = judgeUpgrade(request, this.#tokens);
    const faults = verdict.type === 'accept' ? this.#faults.draw(verdict.service) : [];
    const fault = faults.find(({ name }) => name.startsWith('connect-') || name.startsWith('upgrade-'));
    if (fault !== undefined) {
      if (fault.name === 'connect-refused') socket.destroy();
      else if (fault.name !== 'connect-hang') this.#refuse(socket, Number(fault.name.slice(-3)), fault.name);
      return;
    }
    if (verdict.type === 'refuse') {
      this.#refuse(socket, verdict.status, verdict.message);
      return;
    }
    if (this.connections(verdict.service) >= this.#options.limits[verdict.service]) {
      this.#refuse(socket, 429, 'The number of concurrent requests exceeded the limit of the resource.');
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const { clock, idleMs } = this.#options;
      const { service, query, credential } = verdict;
      const record = {
        service,
        query: query.toString(),
        credential,
        openedAtMs: clock.now(),
        audioMs: 0,
        aheadMs: 0,
        messages: [],
      };
      this.timeline.connections.push(record);
      const connection = new Connection({
        webSocket,
        clock,
        service,
        record,
        faults,
        idleMs,
        onClosed: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
      this.#begin(connection, verdict);
      if (this.#malformNext.delete(service)) connection.malform();
    });
  }

  #begin(connection: Connection, { service, query }: Verdict & { readonly type: 'accept' }): void {
    const options = this.#options;
    const { timeline } = this;
    if (service === 'tts') {
      const newId = (): string => this.#random.hex(16).toUpperCase();
      connection.begin(new SynthesisSession({ connection, options, timeline, texts: this.#texts, newId }));
      return;
    }
    const heard = options.linesPerConnection ? new HeardScript(options.lines) : this.#heard;
    const recogniser = this.#recogniser;
    connection.begin(new RecognitionSession({ connection, options, timeline, recogniser, heard, query }));
  }

  #refuse(socket: Duplex, status: number, message: string): void {
    refuseUpgrade(socket, status, { error: { code: String(status), message } });
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
