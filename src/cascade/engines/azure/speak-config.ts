import * as z from 'zod';
import { connectTimeoutSchema, reconnectSchema } from '../shared/reconnect-config.js';

/** What an attribute of SSML may hold here; that it cannot end the attribute is seen to again where it is written. */
const attribute = z.string().regex(/^[\w.+%-]{1,40}$/);

const silenceMs = z.int().min(0).max(20_000).optional();

/** Azure's voices, as a section of a flavor's configuration. */
export const azureSpeakSchema = z.strictObject({
  voice: z
    .string()
    .regex(/^[\w:.-]{1,150}$/)
    .default('en-US-AriaNeural')
    .describe('Name of the voice, such as `en-US-AriaNeural`; its language is the beginning of it.'),
  rate: attribute.optional().describe('Of speech, such as `+10%`, `1.1` or `slow`.'),
  pitch: attribute.optional().describe('Such as `+2st`, `-5%` or `low`.'),
  volume: attribute.optional().describe('Such as `+10%`, `80` or `soft`.'),
  style: attribute.optional().describe('Of voices that have some, such as `customerservice` or `cheerful`.'),
  styleDegree: z.number().min(0.01).max(2).optional().describe('How much of `style`. Default: 1.'),
  role: attribute.optional().describe('Of voices that play some, such as `YoungAdultFemale`.'),
  silence: z
    .strictObject({
      leadingMs: silenceMs.describe('Before the first word of a piece. Default: what the voice has.'),
      tailingMs: silenceMs.describe('After the last word of a piece. Default: what the voice has.'),
      sentenceMs: silenceMs.describe('Between sentences. Default: what the voice has.'),
    })
    .default({})
    .describe('Exact lengths of pauses, for voices that take them.'),
  lexicon: z
    .url({ protocol: /^https$/ })
    .max(500)
    .optional()
    .describe('Address of a pronunciation lexicon (PLS) that Azure fetches.'),
  customVoice: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .optional()
    .describe('Id of the deployment of a custom voice.'),
  wordTimes: z.boolean().default(true).describe('Have Azure say when each word begins.'),
  answerTimeoutMs: z.int().min(500).max(60_000).default(5_000).describe('Until speech comes, or goes on.'),
  connectTimeoutMs: connectTimeoutSchema,
  reconnect: reconnectSchema,
});

/** Defaults filled in. */
export type AzureSpeakConfig = z.output<typeof azureSpeakSchema>;
