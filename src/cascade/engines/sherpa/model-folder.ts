import { FlavorError } from '../../../flavor-api/index.js';

/** What sherpa-onnx is told of a model: its own configuration, with paths within the folder. */
export interface SherpaModel {
  /** `online` models are made for streams, `offline` ones hear a recording at once, `tts` speak. */
  readonly kind: 'online' | 'offline' | 'tts';
  /** As `sherpa-onnx-node` calls the members of its configurations. */
  readonly model: Readonly<Record<string, unknown>>;
  readonly tokens: string;
}

/** What a recogniser's folder may hold. */
export const sherpaEars = [
  'transducer',
  'whisper',
  'moonshine',
  'sense-voice',
  'paraformer',
  'nemo-ctc',
  'ctc',
] as const;
/** What a voice's folder may hold. */
export const sherpaVoices = ['vits', 'kokoro', 'kitten', 'matcha'] as const;

export type SherpaEar = (typeof sherpaEars)[number];
export type SherpaVoice = (typeof sherpaVoices)[number];

/** What is in a folder, and where it is. */
export interface ModelFolder {
  /** Absolute. */
  readonly path: string;
  readonly files: readonly string[];
}

/**
 * Finds the parts of a recogniser by the names that the project's releases give them; of two sizes the smaller, which is
 * quicker and hardly worse.
 *
 * @param given in place of what the names suggest
 * @param language of models that are told, ISO 639-1
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for a folder that lacks a part, or does not show what it is
 */
export function findEar(folder: ModelFolder, given: SherpaEar | undefined, language: string): SherpaModel {
  const part = partsOf(folder);
  const name = nameOf(folder);
  const kind = given ?? earIn(folder, name);
  const streaming = /streaming|online/.test(name) && !/non-?streaming/.test(name);
  const tokens = part(/(?:^|-)tokens\.txt$/, 'tokens.txt');
  const single = (): string => part(/^(?:.*-)?model(?:[.-].*)?\.onnx$|^ctc.*\.onnx$/, 'model.onnx');
  switch (kind) {
    case 'transducer': {
      const transducer = {
        encoder: part(/encoder.*\.onnx$/, 'encoder'),
        decoder: part(/decoder.*\.onnx$/, 'decoder'),
        joiner: part(/joiner.*\.onnx$/, 'joiner'),
      };
      // NeMo's are read in another way, and cannot be told from others by their shape.
      const modelType = /nemo|parakeet/.test(name) ? { modelType: 'nemo_transducer' } : {};
      return { kind: streaming ? 'online' : 'offline', model: { transducer, ...(!streaming && modelType) }, tokens };
    }
    case 'whisper': {
      const whisper = { encoder: part(/encoder.*\.onnx$/, 'encoder'), decoder: part(/decoder.*\.onnx$/, 'decoder') };
      return { kind: 'offline', model: { whisper: { ...whisper, language, task: 'transcribe' } }, tokens };
    }
    case 'moonshine': {
      const moonshine = {
        preprocessor: part(/^preprocess.*\.onnx$/, 'preprocess'),
        encoder: part(/^encode.*\.onnx$/, 'encode'),
        uncachedDecoder: part(/^uncached_decode.*\.onnx$/, 'uncached_decode'),
        cachedDecoder: part(/^cached_decode.*\.onnx$/, 'cached_decode'),
      };
      return { kind: 'offline', model: { moonshine }, tokens };
    }
    case 'sense-voice': {
      const senseVoice = { model: single(), language, useInverseTextNormalization: 1 };
      return { kind: 'offline', model: { senseVoice }, tokens };
    }
    case 'paraformer':
      if (!streaming) return { kind: 'offline', model: { paraformer: { model: single() } }, tokens };
      return {
        kind: 'online',
        model: {
          paraformer: { encoder: part(/encoder.*\.onnx$/, 'encoder'), decoder: part(/decoder.*\.onnx$/, 'decoder') },
        },
        tokens,
      };
    case 'nemo-ctc':
      return { kind: streaming ? 'online' : 'offline', model: { nemoCtc: { model: single() } }, tokens };
    case 'ctc': {
      const ctc = { model: single() };
      return streaming
        ? { kind: 'online', model: { zipformer2Ctc: ctc }, tokens }
        : { kind: 'offline', model: { zipformerCtc: ctc }, tokens };
    }
  }
}

