import { isObject, type JsonObject, memberAt } from '../openai-realtime/json-value.js';
import { type FakeAudioFormat, isRawEncoding } from './audio-format.js';

/** What a session of the agent is to do. */
export interface AgentSettings {
  readonly input: FakeAudioFormat;
  readonly output: FakeAudioFormat;
  /** The stream begins with a WAV header. */
  readonly wav: boolean;
  readonly prompt: string;
  readonly greeting: string;
  readonly functions: readonly string[];
  /** The dialogue so far, one line each. */
  readonly history: readonly string[];
  readonly tellsHistory: boolean;
  /** A model of Deepgram's choosing is billed and bounded by Deepgram. */
  readonly managed: boolean;
}

const members = ['type', 'tags', 'experimental', 'flags', 'mip_opt_out', 'audio', 'agent'];
const thinkers = ['open_ai', 'anthropic', 'google', 'groq', 'aws_bedrock', 'deepgram', 'nvidia'];

/** The settings, or what is wrong with them. */
export function readAgentSettings(message: JsonObject): AgentSettings | string {
  const unknown = Object.keys(message).find((key) => !members.includes(key));
  if (unknown !== undefined) return `unknown field ${unknown}`;
  const input = formatOf(memberAt(message, ['audio', 'input']), 24_000);
  const output = formatOf(memberAt(message, ['audio', 'output']), 24_000);
  if (input === undefined || output === undefined) return 'unsupported audio format';
  const container = memberAt(message, ['audio', 'output', 'container']) ?? 'none';
  if (container !== 'none' && container !== 'wav') return 'unsupported container';
  const agent = message['agent'];
  if (!isObject(agent)) return 'agent is missing';
  const [think] = listOf(agent['think']);
  const [speak] = listOf(agent['speak']);
  if (!isObject(think) || !thinkers.includes(String(memberAt(think, ['provider', 'type'])))) return 'think.provider';
  if (typeof memberAt(think, ['provider', 'model']) !== 'string') return 'think.provider.model is missing';
  if (speak !== undefined && !isObject(memberAt(speak, ['provider']))) return 'speak.provider is missing';
  const functions = listOf(think['functions']);
  if (!functions.every((each) => typeof memberAt(each, ['name']) === 'string')) return 'a function has no name';
  const messages = listOf(memberAt(agent, ['context', 'messages']));
  if (!messages.every((each) => memberAt(each, ['type']) === 'History')) return 'context.messages: type is missing';
  return {
    input,
    output,
    wav: container === 'wav',
    prompt: textOf(think['prompt']),
    greeting: textOf(agent['greeting']),
    functions: functions.map((each) => String(memberAt(each, ['name']))),
    history: messages.map(lineOf),
    tellsHistory: memberAt(message, ['flags', 'history']) !== false,
    managed: think['endpoint'] === undefined,
  };
}

function lineOf(message: unknown): string {
  const calls = memberAt(message, ['function_calls']);
  if (!Array.isArray(calls)) return `${String(memberAt(message, ['role']))}: ${String(memberAt(message, ['content']))}`;
  return calls
    .map((call) => `${memberAt(call, ['name'])}(${memberAt(call, ['arguments'])}) = ${memberAt(call, ['response'])}`)
    .join('; ');
}

function formatOf(value: unknown, defaultRate: number): FakeAudioFormat | undefined {
  const encoding = String(memberAt(value, ['encoding']) ?? 'linear16');
  const sampleRate = Number(memberAt(value, ['sample_rate']) ?? defaultRate);
  if (!isRawEncoding(encoding) || !(sampleRate >= 8000 && sampleRate <= 48_000)) return undefined;
  return { encoding, sampleRate };
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
