import {
  azureListenSchema,
  azureResourceSchema,
  azureSpeakSchema,
  cascadeConfig,
  languageModelConfig,
  standbyConfig,
} from 'sip-voice-connector/cascade';
import * as z from 'zod';

/** What a config file may say under a flavor with `use: azure`. `speech` and `llm` are required. */
export const azureConfigSchema = z.strictObject({
  speech: azureResourceSchema.describe('The Speech resource: whose, and where.'),
  stt: azureListenSchema.prefault({}).describe('Who understands the caller.'),
  llm: languageModelConfig,
  tts: azureSpeakSchema.prefault({}).describe('Who speaks.'),
  standby: standbyConfig,
  ...cascadeConfig.shape,
  language: z
    .string()
    .min(2)
    .max(35)
    .optional()
    .describe('BCP 47: how numbers, dates and signs are said. Default: the language of `tts.voice`.'),
});

/** The configuration, defaults filled in. */
export type AzureConfig = z.output<typeof azureConfigSchema>;
