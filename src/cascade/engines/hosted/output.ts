import { isObject } from '../shared/json.js';

/** Speech that a job has made, as it names or holds it. */
export type JobOutput =
  /** A file to be fetched. Wherever the network likes: see `ResultFiles`. */
  | { readonly type: 'url'; readonly url: string }
  /** The speech itself: a WAV, or mono samples of 16 bits at `sampleRate`, Hz, where the job says which. */
  | { readonly type: 'bytes'; readonly bytes: Buffer; readonly sampleRate: number | undefined };

/** Where handlers put their speech, in order of preference. */
const members = ['audio_url', 'audio', 'audio_base64', 'url', 'output'] as const;
/** How deep speech is looked for: `{"output": [{"audio": ...}]}`. */
const MAX_DEPTH = 3;
/** Half a minute of speech at 48 kHz in base64, with room to spare. */
const MAX_CHARACTERS = 16 * 1_048_576;

/**
 * What a job has made: an address, a `data:` URI (RFC 2397), base64 (RFC 4648), or an object or list with one of these in
 * it. `undefined` where there is no speech in it.
 */
export function jobOutput(value: unknown, depth: number = 0): JobOutput | undefined {
  if (typeof value === 'string') return outputOf(value);
  if (depth >= MAX_DEPTH) return undefined;
  if (Array.isArray(value)) return jobOutput(value[0], depth + 1);
  if (!isObject(value)) return undefined;
  for (const member of members) {
    const found = jobOutput(value[member], depth + 1);
    if (found === undefined) continue;
    const sampleRate = found.type === 'bytes' ? (found.sampleRate ?? rateIn(value)) : undefined;
    return found.type === 'bytes' ? { ...found, sampleRate } : found;
  }
  return undefined;
}

/** The rate that an item or an output names, Hz. */
export function rateIn(value: Readonly<Record<string, unknown>>): number | undefined {
  const rate = value['sample_rate'];
  return typeof rate === 'number' ? rate : undefined;
}

/** Bytes of base64, of both alphabets; `undefined` for what is none. */
export function base64Bytes(text: string): Buffer | undefined {
  return text.length <= MAX_CHARACTERS && /^[\w+/-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function outputOf(text: string): JobOutput | undefined {
  if (/^https?:/i.test(text)) return { type: 'url', url: text };
  const data = /^data:[\w./+;=-]{0,100};base64,/i.exec(text);
  const bytes = base64Bytes(data === null ? text : text.slice(data[0].length));
  return bytes === undefined ? undefined : { type: 'bytes', bytes, sampleRate: undefined };
}
