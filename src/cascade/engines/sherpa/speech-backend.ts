import { createSystemClock } from '../../../base/clock.js';
import { FlavorError } from '../../../flavor-api/index.js';
import type { StageIdentity } from '../../stages/stage.js';
import type {
  SpeechBackend,
  SpeechBackendCapabilities,
  SpeechBackendHealth,
  SpeechChunk,
} from '../speech-server/backend.js';
import type { SherpaSpeakConfig } from './config.js';
import { LoadedModel } from './model.js';
import { findVoice } from './model-folder.js';
import type { SherpaDeps } from './speech-to-text.js';

const MAX_CHARACTERS = 500;
/** What most of its voices are made at, Hz; each answer says for itself. */
const SAMPLE_RATE = 22_050;

/** Voices of sherpa-onnx (Piper's, Kokoro, Kitten, Matcha) out of a folder, in a process of their own. */
export function createSherpaSpeechBackend(config: SherpaSpeakConfig, deps: SherpaDeps = {}): SpeechBackend {
  const { folder, kind, threads, loadTimeoutMs, answerTimeoutMs } = config;
  const model = new LoadedModel({
    folder,
    threads,
    loadTimeoutMs,
    jobTimeoutMs: answerTimeoutMs,
    clock: deps.clock ?? createSystemClock(),
    ...(deps.module !== undefined && { module: deps.module }),
    find: (files) => findVoice(files, kind),
  });
  return new SherpaVoiceBackend(model, config);
}

class SherpaVoiceBackend implements SpeechBackend {
  readonly identity: StageIdentity;
  readonly capabilities: SpeechBackendCapabilities = {
    streaming: false,
    sampleRate: SAMPLE_RATE,
    maxCharacters: MAX_CHARACTERS,
    concurrency: 1,
    tags: false,
  };
  readonly #model: LoadedModel;
  readonly #config: SherpaSpeakConfig;
  #loaded = false;

  constructor(model: LoadedModel, config: SherpaSpeakConfig) {
    this.#model = model;
    this.#config = config;
    this.identity = { provider: 'sherpa-onnx', model: model.name };
  }

  async *synthesize(text: string, signal: AbortSignal): AsyncIterable<SpeechChunk> {
    const { speaker: sid, speed } = this.#config;
    const { samples, sampleRate } = await this.#model.run({ text, sid, speed }, signal);
    this.#loaded = true;
    if (samples === undefined || samples.length === 0 || sampleRate === undefined) {
      throw new FlavorError('ERR_FLAVOR_PROTOCOL', 'sherpa-onnx answered without any speech', true);
    }
    yield { type: 'format', sampleRate };
    yield { type: 'audio', samples: Int16Array.from(samples, toInt16) };
    yield { type: 'usage', ...this.identity, unit: 'characters', quantity: text.length };
  }

  async probe(signal: AbortSignal): Promise<SpeechBackendHealth> {
    if (!this.#loaded) await this.wake(signal);
    return { state: 'ready' };
  }

  /** Loads the model. */
  async wake(signal: AbortSignal): Promise<void> {
    await this.#model.load(signal);
    this.#loaded = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#model[Symbol.asyncDispose]();
  }
}

function toInt16(sample: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_767)));
}
