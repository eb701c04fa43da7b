import * as z from 'zod';

/** Every voice that the service has, of `RealtimeAudioConfigOutput.voice`. */
export const voices = [
  'alloy',
  'ash',
  'ballad',
  'coral',
  'echo',
  'sage',
  'shimmer',
  'verse',
  'marin',
  'cedar',
] as const;

const audioFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio/pcm'), rate: z.int().min(24_000).max(24_000) }),
  z.strictObject({ type: z.literal('audio/pcmu') }),
  z.strictObject({ type: z.literal('audio/pcma') }),
]);

const serverVad = z.strictObject({
  type: z.literal('server_vad'),
  threshold: z.number().min(0).max(1).optional(),
  prefix_padding_ms: z.int().min(0).optional(),
  silence_duration_ms: z.int().min(0).optional(),
  create_response: z.boolean().optional(),
  interrupt_response: z.boolean().optional(),
  idle_timeout_ms: z.int().min(5000).max(30_000).nullable().optional(),
});

const semanticVad = z.strictObject({
  type: z.literal('semantic_vad'),
  eagerness: z.enum(['low', 'medium', 'high', 'auto']).optional(),
  create_response: z.boolean().optional(),
  interrupt_response: z.boolean().optional(),
});

const transcription = z.strictObject({
  model: z.string().optional(),
  language: z.string().nullable().optional(),
  prompt: z.string().nullable().optional(),
  delay: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
});

/** Tools are flat in this API: a `function` member, as Chat Completions has it, is unknown here. */
const functionTool = z.strictObject({
  type: z.literal('function'),
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
});

const tool = z.discriminatedUnion('type', [
  functionTool,
  z.looseObject({ type: z.literal('mcp'), server_label: z.string() }),
]);

const toolChoice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.strictObject({ type: z.literal('function'), name: z.string() }),
  z.looseObject({ type: z.literal('mcp'), server_label: z.string() }),
]);

const outputTokens = z.union([z.literal('inf'), z.int().min(1).max(4096)]);
const outputVoice = z.union([z.enum(voices), z.strictObject({ id: z.string() })]);
/** One modality, not both: audio brings its transcript along. */
const modalities = z.array(z.enum(['text', 'audio'])).length(1);
const prompt = z.looseObject({ id: z.string() }).nullable();
const reasoning = z.strictObject({ effort: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional() });

/** `session` of a `session.update`: everything but the type may be left out. */
export const sessionUpdate = z.strictObject({
  type: z.literal('realtime'),
  model: z.string().optional(),
  output_modalities: modalities.optional(),
  instructions: z.string().optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  max_output_tokens: outputTokens.optional(),
  truncation: z
    .union([
      z.enum(['auto', 'disabled']),
      z.strictObject({
        type: z.literal('retention_ratio'),
        retention_ratio: z.number().min(0).max(1),
        token_limits: z.strictObject({ post_instructions: z.int().min(0).optional() }).optional(),
      }),
    ])
    .optional(),
  tracing: z
    .union([z.literal('auto'), z.looseObject({})])
    .nullable()
    .optional(),
  prompt: prompt.optional(),
  reasoning: reasoning.optional(),
  include: z.array(z.literal('item.input_audio_transcription.logprobs')).nullable().optional(),
  audio: z
    .strictObject({
      input: z
        .strictObject({
          format: audioFormat.optional(),
          noise_reduction: z
            .strictObject({ type: z.enum(['near_field', 'far_field']) })
            .nullable()
            .optional(),
          transcription: transcription.nullable().optional(),
          turn_detection: z.discriminatedUnion('type', [serverVad, semanticVad]).nullable().optional(),
        })
        .optional(),
      output: z
        .strictObject({
          format: audioFormat.optional(),
          voice: outputVoice.optional(),
          speed: z.number().min(0.25).max(1.5).optional(),
        })
        .optional(),
    })
    .optional(),
});

/** `response` of a `response.create`: what holds for this response alone. */
export const responseParameters = z.strictObject({
  conversation: z.enum(['auto', 'none']).optional(),
  instructions: z.string().optional(),
  input: z.array(z.looseObject({})).optional(),
  output_modalities: modalities.optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  max_output_tokens: outputTokens.optional(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullable().optional(),
  prompt: prompt.optional(),
  reasoning: reasoning.optional(),
  audio: z
    .strictObject({
      output: z.strictObject({ format: audioFormat.optional(), voice: outputVoice.optional() }).optional(),
    })
    .optional(),
});

export type SessionUpdate = z.infer<typeof sessionUpdate>;
export type ResponseParameters = z.infer<typeof responseParameters>;
export type ToolConfig = z.infer<typeof tool>;
