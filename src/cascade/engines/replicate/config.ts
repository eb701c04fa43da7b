import * as z from 'zod';
import { apiUrlSchema, jobSchema, nameSchema, seedSchema, temperatureSchema } from '../hosted/config.js';
import { keySchema } from '../shared/key-config.js';

export const replicateApiKeySchema = keySchema().describe('API token of Replicate.');

/** Speech of a model on Replicate, as a section of a flavor's configuration. */
export const replicateSpeechSchema = z.strictObject({
  model: z
    .string()
    .regex(/^[\w.-]{1,100}\/[\w.-]{1,100}$/)
    .default('resemble-ai/chatterbox-turbo')
    .describe('Owner and name.'),
  version: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe('Of a model that is not one of the official ones: 64 hexadecimal digits.'),
  baseUrl: apiUrlSchema.default('https://api.replicate.com/v1').describe('Of the API.'),
  voice: nameSchema.optional().describe("Name of a voice. Default: the model's, `Andy`."),
  referenceAudio: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Of a recording, longer than 5 s, whose voice is imitated.'),
  temperature: temperatureSchema,
  topP: z.number().min(0).max(1).optional(),
  topK: z.int().min(1).max(10_000).optional(),
  repetitionPenalty: z.number().min(1).max(2).optional(),
  seed: seedSchema,
  textInput: nameSchema.default('text').describe('What the model calls the text.'),
  inputs: z
    .record(z.string().max(100), z.union([z.string().max(4_000), z.number(), z.boolean()]))
    .default({})
    .describe('Further inputs of the model, by their names.'),
  tags: z.boolean().default(true).describe('The model acts signs such as `[laugh]`, as Chatterbox Turbo does.'),
  maxCharacters: z.int().min(40).max(10_000).default(500).describe('Longest text that the model takes.'),
  concurrency: z.int().min(1).max(1_000).default(10).describe('Predictions at once.'),
  ...jobSchema,
});

/** Defaults filled in. */
export type ReplicateSpeechConfig = z.output<typeof replicateSpeechSchema>;
