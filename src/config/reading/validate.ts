import type { $ZodIssue } from 'zod/v4/core';
import { configSchema, type ParsedConfig } from '../schema.js';
import { coerceValues } from './coerce.js';
import { type ConfigPath, formatPath, pathOf, valueAt } from './config-path.js';
import { ValueEdits } from './value-edits.js';

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
    if (better === undefined) {
      const issues = onePerPath(result.error.issues);
      return { value: current, issues, ...parseRest(current, issues) };
    }
    current = better;
  }
}

/** A value of the wrong type also fails the checks meant for the right one; that is one mistake, not two. */
function onePerPath(issues: readonly $ZodIssue[]): $ZodIssue[] {
  const seen = new Set<string>();
  return issues.filter((issue) => {
    const path = formatPath(pathOf(issue));
    const isNew = issue.code === 'unrecognized_keys' || !seen.has(path);
    seen.add(path);
    return isNew;
  });
}

/** Takes the place of a route that cannot be read: breaks no rule, and hides no other route. */
const placeholderRoute = { match: { to: '0' }, reject: 404 } as const;

/** Takes out what is wrong, and then what is incomplete without it, until the rest passes. */
function parseRest(value: unknown, first: readonly $ZodIssue[]): Pick<Validated, 'data' | 'pruned'> {
  const pruned: ConfigPath[] = [];
  let rest = value;
  let issues = first;
  // Each round moves at least one key up; a file is not deeper than this.
  for (let round = 0; round < 16; round += 1) {
    const paths = issues.flatMap((issue) => culprits(issue, rest));
    rest = without(rest, paths);
    for (const path of paths) pruned.push(path);
    const result = configSchema.safeParse(rest);
    if (result.success) return { data: result.data, pruned };
    issues = result.error.issues;
  }
  return { data: undefined, pruned };
}

function culprits(issue: $ZodIssue, value: unknown): ConfigPath[] {
  const path = pathOf(issue);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...path, key]);
  // A missing key makes what needs it incomplete.
  const whole = valueAt(value, path) === undefined && path.length > 1 ? path.slice(0, -1) : path;
  // An entry cannot leave a list without moving the others, so the list goes; but not all routes because of one.
  const index = whole.findIndex(
    (part, position) => typeof part === 'number' && !(position === 1 && whole[0] === 'routes'),
  );
  return [index < 0 ? whole : whole.slice(0, index)];
}

function without(value: unknown, paths: readonly ConfigPath[]): unknown {
  const edits = new ValueEdits();
  for (const path of paths) {
    if (path[0] === 'routes' && path.length === 1) edits.set(path, [placeholderRoute]);
    else if (path[0] === 'routes' && path.length === 2) edits.set(path, placeholderRoute);
    else edits.remove(path);
  }
  return edits.applyTo(value);
}
