import * as z from 'zod';
import { createSystemClock } from '../../base/clock.js';
import type { CascadeStages } from '../create-cascade.js';
import { failOverLanguageModels } from '../fail-over/language-model.js';
import { failOverSpeechToText } from '../fail-over/speech-to-text.js';
import { failOverTextToSpeech } from '../fail-over/text-to-speech.js';
import type { SpeechToText } from '../stages/speech-to-text.js';
import type { TextToSpeech } from '../stages/text-to-speech.js';
import { type CreateLanguageModelDeps, createLanguageModel } from './create-language-model.js';
import {
  createDeepgramSpeechToText,
  createDeepgramTextToSpeech,
  deepgramApiKeySchema,
  deepgramListenSchema,
  deepgramSpeakSchema,
} from './deepgram/index.js';
import { languageModelConfig } from './language-model-config.js';

const deepgram = z.literal('deepgram').describe('Deepgram.');

/** A recogniser of any provider, in a flavor's section of the configuration. */
export const speechToTextConfig = z
  .discriminatedUnion('provider', [
    z.strictObject({ provider: deepgram, apiKey: deepgramApiKeySchema, ...deepgramListenSchema.shape }),
  ])
  .describe('Who understands the caller.');

/** A voice of any provider, in a flavor's section of the configuration. */
export const textToSpeechConfig = z
  .discriminatedUnion('provider', [
    z.strictObject({ provider: deepgram, apiKey: deepgramApiKeySchema, ...deepgramSpeakSchema.shape }),
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

/**
 * The recogniser of a configuration; nothing is connected before it is used.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for what the schema cannot see.
 */
export function createSpeechToText({ provider: _, apiKey, ...config }: SpeechToTextConfig): SpeechToText {
  return createDeepgramSpeechToText(config, { apiKey });
}

/**
 * The voice of a configuration; nothing is connected before it is used.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for what the schema cannot see.
 */
export function createTextToSpeech({ provider: _, apiKey, ...config }: TextToSpeechConfig): TextToSpeech {
  return createDeepgramTextToSpeech(config, { apiKey });
}

/**
 * The same stages, each with those that stand by for it. Without any, the stage as it is.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for what the schema cannot see, or where two engines share no audio format.
 */
export function withStandby(
  stages: CascadeStages,
  standby: StandbyConfig,
  deps: CreateLanguageModelDeps = {},
): CascadeStages {
  const failOver = { clock: deps.clock ?? createSystemClock() };
  const { stt, llm, tts } = standby;
  return {
    stt: stt.length === 0 ? stages.stt : failOverSpeechToText([stages.stt, ...stt.map(createSpeechToText)], failOver),
    llm:
      llm.length === 0
        ? stages.llm
        : failOverLanguageModels([stages.llm, ...llm.map((config) => createLanguageModel(config, deps))], failOver),
    tts: tts.length === 0 ? stages.tts : failOverTextToSpeech([stages.tts, ...tts.map(createTextToSpeech)], failOver),
  };
}
