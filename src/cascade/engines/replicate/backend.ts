import { type Clock, createSystemClock } from '../../../base/clock.js';
import { createSystemRandom } from '../../../base/random.js';
import type { StageIdentity } from '../../stages/stage.js';
import type { HostedProviderDeps } from '../hosted/deps.js';
import type { JobView } from '../hosted/job.js';
import { Jobs, patientAudience } from '../hosted/jobs.js';
import { jobOutput } from '../hosted/output.js';
import { ResultFiles } from '../hosted/result-files.js';
import { outputSpeech } from '../hosted/speech.js';
import type {
  SpeechBackend,
  SpeechBackendCapabilities,
  SpeechBackendHealth,
  SpeechChunk,
  SpeechProgress,
} from '../speech-server/backend.js';
import { noSpeech, protocolFault } from '../speech-server/failures.js';
import { SpeechHttp } from '../speech-server/http.js';
import { sayable } from '../speech-server/sayable.js';
import { ReplicateApi } from './api.js';
import type { ReplicateSpeechConfig } from './config.js';
import { REPLICATE } from './prediction-view.js';

/** Half of the 3,000 a minute that Replicate allows. */
const LOOKS_PER_SECOND = 25;
/** The shortest thing that can be said, to start a machine. */
const WAKING_WORD = 'Yes.';

/** Chatterbox, or another model that makes one file of speech of one text, on Replicate. */
export function createReplicateSpeech(config: ReplicateSpeechConfig, deps: HostedProviderDeps): SpeechBackend {
  return new ReplicateSpeech(config, deps);
}

class ReplicateSpeech implements SpeechBackend {
  readonly identity: StageIdentity;
  readonly capabilities: SpeechBackendCapabilities;
  readonly #config: ReplicateSpeechConfig;
  readonly #clock: Clock;
  readonly #http: SpeechHttp;
  readonly #api: ReplicateApi;
  readonly #jobs: Jobs;
  readonly #files: ResultFiles;

  constructor(config: ReplicateSpeechConfig, { apiKey, guard, ...deps }: HostedProviderDeps) {
    const clock = deps.clock ?? createSystemClock();
    this.#config = config;
    this.#clock = clock;
    const { model, version, baseUrl, answerTimeoutMs, connectTimeoutMs, startTimeoutMs, workTimeoutMs } = config;
    this.identity = { provider: 'replicate', model };
    const { maxCharacters, concurrency, tags } = config;
    this.capabilities = { streaming: false, sampleRate: 24_000, maxCharacters, concurrency, tags };
    const common = { who: REPLICATE, connectTimeoutMs, clock, guard };
    this.#http = new SpeechHttp(common);
    this.#files = new ResultFiles({ ...common, apiOrigin: new URL(baseUrl).origin, timeoutMs: answerTimeoutMs });
    this.#api = new ReplicateApi({
      http: this.#http,
      baseUrl,
      apiKey,
      model,
      version,
      answerTimeoutMs,
      waitSeconds: Math.ceil(config.waitMs / 1_000),
      cancelAfterSeconds: Math.ceil((startTimeoutMs + 2 * workTimeoutMs) / 1_000),
    });
    this.#jobs = new Jobs({
      who: REPLICATE,
      provider: this.#api,
      looksPerSecond: LOOKS_PER_SECOND,
      startTimeoutMs,
      workTimeoutMs,
      retries: config.retries,
      clock,
      random: deps.random ?? createSystemRandom(),
    });
  }

  async *synthesize(text: string, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    signal.throwIfAborted();
    const spoken = sayable(text, this.#config.tags);
    if (spoken === '') return;
    let told: SpeechProgress | undefined;
    let workingSinceMs: number | undefined;
    try {
      for await (const view of this.#jobs.follow(this.#input(spoken), patientAudience, signal)) {
        // What is done has been worked on, even where nobody was there to see it.
        const state = view.state === 'starting' ? 'starting' : 'working';
        // The time of what is done is told by itself.
        workingSinceMs = view.state === 'working' ? (workingSinceMs ?? this.#clock.now()) : undefined;
        if (state !== told) yield { type: 'progress', state };
        told = state;
        if (view.state === 'done') yield* this.#made(spoken, view, signal);
      }
    } catch (error) {
      // Given up, or broken off: the machine has worked all the same, by the clock on this side.
      if (workingSinceMs !== undefined) yield this.#machineTime(this.#clock.now() - workingSinceMs);
      throw error;
    }
  }

  /** Whether a machine is up, Replicate does not say. */
  async probe(signal: AbortSignal): Promise<SpeechBackendHealth> {
    await this.#api.check(signal);
    return { state: 'ready' };
  }

  /** The shortest of predictions: there is nothing else that starts a machine. */
  async wake(signal: AbortSignal): Promise<void> {
    for await (const _ of this.#jobs.follow(this.#input(WAKING_WORD), patientAudience, signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#jobs[Symbol.asyncDispose]();
    await Promise.all([this.#http[Symbol.asyncDispose](), this.#files[Symbol.asyncDispose]()]);
  }

  async *#made(text: string, view: JobView, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    // Paid from now on, whether it can be fetched or not.
    if (view.machineMs !== undefined) yield this.#machineTime(view.machineMs);
    if (view.output === undefined || view.output === null) throw noSpeech(REPLICATE);
    const output = jobOutput(view.output);
    if (output === undefined) throw protocolFault(REPLICATE, 'an output that is no speech');
    yield* outputSpeech({ who: REPLICATE, text }, output, this.#files, signal);
  }

  #machineTime(ms: number): SpeechChunk {
    return { type: 'usage', ...this.identity, unit: 'machine-ms', quantity: Math.round(ms) };
  }

  #input(text: string): object {
    const { textInput, inputs, voice, referenceAudio, temperature, topP, topK, repetitionPenalty, seed } = this.#config;
    const settings = {
      voice,
      reference_audio: referenceAudio,
      temperature,
      top_p: topP,
      top_k: topK,
      repetition_penalty: repetitionPenalty,
      seed,
    };
    // JSON leaves out what is undefined.
    return { ...inputs, ...settings, [textInput]: text };
  }
}
