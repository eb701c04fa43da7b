import * as z from 'zod';

const url = z.url({ protocol: /^(?:wss?|https?)$/ });

const serverVad = z.strictObject({
  type: z.literal('server_vad').describe('Silence ends a turn.'),
  threshold: z.number().min(0).max(1).default(0.5).describe('Louder surroundings need a higher one.'),
  prefixPaddingMs: z.int().min(0).max(2_000).default(300).describe('Kept from before the first sound.'),
  silenceDurationMs: z.int().min(100).max(5_000).default(500).describe('Silence that ends a turn.'),
});

const semanticVad = z.strictObject({
  type: z.literal('semantic_vad').describe('A model listens for the end of a thought.'),
  eagerness: z.enum(['low', 'medium', 'high', 'auto']).default('auto').describe('How soon it believes in one.'),
});

const hostTurns = z.strictObject({ type: z.literal('host').describe('The connector decides; no server VAD.') });

/** What a config file may say under a flavor with `use: openai-realtime`. Only `apiKey` is required. */
export const realtimeConfigSchema = z.strictObject({
  apiKey: z
    .string()
    .min(1)
    .max(1_000)
    .regex(/^[\x20-\x7e]+$/, 'holds a character that no key has: a line break, or a typographic quote')
    .meta({ writeOnly: true })
    .describe('Key of the service. For a server that asks for none: any text.'),
  model: z.string().min(1).max(200).default('gpt-realtime').describe('Goes into the URL; Azure: the deployment does.'),
  url: url
    .default('wss://api.openai.com/v1/realtime')
    .describe('Any OpenAI-compatible realtime endpoint, ws:// or wss://. `model` is added to it.'),
  azure: z
    .strictObject({
      resource: z
        .string()
        .regex(/^[a-zA-Z0-9-]{1,64}$/)
        .optional()
        .describe('Name of the Azure OpenAI resource.'),
      endpoint: url.optional().describe('Instead of `resource`: the address of the endpoint.'),
      deployment: z.string().min(1).max(200).describe('Name of the deployment.'),
      apiVersion: z.string().min(1).max(40).optional().describe('A preview version; left out: the v1 API.'),
    })
    .optional()
    .describe('Azure OpenAI in place of `url`; the key goes out as `api-key`.'),
  dialect: z
    .enum(['ga', 'beta'])
    .default('ga')
    .describe('beta: the protocol before general availability, which speaches and Azure preview versions speak.'),
  voice: z.string().min(1).max(100).default('marin').describe('Cannot change during a call.'),
  speed: z.number().min(0.25).max(1.5).default(1).describe('Of speech.'),
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
  greetEarly: z
    .boolean()
    .default(true)
    .describe(
      'Have the greeting made while the phone rings, and answer when its first sound is there, 1.5 s later at most. A caller ' +
        'who gives up has then cost its tokens.',
    ),
  turnDetection: z
    .discriminatedUnion('type', [serverVad, semanticVad, hostTurns])
    .default({ type: 'server_vad', threshold: 0.5, prefixPaddingMs: 300, silenceDurationMs: 500 })
    .describe('Who hears the end of the caller’s turn.'),
  noiseReduction: z.enum(['near_field', 'far_field', 'off']).default('off').describe('Of the caller’s sound.'),
  transcription: z
    .union([
      z.literal('off'),
      z.strictObject({
        model: z.string().min(1).max(200).default('gpt-4o-mini-transcribe'),
        language: z.string().max(20).optional().describe('ISO 639-1, such as `en`.'),
        prompt: z.string().max(2_000).optional().describe('Words to expect.'),
      }),
    ])
    .default({ model: 'gpt-4o-mini-transcribe' })
    .describe('Of the caller’s words, for the record, the history and fail-over. The model itself needs none.'),
  maxOutputTokens: z
    .union([z.int().min(1).max(4_096), z.literal('inf')])
    .default('inf')
    .describe('Longest answer.'),
  prompt: z
    .strictObject({
      id: z.string().min(1).max(200),
      version: z.string().max(40).optional(),
      variables: z.record(z.string(), z.string().max(10_000)).optional().describe('{{Templates}} are filled in.'),
    })
    .optional()
    .describe('A prompt kept at the service.'),
  reasoningEffort: z
    .enum(['minimal', 'low', 'medium', 'high', 'xhigh'])
    .optional()
    .describe('Only for models that reason.'),
  temperature: z.number().min(0.6).max(1.2).optional().describe('Only in the beta dialect.'),
  tools: z.boolean().default(true).describe('Offer the model the tools of the route.'),
  toolChoice: z.enum(['auto', 'none', 'required']).default('auto').describe('For the answer to a turn.'),
  appendMs: z
    .int()
    .min(20)
    .max(200)
    .multipleOf(20)
    .optional()
    .describe('Caller audio per message. Default: 40, and 20 while the service hears the caller speak.'),
  digitPauseMs: z.int().min(200).max(10_000).default(1_500).describe('Digits with shorter pauses go together.'),
  pool: z
    .strictObject({
      size: z.int().min(0).max(100).default(0).describe('Connections kept open for calls to come.'),
      maxIdleSeconds: z.int().min(10).max(3_000).default(300).describe('Age at which a waiting one is replaced.'),
    })
    .default({ size: 0, maxIdleSeconds: 300 }),
  connectTimeoutMs: z.int().min(100).max(60_000).default(5_000).describe('For a connection, ready to talk.'),
  responseTimeoutMs: z.int().min(100).max(60_000).default(4_000).describe('Until a response asked for begins.'),
  reconnect: z
    .strictObject({
      attempts: z.int().min(0).max(20).default(4).describe('After a loss in mid-call.'),
      firstDelayMs: z.int().min(0).max(10_000).default(200).describe('Doubles each time, with jitter.'),
      maxDelayMs: z.int().min(0).max(60_000).default(3_000),
    })
    .default({ attempts: 4, firstDelayMs: 200, maxDelayMs: 3_000 }),
  renewAfterMinutes: z
    .number()
    .positive()
    .max(59)
    .default(55)
    .describe('A new session takes over before the service’s limit of 60 minutes.'),
  safetyIdentifier: z.string().min(1).max(64).optional().describe('Sent as `OpenAI-Safety-Identifier`.'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.string().max(4_000))
    .optional()
    .meta({ writeOnly: true })
    .describe('Further headers of the upgrade request, such as those of a gateway.'),
});

/** The configuration, defaults filled in. */
export type RealtimeConfig = z.output<typeof realtimeConfigSchema>;
export type TurnDetection = RealtimeConfig['turnDetection'];
