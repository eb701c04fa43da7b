import * as z from 'zod';
import { concurrencySchema, patienceSchemas, serverTokenSchema } from '../speech-server/server-config.js';

const name = z.string().regex(/^[^\s"\\][^"\\\n\r]{0,199}$/);

/** `/v1/audio/speech`, as a section of a flavor's configuration. */
export const openAiSpeechSchema = z.strictObject({
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[?#]/.test(url), { error: 'an address without ? and #' })
    .default('https://api.openai.com/v1')
    .describe('Of the API, with its version.'),
  apiKey: serverTokenSchema.describe('Default: none, as servers of your own want it.'),
  vendor: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/)
    .optional()
    .describe('In records and the price list. Default: `openai` for its own address, else `openai-compatible`.'),
  model: name.default('gpt-4o-mini-tts'),
  voice: name.default('alloy').describe('For some servers the name of a file.'),
  instructions: z.string().min(1).max(4_000).optional().describe('How to speak, for models that take it.'),
  speed: z.number().min(0.25).max(4).optional(),
  answer: z
    .enum(['pcm', 'wav', 'events'])
    .default('pcm')
    .describe(
      '`pcm`: bare samples; `wav`; `events`: server-sent, whose end is said, with the tokens used (not `tts-1`).',
    ),
  sampleRate: z.int().min(8_000).max(48_000).default(24_000).describe('Of bare samples, Hz: OpenAI has 24,000.'),
  tags: z.boolean().default(false).describe('The model acts `[laugh]` and the like; elsewhere they are left out.'),
  streaming: z.boolean().default(true).describe('The server sends speech while it makes the rest.'),
  maxCharacters: z.int().min(40).max(4_096).default(4_096).describe('Longest text of one request.'),
  concurrency: concurrencySchema(8),
  ...patienceSchemas,
});

/** Defaults filled in. */
export type OpenAiSpeechConfig = z.output<typeof openAiSpeechSchema>;
