import { type Clock, createSystemClock } from '../../../base/clock.js';
import type { StageIdentity } from '../../stages/stage.js';
import type { HostedProviderDeps } from '../hosted/deps.js';
import type { HostGuard } from '../shared/host-guard.js';
import { SharedTls } from '../shared/shared-tls.js';
import { RawBody } from '../speech-server/audio-body.js';
import type {
  SpeechBackend,
  SpeechBackendCapabilities,
  SpeechBackendHealth,
  SpeechChunk,
} from '../speech-server/backend.js';
import { SpeechHttp } from '../speech-server/http.js';
import { readSpeech } from '../speech-server/read-speech.js';
import type { SampleFormat } from '../speech-server/samples.js';
import { sayable } from '../speech-server/sayable.js';
import { SniffedBody } from '../speech-server/sniffed-body.js';
import type { TogetherSpeechConfig } from './config.js';
import { streamedParts } from './events.js';
import { TOGETHER } from './failures.js';
import { TogetherSocket } from './socket.js';

/** What is asked for, by name: the service's own choice would be 44,100 Hz and floating point. */
const RAW: SampleFormat = { encoding: 's16', channels: 1, sampleRate: 24_000 };

/** Voices of Together.ai, by a request or by a kept connection for each text. */
export function createTogetherSpeech(config: TogetherSpeechConfig, deps: HostedProviderDeps): SpeechBackend {
  return new TogetherSpeech(config, deps);
}

class TogetherSpeech implements SpeechBackend {
  readonly identity: StageIdentity;
  readonly capabilities: SpeechBackendCapabilities;
  readonly #config: TogetherSpeechConfig;
  readonly #apiKey: string;
  readonly #clock: Clock;
  readonly #guard: HostGuard | undefined;
  readonly #http: SpeechHttp;
  readonly #tls = new SharedTls();
  readonly #sockets = new Set<TogetherSocket>();

  constructor(config: TogetherSpeechConfig, { apiKey, guard, clock = createSystemClock() }: HostedProviderDeps) {
    this.#config = config;
    this.#apiKey = apiKey;
    this.#clock = clock;
    this.#guard = guard;
    const { model, maxCharacters, concurrency, connectTimeoutMs } = config;
    this.identity = { provider: 'together', model };
    this.capabilities = { streaming: true, sampleRate: RAW.sampleRate, maxCharacters, concurrency, tags: false };
    this.#http = new SpeechHttp({ who: TOGETHER, connectTimeoutMs, clock, guard });
  }

  async *synthesize(text: string, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    signal.throwIfAborted();
    const spoken = sayable(text, false);
    if (spoken === '') return;
    const quantity = [...spoken].length;
    const used: SpeechChunk = { type: 'usage', ...this.identity, unit: 'characters', quantity };
    if (this.#config.transport === 'http') yield* this.#requested(spoken, used, signal);
    else yield* this.#dialled(spoken, used, signal);
  }

  /** Asks for the list of models, of which only the beginning is awaited. */
  async probe(signal: AbortSignal): Promise<SpeechBackendHealth> {
    const { answerTimeoutMs: firstByteMs } = this.#config;
    const request = { url: this.#url('models'), headers: this.#headers(), firstByteMs };
    (await this.#http.request(request, signal)).discard();
    return { state: 'ready' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    this.#sockets.clear();
    await this.#http[Symbol.asyncDispose]();
  }

  async *#requested(
    text: string,
    used: SpeechChunk,
    signal: AbortSignal,
  ): AsyncGenerator<SpeechChunk, void, undefined> {
    const { model, voice, language, answerTimeoutMs: firstByteMs } = this.#config;
    const json = {
      model,
      input: text,
      voice,
      ...(language !== undefined && { language }),
      response_format: 'raw',
      response_encoding: 'pcm_s16le',
      sample_rate: RAW.sampleRate,
      stream: true,
    };
    const request = {
      url: this.#url('audio/speech'),
      method: 'POST',
      headers: this.#headers(),
      json,
      firstByteMs,
    } as const;
    const answer = await this.#http.request(request, signal);
    yield used;
    const reading = { who: TOGETHER, text };
    const contentType = answer.headers['content-type'];
    if (contentType?.startsWith('text/event-stream') === true) {
      yield* readSpeech(streamedParts(answer.body), new RawBody(TOGETHER, RAW), reading);
    } else yield* readSpeech(answer.body, new SniffedBody(TOGETHER, contentType, RAW), reading);
  }

  async *#dialled(text: string, used: SpeechChunk, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    // One that is free is taken when it begins to speak: no pause in between, or another text would take it as well.
    const socket = this.#free() ?? (await this.#connect(signal));
    let told = false;
    const parts = socket.speak(text, signal);
    for await (const chunk of readSpeech(parts, new RawBody(TOGETHER, RAW), { who: TOGETHER, text })) {
      if (!told) yield used;
      told = true;
      yield chunk;
    }
  }

  #free(): TogetherSocket | undefined {
    let free: TogetherSocket | undefined;
    for (const socket of this.#sockets) {
      if (!socket.alive) this.#sockets.delete(socket);
      else if (socket.free) free ??= socket;
    }
    return free;
  }

  async #connect(signal: AbortSignal): Promise<TogetherSocket> {
    const { model, voice, language, maxCharacters, answerTimeoutMs, connectTimeoutMs } = this.#config;
    const url = this.#url('audio/speech/websocket');
    url.protocol = url.protocol.replace('http', 'ws');
    url.searchParams.set('model', model);
    url.searchParams.set('voice', voice);
    if (language !== undefined) url.searchParams.set('language', language);
    // Texts are no longer than this: what is not committed is not spoken before its end.
    url.searchParams.set('max_partial_length', String(maxCharacters));
    const made = await TogetherSocket.connect(
      {
        ...{ url, apiKey: this.#apiKey, connectTimeoutMs, answerTimeoutMs },
        ...{ clock: this.#clock, tls: this.#tls, guard: this.#guard },
      },
      signal,
    );
    this.#sockets.add(made);
    return made;
  }

  #url(path: string): URL {
    return new URL(`${this.#config.baseUrl.replace(/\/{1,8}$/, '')}/${path}`);
  }

  #headers(): Readonly<Record<string, string>> {
    return { authorization: `Bearer ${this.#apiKey}` };
  }
}
