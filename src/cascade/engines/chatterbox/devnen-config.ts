import * as z from 'zod';
import {
  concurrencySchema,
  machineSchema,
  patienceSchemas,
  serverTokenSchema,
  serverUrlSchema,
} from '../speech-server/server-config.js';

/** A file of the server's: no path, since old builds would follow one out of their folder. */
const fileName = z.string().regex(/^[\w][\w .()-]{0,120}\.(?:wav|mp3)$/i);

/** Chatterbox-TTS-Server by devnen, as a section of a flavor's configuration. */
export const devnenSchema = z.strictObject({
  url: serverUrlSchema,
  token: serverTokenSchema,
  voice: z
    .union([
      z.strictObject({ predefined: fileName.describe("One of the server's voices, as its file: `Emily.wav`.") }),
      z.strictObject({
        reference: fileName.describe('Cloned from a recording in `reference_audio` of the server; of more than 5 s.'),
      }),
    ])
    .default({ predefined: 'Emily.wav' })
    .describe('Who speaks.'),
  machine: machineSchema('own/machine'),
  api: z
    .enum(['tts', 'openai'])
    .default('tts')
    .describe('`tts`: all settings below. `openai`: `/v1/audio/speech`, which takes voice, seed and language alone.'),
  stream: z
    .boolean()
    .default(true)
    .describe('Ask for a stream (builds since May 2026): the server can be asked other things while it speaks.'),
  chunkCharacters: z.int().min(50).max(500).default(120).describe('The server speaks so much in one go.'),
  maxCharacters: z
    .int()
    .min(40)
    .max(5_000)
    .optional()
    .describe(
      'Longest text of one request. Default: what the server speaks in one go, so that a failure in the middle is seen.',
    ),
  exaggeration: z.number().min(0).max(2).default(0.5).describe('Of feeling. Turbo has none.'),
  cfgWeight: z.number().min(0).max(1).default(0.5).describe('Adherence to the voice; lower is slower. Turbo has none.'),
  temperature: z.number().min(0.05).max(5).default(0.8),
  speed: z.number().min(0.25).max(4).default(1).describe('Stretches the finished speech.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(1)
    .describe('The same voice for every piece. 0: another each time.'),
  language: z
    .string()
    .regex(/^[a-z]{2}$/)
    .optional()
    .describe('For the multilingual model.'),
  concurrency: concurrencySchema(1),
  ...patienceSchemas,
});

/** Defaults filled in. */
export type DevnenConfig = z.output<typeof devnenSchema>;