/** The same for a voice. @throws FlavorError `ERR_FLAVOR_CONFIG` */
export function findVoice(folder: ModelFolder, given: SherpaVoice | undefined): SherpaModel {
  const part = partsOf(folder);
  const name = nameOf(folder);
  const kind = given ?? (['kokoro', 'kitten', 'matcha'] as const).find((each) => name.includes(each)) ?? 'vits';
  const tokens = part(/^tokens\.txt$/, 'tokens.txt');
  const optional = (file: string, key: string): object =>
    folder.files.includes(file) ? { [key]: `${folder.path}/${file}` } : {};
  const common = { tokens, ...optional('espeak-ng-data', 'dataDir'), ...optional('lexicon.txt', 'lexicon') };
  switch (kind) {
    case 'kokoro':
    case 'kitten': {
      const { lexicon: _, ...spoken } = { lexicon: '', ...common };
      const parts = { model: part(/^model.*\.onnx$/, 'model.onnx'), voices: part(/^voices\.bin$/, 'voices.bin') };
      return { kind: 'tts', model: { [kind]: { ...parts, ...spoken } }, tokens };
    }
    case 'matcha': {
      const vocoder = part(/^(?:hifigan|vocos).*\.onnx$/, 'the vocoder (hifigan or vocos)');
      return {
        kind: 'tts',
        model: { matcha: { acousticModel: part(/^model.*\.onnx$/, 'model'), vocoder, ...common } },
        tokens,
      };
    }
    case 'vits':
      return { kind: 'tts', model: { vits: { model: part(/\.onnx$/, 'the model (.onnx)'), ...common } }, tokens };
  }
}

function earIn({ files, path }: ModelFolder, name: string): SherpaEar {
  const has = (pattern: RegExp): boolean => files.some((file) => pattern.test(file));
  if (has(/joiner.*\.onnx$/)) return 'transducer';
  if (has(/cached_decode.*\.onnx$/)) return 'moonshine';
  if (/sense-?voice/.test(name)) return 'sense-voice';
  if (name.includes('paraformer')) return 'paraformer';
  if (has(/decoder.*\.onnx$/)) return 'whisper';
  if (/nemo|parakeet/.test(name)) return 'nemo-ctc';
  if (name.includes('ctc')) return 'ctc';
  throw failure(`${path}: not to be seen what kind of model it is; name it as kind`);
}

/** Finds a part by its name. */
function partsOf({ path, files }: ModelFolder): (pattern: RegExp, what: string) => string {
  return (pattern, what) => {
    const found = files.filter((file) => pattern.test(file)).toSorted();
    const best = found.find((file) => file.includes('int8')) ?? found[0];
    if (best === undefined) throw failure(`${path}: ${what} is missing`);
    return `${path}/${best}`;
  };
}

/** Words that names of models have. */
const TELLING =
  /sherpa-onnx-|streaming|online|conformer|lstm|zipformer|transducer|ctc|nemo|parakeet|whisper|moonshine|sense-?voice|paraformer|vits|piper|kokoro|kitten|matcha/;

/** The name of the innermost folder that is named after a model: what that lies in says nothing of it. */
function nameOf({ path }: ModelFolder): string {
  const names = path.toLowerCase().split(/[\\/]/);
  return names.findLast((name) => TELLING.test(name)) ?? '';
}

function failure(message: string): FlavorError {
  return new FlavorError('ERR_FLAVOR_CONFIG', message, false);
}
