import type {
  RealtimeAudioFormats,
  RealtimeAudioInputTurnDetection,
  RealtimeFunctionTool,
  RealtimeSessionCreateRequest,
  SessionUpdateEvent,
} from 'openai/resources/realtime/realtime';
import type { AudioFormat, CallContext, FlavorCapabilities, ToolDefinition } from 'sip-voice-connector/flavor';
import type { RealtimeConfig, TurnDetection } from '../config.js';

/** What a session is told about its call, and told again when another connection takes it over. */
export interface SessionSetup {
  readonly config: RealtimeConfig;
  readonly input: AudioFormat;
  readonly output: AudioFormat;
  readonly instructions: string;
  readonly tools: readonly ToolDefinition[];
  /** Variables of `prompt`, filled in. */
  readonly promptVariables: Readonly<Record<string, string>>;
}

/** What the service accepts as the name of a function. */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

export function setupOf(config: RealtimeConfig, call: CallContext): SessionSetup {
  const variables = Object.entries(config.prompt?.variables ?? {});
  return {
    config,
    input: call.input,
    output: call.output,
    instructions: call.instructions ?? call.render(config.instructions),
    tools: config.tools ? call.tools : [],
    promptVariables: Object.fromEntries(variables.map(([name, text]) => [name, call.render(text)])),
  };
}

/** The setup of a call that there is not: without tools, so no call of one is demanded, and with its templates as they are. */
export function setupToTry(config: RealtimeConfig, { input, output }: FlavorCapabilities): SessionSetup {
  const [heard] = input;
  const [spoken] = output;
  if (!heard || !spoken) throw new Error('no format');
  return {
    config: { ...config, toolChoice: 'auto' },
    input: heard,
    output: spoken,
    instructions: config.instructions,
    tools: [],
    promptVariables: config.prompt?.variables ?? {},
  };
}

/** Tools whose name the service would refuse, and with it all the others. */
export function unusableTools(tools: readonly ToolDefinition[]): readonly ToolDefinition[] {
  return tools.filter(({ name }) => !TOOL_NAME.test(name));
}

/** The `session.update` that makes a fresh connection this call's, in the configuration's dialect. */
export function sessionUpdate(setup: SessionSetup): object {
  if (setup.config.dialect === 'beta') return { type: 'session.update', session: betaSession(setup) };
  const event: SessionUpdateEvent = { type: 'session.update', session: gaSession(setup) };
  return event;
}

/** A `session.update` of what may change in mid-call: the rest stays as it is. */
export function patchUpdate(setup: SessionSetup): object {
  const session = { instructions: setup.instructions, tools: functionTools(setup.tools) };
  return {
    type: 'session.update',
    session: setup.config.dialect === 'beta' ? session : { type: 'realtime', ...session },
  };
}

/** Of an item that the service accepts as 8 kHz G.711 or 24 kHz linear sound. */
function wireFormat({ encoding }: AudioFormat): RealtimeAudioFormats {
  if (encoding === 'mulaw') return { type: 'audio/pcmu' };
  if (encoding === 'alaw') return { type: 'audio/pcma' };
  return { type: 'audio/pcm', rate: 24000 };
}

function gaSession(setup: SessionSetup): RealtimeSessionCreateRequest {
  const { config } = setup;
  const { prompt, transcription, noiseReduction } = config;
  return {
    type: 'realtime',
    output_modalities: ['audio'],
    instructions: setup.instructions,
    tools: functionTools(setup.tools),
    tool_choice: config.toolChoice,
    audio: {
      input: {
        format: wireFormat(setup.input),
        turn_detection: turnDetection(config.turnDetection),
        ...(noiseReduction !== 'off' && { noise_reduction: { type: noiseReduction } }),
        ...(transcription !== 'off' && { transcription: transcriptionOf(transcription) }),
      },
      output: { format: wireFormat(setup.output), voice: config.voice, speed: config.speed },
    },
    ...(config.maxOutputTokens !== 'inf' && { max_output_tokens: config.maxOutputTokens }),
    ...(config.reasoningEffort !== undefined && { reasoning: { effort: config.reasoningEffort } }),
    ...(prompt && {
      prompt: {
        id: prompt.id,
        ...(prompt.version !== undefined && { version: prompt.version }),
        ...(prompt.variables && { variables: { ...setup.promptVariables } }),
      },
    }),
  };
}

/** The flat session of the protocol before general availability. */
function betaSession(setup: SessionSetup): object {
  const { config } = setup;
  const { noiseReduction, transcription } = config;
  return {
    modalities: ['text', 'audio'],
    instructions: setup.instructions,
    tools: functionTools(setup.tools),
    tool_choice: config.toolChoice,
    input_audio_format: 'pcm16',
    output_audio_format: 'pcm16',
    turn_detection: turnDetection(config.turnDetection),
    voice: config.voice,
    ...(config.speed !== 1 && { speed: config.speed }),
    ...(noiseReduction !== 'off' && { input_audio_noise_reduction: { type: noiseReduction } }),
    ...(transcription !== 'off' && { input_audio_transcription: transcriptionOf(transcription) }),
    ...(config.maxOutputTokens !== 'inf' && { max_response_output_tokens: config.maxOutputTokens }),
    ...(config.temperature !== undefined && { temperature: config.temperature }),
  };
}

/**
 * The service neither answers nor interrupts by itself: whether a sound is a turn, an interruption or a cough is the
 * host's to say, and the answer is asked for when it has said so.
 */
function turnDetection(detection: TurnDetection): RealtimeAudioInputTurnDetection | null {
  const reversible = { create_response: false, interrupt_response: false };
  switch (detection.type) {
    case 'server_vad':
      return {
        type: 'server_vad',
        threshold: detection.threshold,
        prefix_padding_ms: detection.prefixPaddingMs,
        silence_duration_ms: detection.silenceDurationMs,
        ...reversible,
      };
    case 'semantic_vad':
      return { type: 'semantic_vad', eagerness: detection.eagerness, ...reversible };
    case 'host':
      return null;
  }
}

function transcriptionOf(transcription: Exclude<RealtimeConfig['transcription'], 'off'>): {
  model: string;
  language?: string;
  prompt?: string;
} {
  const { model, language, prompt } = transcription;
  return { model, ...(language !== undefined && { language }), ...(prompt !== undefined && { prompt }) };
}

function functionTools(tools: readonly ToolDefinition[]): RealtimeFunctionTool[] {
  return tools
    .filter(({ name }) => TOOL_NAME.test(name))
    .map(({ name, description, parameters }) => ({ type: 'function', name, description, parameters }));
}
