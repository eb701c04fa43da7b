import { type Clock, createSystemClock } from '../../../src/base/clock.js';
import { isObject, textIn } from '../../../src/cascade/engines/shared/json.js';
import { writeBody } from '../speech-server/body-writer.js';
import type { SpeechFault, SpeechFaultOptions } from '../speech-server/faults.js';
import { HttpFake, type SeenSpeechRequest, type SpeechExchange, sendJson } from '../speech-server/http-fake.js';
import { speechEvents } from '../speech-server/speech-events.js';
import { FakeVoice, type FakeVoiceOptions } from '../speech-server/voice.js';
import { sampleBytes, wavOf } from '../speech-server/wav.js';
import { joined, packedSentences } from './sentences.js';

export interface FakeTravisvnOptions {
  readonly port: number;
  readonly voices: readonly string[];
  /** What a proxy before it asks for; the server itself asks nobody. */
  readonly token?: string;
  readonly voice: Partial<FakeVoiceOptions>;
  readonly clock: Clock;
}

/** How its model is: it answers while it loads, other than devnen's server. */
export type TravisvnModel = 'ready' | 'initializing' | 'error';

const RATE = 24_000;
const BYTES_PER_MS = (2 * RATE) / 1_000;
const MAX_INPUT = 3_000;
const paths = ['', '/v1'].flatMap((version) => [`${version}/audio/speech`]).concat('/tts');

/** A fake of chatterbox-tts-api by travisvn: whole answers, a stream on a path of its own, and server-sent events. */
export class FakeTravisvn implements AsyncDisposable {
  readonly voice: FakeVoice;
  model: TravisvnModel = 'ready';
  readonly #options: FakeTravisvnOptions;
  readonly #http: HttpFake;

  constructor(options: Partial<FakeTravisvnOptions> = {}) {
    const clock = options.clock ?? createSystemClock();
    this.#options = { port: 0, voices: ['me'], voice: {}, clock, ...options };
    this.voice = new FakeVoice({ clock, ...this.#options.voice, sampleRate: RATE });
    this.#http = new HttpFake({
      port: this.#options.port,
      clock,
      isSpeech: ({ path }) => /speech|tts/.test(path),
      handle: (exchange) => this.#handle(exchange),
      refusal: (status) => ({ error: { message: 'no', type: status === 429 ? 'rate_limit' : 'generation_error' } }),
    });
  }

  static async start(options: Partial<FakeTravisvnOptions> = {}): Promise<FakeTravisvn> {
    const fake = new FakeTravisvn(options);
    await fake.#http.listen();
    return fake;
  }

  get url(): string {
    return this.#http.url;
  }

  get requests(): readonly SeenSpeechRequest[] {
    return this.#http.requests;
  }

  /** Requests for speech. */
  get spoken(): readonly SeenSpeechRequest[] {
    return this.#http.spoken;
  }

  get openConnections(): number {
    return this.#http.openConnections;
  }

  fail(name: SpeechFault, options: SpeechFaultOptions = {}): void {
    this.#http.fail(name, options);
  }

  recover(): void {
    this.model = 'ready';
    this.#http.recover();
  }

  drop(): void {
    this.#http.drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.close();
    await this.voice[Symbol.asyncDispose]();
  }

