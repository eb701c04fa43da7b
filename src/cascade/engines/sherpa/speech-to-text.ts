import { parseWav } from '../../../audio/wav-parse.js';
import { type Clock, createSystemClock } from '../../../base/clock.js';
import type { SpeechToText } from '../../stages/speech-to-text.js';
import type { Hypothesis } from '../whisper/hypothesis.js';
import type { WhisperQuestion, WhisperServer } from '../whisper/server.js';
import { recordingsToText } from '../whisper/speech-to-text.js';
import type { SherpaListenConfig } from './config.js';
import { LoadedModel } from './model.js';
import { findEar } from './model-folder.js';

/** What sherpa-onnx is lent beside its section of the configuration. */
export interface SherpaDeps {
  readonly clock?: Clock;
  /** In place of `sherpa-onnx-node`: a specifier or a `file:` URL. */
  readonly module?: string;
}

/**
 * Recognisers of sherpa-onnx, without a server: the package `sherpa-onnx-node`, which the user installs, and a model out
 * of a folder, in a process of their own. Made a streaming recogniser in the way that Whisper's servers are.
 */
export function createSherpaSpeechToText(config: SherpaListenConfig, deps: SherpaDeps = {}): SpeechToText {
  const clock = deps.clock ?? createSystemClock();
  const { folder, kind, threads, loadTimeoutMs, answerTimeoutMs, language = '' } = config;
  const model = new LoadedModel({
    folder,
    threads,
    loadTimeoutMs,
    jobTimeoutMs: answerTimeoutMs,
    clock,
    ...(deps.module !== undefined && { module: deps.module }),
    find: (files) => findEar(files, kind, language),
  });
  const identity = { provider: 'sherpa-onnx', model: model.name };
  const segments = { ...config, prompt: '', keyterms: [] };
  return recordingsToText({ config: segments, server: new SherpaEars(model), identity, concurrency: 1, clock });
}

class SherpaEars implements WhisperServer {
  readonly #model: LoadedModel;

  constructor(model: LoadedModel) {
    this.#model = model;
  }

  async transcribe({ wav }: WhisperQuestion, _: (text: string) => void, signal: AbortSignal): Promise<Hypothesis> {
    const { samples, sampleRate } = parseWav(wav, 'recording');
    const floats = Float32Array.from(samples, (sample) => sample / 32_768);
    const { text = '' } = await this.#model.run({ samples: floats, sampleRate }, signal);
    return { text: inSentenceCase(text) };
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.#model.load(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#model[Symbol.asyncDispose]();
  }
}

/** Transducers of LibriSpeech know capitals only. */
function inSentenceCase(text: string): string {
  if (text !== text.toUpperCase() || !/\p{Lu}{2}/u.test(text)) return text;
  const lower = text.trim().toLowerCase();
  return lower.charAt(0).toUpperCase() + lower.slice(1).replace(/\bi\b/g, 'I');
}
