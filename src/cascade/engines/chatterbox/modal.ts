import { type Clock, createSystemClock } from '../../../base/clock.js';
import type { StageIdentity } from '../../stages/stage.js';
import type {
  SpeechBackend,
  SpeechBackendCapabilities,
  SpeechBackendHealth,
  SpeechChunk,
} from '../speech-server/backend.js';
import type { SpeechServerDeps } from '../speech-server/deps.js';
import { SpeechDesk } from '../speech-server/desk.js';
import { SpeechHttp, type SpeechHttpAnswer } from '../speech-server/http.js';
import { MachineTime, timed } from '../speech-server/machine-time.js';
import { readSpeech, type SpeechReading } from '../speech-server/read-speech.js';
import { sayable } from '../speech-server/sayable.js';
import { SniffedBody } from '../speech-server/sniffed-body.js';
import { SpeechEvents } from '../speech-server/speech-events.js';
import type { ModalConfig } from './modal-config.js';

const SAMPLE_RATE = 24_000;
const MINUTE_MS = 60_000;
/** A request that is not done after 150 s is answered by a 303 to a place to wait on, so often at most. */
const MAX_REDIRECTS = 20;

/**
 * A web endpoint at Modal, which starts a machine when it is asked and stops it some time later.
 * https://modal.com/docs/guide/webhook-timeouts
 *
 * With `api: prompt` it is Modal's own example of Chatterbox: the text in the query of a POST without a body, the answer
 * a WAV (16-bit or float) when all is made. With `api: json` it is one's own: a POST of `{"text", "voice"}`, answered in
 * one of the ways that are understood: server-sent events as OpenAI's API has them (`speech.audio.info`,
 * `speech.audio.delta` with base64 of 16-bit samples, `speech.audio.done`), which alone Modal passes on as they are
 * made; a WAV; or bare 16-bit samples at 24 kHz.
 */
export class ModalBackend implements SpeechBackend {
  readonly identity: StageIdentity = { provider: 'chatterbox', model: 'modal' };
  readonly capabilities: SpeechBackendCapabilities;
  readonly #config: ModalConfig;
  readonly #clock: Clock;
  readonly #http: SpeechHttp;
  readonly #desk: SpeechDesk;
  /** When the last answer came, monotonic ms. */
  #answeredAtMs: number | undefined;
  /** What a cold machine last took to answer, ms. */
  #coldMs: number | undefined;

  constructor(config: ModalConfig, { clock = createSystemClock(), guard }: SpeechServerDeps = {}) {
    const { api, maxCharacters, concurrency, connectTimeoutMs, tags } = config;
    this.#config = config;
    this.#clock = clock;
    this.#http = new SpeechHttp({ who: 'Modal', connectTimeoutMs, clock, guard });
    this.#desk = new SpeechDesk({ concurrency, runsOut: false });
    this.capabilities = { streaming: api === 'json', sampleRate: SAMPLE_RATE, maxCharacters, concurrency, tags };
  }

  synthesize(text: string, signal: AbortSignal): AsyncIterable<SpeechChunk> {
    return this.#desk.speak((working) => this.#ask(text, working), signal);
  }

  /** Asks nothing: every request, whatever it asks, starts a machine. What is known is when the last one answered. */
  async probe(signal: AbortSignal): Promise<SpeechBackendHealth> {
    signal.throwIfAborted();
    if (this.#warm || this.#desk.busy) return { state: this.#warm ? 'ready' : 'starting' };
    return { state: 'cold', ...(this.#coldMs !== undefined && { startMs: this.#coldMs }) };
  }

  /** Looks at the endpoint: credentials are refused before a machine starts; a machine answers that it wants a POST. */
  async check(signal: AbortSignal): Promise<void> {
    const { url, answerTimeoutMs } = this.#config;
    const sentAtMs = this.#clock.now();
    const cold = !this.#warm;
    const answer = await this.#http.request(
      {
        url: new URL(url),
        headers: this.#headers,
        firstByteMs: answerTimeoutMs,
        redirects: MAX_REDIRECTS,
        statuses: [405, 422],
      },
      signal,
    );
    answer.discard();
    this.#answered(sentAtMs, cold);
  }

  async wake(signal: AbortSignal): Promise<void> {
    await this.check(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#desk.close();
    await this.#http[Symbol.asyncDispose]();
  }

  get #warm(): boolean {
    const { warmMinutes } = this.#config;
    return this.#answeredAtMs !== undefined && this.#clock.now() - this.#answeredAtMs < warmMinutes * MINUTE_MS;
  }

  get #headers(): Readonly<Record<string, string>> {
    const { key, secret } = this.#config;
    return {
      ...(key !== undefined && { 'modal-key': key }),
      ...(secret !== undefined && { 'modal-secret': secret }),
    };
  }

  #answered(sentAtMs: number, cold: boolean): void {
    this.#answeredAtMs = this.#clock.now();
    if (cold) this.#coldMs = this.#answeredAtMs - sentAtMs;
  }

  async *#ask(text: string, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const spoken = sayable(text, this.#config.tags);
    if (spoken === '') return;
    const cold = !this.#warm;
    if (cold) yield { type: 'progress', state: 'starting' };
    const sentAtMs = this.#clock.now();
    const time = new MachineTime(this.#config.machine, this.#clock);
    yield* timed(time, (taken) => this.#speech(spoken, taken, signal), signal);
    this.#answered(sentAtMs, cold);
  }

  async *#speech(spoken: string, taken: () => void, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const answer = await this.#http.request(this.#request(spoken), signal);
    taken();
    yield* this.#sound(answer, { who: this.#http.who, text: spoken });
  }

  #request(text: string): Parameters<SpeechHttp['request']>[0] {
    const { url: base, api, voice, answerTimeoutMs } = this.#config;
    const url = new URL(base);
    if (api === 'prompt') url.searchParams.set('prompt', text);
    return {
      url,
      method: 'POST',
      headers: this.#headers,
      ...(api === 'json' && { json: { text, ...(voice !== undefined && { voice }) } }),
      firstByteMs: answerTimeoutMs,
      redirects: MAX_REDIRECTS,
    };
  }

  #sound({ headers, body }: SpeechHttpAnswer, reading: SpeechReading): AsyncIterable<SpeechChunk> {
    const contentType = headers['content-type'];
    if (contentType?.includes('text/event-stream')) {
      const events = new SpeechEvents(reading.who);
      return readSpeech(events.parts(body), events, reading);
    }
    const raw = { encoding: 's16', channels: 1, sampleRate: SAMPLE_RATE } as const;
    return readSpeech(body, new SniffedBody(reading.who, contentType, raw), reading);
  }
}
