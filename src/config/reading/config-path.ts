import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { $ZodIssue } from 'zod/v4/core';

/** Where in a configuration something is: keys of mappings and indexes of lists, from the top. */
export type ConfigPath = readonly (string | number)[];

/** `['routes', 0, 'match']` as `routes[0].match`. Keys that are no plain names are quoted. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** The value at a path of plain data. */
export function valueAt(root: unknown, path: ConfigPath): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[part];
  }
  return value;
}

/** The path of a complaint of zod. */
export function pathOf(issue: Pick<$ZodIssue, 'path'>): ConfigPath {
  return issue.path.filter((part) => typeof part !== 'symbol');
}

/** The same of any library that writes Standard Schemas: parts of a path may be objects there. */
export function standardPath(issue: StandardSchemaV1.Issue): ConfigPath {
  return (issue.path ?? []).map((segment) => {
    const key = typeof segment === 'object' ? segment.key : segment;
    return typeof key === 'number' ? key : String(key);
  });
}
