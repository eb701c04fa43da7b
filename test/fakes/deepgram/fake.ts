import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { createSystemClock } from '../../../src/base/clock.js';
import { createFliteVoice, type FliteVoice, type FliteVoiceName } from '../../../src/cascade/flite/flite-voice.js';
import type { ProviderControl, ProviderFault, ProviderRequest } from '../../../src/flavor-testkit/harness.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { refuseUpgrade } from '../openai-realtime/listener.js';
import { type KnownUtterance, Recogniser, type SoundRecogniser } from '../openai-realtime/recogniser.js';
import { salonScript } from '../openai-realtime/salon-script.js';
import type { Synthesise } from '../openai-realtime/speech.js';
import { AgentSession } from './agent.js';
import { Connection } from './connection.js';
import { Ear } from './ear.js';
import {
  type Fault,
  type FaultName,
  type FaultOptions,
  FaultPlan,
  faultDefaults,
  faultsNamed,
  partOf,
  type ServicePart,
} from './faults.js';
import { credentialOf, judgeUpgrade, type UpgradeRefusal, type Verdict } from './handshake.js';
import { HeardScript } from './heard-script.js';
import { ListenV1Session } from './listen-v1.js';
import { ListenV2Session } from './listen-v2.js';
import { type FakeDeepgramOptions, fakeDeepgramDefaults } from './options.js';
import { SpeakSession } from './speak.js';
import { Timeline } from './timeline.js';
import { Tokens } from './tokens.js';
import { WireTexts } from './wire-texts.js';

/** The largest client message. */
const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;

/** Starts a fake on loopback. Resolves when it listens and knows the utterances. */
export async function startFakeDeepgram(options: Partial<FakeDeepgramOptions> = {}): Promise<FakeDeepgram> {
  const complete = { ...fakeDeepgramDefaults, script: salonScript, clock: createSystemClock(), ...options };
  const fake = new FakeDeepgram(complete);
  await fake.listen();
  return fake;
}

/** A running fake; made by {@link startFakeDeepgram}. */
export class FakeDeepgram implements ProviderControl, AsyncDisposable {
  readonly name = 'deepgram';
  readonly timeline = new Timeline();
  readonly #options: FakeDeepgramOptions;
  readonly #random: SeededRandom;
  readonly #voices = new Map<FliteVoiceName, FliteVoice>();
  readonly #texts: WireTexts;
  readonly #faults: FaultPlan;
  readonly #tokens: Tokens;
  readonly #webSockets: WebSocketServer;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #connections = new Set<Connection>();
  readonly #heard: HeardScript;
  #recogniser: SoundRecogniser = new Recogniser([]);
  #count = 0;
  #connectionCount = 0;
  /** Parts of which the next connection is to get a message that is none. */
  readonly #malformNext = new Set<ServicePart>();