  async #handle(exchange: SpeechExchange<never>): Promise<void> {
    const { request, url, response } = exchange;
    const { token } = this.#options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      return sendJson(response, 401, { error: { message: 'Not authenticated', type: 'invalid_request_error' } });
    }
    const path = url.pathname.replace(/\/stream$/, '');
    if (request.method === 'GET' && /^(?:\/v1)?\/health$/.test(path)) return sendJson(response, 200, this.#health());
    if (request.method === 'GET' && path === '/ping') {
      return sendJson(response, 200, { status: 'ok', message: 'Server is running' });
    }
    if (request.method !== 'POST' || !paths.includes(path)) return sendJson(response, 404, { detail: 'Not Found' });
    const body = isObject(request.body) ? request.body : {};
    const input = textIn(body, 'input');
    const invalid = invalidField(body, input);
    if (invalid !== undefined) {
      return sendJson(response, 422, { detail: [{ type: 'value_error', loc: ['body', invalid], msg: 'no' }] });
    }
    const chunkSize = typeof body['streaming_chunk_size'] === 'number' ? body['streaming_chunk_size'] : 200;
    const chunks = packedSentences(input, chunkSize);
    if (url.pathname.endsWith('/stream')) return this.#stream(exchange, chunks);
    if (body['stream_format'] === 'sse') return this.#events(exchange, chunks, input);
    // Only here can it still refuse: the others have said 200 before they look.
    if (this.model !== 'ready') {
      return sendJson(response, 500, { error: { message: 'Model not loaded', type: 'model_error' } });
    }
    await this.#whole(exchange, chunks);
  }

  async #whole({ request, response, faults, gone }: SpeechExchange<never>, chunks: readonly string[]): Promise<void> {
    const { clock } = this.#options;
    const parts: Int16Array[] = [];
    for (const chunk of chunks) parts.push((await this.voice.make(chunk, gone)).samples);
    const file = wavOf(joined(parts, RATE, 0), RATE);
    response.writeHead(200, {
      'content-type': 'audio/wav',
      'content-disposition': 'attachment; filename=speech.wav',
    });
    const body = (async function* () {
      yield file.subarray(44);
    })();
    await writeBody(response, body, 1, { faults, head: file.subarray(0, 44), headFirst: false, clock, gone, request });
  }

  /** The header first, before anything was made; whatever goes wrong then breaks the connection. */
  async #stream({ request, response, faults, gone }: SpeechExchange<never>, chunks: readonly string[]): Promise<void> {
    const { clock } = this.#options;
    response.writeHead(200, { 'content-type': 'audio/wav', 'x-accel-buffering': 'no' });
    const head = wavOf(new Int16Array(0), RATE, { sizes: 'unknown' });
    const parts = this.#parts(chunks, gone);
    const options = { faults, head, headFirst: true, clock, gone, request, bytesPerMs: BYTES_PER_MS };
    await writeBody(response, parts, this.#count(chunks), options);
  }

  async #events(exchange: SpeechExchange<never>, chunks: readonly string[], input: string): Promise<void> {
    const { request, response, faults, gone } = exchange;
    const { clock } = this.#options;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    const usage = { input_tokens: input.length, output_tokens: 50, total_tokens: input.length + 50 };
    const events = speechEvents(this.#parts(chunks, gone), { info: RATE, usage });
    // The events that describe it and end it are parts of their own.
    const head = Buffer.alloc(0);
    const options = { faults, head, headFirst: true, clock, gone, request, silentParts: 1 };
    await writeBody(response, events, this.#count(chunks) + 2, options);
  }

  /** Parts that are to come, where that is known. */
  #count(chunks: readonly string[]): number {
    return this.voice.options.pieceMs === undefined ? chunks.length : Number.POSITIVE_INFINITY;
  }

  async *#parts(chunks: readonly string[], gone: AbortSignal): AsyncGenerator<Buffer> {
    if (this.model !== 'ready') throw new Error('Model not loaded');
    for await (const samples of this.voice.stream(chunks, gone)) yield sampleBytes(samples);
  }

  #health(): object {
    const { model } = this;
    return {
      status: model === 'ready' ? 'healthy' : model,
      model_loaded: model === 'ready',
      device: 'cuda',
      config: {},
      memory_info: {},
      initialization_state: model,
      initialization_progress: '',
      initialization_error: model === 'error' ? 'no such model' : null,
    };
  }
}

function invalidField(body: Readonly<Record<string, unknown>>, input: string): string | undefined {
  if (input === '' || input.length > MAX_INPUT) return 'input';
  const ranges = {
    exaggeration: [0.25, 2],
    cfg_weight: [0, 1],
    temperature: [0.05, 5],
    streaming_chunk_size: [50, 500],
  };
  for (const [name, [least = 0, most = 0]] of Object.entries(ranges)) {
    const value = body[name];
    if (value !== undefined && (typeof value !== 'number' || value < least || value > most)) return name;
  }
  return undefined;
}
