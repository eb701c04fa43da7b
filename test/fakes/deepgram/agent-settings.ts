import * as z from 'zod';
import type { JsonObject } from '../openai-realtime/json-value.js';
import { type FakeAudioFormat, isRawEncoding } from './audio-format.js';

/** What the agent's model is told. */
export interface Thinking {
  readonly prompt: string;
  readonly functions: readonly string[];
  /** A model of Deepgram's choosing is billed and bounded by Deepgram. */
  readonly managed: boolean;
}

/** What a session of the agent is to do. */
export interface AgentSettings extends Thinking {
  readonly input: FakeAudioFormat;
  readonly output: FakeAudioFormat;
  /** The stream begins with a WAV header. */
  readonly wav: boolean;
  readonly greeting: string;
  /** The dialogue so far, one line each. */
  readonly history: readonly string[];
  readonly tellsHistory: boolean;
}

const endpoint = z.strictObject({
  url: z.string().min(1),
  method: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
});

const think = z.strictObject({
  provider: z.looseObject({
    type: z.enum(['open_ai', 'anthropic', 'google', 'groq', 'aws_bedrock', 'deepgram', 'nvidia']),
    model: z.string().min(1),
    temperature: z.number().min(0).max(2).optional(),
  }),
  endpoint: endpoint.optional(),
  prompt: z.string().optional(),
  context_length: z.union([z.literal('max'), z.int().min(1)]).optional(),
  functions: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        description: z.string().optional(),
        parameters: z.record(z.string(), z.unknown()).optional(),
        defer_until_eot: z.boolean().optional(),
        endpoint: endpoint.optional(),
      }),
    )
    .optional(),
});

/** Nova. */
const listenV1 = z.strictObject({
  type: z.literal('deepgram'),
  version: z.literal('v1').optional(),
  model: z.string().regex(/^nova/).optional(),
  language: z.string().min(2).optional(),
  keyterms: z.array(z.string().min(1)).optional(),
  smart_format: z.boolean().optional(),
});

/** Flux. */
const listenV2 = z.strictObject({
  type: z.literal('deepgram'),
  version: z.literal('v2'),
  model: z.enum(['flux-general-en', 'flux-general-multi']),
  language_hint: z.union([z.string(), z.array(z.string())]).optional(),
  language_hints: z.array(z.string()).optional(),
  eot_threshold: z.number().min(0.5).max(1).optional(),
  eager_eot_threshold: z.number().min(0.3).max(0.9).optional(),
  eot_timeout_ms: z.int().min(500).max(60_000).optional(),
  keyterms: z.array(z.string().min(1)).optional(),
});

const speak = z.strictObject({
  provider: z.looseObject({ type: z.string().min(1), speed: z.number().min(0.7).max(1.5).optional() }),
  endpoint: endpoint.optional(),
});

const history = z.union([
  z.strictObject({ type: z.literal('History'), role: z.enum(['user', 'assistant']), content: z.string() }),
  z.strictObject({
    type: z.literal('History'),
    function_calls: z.array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        client_side: z.boolean(),
        arguments: z.string(),
        response: z.string(),
        thought_signature: z.string().optional(),
      }),
    ),
  }),
]);

const sampleRate = z.int().min(8_000).max(48_000);

/** `Settings`, as the vendor's SDK describes it (`AgentV1Settings.d.ts`). */
const settings = z.strictObject({
  type: z.literal('Settings'),
  tags: z.array(z.string().max(128)).optional(),
  experimental: z.boolean().optional(),
  flags: z.strictObject({ history: z.boolean().optional() }).optional(),
  mip_opt_out: z.boolean().optional(),
  audio: z.strictObject({
    input: z.strictObject({ encoding: z.string(), sample_rate: sampleRate }).optional(),
    output: z
      .strictObject({
        encoding: z.string().optional(),
        sample_rate: sampleRate.optional(),
        bitrate: z.int().optional(),
        container: z.enum(['none', 'wav']).optional(),
      })
      .optional(),
  }),
  agent: z.strictObject({
    language: z.string().optional(),
    context: z.strictObject({ messages: z.array(history).optional() }).optional(),
    listen: z.strictObject({ provider: z.union([listenV1, listenV2]) }).optional(),
    think: z.union([think, z.array(think).min(1)]),
    speak: z.union([speak, z.array(speak).min(1)]).optional(),
    greeting: z.string().optional(),
  }),
});

/** What a client says after `Settings`, by type. */
const messages: Readonly<Record<string, z.ZodType>> = {
  KeepAlive: z.strictObject({ type: z.string() }),
  FunctionCallResponse: z.strictObject({ type: z.string(), id: z.string(), name: z.string(), content: z.string() }),
  InjectAgentMessage: z.strictObject({
    type: z.string(),
    message: z.string().min(1),
    behavior: z.enum(['default', 'queue', 'interrupt']).optional(),
  }),
  InjectUserMessage: z.strictObject({ type: z.string(), content: z.string().min(1) }),
  UpdatePrompt: z.strictObject({ type: z.string(), prompt: z.string() }),
  UpdateSpeak: z.strictObject({ type: z.string(), speak: z.union([speak, z.array(speak).min(1)]) }),
  UpdateThink: z.strictObject({ type: z.string(), think: z.union([think, z.array(think).min(1)]) }),
  UpdateListen: z.strictObject({ type: z.string(), listen: z.strictObject({ provider: listenV2 }) }),
};

/** The settings, or what is wrong with them. */
export function readAgentSettings(message: JsonObject): AgentSettings | string {
  const read = settings.safeParse(message);
  if (!read.success) return read.error.issues[0]?.path.map(String).join('.') || 'unknown field';
  const { audio, agent, flags } = read.data;
  const input = formatOf(audio.input);
  const output = formatOf(audio.output);
  if (input === undefined || output === undefined) return 'unsupported audio format';
  return {
    input,
    output,
    wav: audio.output?.container === 'wav',
    ...thinkingOf(agent.think),
    greeting: agent.greeting ?? '',
    history: (agent.context?.messages ?? []).map(lineOf),
    tellsHistory: flags?.history !== false,
  };
}

/** Whether the service would understand a message of the client's other than `Settings`. */
export function isClientMessage(message: JsonObject): boolean {
  const type = String(message['type']);
  return Object.hasOwn(messages, type) && messages[type]?.safeParse(message).success === true;
}

/** `think` of a message that was understood. */
export function thinkingOf(given: unknown): Thinking {
  const [first] = z
    .array(think)
    .min(1)
    .parse(Array.isArray(given) ? given : [given]);
  return {
    prompt: first?.prompt ?? '',
    functions: (first?.functions ?? []).map(({ name }) => name),
    managed: first?.endpoint === undefined,
  };
}

function lineOf(message: z.infer<typeof history>): string {
  if ('role' in message) return `${message.role}: ${message.content}`;
  return message.function_calls
    .map(({ name, arguments: given, response }) => `${name}(${given}) = ${response}`)
    .join('; ');
}

function formatOf(given: { readonly encoding?: string | undefined; readonly sample_rate?: number | undefined } = {}) {
  const { encoding = 'linear16', sample_rate: rate = 24_000 } = given;
  return isRawEncoding(encoding) ? ({ encoding, sampleRate: rate } satisfies FakeAudioFormat) : undefined;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
