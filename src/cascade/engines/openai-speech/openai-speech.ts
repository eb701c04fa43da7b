import { createSystemClock } from '../../../base/clock.js';
import type { UsageUnit } from '../../../flavor-api/index.js';
import type { StageIdentity } from '../../stages/stage.js';
import type {
  SpeechBackend,
  SpeechBackendCapabilities,
  SpeechBackendHealth,
  SpeechChunk,
} from '../speech-server/backend.js';
import type { SpeechServerDeps } from '../speech-server/deps.js';
import { SpeechDesk } from '../speech-server/desk.js';
import { SpeechHttp, type SpeechHttpAnswer, type SpeechHttpRequest } from '../speech-server/http.js';
import { readSpeech } from '../speech-server/read-speech.js';
import { sayable } from '../speech-server/sayable.js';
import { bearer, serverUrl } from '../speech-server/server-config.js';
import { SniffedBody } from '../speech-server/sniffed-body.js';
import { SpeechEvents } from '../speech-server/speech-events.js';
import type { OpenAiSpeechConfig } from './options.js';

const PROBE_MS = 5_000;
/** Servers with this API need not have the list of models: that they say so shows that they are there. */
const NO_LIST = [404, 405, 501];

/** `POST /v1/audio/speech` of OpenAI and of those like it. https://platform.openai.com/docs/api-reference/audio/createSpeech */
export class OpenAiSpeechBackend implements SpeechBackend {
  readonly identity: StageIdentity;
  readonly capabilities: SpeechBackendCapabilities;
  readonly #config: OpenAiSpeechConfig;
  readonly #http: SpeechHttp;
  readonly #desk: SpeechDesk;

  constructor(config: OpenAiSpeechConfig, { clock = createSystemClock(), guard }: SpeechServerDeps = {}) {
    const { baseUrl, vendor, model, streaming, sampleRate, maxCharacters, concurrency, tags, connectTimeoutMs } =
      config;
    const own = new URL(baseUrl).hostname === 'api.openai.com';
    this.#config = config;
    this.identity = { provider: vendor ?? (own ? 'openai' : 'openai-compatible'), model };
    this.capabilities = { streaming, sampleRate, maxCharacters, concurrency, tags };
    this.#http = new SpeechHttp({ who: 'the speech server', connectTimeoutMs, clock, guard });
    this.#desk = new SpeechDesk({ concurrency, runsOut: false });
  }

  synthesize(text: string, signal: AbortSignal): AsyncIterable<SpeechChunk> {
    return this.#desk.speak((working) => this.#ask(text, working), signal);
  }

  /** Asks for the list of models, which wants the key and costs nothing. */
  async probe(signal: AbortSignal): Promise<SpeechBackendHealth> {
    const { baseUrl, apiKey } = this.#config;
    const answer = await this.#http.request(
      { url: serverUrl(baseUrl, '/models'), headers: bearer(apiKey), firstByteMs: PROBE_MS, statuses: NO_LIST },
      signal,
    );
    answer.discard();
    return { state: 'ready' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#desk.close();
    await this.#http[Symbol.asyncDispose]();
  }

  async *#ask(text: string, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const spoken = sayable(text, this.#config.tags);
    if (spoken === '') return;
    let answer: SpeechHttpAnswer;
    try {
      answer = await this.#http.request(this.#request(spoken), signal);
    } catch (error) {
      // Given up while it was being made: the server has worked on it all the same.
      if (signal.aborted) yield this.#used('characters', spoken.length);
      throw error;
    }
    try {
      yield* this.#config.answer === 'events' ? this.#events(answer, spoken) : this.#samples(answer, spoken);
    } finally {
      answer.discard();
    }
  }

  #request(input: string): SpeechHttpRequest {
    const { baseUrl, apiKey, model, voice, instructions, speed, answer, answerTimeoutMs } = this.#config;
    return {
      url: serverUrl(baseUrl, '/audio/speech'),
      method: 'POST',
      headers: bearer(apiKey),
      json: {
        model,
        input,
        voice,
        ...(instructions !== undefined && { instructions }),
        ...(speed !== undefined && { speed }),
        response_format: answer === 'wav' ? 'wav' : 'pcm',
        ...(answer === 'events' && { stream_format: 'sse' }),
      },
      firstByteMs: answerTimeoutMs,
    };
  }

  async *#events({ body }: SpeechHttpAnswer, text: string): AsyncGenerator<SpeechChunk, void, undefined> {
    const { who } = this.#http;
    const events = new SpeechEvents(who);
    try {
      yield* readSpeech(events.parts(body), events, { who, text });
    } catch (error) {
      // Given up, or broken off: how many tokens that took it has not said.
      yield this.#used('characters', text.length);
      throw error;
    }
    const { tokens } = events;
    if (tokens === undefined) yield this.#used('characters', text.length);
    else {
      yield this.#used('input-tokens', tokens.inputTokens);
      yield this.#used('audio-output-tokens', tokens.outputTokens);
    }
  }

  async *#samples(answer: SpeechHttpAnswer, text: string): AsyncGenerator<SpeechChunk, void, undefined> {
    const { who } = this.#http;
    // From here on it is made, and charged for, whether it is heard or not.
    yield this.#used('characters', text.length);
    const raw = { encoding: 's16', channels: 1, sampleRate: this.#config.sampleRate } as const;
    yield* readSpeech(answer.body, new SniffedBody(who, answer.headers['content-type'], raw), { who, text });
  }

  #used(unit: UsageUnit, quantity: number): SpeechChunk {
    return { type: 'usage', ...this.identity, unit, quantity };
  }
}
