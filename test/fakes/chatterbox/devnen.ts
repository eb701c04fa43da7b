import { type Clock, createSystemClock } from '../../../src/base/clock.js';
import { isObject, type JsonObject, textIn } from '../../../src/cascade/engines/shared/json.js';
import { resample } from '../openai-realtime/wire-format.js';
import { writeBody } from '../speech-server/body-writer.js';
import type { SpeechFault, SpeechFaultOptions } from '../speech-server/faults.js';
import { HttpFake, type SeenSpeechRequest, type SpeechExchange, sendJson } from '../speech-server/http-fake.js';
import { FakeVoice, type FakeVoiceOptions } from '../speech-server/voice.js';
import { sampleBytes, wavOf } from '../speech-server/wav.js';
import { checkOpenAi, checkTts, type DevnenState, type Refusal } from './devnen-requests.js';
import { joined, packedSentences } from './sentences.js';

export interface FakeDevnenOptions {
  readonly port: number;
  /** From before May 2026: a build that passes over `stream`, as over everything it does not know. */
  readonly old: boolean;
  readonly model: 'original' | 'turbo' | 'multilingual';
  /** `audio_output.sample_rate` of its configuration: of whole answers; streams have the model's own. */
  readonly sampleRate: number;
  readonly voices: readonly string[];
  readonly references: readonly string[];
  /** What a proxy before it asks for; the server itself asks nobody. */
  readonly token?: string;
  readonly voice: Partial<FakeVoiceOptions>;
  readonly clock: Clock;
}

export const fakeDevnenDefaults = {
  port: 0,
  old: false,
  model: 'turbo',
  sampleRate: 24_000,
  voices: ['Abigail.wav', 'Emily.wav', 'Thomas.wav'],
  references: ['me.wav'],
  voice: {},
} as const satisfies Omit<FakeDevnenOptions, 'clock'>;

/** Ways to fail that only this server has. */
export const devnenFaults = ['not-loaded'] as const;
export type DevnenFault = (typeof devnenFaults)[number];

const MODEL_RATE = 24_000;
const OPENAI_CHUNK = 120;
const PAUSE_MS = 200;

type Exchange = SpeechExchange<DevnenFault>;

/**
 * A fake of Chatterbox-TTS-Server by devnen. One event loop: while it makes a whole answer, it answers nothing else, and
 * it finishes what nobody waits for any more. Streams leave the loop alone, but two at once share one model.
 */
export class FakeDevnen implements AsyncDisposable {
  readonly voice: FakeVoice;
  readonly #options: FakeDevnenOptions;
  readonly #http: HttpFake<DevnenFault>;
  readonly #never = new AbortController();
  #loop: Promise<unknown> = Promise.resolve();
  #streams = 0;
  #mixed = 0;
  #loaded = true;

  constructor(options: Partial<FakeDevnenOptions> = {}) {
    const clock = options.clock ?? createSystemClock();
    this.#options = { ...fakeDevnenDefaults, clock, ...options };
    this.voice = new FakeVoice({ clock, ...this.#options.voice, sampleRate: MODEL_RATE });
    this.#http = new HttpFake<DevnenFault>({
      port: this.#options.port,
      clock,
      isSpeech: ({ path }) => path === '/tts' || path === '/v1/audio/speech',
      handle: (exchange) => this.#handle(exchange),
    });
  }

