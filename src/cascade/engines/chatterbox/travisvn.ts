import { type Clock, createSystemClock } from '../../../base/clock.js';
import { FlavorError } from '../../../flavor-api/index.js';
import type { StageIdentity } from '../../stages/stage.js';
import { textIn } from '../shared/json.js';
import { WavBody } from '../speech-server/audio-body.js';
import type {
  SpeechBackend,
  SpeechBackendCapabilities,
  SpeechBackendHealth,
  SpeechChunk,
} from '../speech-server/backend.js';
import type { SpeechServerDeps } from '../speech-server/deps.js';
import { SpeechDesk } from '../speech-server/desk.js';
import { SpeechHttp } from '../speech-server/http.js';
import { MachineTime, timed } from '../speech-server/machine-time.js';
import { readSpeech } from '../speech-server/read-speech.js';
import { sayable } from '../speech-server/sayable.js';
import { bearer, serverUrl } from '../speech-server/server-config.js';
import { SpeechEvents } from '../speech-server/speech-events.js';
import type { TravisvnConfig } from './travisvn-config.js';

const SAMPLE_RATE = 24_000;
const PROBE_MS = 3_000;

/**
 * chatterbox-tts-api by travisvn. https://github.com/travisvn/chatterbox-tts-api
 *
 * Its streams begin before any speech is made, with a header or an event that describes it; from then on whatever goes
 * wrong can only break the connection. A stream of events says when it is over; the WAV does not, so that one is the
 * surer way.
 */
export class TravisvnBackend implements SpeechBackend {
  readonly identity: StageIdentity = { provider: 'chatterbox', model: 'travisvn' };
  readonly capabilities: SpeechBackendCapabilities;
  readonly #config: TravisvnConfig;
  readonly #clock: Clock;
  readonly #http: SpeechHttp;
  readonly #desk: SpeechDesk;

  constructor(config: TravisvnConfig, { clock = createSystemClock(), guard }: SpeechServerDeps = {}) {
    const { answer, maxCharacters, concurrency, connectTimeoutMs } = config;
    this.#config = config;
    this.#clock = clock;
    this.#http = new SpeechHttp({ who: 'the Chatterbox server', connectTimeoutMs, clock, guard });
    this.#desk = new SpeechDesk({ concurrency, runsOut: false });
    this.capabilities = {
      streaming: answer !== 'whole',
      sampleRate: SAMPLE_RATE,
      maxCharacters,
      concurrency,
      // Turbo is not among its models.
      tags: false,
    };
  }

  synthesize(text: string, signal: AbortSignal): AsyncIterable<SpeechChunk> {
    return this.#desk.speak((working) => this.#ask(text, working), signal);
  }

  /** @throws FlavorError also where its model could not be loaded. */
  async probe(signal: AbortSignal): Promise<SpeechBackendHealth> {
    const { url, token } = this.#config;
    const answer = await this.#http.request(
      { url: serverUrl(url, '/health'), headers: bearer(token), firstByteMs: PROBE_MS },
      signal,
    );
    const health = await answer.json();
    if (health['model_loaded'] === true) return { state: 'ready' };
    if (textIn(health, 'status') === 'error' || textIn(health, 'initialization_state') === 'error') {
      throw new FlavorError('ERR_FLAVOR_NETWORK', `${this.#http.who} could not load its model`, true);
    }
    return { state: 'starting' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#desk.close();
    await this.#http[Symbol.asyncDispose]();
  }

  async *#ask(text: string, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const spoken = sayable(text, false);
    if (spoken === '') return;
    const time = new MachineTime(this.#config.machine, this.#clock);
    yield* timed(time, (taken) => this.#sound(spoken, taken, signal), signal);
  }

  async *#sound(spoken: string, taken: () => void, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const { url, token, answer: kind, answerTimeoutMs } = this.#config;
    const { who } = this.#http;
    const answer = await this.#http.request(
      {
        // Streaming is a path of its own: the other one passes over a member that asks for it.
        url: serverUrl(url, kind === 'stream' ? '/v1/audio/speech/stream' : '/v1/audio/speech'),
        method: 'POST',
        headers: bearer(token),
        json: this.#body(spoken),
        firstByteMs: answerTimeoutMs,
      },
      signal,
    );
    taken();
    const events = new SpeechEvents(who);
    yield* kind === 'events'
      ? readSpeech(events.parts(answer.body), events, { who, text: spoken })
      : readSpeech(answer.body, new WavBody(who), { who, text: spoken });
  }

  #body(input: string): object {
    const { voice, answer, chunkCharacters, chunkBy, quality, exaggeration, cfgWeight, temperature } = this.#config;
    return {
      input,
      ...(voice !== undefined && { voice }),
      ...(answer === 'events' && { stream_format: 'sse' }),
      exaggeration,
      cfg_weight: cfgWeight,
      temperature,
      streaming_chunk_size: chunkCharacters,
      streaming_strategy: chunkBy,
      ...(quality !== undefined && { streaming_quality: quality }),
    };
  }
}
