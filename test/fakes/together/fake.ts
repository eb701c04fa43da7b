import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { createSystemClock } from '../../../src/base/clock.js';
import { isObject, type JsonObject, textIn } from '../../../src/cascade/engines/shared/json.js';
import { FaultSwitch } from '../hosted/fault-switch.js';
import { refuseUpgrade } from '../openai-realtime/listener.js';
import { isSpeechFault, type SpeechFault, type SpeechFaultOptions } from '../speech-server/faults.js';
import { HttpFake, type SeenSpeechRequest, type SpeechExchange, sendJson } from '../speech-server/http-fake.js';
import { FakeVoice, type FakeVoiceOptions } from '../speech-server/voice.js';
import { sampleBytes, wavOf } from '../speech-server/wav.js';
import type { TogetherFault } from './faults.js';
import { SocketSession } from './socket-session.js';

export interface FakeTogetherOptions extends Partial<FakeVoiceOptions> {
  readonly port?: number;
  /** The only key let in; any, when left out. */
  readonly apiKey?: string;
  /** How events look: as the documents and the service have it, or as the specification and the SDKs. */
  readonly shape?: 'delta' | 'b64';
}

const models = new Set(['hexgrad/Kokoro-82M', 'canopylabs/orpheus-3b-0.1-ft', 'cartesia/sonic-3']);
const DELTA_MS = 200;

/** A running fake of Together.ai's speech. */
export class FakeTogether implements AsyncDisposable {
  readonly voice: FakeVoice;
  /** What was said over WebSockets, sentence by sentence. */
  readonly sentences: string[] = [];
  /** Queries of the WebSockets there were, in order. */
  readonly upgrades: URLSearchParams[] = [];
  readonly #options: FakeTogetherOptions;
  readonly #http: HttpFake;
  readonly #faults = new FaultSwitch<TogetherFault>();
  readonly #webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #sessions = new Set<SocketSession>();

