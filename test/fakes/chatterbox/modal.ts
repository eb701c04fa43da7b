import { type Clock, createSystemClock } from '../../../src/base/clock.js';
import { isObject, textIn } from '../../../src/cascade/engines/shared/json.js';
import { writeBody } from '../speech-server/body-writer.js';
import type { SpeechFault, SpeechFaultOptions } from '../speech-server/faults.js';
import { HttpFake, type SeenSpeechRequest, type SpeechExchange, sendJson } from '../speech-server/http-fake.js';
import { speechEvents } from '../speech-server/speech-events.js';
import { FakeVoice, type FakeVoiceOptions, passed } from '../speech-server/voice.js';
import { sampleBytes, wavOf } from '../speech-server/wav.js';
import { packedSentences } from './sentences.js';

export interface FakeModalOptions {
  readonly port: number;
  /** The app: Modal's example (text in the query, a WAV), or one's own (JSON). */
  readonly app: 'example' | 'events' | 'samples';
  /** How the example writes its WAV: torchaudio may well write floats. */
  readonly encoding: 's16' | 'f32';
  /** `requires_proxy_auth`. */
  readonly proxyAuth?: { readonly key: string; readonly secret: string };
  /** A container starts so long, ms; and stays for `scaledownMs` after its last request. */
  readonly coldStartMs: number;
  readonly scaledownMs: number;
  /** A request that is not done by then is answered by a 303, ms. Modal: 150,000. */
  readonly timeLimitMs: number;
  readonly voice: Partial<FakeVoiceOptions>;
  readonly clock: Clock;
}

export const fakeModalDefaults = {
  port: 0,
  app: 'example',
  encoding: 'f32',
  coldStartMs: 0,
  scaledownMs: 300_000,
  timeLimitMs: 150_000,
  voice: {},
} as const satisfies Omit<FakeModalOptions, 'clock'>;

const RATE = 24_000;
const RESULT = '__modal_function_call_id';

/** A fake of a web endpoint at Modal, and of the app behind it. */
export class FakeModal implements AsyncDisposable {
  readonly voice: FakeVoice;
  readonly #options: FakeModalOptions;
  readonly #http: HttpFake;
  readonly #closing = new AbortController();
  readonly #results = new Map<string, Promise<Int16Array>>();
  #containerReady: Promise<void> | undefined;
  #lastUsedAtMs = Number.NEGATIVE_INFINITY;
  #starts = 0;

  constructor(options: Partial<FakeModalOptions> = {}) {
    const clock = options.clock ?? createSystemClock();
    this.#options = { ...fakeModalDefaults, clock, ...options };
    this.voice = new FakeVoice({ clock, ...this.#options.voice, sampleRate: RATE });
    this.#http = new HttpFake({
      port: this.#options.port,
      clock,
      isSpeech: ({ method }) => method === 'POST',
      handle: (exchange) => this.#handle(exchange),
    });
  }

  static async start(options: Partial<FakeModalOptions> = {}): Promise<FakeModal> {
    const fake = new FakeModal(options);
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

  /** Containers that were started: each costs money. */
  get starts(): number {
    return this.#starts;
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
    this.#closing.abort();
    await this.#http.close();
    await this.voice[Symbol.asyncDispose]();
  }

  async #handle(exchange: SpeechExchange<never>): Promise<void> {
    const { request, url, response, gone } = exchange;
    const { proxyAuth, app } = this.#options;
    const { 'modal-key': key, 'modal-secret': secret } = request.headers;
    if (proxyAuth !== undefined && (key !== proxyAuth.key || secret !== proxyAuth.secret)) {
      // Modal's proxy says it, before any container is asked.
      response.writeHead(401, { 'content-type': 'text/plain' }).end('modal-http: missing credentials for proxy auth');
      return;
    }
    const waitedFor = url.searchParams.get(RESULT);
    if (waitedFor !== null) return this.#result(exchange, waitedFor);
    // Whatever is asked, a container is needed to answer it.
    await this.#container();
    if (gone.aborted) return;
    if (request.method !== 'POST') return sendJson(response, 405, { detail: 'Method Not Allowed' });
    const text = app === 'example' ? (url.searchParams.get('prompt') ?? '') : textOf(request.body);
    if (text === '') {
      const missing = app === 'example' ? ['query', 'prompt'] : ['body', 'text'];
      return sendJson(response, 422, {
        detail: [{ type: 'missing', loc: missing, msg: 'Field required', input: null }],
      });
    }
    if (app === 'example') {
      const id = `fc-${this.#results.size + 1}`;
      const made = this.voice.make(text, this.#closing.signal).then(({ samples }) => samples);
      made.catch(() => {});
      this.#results.set(id, made);
      return this.#result(exchange, id);
    }
    await this.#own(exchange, packedSentences(text, 120));
  }

  /** The result of a call if it comes in time; else where to wait on. */
  async #result({ request, url, response, faults, gone }: SpeechExchange<never>, id: string): Promise<void> {
    const { clock, encoding, timeLimitMs } = this.#options;
    const made = this.#results.get(id);
    if (made === undefined) return sendJson(response, 404, { detail: 'Not Found' });
    const samples = await Promise.race([made, passed(timeLimitMs, clock, gone).then(() => undefined)]);
    if (samples === undefined) {
      const location = new URL(url);
      location.searchParams.set(RESULT, id);
      response.writeHead(303, { location: `${location.pathname}${location.search}` }).end();
      return;
    }
    this.#lastUsedAtMs = clock.now();
    const file = wavOf(samples, RATE, { encoding });
    response.writeHead(200, { 'content-type': 'audio/wav' });
    const body = (async function* () {
      yield file.subarray(44);
    })();
    await writeBody(response, body, 1, { faults, head: file.subarray(0, 44), headFirst: false, clock, gone, request });
  }

  async #own({ request, response, faults, gone }: SpeechExchange<never>, chunks: readonly string[]): Promise<void> {
    const { app, clock } = this.#options;
    const { voice } = this;
    const parts = (async function* () {
      for (const chunk of chunks) yield sampleBytes((await voice.make(chunk, gone)).samples);
    })();
    const options = { faults, head: Buffer.alloc(0), headFirst: true, clock, gone, request };
    if (app === 'events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      await writeBody(response, speechEvents(parts, { info: RATE, usage: {} }), chunks.length + 2, {
        ...options,
        silentParts: 1,
      });
    } else {
      response.writeHead(200, { 'content-type': 'audio/pcm' });
      await writeBody(response, parts, chunks.length, options);
    }
    this.#lastUsedAtMs = clock.now();
  }

  /** One that is there, or that is started now. */
  #container(): Promise<void> {
    const { clock, coldStartMs, scaledownMs } = this.#options;
    if (this.#containerReady === undefined || clock.now() - this.#lastUsedAtMs > scaledownMs) {
      this.#starts += 1;
      this.#lastUsedAtMs = clock.now() + coldStartMs;
      this.#containerReady = passed(coldStartMs, clock, this.#closing.signal);
      this.#containerReady.catch(() => {});
    }
    return this.#containerReady;
  }
}

function textOf(body: unknown): string {
  return isObject(body) ? textIn(body, 'text') : '';
}
