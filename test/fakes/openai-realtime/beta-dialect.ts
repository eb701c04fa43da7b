import { isObject, type JsonObject } from './json-value.js';
import { type Refusal, refusal } from './refusal.js';
import type { ServerEvent } from './server-event.js';
import { voices } from './session-schema.js';

/** Names of the beta protocol beside those of today; what is not here had the same name. */
const eventNames: Readonly<Record<string, string>> = {
  'response.output_audio.delta': 'response.audio.delta',
  'response.output_audio.done': 'response.audio.done',
  'response.output_audio_transcript.delta': 'response.audio_transcript.delta',
  'response.output_audio_transcript.done': 'response.audio_transcript.done',
  'response.output_text.delta': 'response.text.delta',
  'response.output_text.done': 'response.text.done',
  'conversation.item.added': 'conversation.item.created',
};

const formatNames = [
  ['audio/pcm', 'pcm16'],
  ['audio/pcmu', 'g711_ulaw'],
  ['audio/pcma', 'g711_alaw'],
] as const;

/** Members of the beta's session that are where they were, or have another name only. */
const sameMembers = ['instructions', 'tools', 'tool_choice', 'model', 'tracing', 'conversation', 'metadata', 'input'];

/** An event as it leaves. */
export interface WireEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** What the beta said in place of `event`, if anything. */
export function toBeta(event: ServerEvent): WireEvent | undefined {
  if (event.type === 'conversation.item.done') return undefined;
  const translated: Record<string, unknown> = { ...event };
  if (isObject(event['session'])) translated['session'] = sessionToBeta(event['session']);
  if (isObject(event['response'])) translated['response'] = responseToBeta(event['response']);
  if (isObject(event['item'])) translated['item'] = itemToBeta(event['item']);
  return { ...translated, type: eventNames[event.type] ?? event.type };
}

/** A client's message of the beta in the protocol of today, or why it is none. */
export function fromBeta(message: JsonObject): JsonObject | Refusal {
  const { session, response, item } = message as { session?: unknown; response?: unknown; item?: unknown };
  if (message['type'] === 'session.update' && isObject(session)) {
    const translated = configFromBeta(session, 'session');
    return 'code' in translated ? translated : { ...message, session: { type: 'realtime', ...translated } };
  }
  if (message['type'] === 'response.create' && isObject(response)) {
    const translated = configFromBeta(response, 'response');
    return 'code' in translated ? translated : { ...message, response: translated };
  }
  if (message['type'] === 'conversation.item.create' && isObject(item)) {
    return { ...message, item: itemFromBeta(item) };
  }
  return message;
}

function sessionToBeta(session: JsonObject): JsonObject {
  const { type, output_modalities, max_output_tokens, audio, include, truncation, prompt, ...rest } = session;
  const input = memberOf(audio, 'input');
  const output = memberOf(audio, 'output');
  return {
    ...rest,
    modalities: modalitiesToBeta(output_modalities),
    voice: voiceToBeta(output['voice']),
    speed: output['speed'],
    input_audio_format: formatToBeta(input['format']),
    output_audio_format: formatToBeta(output['format']),
    input_audio_transcription: input['transcription'],
    input_audio_noise_reduction: input['noise_reduction'],
    turn_detection: input['turn_detection'],
    temperature: 0.8,
    max_response_output_tokens: max_output_tokens,
  };
}

function responseToBeta(response: JsonObject): JsonObject {
  const { output_modalities, audio, output, ...rest } = response;
  const items: unknown = output;
  const given = memberOf(audio, 'output');
  return {
    ...rest,
    output: Array.isArray(items) ? items.map((item) => (isObject(item) ? itemToBeta(item) : item)) : items,
    modalities: modalitiesToBeta(output_modalities),
    voice: voiceToBeta(given['voice']),
    output_audio_format: formatToBeta(given['format']),
    temperature: 0.8,
  };
}

function itemToBeta(item: JsonObject): JsonObject {
  return renameParts(item, (type) => (type === 'output_text' ? 'text' : type === 'output_audio' ? 'audio' : type));
}

function itemFromBeta(item: JsonObject): JsonObject {
  if (item['role'] !== 'assistant') return item;
  return renameParts(item, (type) => (type === 'text' ? 'output_text' : type));
}

function renameParts(item: JsonObject, rename: (type: unknown) => unknown): JsonObject {
  const content: unknown = item['content'];
  if (!Array.isArray(content)) return item;
  const parts = content.map((part: unknown) => (isObject(part) ? { ...part, type: rename(part['type']) } : part));
  return { ...item, content: parts };
}

/** Configuration of a session or a response. What the beta did not know is refused, today's `type` and `audio` too. */
function configFromBeta(config: JsonObject, root: string): JsonObject | Refusal {
  const result: Record<string, unknown> = {};
  const input: Record<string, unknown> = {};
  const output: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    if (sameMembers.includes(key)) result[key] = value;
    else if (key === 'modalities') result['output_modalities'] = modalitiesFromBeta(value);
    else if (key === 'max_response_output_tokens' || key === 'max_output_tokens') result['max_output_tokens'] = value;
    else if (key === 'input_audio_format') input['format'] = formatFromBeta(value);
    else if (key === 'output_audio_format') output['format'] = formatFromBeta(value);
    else if (key === 'input_audio_transcription') input['transcription'] = value;
    else if (key === 'input_audio_noise_reduction') input['noise_reduction'] = value;
    else if (key === 'turn_detection') input['turn_detection'] = value;
    else if (key === 'voice') output['voice'] = voiceFromBeta(value);
    else if (key === 'speed') output['speed'] = value;
    else if (key !== 'temperature') {
      return refusal('unknown_parameter', `Unknown parameter: '${root}.${key}'.`, `${root}.${key}`);
    }
  }
  const audio = {
    ...(Object.keys(input).length > 0 ? { input } : {}),
    ...(Object.keys(output).length > 0 ? { output } : {}),
  };
  return Object.keys(audio).length > 0 ? { ...result, audio } : result;
}

/** The beta had text along with audio; today the transcript goes without saying. */
function modalitiesToBeta(modalities: unknown): readonly unknown[] {
  return Array.isArray(modalities) && modalities.includes('audio') ? ['text', 'audio'] : ['text'];
}

function modalitiesFromBeta(modalities: unknown): unknown {
  if (!Array.isArray(modalities)) return modalities;
  return modalities.includes('audio') ? ['audio'] : modalities;
}

function formatToBeta(format: unknown): string | undefined {
  const type = isObject(format) ? format['type'] : undefined;
  return formatNames.find(([today]) => today === type)?.[1];
}

function formatFromBeta(name: unknown): unknown {
  const today = formatNames.find(([, beta]) => beta === name)?.[0];
  if (today === undefined) return name;
  return today === 'audio/pcm' ? { type: today, rate: 24_000 } : { type: today };
}

/** Servers that speak the beta have voices of their own, which today would be custom ones. */
function voiceFromBeta(voice: unknown): unknown {
  return typeof voice !== 'string' || (voices as readonly string[]).includes(voice) ? voice : { id: voice };
}

function voiceToBeta(voice: unknown): unknown {
  return isObject(voice) ? voice['id'] : voice;
}

function memberOf(object: unknown, key: string): JsonObject {
  const member = isObject(object) ? object[key] : undefined;
  return isObject(member) ? member : {};
}