  constructor(options: FakeDeepgramOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#texts = new WireTexts(options.synthesise ?? this.#speaker(options.voice), options.leadingSilenceMs);
    this.#faults = new FaultPlan(new SeededRandom(options.seed));
    this.#tokens = new Tokens(options.clock, options.apiKey);
    this.#heard = new HeardScript(options.lines);
    this.#webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      handleProtocols: (protocols) => (protocols.has('token') ? 'token' : protocols.has('bearer') && 'bearer'),
    });
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

  /** `ws://127.0.0.1:PORT`: what `url` of the configuration is set to. */
  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Rejects when the port is taken. */
  async listen(): Promise<void> {
    this.#recogniser = this.#options.recogniser ?? new Recogniser(await this.#learn());
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, '127.0.0.1', resolve);
    });
  }

  /** Switches a fault on, for connections made from now on and, where it makes sense, for those that are up. */
  fail(fault: FaultName | ProviderFault, options: Partial<FaultOptions> = {}): void {
    for (const name of faultsNamed(fault)) {
      const added: Fault = { name, options: { ...faultDefaults, ...options } };
      this.#faults.add(added);
      if (added.options.to === 'new') continue;
      for (const connection of this.#connections) {
        if (this.#faults.strikes(added, partOf(connection.service))) connection.strike(added);
      }
    }
  }

  /** Switches all faults off, or those of a part; connections that are up are well again. */
  recover(part?: ServicePart): void {
    this.#faults.clear(part);
    this.#malformNext.clear();
    for (const connection of this.#of(part)) connection.heal();
  }

  /** Sends a text frame that is no JSON to every connection, or to the next one; it stays. */
  malformNext(part?: ServicePart): void {
    const open = this.#of(part);
    if (open.length === 0) for (const each of part === undefined ? allParts : [part]) this.#malformNext.add(each);
    for (const connection of open) connection.malform();
  }

  connections(part?: ServicePart): number {
    return this.#of(part).length;
  }

  requests(): readonly ProviderRequest[] {
    return this.timeline.requests;
  }

  /** Breaks connections as a crash would, or ends them with a code. */
  drop(part?: ServicePart, code?: number, reason = ''): void {
    for (const connection of this.#of(part)) {
      if (code === undefined) connection.drop();
      else connection.close(code, reason);
    }
  }

  /** One part of the service for the contract tests, which break one at a time. */
  control(part: ServicePart): ProviderControl {
    return {
      name: `deepgram ${part}`,
      drop: () => this.drop(part),
      fail: (fault) => this.fail(fault, { part }),
      recover: () => this.recover(part),
      malformNext: () => this.malformNext(part),
      connections: () => this.connections(part),
      requests: () => (part === 'agent' ? this.timeline.requests : []),
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

  #of(part: ServicePart | undefined): readonly Connection[] {
    return [...this.#connections].filter(({ service }) => part === undefined || partOf(service) === part);
  }

  /** `POST /v1/auth/grant` gives a token that connects for 30 s. */
  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    request.resume();
    if (request.method !== 'POST' || request.url !== '/v1/auth/grant') {
      answer(404, this.#refusal({ status: 404, code: 'NOT_FOUND', message: 'The resource does not exist.' }));
      return;
    }
    const credential = credentialOf(request);
    if (credential === undefined || !this.#tokens.isKey(credential)) {
      answer(401, this.#refusal({ status: 401, code: 'INVALID_AUTH', message: 'Invalid credentials.' }));
      return;
    }
    answer(200, this.#tokens.grant());
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const verdict = judgeUpgrade(request, (credential) => this.#tokens.admits(credential));
    const faults = verdict.type === 'accept' ? this.#faults.draw(partOf(verdict.service)) : [];
    const fault = faults.find(({ name }) => name.startsWith('connect-') || name.startsWith('upgrade-'));
    if (fault !== undefined) {
      this.#failUpgrade(socket, fault.name);
      return;
    }
    if (verdict.type === 'refuse') {
      this.#refuse(socket, verdict);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const { clock, enforceRate } = this.#options;
      const record = {
        id: this.#nextConnection(),
        service: verdict.service,
        query: verdict.query.toString(),
        openedAtMs: clock.now(),
        audioMs: 0,
        aheadMs: 0,
        messages: [],
      };
      this.timeline.connections.push(record);
      const connection = new Connection({
        webSocket,
        clock,
        service: verdict.service,
        record,
        faults,
        enforceRate,
        onClosed: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
      this.#begin(connection, verdict);
      if (this.#malformNext.delete(partOf(verdict.service))) connection.malform();
    });
  }

  #begin(connection: Connection, { service, query, format }: Verdict & { readonly type: 'accept' }): void {
    const options = this.#options;
    const { timeline } = this;
    const requestId = this.#requestId();
    const heard = options.linesPerConnection ? new HeardScript(options.lines) : this.#heard;
    const common = { connection, options, timeline, requestId, texts: this.#texts };
    switch (service) {
      case 'listen-v1':
      case 'listen-v2': {
        const ear = new Ear(format, options.clock, this.#recogniser, heard);
        const parts = { ...common, ear, format, query };
        connection.begin(service === 'listen-v1' ? new ListenV1Session(parts) : new ListenV2Session(parts));
        return;
      }
      case 'speak':
        connection.begin(new SpeakSession({ ...common, format, query }));
        return;
      case 'agent': {
        const next = (): number => {
          this.#count += 1;
          return this.#count;
        };
        const mind = options.script();
        connection.begin(new AgentSession({ ...common, recogniser: this.#recogniser, heard, mind, next }));
      }
    }
  }

  #refuse(socket: Duplex, refusal: UpgradeRefusal): void {
    refuseUpgrade(socket, refusal.status, this.#refusal(refusal), { 'dg-error': refusal.message });
  }

  #refusal({ code, message }: UpgradeRefusal): object {
    return { err_code: code, err_msg: message, request_id: this.#requestId() };
  }

  #failUpgrade(socket: Duplex, name: FaultName): void {
    const refusal = upgradeRefusals[name];
    if (refusal !== undefined) this.#refuse(socket, refusal);
    else if (name === 'connect-refused') socket.destroy();
  }

  #nextConnection(): number {
    this.#connectionCount += 1;
    return this.#connectionCount;
  }

  #requestId(): string {
    const hex = this.#random.hex(16);
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
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

const allParts: readonly ServicePart[] = ['listen', 'speak', 'agent'];

const upgradeRefusals: Readonly<Partial<Record<FaultName, UpgradeRefusal>>> = {
  'upgrade-400': { status: 400, code: 'Bad Request', message: 'Bad Request.' },
  'upgrade-401': { status: 401, code: 'INVALID_AUTH', message: 'Invalid credentials.' },
  'upgrade-402': { status: 402, code: 'ASR_PAYMENT_REQUIRED', message: 'Project does not have enough credits.' },
  'upgrade-403': { status: 403, code: 'FORBIDDEN', message: 'Insufficient permissions.' },
  'upgrade-429': { status: 429, code: 'TOO_MANY_REQUESTS', message: 'Too many requests. Please try again later.' },
  'upgrade-500': { status: 500, code: 'INTERNAL_SERVER_ERROR', message: 'Internal server error.' },
  'upgrade-503': { status: 503, code: 'SERVICE_UNAVAILABLE', message: 'Service unavailable.' },
};
