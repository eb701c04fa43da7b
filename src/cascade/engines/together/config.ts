import * as z from 'zod';
import { apiUrlSchema, nameSchema } from '../hosted/config.js';
import { keySchema } from '../shared/key-config.js';
import { connectTimeoutSchema } from '../shared/reconnect-config.js';

export const togetherApiKeySchema = keySchema().describe('API key of Together.ai.');

/** A voice of Together.ai, as a section of a flavor's configuration. */
export const togetherSpeechSchema = z.strictObject({
  model: nameSchema
    .default('hexgrad/Kokoro-82M')
    .describe('Such as `canopylabs/orpheus-3b-0.1-ft` or `cartesia/sonic-3`. Chatterbox is not among them.'),
  voice: nameSchema.default('af_heart').describe('One of the model.'),
  language: z
    .string()
    .regex(/^[a-z]{2}$/)
    .optional()
    .describe('Of the text, such as `en`. Default: the voice decides.'),
  transport: z
    .enum(['http', 'websocket'])
    .default('http')
    .describe('A request, or a connection that is kept, for each text.'),
  baseUrl: apiUrlSchema.default('https://api.together.ai/v1').describe('Of the API.'),
  maxCharacters: z.int().min(40).max(5_000).default(500).describe('Longest text of one request.'),
  concurrency: z.int().min(1).max(1_000).default(10).describe('Requests at once.'),
  answerTimeoutMs: z.int().min(500).max(60_000).default(10_000).describe('Until speech comes, or goes on.'),
  connectTimeoutMs: connectTimeoutSchema,
});

/** Defaults filled in. */
export type TogetherSpeechConfig = z.output<typeof togetherSpeechSchema>;
