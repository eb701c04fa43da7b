import { type JsonObject, merge } from './json-value.js';
import { type Refusal, refusal } from './refusal.js';
import { refusalOf } from './schema-refusal.js';
import { type ResponseParameters, type SessionUpdate, sessionUpdate, type ToolConfig } from './session-schema.js';
import type { WireFormat } from './wire-format.js';

export interface ServerVadConfig {
  readonly type: 'server_vad';
  readonly threshold: number;
  readonly prefix_padding_ms: number;
  readonly silence_duration_ms: number;
  readonly create_response: boolean;
  readonly interrupt_response: boolean;
  readonly idle_timeout_ms: number | null;
}

export interface SemanticVadConfig {
  readonly type: 'semantic_vad';
  readonly eagerness: 'low' | 'medium' | 'high' | 'auto';
  readonly create_response: boolean;
  readonly interrupt_response: boolean;
}

export type TurnDetection = ServerVadConfig | SemanticVadConfig;

export interface TranscriptionConfig {
  readonly model?: string;
  readonly language?: string | null;
  readonly prompt?: string | null;
}

/** The whole configuration of a session, as `session.created` and `session.updated` show it. */
export interface SessionConfig {
  readonly type: 'realtime';
  readonly model: string;
  readonly output_modalities: readonly ('text' | 'audio')[];
  readonly instructions: string;
  readonly tools: readonly ToolConfig[];
  readonly tool_choice: NonNullable<SessionUpdate['tool_choice']>;
  readonly max_output_tokens: number | 'inf';
  readonly truncation: unknown;
  readonly tracing: unknown;
  readonly prompt: unknown;
  readonly include: readonly string[] | null;
  readonly audio: {
    readonly input: {
      readonly format: WireFormat;
      readonly transcription: TranscriptionConfig | null;
      readonly noise_reduction: { readonly type: 'near_field' | 'far_field' } | null;
      readonly turn_detection: TurnDetection | null;
    };
    readonly output: {
      readonly format: WireFormat;
      readonly voice: string | { readonly id: string };
      readonly speed: number;
    };
  };
}

/** What one response goes by: the session's configuration with the response's own parameters in it. */
export interface ResponseConfig {
  readonly modality: 'text' | 'audio';
  readonly instructions: string;
  readonly tools: readonly ToolConfig[];
  readonly toolChoice: SessionConfig['tool_choice'];
  readonly maxOutputTokens: number | 'inf';
  readonly format: WireFormat;
  readonly voice: string | { readonly id: string };
  readonly metadata: Readonly<Record<string, string>> | null;
}

const serverVadDefaults: ServerVadConfig = {
  type: 'server_vad',
  threshold: 0.5,
  prefix_padding_ms: 300,
  silence_duration_ms: 500,
  idle_timeout_ms: null,
  create_response: true,
  interrupt_response: true,
};

const semanticVadDefaults: SemanticVadConfig = {
  type: 'semantic_vad',
  eagerness: 'auto',
  create_response: true,
  interrupt_response: true,
};

/** The configuration that a session begins with. */
export function initialConfig(model: string): SessionConfig {
  return {
    type: 'realtime',
    model,
    output_modalities: ['audio'],
    instructions: 'You are a helpful, witty, and friendly AI.',
    tools: [],
    tool_choice: 'auto',
    max_output_tokens: 'inf',
    truncation: 'auto',
    tracing: null,
    prompt: null,
    include: null,
    audio: {
      input: {
        format: { type: 'audio/pcm', rate: 24_000 },
        transcription: null,
        noise_reduction: null,
        turn_detection: serverVadDefaults,
      },
      output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'alloy', speed: 1 },
    },
  };
}

/**
 * The configuration after a `session.update`, or why it is refused; a refused update changes nothing.
 *
 * @param spoken Whether the session has audio of the assistant's: its voice is then fixed.
 */
