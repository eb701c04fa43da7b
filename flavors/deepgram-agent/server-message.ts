import { argumentsIn, isObject, type JsonObject, textIn } from './json.js';

/** A call of a function that the client is to run. */
export interface FunctionCall {
  readonly id: string;
  readonly name: string;
  /** JSON, in a text. */
  readonly arguments: string;
}

/** What the service says, as far as it matters here. */
export type ServerMessage =
  | { readonly type: 'welcome' }
  | { readonly type: 'settings-applied' }
  | { readonly type: 'text'; readonly role: 'user' | 'assistant'; readonly content: string }
  /** The caller speaks; what the agent was saying is broken off. */
  | { readonly type: 'user-started' }
  | { readonly type: 'thinking' }
  | { readonly type: 'agent-started' }
  /** All of an answer was sent. */
  | { readonly type: 'audio-done' }
  | { readonly type: 'functions'; readonly calls: readonly FunctionCall[] }
  /** The caller spoke: the service takes no result of these any more. */
  | { readonly type: 'functions-cancelled'; readonly ids: readonly string[] }
  | { readonly type: 'injection-refused' }
  | { readonly type: 'warning'; readonly code: string }
  | { readonly type: 'error'; readonly code: string };

/** Messages that tell nothing new. */
const ignored: ReadonlySet<string> = new Set([
  'History',
  'LatencyReport',
  'PromptUpdated',
  'SpeakUpdated',
  'ThinkUpdated',
  'ListenUpdated',
  'FunctionCallResponse',
  'EndOfThought',
]);

/** https://developers.deepgram.com/docs/voice-agent-outputs */
export function readServerMessage(message: JsonObject): ServerMessage | 'ignored' | 'unreadable' {
  const type = textIn(message, 'type');
  switch (type) {
    case 'Welcome':
      return { type: 'welcome' };
    case 'SettingsApplied':
      return { type: 'settings-applied' };
    case 'ConversationText': {
      const role = textIn(message, 'role');
      const content = textIn(message, 'content').trim();
      if (role !== 'user' && role !== 'assistant') return 'unreadable';
      return content === '' ? 'ignored' : { type: 'text', role, content };
    }
    case 'UserStartedSpeaking':
      return { type: 'user-started' };
    case 'AgentThinking':
      return { type: 'thinking' };
    case 'AgentStartedSpeaking':
      return { type: 'agent-started' };
    case 'AgentAudioDone':
      return { type: 'audio-done' };
    case 'FunctionCallRequest':
      return functionsOf(message['functions']);
    case 'FunctionCallCancelled':
      return cancelledOf(message['functions']);
    case 'InjectionRefused':
      return { type: 'injection-refused' };
    case 'Warning':
      return { type: 'warning', code: textIn(message, 'code') };
    case 'Error':
      return { type: 'error', code: textIn(message, 'code') };
    default:
      return ignored.has(type) ? 'ignored' : 'unreadable';
  }
}

/** Those with an endpoint of their own are the service's business. */
function functionsOf(value: unknown): ServerMessage | 'unreadable' {
  if (!Array.isArray(value)) return 'unreadable';
  const calls = value.filter(isObject).filter((each) => each['client_side'] !== false);
  const read = calls.map((each) => ({
    id: textIn(each, 'id'),
    name: textIn(each, 'name'),
    arguments: argumentsIn(each),
  }));
  return read.some(({ id, name }) => id === '' || name === '') ? 'unreadable' : { type: 'functions', calls: read };
}

/** https://developers.deepgram.com/docs/voice-agent-function-call-cancelled */
function cancelledOf(value: unknown): ServerMessage | 'unreadable' {
  if (!Array.isArray(value)) return 'unreadable';
  return { type: 'functions-cancelled', ids: value.filter(isObject).map((each) => textIn(each, 'id')) };
}