  constructor(options: FakeTogetherOptions) {
    const clock = options.clock ?? createSystemClock();
    this.#options = options;
    this.voice = new FakeVoice({ ...options, clock });
    this.#http = new HttpFake({
      port: options.port ?? 0,
      clock,
      isSpeech: ({ method, path }) => method === 'POST' && path === '/v1/audio/speech',
      handle: (exchange) => this.#handle(exchange),
      refusal: (status) => refusal('refused', status === 401 ? 'invalid_api_key' : 'refused'),
      upgrade: (request, socket, head) => this.#upgrade(request, socket, head),
    });
  }

  /** What `baseUrl` of the configuration is set to. */
  get url(): string {
    return `${this.#http.url}/v1`;
  }

  get requests(): readonly SeenSpeechRequest[] {
    return this.#http.requests;
  }

  /** WebSockets that stand. */
  get openSockets(): number {
    return this.#webSockets.clients.size;
  }

  get openConnections(): number {
    return this.#http.openConnections;
  }

  async listen(): Promise<void> {
    await this.#http.listen();
  }

  fail(name: SpeechFault | TogetherFault, options: SpeechFaultOptions = {}): void {
    if (isSpeechFault(name)) this.#http.fail(name, options);
    else this.#faults.add(name, options.times);
  }

  recover(): void {
    this.#http.recover();
    this.#faults.clear();
  }

  drop(): void {
    this.#http.drop();
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.close();
    this.#webSockets.close();
    await this.#http.close();
    await this.voice[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #admits(request: Pick<IncomingMessage, 'headers'>, query: URLSearchParams): boolean {
    const { apiKey } = this.#options;
    const { authorization } = request.headers;
    const shown = authorization === undefined ? query.get('api_key') : /^Bearer (\S+)$/i.exec(authorization)?.[1];
    if (shown === undefined || shown === null) return false;
    return shown !== '' && (apiKey === undefined || shown === apiKey);
  }

  async #handle(exchange: SpeechExchange<never>): Promise<void> {
    const { request, url, response } = exchange;
    if (!this.#admits(request, url.searchParams)) {
      return sendJson(response, 401, refusal('Invalid API key provided', 'invalid_api_key'));
    }
    const call = `${request.method} ${url.pathname}`;
    if (call === 'GET /v1/models')
      return sendJson(
        response,
        200,
        [...models].map((id) => ({ id, type: 'audio' })),
      );
    if (call !== 'POST /v1/audio/speech') return sendJson(response, 404, refusal('Not found', 'not_found'));
    const body = isObject(request.body) ? request.body : {};
    const wrong = wrongMember(body);
    if (wrong !== undefined) {
      return sendJson(response, 400, refusal(`Invalid value of ${wrong}`, 'invalid_value', wrong));
    }
    if (body['stream'] === true && !this.#faults.strikes('ignores-stream')) await this.#stream(exchange, body);
    else await this.#whole(exchange, body);
  }

  /** What is not asked for is 32-bit floating point at 44,100 Hz; most models make 24,000 Hz whatever is asked. */
  async #whole({ response, gone }: SpeechExchange<never>, body: JsonObject): Promise<void> {
    const { samples, sampleRate } = await this.voice.make(textIn(body, 'input'), gone);
    const wav = wavOf(samples, sampleRate, { encoding: 'f32' });
    response.writeHead(200, { 'content-type': 'audio/wav', 'content-length': wav.length }).end(wav);
  }

  async #stream({ response, gone }: SpeechExchange<never>, body: JsonObject): Promise<void> {
    const speech = this.voice.make(textIn(body, 'input'), gone);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const { samples, sampleRate } = await speech;
    const bytes = sampleBytes(samples);
    const size = (DELTA_MS * sampleRate * 2) / 1_000 + (this.#faults.strikes('odd-deltas') ? 1 : 0);
    const event = (data: object): unknown => response.write(`data: ${JSON.stringify(data)}\n\n`);
    for (let at = 0; at < bytes.length; at += size) {
      event(this.#audioEvent(textIn(body, 'model'), bytes.subarray(at, at + size)));
      if (this.#faults.strikes('event-error')) {
        event({ error: { message: 'could not speak', type: 'server_error', param: null, code: 'tts_failed' } });
        response.end('data: [DONE]\n\n');
        return;
      }
      if (this.#faults.strikes('events-cut')) {
        setImmediate(() => response.destroy());
        return;
      }
    }
    response.end(this.#faults.strikes('no-done') ? '' : 'data: [DONE]\n\n');
  }

  #audioEvent(model: string, bytes: Buffer): object {
    const coded = bytes.toString('base64');
    return this.#options.shape === 'b64'
      ? { object: 'audio.tts.chunk', model, b64: coded }
      : { type: 'conversation.item.audio_output.delta', item_id: 'tts_1', delta: coded };
  }

  /** Why a WebSocket is refused; nothing where it is not. */
  #refusalOf(request: IncomingMessage, url: URL): readonly [status: number, code: string] | undefined {
    if (url.pathname !== '/v1/audio/speech/websocket') return [404, 'not_found'];
    const admitted = this.#admits(request, url.searchParams);
    if (!admitted || this.#faults.strikes('upgrade-401')) return [401, 'invalid_api_key'];
    if (this.#faults.strikes('upgrade-429')) return [429, 'rate_limit_exceeded'];
    return models.has(url.searchParams.get('model') ?? '') ? undefined : [400, 'invalid_value'];
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '/', 'http://fake');
    const refused = this.#refusalOf(request, url);
    if (refused !== undefined) {
      refuseUpgrade(socket, refused[0], refusal('refused', refused[1]));
      return;
    }
    const model = url.searchParams.get('model') ?? '';
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.upgrades.push(url.searchParams);
      const session = new SocketSession({
        socket: webSocket,
        model,
        voiceName: url.searchParams.get('voice') ?? 'tara',
        maxPartialLength: Number(url.searchParams.get('max_partial_length') ?? 250),
        voice: this.voice,
        faults: this.#faults,
        onSentence: (text) => this.sentences.push(text),
      });
      this.#sessions.add(session);
      webSocket.on('close', () => this.#sessions.delete(session));
    });
  }
}

/** The member of a request that will not do. */
function wrongMember(body: JsonObject): string | undefined {
  const { response_format: format = 'wav', response_encoding: encoding = 'pcm_f32le' } = body;
  if (!models.has(textIn(body, 'model'))) return 'model';
  if (textIn(body, 'input') === '') return 'input';
  if (textIn(body, 'voice') === '') return 'voice';
  if (format !== 'wav' && format !== 'mp3' && format !== 'raw') return 'response_format';
  if (body['stream'] === true && format !== 'raw') return 'response_format';
  if (!['pcm_f32le', 'pcm_s16le', 'pcm_mulaw', 'pcm_alaw'].includes(String(encoding))) return 'response_encoding';
  // This fake makes nothing else.
  if (body['stream'] === true && (encoding !== 'pcm_s16le' || body['sample_rate'] !== 24_000))
    return 'response_encoding';
  return undefined;
}

function refusal(message: string, code: string, param: string | null = null): object {
  return { error: { message, type: 'invalid_request_error', param, code } };
}

/** Starts a fake on loopback. */
export async function startFakeTogether(options: FakeTogetherOptions = {}): Promise<FakeTogether> {
  const fake = new FakeTogether(options);
  await fake.listen();
  return fake;
}
