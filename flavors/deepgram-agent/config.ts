import { deepgramApiKeySchema } from 'sip-voice-connector/cascade';
import * as z from 'zod';

const name = z.string().min(1).max(200);

const NO_STANDBY =
  'this flavor has no `standby`: name another flavor in `onFailure` of the route, which goes on with the call';

/** What a config file may say under a flavor with `use: deepgram-agent`. Only `apiKey` is required. */
export const agentConfigSchema = z.strictObject(
  {
    apiKey: deepgramApiKeySchema,
    url: z
      .url({ protocol: /^(?:wss?|https?)$/ })
      .default('wss://agent.deepgram.com')
      .describe('Of the Voice Agent API, or a server of your own. The path is added.'),
    instructions: z
      .string()
      .max(100_000)
      .default('You are a friendly agent on the phone. Answer in one or two short sentences.')
      .describe('What the agent is and does; {{templates}} are filled in. The instructions of a route go before it.'),
    greeting: z
      .string()
      .max(2_000)
      .default('Hello, how can I help you?')
      .describe('Spoken when the call is answered; the greeting of a route goes before it. Empty: none.'),
    listen: z
      .strictObject({
        model: name.default('flux-general-en').describe('A Flux model, or one of Nova such as `nova-3`.'),
        language: z.string().min(2).max(20).optional().describe('Of Nova: BCP 47, or `multi`.'),
        keyterms: z.array(z.string().min(1).max(100)).max(100).default([]).describe('Names and words to expect.'),
        eotThreshold: z.number().min(0.5).max(1).optional().describe('Of Flux: certainty that ends a turn.'),
        eagerEotThreshold: z
          .number()
          .min(0.3)
          .max(0.9)
          .optional()
          .describe('Of Flux: certainty at which an answer is begun early. Left out: never.'),
        eotTimeoutMs: z.int().min(500).max(60_000).optional().describe('Of Flux: silence that ends any turn.'),
      })
      .prefault({})
      .describe('Who understands the caller.'),
    think: z
      .strictObject({
        provider: z
          .enum(['open_ai', 'anthropic', 'google', 'groq', 'aws_bedrock', 'deepgram'])
          .default('open_ai')
          .describe('Whose model thinks.'),
        model: name.default('gpt-4o-mini'),
        temperature: z.number().min(0).max(2).optional(),
        endpoint: z
          .strictObject({
            url: z.url({ protocol: /^https?$/ }),
            headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.string().max(4_000)).default({}),
          })
          .optional()
          .meta({ writeOnly: true })
          .describe('A model of your own, which Deepgram calls: address, and headers with its key.'),
      })
      .prefault({})
      .describe('The language model.'),
    speak: z
      .strictObject({
        model: name.default('aura-2-thalia-en').describe('Model, voice and language in one name.'),
        speed: z.number().min(0.7).max(1.5).optional(),
      })
      .prefault({})
      .describe('Who speaks.'),
    tools: z.boolean().default(true).describe('Offer the model the tools of the route.'),
    digitPauseMs: z.int().min(200).max(10_000).default(1_500).describe('Digits with shorter pauses go together.'),
    mipOptOut: z.boolean().default(false).describe("Keep calls out of Deepgram's model improvement programme."),
    tags: z.array(z.string().min(1).max(128)).max(20).default([]).describe("For Deepgram's usage reports."),
    connectTimeoutMs: z.int().min(100).max(60_000).default(5_000).describe('For a connection, ready to talk.'),
    answerTimeoutMs: z.int().min(1_000).max(60_000).default(15_000).describe('Until the agent answers what was said.'),
    reconnect: z
      .strictObject({
        attempts: z.int().min(0).max(20).default(4),
        firstDelayMs: z.int().min(0).max(10_000).default(200).describe('Doubles each time, with jitter.'),
        maxDelayMs: z.int().min(0).max(60_000).default(3_000),
      })
      .prefault({})
      .describe('After a loss in mid-call; the first attempt is made at once.'),
  },
  { error: (issue) => (issue.code === 'unrecognized_keys' && issue.keys.includes('standby') ? NO_STANDBY : undefined) },
);

/** The configuration, defaults filled in. */
export type AgentConfig = z.output<typeof agentConfigSchema>;