export function updateConfig(before: SessionConfig, update: unknown, spoken: boolean): SessionConfig | Refusal {
  if (typeof update === 'object' && update !== null && 'type' in update && update.type === 'transcription') {
    const message = 'Passing a transcription session update event to a realtime session is not allowed.';
    return refusal('invalid_parameter', message, 'session.type');
  }
  const parsed = sessionUpdate.safeParse(update);
  if (!parsed.success) return refusalOf(parsed.error, update, 'session');
  const { data } = parsed;
  if (data.model !== undefined && data.model !== before.model) {
    return refusal('invalid_value', 'The model of a session cannot be changed.', 'session.model');
  }
  if (data.reasoning !== undefined && !reasons(before.model)) {
    const message = "Unsupported parameter: 'session.reasoning' is not supported with this model.";
    return refusal('unsupported_parameter', message, 'session.reasoning');
  }
  const voice = data.audio?.output?.voice;
  if (spoken && voice !== undefined && JSON.stringify(voice) !== JSON.stringify(before.audio.output.voice)) {
    const message = "Cannot update a conversation's voice if assistant audio is present.";
    return refusal('cannot_update_voice', message);
  }
  return applyUpdate(before, data);
}

/** Whether it takes `reasoning`; of models by other names, such as deployments, only their servers know. */
function reasons(model: string): boolean {
  return !model.startsWith('gpt-') || /^gpt-realtime-2(?!\d)/.test(model);
}

/** The parameters of a response in place of the session's, where they are given. */
export function responseConfig(session: SessionConfig, given: ResponseParameters): ResponseConfig {
  return {
    modality: given.output_modalities?.[0] ?? session.output_modalities[0] ?? 'audio',
    instructions: given.instructions ?? session.instructions,
    tools: given.tools ?? session.tools,
    toolChoice: given.tool_choice ?? session.tool_choice,
    maxOutputTokens: given.max_output_tokens ?? session.max_output_tokens,
    format: wireFormat(given.audio?.output?.format) ?? session.audio.output.format,
    voice: given.audio?.output?.voice ?? session.audio.output.voice,
    metadata: given.metadata ?? null,
  };
}

function applyUpdate(before: SessionConfig, update: SessionUpdate): SessionConfig {
  const { audio, ...rest } = update;
  const top = merge({ ...before }, omitUndefined(rest)) as unknown as SessionConfig;
  const input = audio?.input ?? {};
  const output = audio?.output ?? {};
  return {
    ...top,
    audio: {
      input: {
        format: wireFormat(input.format) ?? before.audio.input.format,
        transcription:
          input.transcription === undefined
            ? before.audio.input.transcription
            : transcriptionOf(before.audio.input.transcription, input.transcription),
        noise_reduction:
          input.noise_reduction === undefined ? before.audio.input.noise_reduction : input.noise_reduction,
        turn_detection:
          input.turn_detection === undefined
            ? before.audio.input.turn_detection
            : turnDetectionOf(before.audio.input.turn_detection, input.turn_detection),
      },
      output: {
        format: wireFormat(output.format) ?? before.audio.output.format,
        voice: output.voice ?? before.audio.output.voice,
        speed: output.speed ?? before.audio.output.speed,
      },
    },
  };
}

type GivenFormat = NonNullable<NonNullable<NonNullable<SessionUpdate['audio']>['input']>['format']>;
type GivenInput = NonNullable<NonNullable<SessionUpdate['audio']>['input']>;

function wireFormat(given: GivenFormat | undefined): WireFormat | undefined {
  if (given === undefined) return undefined;
  return given.type === 'audio/pcm' ? { type: 'audio/pcm', rate: 24_000 } : { type: given.type };
}

function transcriptionOf(
  before: TranscriptionConfig | null,
  given: NonNullable<GivenInput['transcription']> | null,
): TranscriptionConfig | null {
  if (given === null) return null;
  return { model: 'whisper-1', language: null, prompt: null, ...before, ...omitUndefined(given) };
}

/** Another kind of detection begins with its own defaults; the same kind keeps what is not named. */
function turnDetectionOf(
  before: TurnDetection | null,
  given: NonNullable<GivenInput['turn_detection']> | null,
): TurnDetection | null {
  if (given === null) return null;
  const known = omitUndefined(given);
  if (given.type === 'server_vad') {
    return { ...serverVadDefaults, ...(before?.type === 'server_vad' ? before : {}), ...known } as ServerVadConfig;
  }
  return { ...semanticVadDefaults, ...(before?.type === 'semantic_vad' ? before : {}), ...known } as SemanticVadConfig;
}

function omitUndefined(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
