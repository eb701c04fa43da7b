import {
  cascadeConfig,
  deepgramApiKeySchema,
  deepgramListenSchema,
  deepgramSpeakSchema,
  languageModelConfig,
  standbyConfig,
} from 'sip-voice-connector/cascade';
import * as z from 'zod';

/** What a config file may say under a flavor with `use: deepgram`. `apiKey` and `llm` are required. */
export const deepgramConfigSchema = z.strictObject({
  apiKey: deepgramApiKeySchema,
  stt: deepgramListenSchema.prefault({}).describe('Who understands the caller.'),
  llm: languageModelConfig,
  tts: deepgramSpeakSchema.prefault({}).describe('Who speaks.'),
  standby: standbyConfig,
  ...cascadeConfig.shape,
});

/** The configuration, defaults filled in. */
export type DeepgramConfig = z.output<typeof deepgramConfigSchema>;
