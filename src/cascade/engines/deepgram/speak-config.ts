import * as z from 'zod';
import { connectTimeoutSchema, reconnectSchema } from '../shared/reconnect-config.js';
import { deepgramUrlSchema } from './endpoint.js';

/** Aura, Deepgram's voices, as a section of a flavor's configuration. */
export const deepgramSpeakSchema = z.strictObject({
  model: z
    .string()
    .regex(/^[\w.-]{1,100}$/)
    .default('aura-2-thalia-en')
    .describe('Model, voice and language in one name, such as `aura-2-thalia-en`.'),
  url: deepgramUrlSchema,
  speed: z.number().min(0.7).max(1.5).optional().describe('Of speech. Default: 1.'),
  mipOptOut: z.boolean().default(false).describe("Keep texts out of Deepgram's model improvement programme."),
  connections: z
    .strictObject({
      limit: z
        .int()
        .min(1)
        .max(10_000)
        .optional()
        .describe("Connections at once; the plan's limit, 15 for pay-as-you-go. Default: Deepgram decides."),
      share: z
        .boolean()
        .default(false)
        .describe('A call has one only while the agent speaks, so that more calls share them; it may have to wait.'),
    })
    .default({ share: false }),
  answerTimeoutMs: z.int().min(500).max(60_000).default(5_000).describe('Until speech comes, or goes on.'),
  renewAfterMinutes: z.number().positive().max(59).default(55).describe('Deepgram ends a connection after 60 minutes.'),
  connectTimeoutMs: connectTimeoutSchema,
  reconnect: reconnectSchema,
});

/** Defaults filled in. */
export type DeepgramSpeakConfig = z.output<typeof deepgramSpeakSchema>;
