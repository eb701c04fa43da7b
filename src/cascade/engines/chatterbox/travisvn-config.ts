import * as z from 'zod';
import {
  concurrencySchema,
  machineSchema,
  patienceSchemas,
  serverTokenSchema,
  serverUrlSchema,
} from '../speech-server/server-config.js';

/** chatterbox-tts-api by travisvn, as a section of a flavor's configuration. */
export const travisvnSchema = z.strictObject({
  url: serverUrlSchema,
  token: serverTokenSchema,
  voice: z
    .string()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._()-]{0,120}$/u)
    .optional()
    .describe("A voice of the server's library. Default: the server's."),
  machine: machineSchema('own/machine'),
  answer: z
    .enum(['events', 'stream', 'whole'])
    .default('events')
    .describe('`events`: server-sent, whose end is said; `stream`: a WAV as it is made; `whole`: when all is made.'),
  chunkCharacters: z.int().min(50).max(500).default(200).describe('The server speaks so much in one go.'),
  chunkBy: z.enum(['sentence', 'paragraph', 'fixed', 'word']).default('sentence').describe('Where the server cuts.'),
  quality: z.enum(['fast', 'balanced', 'high']).optional().describe("Default: the server's."),
  maxCharacters: z.int().min(40).max(3_000).default(1_000).describe('Longest text of one request.'),
  exaggeration: z.number().min(0.25).max(2).default(0.5).describe('Of feeling.'),
  cfgWeight: z.number().min(0).max(1).default(0.5).describe('Adherence to the voice; lower is slower.'),
  temperature: z.number().min(0.05).max(5).default(0.8),
  concurrency: concurrencySchema(1),
  ...patienceSchemas,
});

/** Defaults filled in. */
export type TravisvnConfig = z.output<typeof travisvnSchema>;
