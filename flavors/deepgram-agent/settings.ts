import { deepgramAudio } from 'sip-voice-connector/cascade';
import type { AudioFormat, CallContext, ConversationItem, ToolDefinition } from 'sip-voice-connector/flavor';
import type { AgentConfig } from './config.js';

/** What a connection is told of the call. */
export interface CallSetup {
  readonly instructions: string;
  readonly tools: readonly ToolDefinition[];
  /** Empty: the agent waits for the caller. */
  readonly greeting: string;
  readonly history: readonly ConversationItem[];
}

/** Entries of the dialogue, the latest, that a new connection is told of, and characters in them. */
const MAX_ITEMS = 200;
const MAX_CHARACTERS = 40_000;

/** The setup of a call as it begins. */
export function setupOf(config: AgentConfig, call: CallContext): CallSetup {
  return {
    instructions: call.instructions ?? call.render(config.instructions),
    tools: config.tools ? call.tools : [],
    greeting: call.greeting ?? call.render(config.greeting),
    history: call.history,
  };
}

/** `Settings`, the first message of a connection. https://developers.deepgram.com/docs/configure-voice-agent */
export function settingsOf(config: AgentConfig, call: Pick<CallContext, 'input' | 'output'>, setup: CallSetup): object {
  const messages = contextOf(setup.history);
  return {
    type: 'Settings',
    ...(config.tags.length > 0 && { tags: config.tags }),
    ...(config.mipOptOut && { mip_opt_out: true }),
    // What was said is known from ConversationText: to be told twice helps nobody.
    flags: { history: false },
    audio: {
      input: wireFormat(call.input),
      // Without a container: a WAV header would be heard as a click.
      output: { ...wireFormat(call.output), container: 'none' },
    },
    agent: {
      ...(messages.length > 0 && { context: { messages } }),
      listen: { provider: listenProvider(config) },
      think: thinkOf(config, setup),
      speak: { provider: speakProvider(config) },
      ...(setup.greeting !== '' && { greeting: setup.greeting }),
    },
  };
}

/** The model with its prompt and functions, as `Settings` and `UpdateThink` have it. */
export function thinkOf(config: AgentConfig, { instructions, tools }: CallSetup): object {
  const { provider, model, temperature, endpoint } = config.think;
  // Begun early, an answer may be withdrawn; what a function has done may not.
  const deferred = config.listen.eagerEotThreshold === undefined ? {} : { defer_until_eot: true };
  const functions = tools.map(({ name, description, parameters }) => ({ name, description, parameters, ...deferred }));
  return {
    provider: { type: provider, model, ...(temperature !== undefined && { temperature }) },
    ...(endpoint !== undefined && { endpoint }),
    prompt: instructions,
    ...(functions.length > 0 && { functions }),
  };
}

function listenProvider({ listen }: AgentConfig): object {
  const { model, language, keyterms, eotThreshold, eagerEotThreshold, eotTimeoutMs } = listen;
  const flux = model.startsWith('flux-');
  return {
    type: 'deepgram',
    model,
    ...(flux && { version: 'v2' }),
    ...(language !== undefined && { language }),
    ...(keyterms.length > 0 && { keyterms }),
    ...(eotThreshold !== undefined && { eot_threshold: eotThreshold }),
    ...(eagerEotThreshold !== undefined && { eager_eot_threshold: eagerEotThreshold }),
    ...(eotTimeoutMs !== undefined && { eot_timeout_ms: eotTimeoutMs }),
  };
}

function speakProvider({ speak }: AgentConfig): object {
  return { type: 'deepgram', model: speak.model, ...(speak.speed !== undefined && { speed: speak.speed }) };
}

function wireFormat(wanted: AudioFormat): { readonly encoding: string; readonly sample_rate: number } {
  const known = deepgramAudio.find(
    ({ format }) => format.encoding === wanted.encoding && format.sampleRate === wanted.sampleRate,
  );
  return { encoding: known?.encoding ?? 'linear16', sample_rate: wanted.sampleRate };
}

/** The dialogue so far, the agent's words as far as they were heard. The latest that fits. */
function contextOf(history: readonly ConversationItem[]): readonly object[] {
  const kept: object[] = [];
  let characters = 0;
  for (const entry of history.toReversed()) {
    const message = messageOf(entry);
    if (message === undefined) continue;
    characters += JSON.stringify(message).length;
    if (kept.length >= MAX_ITEMS || characters > MAX_CHARACTERS) break;
    kept.push(message);
  }
  return kept.toReversed();
}

function messageOf(entry: ConversationItem): object | undefined {
  switch (entry.role) {
    case 'caller':
      return entry.text.trim() === '' ? undefined : { type: 'History', role: 'user', content: entry.text };
    case 'agent':
      return entry.heardText.trim() === ''
        ? undefined
        : { type: 'History', role: 'assistant', content: entry.heardText };
    case 'tool': {
      const call = { id: entry.id, name: entry.name, client_side: true };
      const given = JSON.stringify(entry.arguments ?? {});
      return {
        type: 'History',
        function_calls: [{ ...call, arguments: given, response: outputText(entry.output, entry.error) }],
      };
    }
  }
}

/** The result of a tool as text: JSON where it is no text. */
export function outputText(output: unknown, error?: string): string {
  if (error !== undefined) return JSON.stringify({ error });
  return typeof output === 'string' ? output : (JSON.stringify(output) ?? 'null');
}
