import { type Clock, createSystemClock } from '../../../src/base/clock.js';
import { isObject, textIn } from '../../../src/cascade/engines/shared/json.js';
import { packedSentences } from '../chatterbox/sentences.js';
import { writeBody } from '../speech-server/body-writer.js';
import type { SpeechFault, SpeechFaultOptions } from '../speech-server/faults.js';
import { HttpFake, type SeenSpeechRequest, type SpeechExchange, sendJson } from '../speech-server/http-fake.js';
import { speechEvents } from '../speech-server/speech-events.js';
import { FakeVoice, type FakeVoiceOptions } from '../speech-server/voice.js';
import { sampleBytes, wavOf } from '../speech-server/wav.js';

export interface FakeOpenAiSpeechOptions {
  readonly port: number;
  /** The only key let in; `undefined`: any, or none. */
  readonly apiKey?: string;
  /** A server of one's own in place of OpenAI: without the list of models, or passing over the format asked for. */
  readonly variant: 'openai' | 'no-models' | 'always-wav' | 'always-mp3';
  readonly voice: Partial<FakeVoiceOptions>;
  readonly clock: Clock;
}

const RATE = 24_000;
const BYTES_PER_MS = (2 * RATE) / 1_000;
const MAX_INPUT = 4_096;
const CHUNK = 60;
/** How MP3 with a title begins. */
const MP3 = Buffer.from('494433040000000000230000', 'hex');
const formats = ['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm'];

/** A fake of OpenAI's `/v1/audio/speech`: speech is sent while it is made, in each of its forms. */
export class FakeOpenAiSpeech implements AsyncDisposable {
  readonly voice: FakeVoice;
  readonly #options: FakeOpenAiSpeechOptions;
  readonly #http: HttpFake;

  constructor(options: Partial<FakeOpenAiSpeechOptions> = {}) {
    const clock = options.clock ?? createSystemClock();
    this.#options = { port: 0, variant: 'openai', voice: {}, clock, ...options };
    this.voice = new FakeVoice({ clock, ...this.#options.voice, sampleRate: RATE });
    this.#http = new HttpFake({
      port: this.#options.port,
      clock,
      isSpeech: ({ path }) => path === '/v1/audio/speech',
      handle: (exchange) => this.#handle(exchange),
      refusal: (status) => failure('no', status === 429 ? 'rate_limit_exceeded' : 'server_error'),
    });
  }

  static async start(options: Partial<FakeOpenAiSpeechOptions> = {}): Promise<FakeOpenAiSpeech> {
    const fake = new FakeOpenAiSpeech(options);
    await fake.#http.listen();
    return fake;
  }

  get url(): string {
    return this.#http.url;
  }

  /** What `baseUrl` is set to. */
  get baseUrl(): string {
    return `${this.url}/v1`;
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
    const { apiKey, variant } = this.#options;
    if (apiKey !== undefined && request.headers.authorization !== `Bearer ${apiKey}`) {
      return sendJson(response, 401, failure('Incorrect API key provided', 'invalid_api_key'));
    }
    const path = `${request.method} ${url.pathname}`;
    if (path === 'GET /v1/models' && variant !== 'no-models') {
      return sendJson(response, 200, { object: 'list', data: [{ id: 'gpt-4o-mini-tts', object: 'model' }] });
    }
    if (path !== 'POST /v1/audio/speech') return sendJson(response, 404, failure('Unknown request URL', 'unknown_url'));
    const body = isObject(request.body) ? request.body : {};
    const refused = refusalOf(body);
    if (refused !== undefined) return sendJson(response, 400, failure(refused, 'invalid_value'));
    await this.#speak(exchange, body);
  }

  async #speak(exchange: SpeechExchange<never>, body: Readonly<Record<string, unknown>>): Promise<void> {
    const { request, response, faults, gone } = exchange;
    const { clock, variant } = this.#options;
    const input = textIn(body, 'input');
    const chunks = packedSentences(input, CHUNK);
    const { voice } = this;
    const parts = (async function* () {
      for await (const samples of voice.stream(chunks, gone)) yield sampleBytes(samples);
    })();
    const count = voice.options.pieceMs === undefined ? chunks.length : Number.POSITIVE_INFINITY;
    const options = { faults, headFirst: false, clock, gone, request };
    if (body['stream_format'] === 'sse') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const usage = { input_tokens: 14, output_tokens: 101, total_tokens: 115 };
      await writeBody(response, speechEvents(parts, { usage }), count + 1, {
        ...options,
        head: Buffer.alloc(0),
      });
      return;
    }
    const format = variant === 'always-wav' ? 'wav' : variant === 'always-mp3' ? 'mp3' : body['response_format'];
    const head =
      format === 'wav'
        ? wavOf(new Int16Array(0), RATE, { sizes: 'unknown' })
        : format === 'pcm'
          ? Buffer.alloc(0)
          : MP3;
    // What servers of one's own send is not always what they say of it.
    const type =
      format === 'mp3' && variant !== 'always-mp3' ? 'audio/mpeg' : `audio/${String(body['response_format'])}`;
    response.writeHead(200, { 'content-type': type });
    await writeBody(response, parts, count, { ...options, head, bytesPerMs: BYTES_PER_MS });
  }
}

function refusalOf(body: Readonly<Record<string, unknown>>): string | undefined {
  const { model, input, voice, response_format: format = 'mp3', speed = 1, stream_format: stream = 'audio' } = body;
  if (typeof model !== 'string' || model === '') return 'you must provide a model parameter';
  if (typeof input !== 'string' || input === '' || input.length > MAX_INPUT) return 'input';
  if (typeof voice !== 'string' || voice === '') return 'voice';
  if (!formats.includes(String(format))) return 'response_format';
  if (typeof speed !== 'number' || speed < 0.25 || speed > 4) return 'speed';
  if (stream === 'sse' && model.startsWith('tts-1')) return 'stream_format';
  return undefined;
}

function failure(message: string, code: string): object {
  return { error: { message, type: 'invalid_request_error', param: null, code } };
}
