import * as z from 'zod';
import { assertUnreachable } from '../../base/assert.js';
import { createSystemClock } from '../../base/clock.js';
import { FlavorError } from '../../flavor-api/index.js';
import type { CascadeStages } from '../create-cascade.js';
import type { FailOverDeps } from '../fail-over/candidates.js';
import { failOverLanguageModels } from '../fail-over/language-model.js';
import { failOverSpeechToText } from '../fail-over/speech-to-text.js';
import { failOverTextToSpeech } from '../fail-over/text-to-speech.js';
import type { SpeechToText } from '../stages/speech-to-text.js';
import type { TextToSpeech } from '../stages/text-to-speech.js';
import {
  azureListenSchema,
  azureResourceSchema,
  azureSpeakSchema,
  createAzureSpeechToText,
  createAzureTextToSpeech,
} from './azure/index.js';
import { type CreateLanguageModelDeps, createLanguageModel } from './create-language-model.js';
import {
  createDeepgramSpeechToText,
  createDeepgramTextToSpeech,
  deepgramApiKeySchema,
  deepgramListenSchema,
  deepgramSpeakSchema,
} from './deepgram/index.js';
import { languageModelConfig } from './language-model-config.js';
import type { HostGuard } from './shared/host-guard.js';
import { createSherpaSpeechToText, sherpaListenSchema } from './sherpa/index.js';
import { createSpeechBackend, speechBackendConfig } from './speech-backend.js';
import { speechServerVoice } from './speech-server/voice.js';
import { createWhisperSpeechToText, whisperListenSchema } from './whisper/index.js';

const whisper = z.literal('whisper').describe('Whisper, on a server of your own or OpenAI’s.');
const sherpa = z.literal('sherpa-onnx').describe('sherpa-onnx, in a process of its own, without a server.');
const deepgram = z.literal('deepgram').describe('Deepgram.');
const azure = {
  provider: z.literal('azure').describe('Azure Speech.'),
  speech: azureResourceSchema.describe('The Speech resource: whose, and where.'),
};

/** A recogniser of any provider, in a flavor's section of the configuration. */
export const speechToTextConfig = z
  .discriminatedUnion('provider', [
    z.strictObject({ provider: deepgram, apiKey: deepgramApiKeySchema, ...deepgramListenSchema.shape }),
    z.strictObject({ ...azure, ...azureListenSchema.shape }),
    z.strictObject({ provider: whisper, ...whisperListenSchema.shape }),
    z.strictObject({ provider: sherpa, ...sherpaListenSchema.shape }),
  ])
  .describe('Who understands the caller.');

/** A voice of any provider, in a flavor's section of the configuration. */
export const textToSpeechConfig = z
  .discriminatedUnion('provider', [
    z.strictObject({ provider: deepgram, apiKey: deepgramApiKeySchema, ...deepgramSpeakSchema.shape }),
    z.strictObject({ ...azure, ...azureSpeakSchema.shape }),
    speechBackendConfig,
  ])
  .describe('Who speaks.');

const MAX_STANDBYS = 4;

/**
 * Who takes over when a stage fails, in order of preference: `standby: standbyConfig` in a flavor's section of the
 * configuration.
 */
export const standbyConfig = z
  .strictObject({
    stt: z.array(speechToTextConfig).max(MAX_STANDBYS).default([]).describe('In place of `stt`.'),
    llm: z.array(languageModelConfig).max(MAX_STANDBYS).default([]).describe('In place of `llm`.'),
    tts: z.array(textToSpeechConfig).max(MAX_STANDBYS).default([]).describe('In place of `tts`.'),
  })
  .prefault({})
  .describe('Who takes over in the middle of a call when a stage fails, in order of preference.');

export type SpeechToTextConfig = z.output<typeof speechToTextConfig>;
export type TextToSpeechConfig = z.output<typeof textToSpeechConfig>;
export type StandbyConfig = z.output<typeof standbyConfig>;

/** What an engine is lent beside its section of the configuration. */
export interface SpeechEngineDeps {
  /** Where connections may go. Default: anywhere. */
  readonly guard?: HostGuard | undefined;
}

