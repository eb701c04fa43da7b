import type { $ZodIssue } from 'zod/v4/core';
import { coerceValues } from './coerce.js';
import type { ConfigPath } from './config-issue.js';
import { valueAt } from './explain-issue.js';
import { configSchema, type ParsedConfig } from './schema.js';

/** What the schema says about the values of a file. */
export interface Validated {
  /** The values, with texts turned into numbers where a reference stood for one. */
  readonly value: unknown;
  readonly issues: readonly $ZodIssue[];
  /**
   * The configuration. With issues: what it would be with the keys in question left out, so that the rules between
   * keys can be checked in the same run; `undefined` if that is no configuration either.
   */
  readonly data: ParsedConfig | undefined;
  /** The keys left out. */
  readonly pruned: readonly ConfigPath[];
}

/** @param referenced Paths whose value came out of a reference, as `formatPath` writes them. */
export function validate(value: unknown, referenced: ReadonlySet<string>): Validated {
  let current = value;
  for (;;) {
    const result = configSchema.safeParse(current);
    if (result.success) return { value: current, issues: [], data: result.data, pruned: [] };
    const better = coerceValues(current, result.error.issues, referenced);
    if (better === undefined)
      return { value: current, issues: result.error.issues, ...parseRest(current, result.error.issues) };
    current = better;
  }
}

/** Takes out what is wrong, and then what is incomplete without it, until the rest passes. */
function parseRest(value: unknown, first: readonly $ZodIssue[]): Pick<Validated, 'data' | 'pruned'> {
  const pruned: ConfigPath[] = [];
  let rest = value;
  let issues = first;
  for (;;) {
    const paths = issues.flatMap((issue) => culprits(issue, rest));
    if (paths.length === 0 || paths.some((path) => path.length === 0)) return { data: undefined, pruned };
    for (const path of paths) rest = without(rest, path);
    pruned.push(...paths);
    const result = configSchema.safeParse(rest);
    if (result.success) return { data: result.data, pruned };
    issues = result.error.issues;
  }
}

function culprits(issue: $ZodIssue, value: unknown): ConfigPath[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...path, key]);
  // A missing key makes what needs it incomplete; an entry cannot leave a list without moving the others.
  const whole = valueAt(value, path) === undefined ? path.slice(0, -1) : path;
  const firstIndex = whole.findLastIndex((part) => typeof part === 'string');
  return [typeof whole.at(-1) === 'number' ? whole.slice(0, firstIndex + 1) : whole];
}

function without(root: unknown, path: ConfigPath): unknown {
  const [first, ...rest] = path;
  if (Array.isArray(root)) return root.map((item, index) => (index === first ? without(item, rest) : item));
  if (typeof root !== 'object' || root === null) return root;
  const entries = Object.entries(root);
  if (rest.length === 0) return Object.fromEntries(entries.filter(([key]) => key !== first));
  return Object.fromEntries(entries.map(([key, item]) => [key, key === first ? without(item, rest) : item]));
}
