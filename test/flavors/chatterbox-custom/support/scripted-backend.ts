import { createResampler } from '../../../../src/audio/resampler.js';
import type { Clock } from '../../../../src/base/clock.js';
import type {
  SpeechBackend,
  SpeechBackendCapabilities,
  SpeechBackendHealth,
  SpeechChunk,
} from '../../../../src/cascade/engines/speech-server/backend.js';
import { FlavorError } from '../../../../src/flavor-api/index.js';

export interface ScriptedBackendOptions {
  readonly model: string;
  readonly streaming: boolean;
  readonly sampleRate: 8_000 | 16_000 | 24_000;
  readonly concurrency: number;
  readonly maxCharacters: number;
  readonly tags: boolean;
  /** From a request to its first audio, ms; then so much time for a second of speech, s. */
  readonly firstAudioMs: number;
  readonly realTimeFactor: number;
  readonly chunkMs: number;
  /** Played so much faster: another tempo of the same voice. */
  readonly tempo: number;
}

const defaults: ScriptedBackendOptions = {
  model: 'scripted',
  streaming: true,
  sampleRate: 16_000,
  concurrency: 1,
  maxCharacters: 1_000,
  tags: false,
  firstAudioMs: 0,
  realTimeFactor: 0,
  chunkMs: 100,
  tempo: 1,
};

/** One request that it was asked. */
export interface ScriptedRequest {
  readonly text: string;
  readonly atMs: number;
  sentMs: number;
  state: 'open' | 'done' | 'aborted' | 'broken';
}

/** A server in this process: speaks with the voice it is given, and breaks off where it is told. */
export class ScriptedBackend implements SpeechBackend {
  readonly identity;
  readonly capabilities: SpeechBackendCapabilities;
  readonly options: ScriptedBackendOptions;
  readonly requests: ScriptedRequest[] = [];
  health: SpeechBackendHealth | FlavorError = { state: 'ready' };
  probes = 0;
  wakes = 0;
  busy = 0;
  mostBusy = 0;
  /**
   * What happens to the next request: it breaks off after so much speech, ms, be that all of it, or falls silent there; it
   * breaks off before it is answered (`gone`); or it never is.
   */
  fault: { readonly afterMs: number; readonly hangs?: boolean } | 'gone' | 'silent' | FlavorError | undefined;
  /** Requests that go well before that. */
  passes = 0;
  readonly #clock: Clock;
  readonly #voice: (text: string) => Int16Array;

  /** @param voice 16 kHz */
  constructor(clock: Clock, voice: (text: string) => Int16Array, options: Partial<ScriptedBackendOptions> = {}) {
    this.options = { ...defaults, ...options };
    this.#clock = clock;
    this.#voice = voice;
    const { streaming, sampleRate, maxCharacters, concurrency, tags, model } = this.options;
    this.identity = { provider: 'chatterbox', model };
    this.capabilities = { streaming, sampleRate, maxCharacters, concurrency, tags };
  }

  async *synthesize(text: string, signal: AbortSignal): AsyncGenerator<SpeechChunk> {
    const request: ScriptedRequest = { text, atMs: this.#clock.now(), sentMs: 0, state: 'open' };
    this.requests.push(request);
    this.busy += 1;
    this.mostBusy = Math.max(this.mostBusy, this.busy);
    const fault = this.passes > 0 ? undefined : this.fault;
    if (this.passes > 0) this.passes -= 1;
    else this.fault = undefined;
    const { firstAudioMs, realTimeFactor, chunkMs, streaming, sampleRate, tempo } = this.options;
    try {
      if (fault instanceof FlavorError) throw fault;
      if (fault === 'gone') {
        await this.wait(firstAudioMs / 2, signal);
        throw brokenOff();
      }
      const source = this.#voice(text);
      const paced =
        tempo === 1 ? source : Int16Array.from(createResampler(Math.round(tempo * 1_000), 1_000).process(source));
      const pcm = sampleRate === 16_000 ? paced : Int16Array.from(createResampler(16_000, sampleRate).process(paced));
      const perMs = sampleRate / 1_000;
      const durationMs = pcm.length / perMs;
      await this.wait(fault === 'silent' ? 1e9 : firstAudioMs, signal);
      const breaksAtMs = typeof fault === 'object' ? fault.afterMs : Number.POSITIVE_INFINITY;
      yield { type: 'format', sampleRate };
      if (!streaming) await this.wait(durationMs * realTimeFactor, signal);
      for (let at = 0; at < pcm.length; ) {
        const atMs = at / perMs;
        if (atMs >= breaksAtMs) {
          if (typeof fault === 'object' && fault.hangs) await this.wait(1e9, signal);
          throw brokenOff();
        }
        const endMs = Math.min(durationMs, breaksAtMs);
        const to = streaming ? Math.min(pcm.length, Math.ceil(Math.min(endMs, atMs + chunkMs) * perMs)) : pcm.length;
        if (streaming) await this.wait(((to - at) / perMs) * realTimeFactor, signal);
        request.sentMs = to / perMs;
        yield { type: 'audio', samples: pcm.slice(at, to) };
        at = to;
      }
      if (breaksAtMs <= durationMs) throw brokenOff();
      request.state = 'done';
      yield { type: 'usage', ...this.identity, unit: 'audio-ms', quantity: Math.round(durationMs) };
    } catch (error) {
      request.state = signal.aborted ? 'aborted' : 'broken';
      throw error;
    } finally {
      this.busy -= 1;
      if (request.state === 'open') request.state = 'aborted';
    }
  }

  async probe(): Promise<SpeechBackendHealth> {
    this.probes += 1;
    if (this.health instanceof Error) throw this.health;
    return this.health;
  }

  async wake(): Promise<void> {
    this.wakes += 1;
    this.health = { state: 'ready' };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** At simulated time. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (ms <= 0) return resolve();
      const onAbort = (): void => {
        this.#clock.clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = this.#clock.setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

function brokenOff(): FlavorError {
  return new FlavorError('ERR_FLAVOR_NETWORK', 'the answer broke off', true);
}
