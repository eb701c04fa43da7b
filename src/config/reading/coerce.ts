import type { $ZodIssue } from 'zod/v4/core';
import { formatPath, pathOf, valueAt } from './config-path.js';
import { ValueEdits } from './value-edits.js';

/**
 * Two things YAML cannot say and operators mean:
 * - A reference is text, also where a number or true/false is wanted (`calls: ${MAX_CALLS:-200}`).
 * - A section whose keys are all commented out is empty, not null.
 *
 * @param issues What the schema said about `value`.
 * @param referenced Paths whose value came out of a reference.
 * @returns A copy of `value` with that put right; `undefined` when there was nothing to put right.
 */
export function coerceValues(value: unknown, issues: readonly $ZodIssue[], referenced: ReadonlySet<string>): unknown {
  const edits = new ValueEdits();
  let isChanged = false;
  for (const issue of issues) {
    if (issue.code !== 'invalid_type') continue;
    const path = pathOf(issue);
    const replacement = coerce(valueAt(value, path), issue.expected, referenced.has(formatPath(path)));
    if (replacement === undefined) continue;
    edits.set(path, replacement);
    isChanged = true;
  }
  return isChanged ? edits.applyTo(value) : undefined;
}

function coerce(value: unknown, expected: string, isReferenced: boolean): unknown {
  if (value === null && (expected === 'object' || expected === 'record')) return {};
  if (!isReferenced || typeof value !== 'string') return undefined;
  if (expected === 'number' || expected === 'int') return /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : undefined;
  if (expected === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return undefined;
}
