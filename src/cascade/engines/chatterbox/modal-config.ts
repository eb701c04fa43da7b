import * as z from 'zod';
import { keySchema } from '../shared/key-config.js';
import { concurrencySchema, machineSchema, patienceSchemas } from '../speech-server/server-config.js';

/** A web endpoint at Modal, as a section of a flavor's configuration. */
export const modalSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[?#]/.test(url), { error: 'an address without ? and #' })
    .describe('Of the endpoint: `https://WORKSPACE--APP-CLASS-METHOD.modal.run`.'),
  key: keySchema().optional().describe('`Modal-Key` of a proxy token.'),
  secret: keySchema().optional().describe('`Modal-Secret` of a proxy token.'),
  machine: machineSchema('modal/a10g'),
  api: z
    .enum(['prompt', 'json'])
    .default('prompt')
    .describe(
      "`prompt`: Modal's example, the text in the query. `json`: `{text, voice}`; answers events, WAV or 24 kHz samples.",
    ),
  voice: z.string().min(1).max(200).optional().describe('With `json`. Default: the one that is built in.'),
  tags: z.boolean().default(true).describe('The model is Turbo: it acts `[laugh]` and the like.'),
  maxCharacters: z.int().min(40).max(3_000).default(300).describe('Longest text of one request.'),
  warmMinutes: z
    .number()
    .positive()
    .max(60)
    .default(5)
    .describe('A machine stays so long after its last request: `scaledown_window`.'),
  concurrency: concurrencySchema(10),
  ...patienceSchemas,
  answerTimeoutMs: z
    .int()
    .min(500)
    .max(600_000)
    .default(160_000)
    .describe(
      'Until speech comes, or goes on; longer than the 150 s after which Modal answers that it is not done yet.',
    ),
});

/** Defaults filled in. */
export type ModalConfig = z.output<typeof modalSchema>;
