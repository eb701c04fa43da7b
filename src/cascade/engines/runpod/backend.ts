import { type Clock, createSystemClock } from '../../../base/clock.js';
import { createSystemRandom } from '../../../base/random.js';
import { FlavorError } from '../../../flavor-api/index.js';
import type { StageIdentity } from '../../stages/stage.js';
import type { HostedProviderDeps } from '../hosted/deps.js';
import type { JobState, JobView } from '../hosted/job.js';
import { Jobs, patientAudience } from '../hosted/jobs.js';
import { jobOutput } from '../hosted/output.js';
import { ResultFiles } from '../hosted/result-files.js';
import { AudioMeter, outputSpeech } from '../hosted/speech.js';
import type {
  SpeechBackend,
  SpeechBackendCapabilities,
  SpeechBackendHealth,
  SpeechChunk,
} from '../speech-server/backend.js';
import { noSpeech, protocolFault } from '../speech-server/failures.js';
import { SpeechHttp } from '../speech-server/http.js';
import { sayable } from '../speech-server/sayable.js';
import { RunPodApi } from './api.js';
import { PUBLIC_ENDPOINT, type RunPodSpeechConfig } from './config.js';
import { RUNPOD } from './job-view.js';
import { StreamItems } from './stream-items.js';

/** Half of the 2,000 in 10 s that RunPod lets an endpoint be asked. */
const LOOKS_PER_SECOND = 100;
/** A job that is queued for so long may be waiting for a machine to start, ms. */
const SUSPICION_MS = 1_000;
const MIN_EXECUTION_MS = 5_000;
const MIN_TTL_MS = 10_000;

/**
 * Chatterbox on RunPod's serverless machines: RunPod's own endpoint, or one of the operator's.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for settings that the endpoint does not have
 */
export function createRunPodSpeech(config: RunPodSpeechConfig, deps: HostedProviderDeps): SpeechBackend {
  return new RunPodSpeech(config, deps);
}

class RunPodSpeech implements SpeechBackend {
  readonly identity: StageIdentity;
  readonly capabilities: SpeechBackendCapabilities;
  readonly wake?: (signal: AbortSignal) => Promise<void>;
  readonly #config: RunPodSpeechConfig;
  readonly #clock: Clock;
  readonly #public: boolean;
  readonly #http: SpeechHttp;
  readonly #api: RunPodApi;
  readonly #jobs: Jobs;
  readonly #files: ResultFiles;