/**
 * The recogniser of a configuration; nothing is connected before it is used.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for what the schema cannot see.
 */
export function createSpeechToText(config: SpeechToTextConfig, { guard }: SpeechEngineDeps = {}): SpeechToText {
  switch (config.provider) {
    case 'deepgram': {
      const { provider: _, apiKey, ...listen } = config;
      return createDeepgramSpeechToText(listen, { apiKey, guard });
    }
    case 'azure': {
      const { provider: _, speech, ...listen } = config;
      requireNoGuard(guard);
      return createAzureSpeechToText(listen, { resource: speech });
    }
    case 'whisper': {
      const { provider: _, ...listen } = config;
      return createWhisperSpeechToText(listen, { guard });
    }
    case 'sherpa-onnx': {
      const { provider: _, ...listen } = config;
      return createSherpaSpeechToText(listen);
    }
    default:
      return assertUnreachable(config);
  }
}

/**
 * The voice of a configuration; nothing is connected before it is used.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for what the schema cannot see.
 */
export function createTextToSpeech(config: TextToSpeechConfig, { guard }: SpeechEngineDeps = {}): TextToSpeech {
  switch (config.provider) {
    case 'deepgram': {
      const { provider: _, apiKey, ...speak } = config;
      return createDeepgramTextToSpeech(speak, { apiKey, guard });
    }
    case 'azure': {
      const { provider: _, speech, ...speak } = config;
      requireNoGuard(guard);
      return createAzureTextToSpeech(speak, { resource: speech });
    }
    case 'chatterbox':
    case 'openai-speech':
      return speechServerVoice(createSpeechBackend(config, { guard }), { retries: config.retries });
    case 'runpod':
    case 'replicate':
    case 'together':
    case 'sherpa-onnx':
      return speechServerVoice(createSpeechBackend(config, { guard }));
    default:
      return assertUnreachable(config);
  }
}

/** Who keeps a call to hosts of one's own does not send it to a cloud. */
function requireNoGuard(guard: HostGuard | undefined): void {
  if (!guard) return;
  throw new FlavorError('ERR_FLAVOR_CONFIG', 'azure: cannot be kept to the hosts that are allowed', false);
}

/** What an engine's section says of connections. */
interface Dialling {
  readonly connectTimeoutMs: number;
  readonly reconnect: { readonly attempts: number };
}

/** For another engine to be better than waiting for this one, ms. */
const HASTY_CONNECT_MS = 1_000;

/**
 * An engine's section where somebody stands by for it: a lost connection is dialled once more, for a second, and then the
 * other's turn has come. Alone, an engine is as patient as its section says.
 */
export function hastyIf<Config extends Dialling>(standsBy: boolean, config: Config): Config {
  if (!standsBy) return config;
  const { connectTimeoutMs, reconnect } = config;
  return {
    ...config,
    connectTimeoutMs: Math.min(connectTimeoutMs, HASTY_CONNECT_MS),
    reconnect: { ...reconnect, attempts: Math.min(reconnect.attempts, 1) },
  };
}

/**
 * The same stages, each with those that stand by for it. Without any, the stage as it is.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for what the schema cannot see, or where two engines share no audio format.
 */
export function withStandby(
  stages: CascadeStages,
  standby: StandbyConfig,
  deps: CreateLanguageModelDeps & Pick<FailOverDeps, 'log'> = {},
): CascadeStages {
  const failOver = { clock: deps.clock ?? createSystemClock(), log: deps.log };
  const { stt, llm, tts } = standby;
  const { guard } = deps;
  const ears = stt.map((config) => createSpeechToText(config, { guard }));
  const voices = tts.map((config) => createTextToSpeech(config, { guard }));
  return {
    stt: stt.length === 0 ? stages.stt : failOverSpeechToText([stages.stt, ...ears], failOver),
    llm:
      llm.length === 0
        ? stages.llm
        : failOverLanguageModels([stages.llm, ...llm.map((config) => createLanguageModel(config, deps))], failOver),
    tts: tts.length === 0 ? stages.tts : failOverTextToSpeech([stages.tts, ...voices], failOver),
  };
}
