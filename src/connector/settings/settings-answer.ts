import * as z from 'zod';
import type { $ZodIssue } from 'zod/v4/core';
import type { Cue, OwnOptions, Saying } from '../../config/config.js';
import { isVariableName } from '../../config/notation/template.js';
import { parseTimeZone } from '../../config/notation/time-zone.js';
import { interruptionFields } from '../../config/schema/conversation.js';

/** Longest answer that is read, bytes. */
export const MAX_ANSWER_BYTES = 65_536;

const MAX_TEXT_LENGTH = 4096;
const MAX_INSTRUCTIONS_LENGTH = 32_768;
const MAX_LIST_LENGTH = 64;

const name = () => z.string().min(1).max(128);
const text = (min = 1) => z.string().min(min).max(MAX_TEXT_LENGTH);
const names = () => z.array(name()).max(MAX_LIST_LENGTH);

/** A text, or `{ text }`, or `false` for none: a path from the network would choose a file of this machine. */
const spokenOrNone = () =>
  z.preprocess((value) => (value === false ? { text: '' } : fullSaying(value)), z.strictObject({ text: text(0) }));

/** A text, or what the agent is told. */
const cue = () =>
  z.preprocess(
    fullSaying,
    z
      .strictObject({ text: text().exactOptional(), instructions: text().exactOptional() })
      .refine(({ text, instructions }) => text !== undefined || instructions !== undefined),
  );

const answerSchema = z.strictObject({
  flavor: name().exactOptional(),
  reject: z.number().int().min(400).max(699).exactOptional(),
  instructions: z.string().min(1).max(MAX_INSTRUCTIONS_LENGTH).exactOptional(),
  greeting: spokenOrNone().exactOptional(),
  variables: z
    .record(z.string().refine(isVariableName), z.string().max(MAX_TEXT_LENGTH))
    .refine((variables) => Object.keys(variables).length <= MAX_LIST_LENGTH)
    .exactOptional(),
  timeZone: z
    .string()
    .max(64)
    .refine((text) => parseTimeZone(text).ok)
    .exactOptional(),
  tools: names().exactOptional(),
  transfer: names().exactOptional(),
  interruption: z
    .strictObject({ ...interruptionFields, backchannels: z.array(z.string().min(1).max(64)).max(MAX_LIST_LENGTH * 4) })
    .partial()
    .exactOptional(),
  silence: z
    .strictObject({
      repromptSeconds: z.number().positive().max(86_400),
      reprompts: z.array(cue()).max(10),
      goodbye: cue(),
    })
    .partial()
    .exactOptional(),
});

/** The settings of one call as they were fetched: what each of them does to the route is another question. */
export interface SettingsAnswer {
  readonly flavor?: string;
  readonly reject?: number;
  readonly instructions?: string;
  readonly greeting?: Saying;
  readonly variables?: Readonly<Record<string, string>>;
  readonly timeZone?: string;
  readonly tools?: readonly string[];
  readonly transfer?: readonly string[];
  readonly interruption?: {
    readonly [Key in keyof typeof interruptionFields]?: z.output<(typeof interruptionFields)[Key]> | undefined;
  };
  readonly silence?: {
    readonly repromptSeconds?: number | undefined;
    readonly reprompts?: readonly Cue[] | undefined;
    readonly goodbye?: Cue | undefined;
  };
  /** Only in the words of the Python connector. */
  readonly own?: OwnOptions;
}

export type ParsedAnswer =
  | { readonly ok: true; readonly answer: SettingsAnswer; readonly unknownKeys: readonly string[] }
  /** The problem names keys, never values: those may be personal data. */
  | { readonly ok: false; readonly problem: string };

/**
 * Reads the body of an answer. Keys that nobody knows are left out and told, so that one API can serve connectors of
 * several versions; any other mistake makes the whole answer none, since half of it may mean something else.
 */
export function parseSettingsAnswer(body: string): ParsedAnswer {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { ok: false, problem: 'it is no JSON' };
  }
  const unknownKeys: string[] = [];
  // Each round takes out all unknown keys of a level; there are not more levels than this.
  for (let round = 0; round < 8; round += 1) {
    const result = answerSchema.safeParse(value);
    if (result.success) return { ok: true, answer: result.data, unknownKeys };
    const unknown = result.error.issues.filter((issue) => issue.code === 'unrecognized_keys');
    if (unknown.length === 0) return { ok: false, problem: problemOf(result.error.issues[0]) };
    for (const issue of unknown) {
      unknownKeys.push(...issue.keys.map((key) => keyText([...issue.path, key])));
      value = without(value, issue.path, issue.keys);
    }
  }
  return { ok: false, problem: 'it is too deep' };
}

function fullSaying(value: unknown): unknown {
  return typeof value === 'string' && value !== '' ? { text: value } : value;
}

function problemOf(issue: $ZodIssue | undefined): string {
  const path = issue?.path ?? [];
  // Names under `variables` are the API's own: as personal as values.
  return path.length === 0 ? 'it is no object' : `${keyText(path.slice(0, 2))} is not as it must be`;
}

/** A key for the log: short, plain, and nothing of the API's own making. */
function keyText(path: readonly PropertyKey[]): string {
  const [first, second] = path.map((part) => (/^[A-Za-z]\w{0,31}$/.test(String(part)) ? String(part) : '?'));
  return second === undefined || first === 'variables' ? (first ?? '?') : `${first}.${second}`;
}

function without(value: unknown, path: readonly PropertyKey[], keys: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const [first, ...rest] = path;
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === first ? without(item, rest, keys) : item));
  }
  const entries = Object.entries(value);
  if (first === undefined) {
    const unwanted = new Set(keys);
    return Object.fromEntries(entries.filter(([key]) => !unwanted.has(key)));
  }
  return Object.fromEntries(entries.map(([key, item]) => [key, key === first ? without(item, rest, keys) : item]));
}
