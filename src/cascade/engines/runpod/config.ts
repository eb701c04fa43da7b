import * as z from 'zod';
import { apiUrlSchema, jobSchema, nameSchema, seedSchema, temperatureSchema } from '../hosted/config.js';
import { keySchema } from '../shared/key-config.js';

/** RunPod's own endpoint of Chatterbox Turbo. */
export const PUBLIC_ENDPOINT = 'chatterbox-turbo';

export const runPodApiKeySchema = keySchema().describe('API key of RunPod.');

/** Chatterbox on RunPod's queue endpoints, as a section of a flavor's configuration. */
export const runPodSpeechSchema = z.strictObject({
  endpoint: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .default(PUBLIC_ENDPOINT)
    .describe("Id of an endpoint of yours, or `chatterbox-turbo`, RunPod's own."),
  answers: z
    .enum(['stream', 'whole'])
    .optional()
    .describe(
      'How a handler of yours answers: `stream`, as it makes the speech; `whole`, when it is done. Default: `stream`.',
    ),
  baseUrl: apiUrlSchema.default('https://api.runpod.ai/v2').describe('Of the API.'),
  voice: nameSchema
    .optional()
    .describe("Name of a voice. Default: `lucy` of RunPod's own endpoint, the handler's of yours."),
  voiceUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Of a recording whose voice is imitated.'),
  language: z
    .string()
    .regex(/^[a-z]{2,3}$/)
    .optional()
    .describe('Of the text, such as `en`; endpoints of yours alone.'),
  temperature: temperatureSchema,
  exaggeration: z.number().min(0).max(2).optional().describe('Of feelings; endpoints of yours alone.'),
  cfgWeight: z.number().min(0).max(1).optional().describe('Closeness to the voice; endpoints of yours alone.'),
  seed: seedSchema,
  tags: z.boolean().default(true).describe('The model acts signs such as `[laugh]`, as Chatterbox Turbo does.'),
  maxCharacters: z.int().min(40).max(10_000).default(500).describe('Longest text of one job.'),
  concurrency: z.int().min(1).max(1_000).default(3).describe('Jobs at once: the workers that there may be.'),
  machine: nameSchema
    .default('serverless')
    .describe('Of an endpoint of yours, as the price file names the model: the price of its GPU.'),
  ...jobSchema,
});

/** Defaults filled in. */
export type RunPodSpeechConfig = z.output<typeof runPodSpeechSchema>;