  static async start(options: Partial<FakeDevnenOptions> = {}): Promise<FakeDevnen> {
    const fake = new FakeDevnen(options);
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

  /** Streams that were begun while another was made: their voices may have mixed. */
  get mixed(): number {
    return this.#mixed;
  }

  get openConnections(): number {
    return this.#http.openConnections;
  }

  fail(name: SpeechFault | DevnenFault, options: SpeechFaultOptions = {}): void {
    if (name === 'not-loaded') this.#loaded = false;
    else this.#http.fail(name, options);
  }

  recover(): void {
    this.#loaded = true;
    this.#http.recover();
  }

  drop(): void {
    this.#http.drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#never.abort();
    await this.#http.close();
    await this.voice[Symbol.asyncDispose]();
  }

  async #handle(exchange: Exchange): Promise<void> {
    const { request, url, response } = exchange;
    const { token } = this.#options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      return sendJson(response, 401, { detail: 'Not authenticated' });
    }
    // Whoever asks while the loop is held waits until it is free again.
    await this.#loop;
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /api/model-info':
        return sendJson(response, 200, this.#modelInfo());
      case 'GET /get_predefined_voices':
        return sendJson(
          response,
          200,
          this.#options.voices.map((filename) => ({ display_name: filename.replace(/\.\w+$/, ''), filename })),
        );
      case 'GET /get_reference_files':
        return sendJson(response, 200, this.#options.references);
      case 'GET /v1/audio/voices':
        return sendJson(response, 200, { status: 'ok', voices: this.#options.voices });
      case 'POST /api/unload':
        this.#loaded = false;
        return sendJson(response, 200, { status: 'unloaded' });
      case 'POST /tts':
        return this.#tts(exchange);
      case 'POST /v1/audio/speech':
        return this.#openAi(exchange);
      default:
        sendJson(response, 404, { detail: 'Not Found' });
    }
  }

  async #tts(exchange: Exchange): Promise<void> {
    const body = isObject(exchange.request.body) ? exchange.request.body : {};
    if (refused(exchange, checkTts(body, this.#state))) return;
    const text = textIn(body, 'text');
    const chunkSize = typeof body['chunk_size'] === 'number' ? body['chunk_size'] : 120;
    const splits = body['split_text'] !== false && text.length > chunkSize * 1.5;
    const chunks = splits ? packedSentences(text, chunkSize) : [text];
    if (body['stream'] === true && !this.#options.old) await this.#stream(exchange, chunks);
    else await this.#whole(exchange, chunks);
  }

  async #openAi(exchange: Exchange): Promise<void> {
    const body: JsonObject = isObject(exchange.request.body) ? exchange.request.body : {};
    if (refused(exchange, checkOpenAi(body, this.#state))) return;
    await this.#whole(exchange, packedSentences(textIn(body, 'input'), OPENAI_CHUNK));
  }

  get #state(): DevnenState {
    const { voices, references } = this.#options;
    return { voices, references, loaded: this.#loaded };
  }

  /** All of it first, with the event loop held; then the file, in lines as Starlette iterates it. */
  async #whole({ request, response, faults, gone }: Exchange, chunks: readonly string[]): Promise<void> {
    const { sampleRate, clock } = this.#options;
    const working = this.#loop.then(() => this.#made(chunks));
    this.#loop = working.catch(() => {});
    const samples = await working;
    if (gone.aborted) return;
    response.writeHead(200, {
      'content-type': 'audio/wav',
      'content-disposition': 'attachment; filename="tts_output_T08_E05_W05_20261128_120000.wav"',
    });
    const file = wavOf(samples, sampleRate);
    const body = (async function* () {
      yield file.subarray(44);
    })();
    await writeBody(response, body, 1, { faults, head: file.subarray(0, 44), headFirst: false, clock, gone, request });
  }

  async #made(chunks: readonly string[]): Promise<Int16Array> {
    const { sampleRate } = this.#options;
    const parts: Int16Array[] = [];
    for (const chunk of chunks) parts.push((await this.voice.make(chunk, this.#never.signal)).samples);
    const samples = joined(parts, MODEL_RATE, PAUSE_MS);
    return resample(samples, MODEL_RATE, sampleRate);
  }

  /** A header that knows no length once the first chunk is made, then the samples of each. */
  async #stream({ request, response, faults, gone }: Exchange, chunks: readonly string[]): Promise<void> {
    const { clock } = this.#options;
    const head = wavOf(new Int16Array(0), MODEL_RATE, { sizes: 'unknown' });
    response.writeHead(200, {
      'content-type': 'audio/wav',
      'content-disposition': 'attachment; filename="tts_stream_20261128_120000.wav"',
    });
    if (this.#streams > 0) this.#mixed += 1;
    this.#streams += 1;
    try {
      // A chunk that is being made is finished, whoever waits for it; the next is not begun.
      const make = (chunk: string) => this.voice.make(chunk, this.#never.signal);
      const held = () => this.#loop;
      const parts = (async function* () {
        for (const chunk of chunks) {
          const { samples } = await make(chunk);
          // A whole answer that is made meanwhile holds the loop that would send it.
          await held();
          if (gone.aborted) return;
          yield sampleBytes(samples);
        }
      })();
      await writeBody(response, parts, chunks.length, { faults, head, headFirst: false, clock, gone, request });
    } finally {
      this.#streams -= 1;
    }
  }

  #modelInfo(): object {
    const { model } = this.#options;
    const classes = {
      original: 'ChatterboxTTS',
      turbo: 'ChatterboxTurboTTS',
      multilingual: 'ChatterboxMultilingualTTS',
    };
    const tags = ['laugh', 'chuckle', 'sigh', 'gasp', 'cough', 'clear throat', 'sniff', 'groan', 'shush'];
    return {
      loaded: this.#loaded,
      type: this.#loaded ? model : null,
      class_name: this.#loaded ? classes[model] : null,
      device: this.#loaded ? 'cuda' : null,
      sample_rate: this.#loaded ? MODEL_RATE : null,
      supports_paralinguistic_tags: model === 'turbo',
      available_paralinguistic_tags: model === 'turbo' ? tags : [],
      turbo_available_in_package: true,
      multilingual_available_in_package: true,
      supports_multilingual: model === 'multilingual',
      supported_languages: { en: 'English' },
    };
  }
}

/** Answers with what the server has against the request, if anything. */
function refused({ response }: Exchange, refusal: Refusal | undefined): boolean {
  if (refusal !== undefined) sendJson(response, refusal.status, { detail: refusal.detail });
  return refusal !== undefined;
}