  constructor(config: RunPodSpeechConfig, { apiKey, ...deps }: HostedProviderDeps) {
    const clock = deps.clock ?? createSystemClock();
    this.#config = config;
    this.#clock = clock;
    this.#public = config.endpoint === PUBLIC_ENDPOINT;
    if (this.#public) refuseForeign(config);
    const { endpoint, baseUrl, connectTimeoutMs, answerTimeoutMs, startTimeoutMs, workTimeoutMs } = config;
    const streaming = !this.#public && config.answers !== 'whole';
    this.identity = { provider: 'runpod', model: this.#public ? PUBLIC_ENDPOINT : config.machine };
    const { maxCharacters, concurrency, tags } = config;
    this.capabilities = { streaming, sampleRate: 24_000, maxCharacters, concurrency, tags };
    const common = { who: RUNPOD, connectTimeoutMs, clock, guard: deps.guard };
    this.#http = new SpeechHttp(common);
    this.#files = new ResultFiles({ ...common, apiOrigin: new URL(baseUrl).origin, timeoutMs: answerTimeoutMs });
    this.#api = new RunPodApi({
      http: this.#http,
      baseUrl,
      endpoint,
      apiKey,
      answerTimeoutMs,
      mode: streaming ? { type: 'stream' } : { type: 'sync', waitMs: config.waitMs },
      // Should this process die, its jobs do not work on for ten minutes, RunPod's default.
      policy: {
        executionTimeout: Math.max(MIN_EXECUTION_MS, 2 * workTimeoutMs),
        ttl: Math.max(MIN_TTL_MS, startTimeoutMs + 2 * workTimeoutMs),
      },
    });
    this.#jobs = new Jobs({
      who: RUNPOD,
      provider: this.#api,
      looksPerSecond: LOOKS_PER_SECOND,
      startTimeoutMs,
      workTimeoutMs,
      retries: config.retries,
      clock,
      random: deps.random ?? createSystemRandom(),
    });
    // RunPod keeps its own endpoint awake; waking it would be to speak.
    if (!this.#public) this.wake = (signal) => this.#wake(signal);
  }

  async *synthesize(text: string, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    signal.throwIfAborted();
    const spoken = sayable(text, this.#config.tags);
    if (spoken === '') return;
    const job: JobWork = { workingSinceMs: undefined, told: false };
    try {
      const chunks = this.capabilities.streaming
        ? this.#streamed(spoken, job, signal)
        : this.#whole(spoken, job, signal);
      for await (const chunk of chunks) {
        if (chunk.type === 'usage') job.told = true;
        yield chunk;
      }
    } catch (error) {
      // Given up, or broken off: the machine has worked all the same, by the clock on this side.
      if (!this.#public && !job.told && job.workingSinceMs !== undefined) {
        yield this.#machineTime(this.#clock.now() - job.workingSinceMs);
      }
      throw error;
    }
  }

  async probe(signal: AbortSignal): Promise<SpeechBackendHealth> {
    const { up, initializing } = await this.#api.workers(signal);
    if (up > 0) return { state: 'ready' };
    return { state: initializing > 0 ? 'starting' : 'cold' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#jobs[Symbol.asyncDispose]();
    await Promise.all([this.#http[Symbol.asyncDispose](), this.#files[Symbol.asyncDispose]()]);
  }

  async *#streamed(text: string, job: JobWork, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const items = new StreamItems(RUNPOD, text);
    let last: JobView | undefined;
    const progress = this.#progress(job, signal);
    for await (const view of this.#jobs.follow(this.#input(text), items, signal)) {
      last = view;
      yield* progress(view);
      for (const item of view.items) yield* items.push(item);
      if (items.satisfied) break;
    }
    if (!items.satisfied && items.samples === 0 && last !== undefined) {
      // A handler that yields nothing: it returned the speech.
      yield* this.#made(text, await this.#api.status(last.id, signal), signal);
      return;
    }
    items.end();
    if (items.machineMs !== undefined) yield this.#machineTime(items.machineMs);
    else if (last !== undefined) yield* await this.#machineTimeOf(last, signal);
  }

  async *#whole(text: string, job: JobWork, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    const progress = this.#progress(job, signal);
    for await (const view of this.#jobs.follow(this.#input(text), patientAudience, signal)) {
      yield* progress(view);
      if (view.state === 'done') yield* this.#made(text, view, signal);
    }
  }

  /** What a job that is done has made. */
  async *#made(text: string, view: JobView, signal: AbortSignal): AsyncGenerator<SpeechChunk, void, undefined> {
    if (view.output === undefined || view.output === null) throw noSpeech(RUNPOD);
    const output = jobOutput(view.output);
    if (output === undefined) throw protocolFault(RUNPOD, 'an output that is no speech');
    // Paid from now on, whether it can be fetched or not.
    if (!this.#public && view.machineMs !== undefined) yield this.#machineTime(view.machineMs);
    const meter = new AudioMeter();
    for await (const chunk of outputSpeech({ who: RUNPOD, text }, output, this.#files, signal)) {
      meter.see(chunk);
      yield chunk;
    }
    // Of its own endpoint RunPod sells seconds of speech.
    if (this.#public) yield this.#usage('audio-ms', meter.ms);
  }

  /** Says where a job stands, each time that changes; one that waits for long may be waiting for a machine. */
  #progress(job: JobWork, signal: AbortSignal): (view: JobView) => AsyncGenerator<SpeechChunk, void, undefined> {
    const beganAtMs = this.#clock.now();
    let told: JobState | undefined;
    let looked = false;
    const clock = this.#clock;
    const api = this.#api;
    return async function* ({ state }) {
      if (state === 'working') job.workingSinceMs ??= clock.now();
      // Who is done has worked, even where nobody was there to see it.
      const shown = state === 'done' ? 'working' : state;
      const news = shown === 'working' ? told !== 'working' : shown === 'queued' && told === undefined;
      if (news && (shown === 'working' || shown === 'queued')) {
        told = shown;
        yield { type: 'progress', state: shown };
      }
      if (state !== 'queued' || looked || clock.now() - beganAtMs < SUSPICION_MS) return;
      looked = true;
      const workers = await api.workers(signal).catch(() => undefined);
      signal.throwIfAborted();
      if (workers === undefined || workers.up > 0) return;
      told = 'starting';
      yield { type: 'progress', state: 'starting' };
    };
  }

  #input(text: string): object {
    const { voice, voiceUrl, language, temperature, exaggeration, cfgWeight, seed } = this.#config;
    const reference = voiceUrl === undefined ? {} : { voice_url: voiceUrl };
    if (this.#public) return { prompt: text, voice: voice ?? 'lucy', ...reference, format: 'wav' };
    return {
      text,
      ...(voice !== undefined && { voice }),
      ...reference,
      ...(language !== undefined && { language }),
      ...(temperature !== undefined && { temperature }),
      ...(exaggeration !== undefined && { exaggeration }),
      ...(cfgWeight !== undefined && { cfg_weight: cfgWeight }),
      ...(seed !== undefined && { seed }),
    };
  }

  /** A job without text: it starts a worker, which loads its model. */
  async #wake(signal: AbortSignal): Promise<void> {
    const items = new StreamItems(RUNPOD, '');
    for await (const view of this.#jobs.follow({ wake: true }, items, signal)) {
      for (const item of view.items) items.push(item);
      if (items.satisfied) break;
    }
  }

  /** What a job cost, if it is known at once: nobody waits for it. */
  async #machineTimeOf(view: JobView, signal: AbortSignal): Promise<readonly SpeechChunk[]> {
    const known = view.machineMs ?? (await this.#api.status(view.id, signal).catch(() => undefined))?.machineMs;
    return known === undefined ? [] : [this.#machineTime(known)];
  }

  #machineTime(ms: number): SpeechChunk {
    return this.#usage('machine-ms', ms);
  }

  #usage(unit: 'machine-ms' | 'audio-ms', quantity: number): SpeechChunk {
    return { type: 'usage', ...this.identity, unit, quantity: Math.round(quantity) };
  }
}

/** What is known of the work on a job. */
interface JobWork {
  /** When it was first seen at work: the clock's ms. */
  workingSinceMs: number | undefined;
  /** Its usage was told. */
  told: boolean;
}

/** RunPod's own endpoint takes a text and a voice, and nothing else. */
function refuseForeign(config: RunPodSpeechConfig): void {
  const names = ['answers', 'language', 'temperature', 'exaggeration', 'cfgWeight', 'seed'] as const;
  const foreign = names.filter((name) => config[name] !== undefined);
  if (foreign.length === 0) return;
  const message = `the endpoint ${PUBLIC_ENDPOINT} of RunPod does not have: ${foreign.join(', ')}`;
  throw new FlavorError('ERR_FLAVOR_CONFIG', message, false);
}
