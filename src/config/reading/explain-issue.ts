import type { $ZodIssue } from 'zod/v4/core';
import { listKeys, type SchemaNode, schemaAt } from '../json-schema.js';
import { SHORTHAND } from '../schema/marks.js';
import type { ConfigDocument } from './config-document.js';
import type { ConfigIssue } from './config-issue.js';
import { type ConfigPath, formatPath, pathOf, valueAt } from './config-path.js';
import type { ResolvedValues } from './resolve-values.js';
import { isSecretPath } from './secrets.js';
import { suggest } from './suggest.js';

/** What is needed to put a schema's complaint into an operator's words. */
export interface ExplainContext {
  readonly document: ConfigDocument;
  readonly resolved: ResolvedValues;
  readonly schema: SchemaNode;
}

/** One complaint of zod as issues with line, expectation and advice; none if the value could not be resolved anyway. */
export function explainIssue(issue: $ZodIssue, context: ExplainContext): ConfigIssue[] {
  const path = pathOf(issue);
  if (isUnresolved(path, context.resolved)) return [];
  const { document } = context;
  switch (issue.code) {
    case 'unrecognized_keys':
      return explainUnknownKeys(issue, path, context);
    case 'invalid_type':
      return [explainType(issue.expected, path, context, adviceOf(issue.message))];
    case 'invalid_value':
      return [explainChoice(issue.values, path, context)];
    case 'too_small':
    case 'too_big':
      return [explainSize(issue, path, context)];
    case 'invalid_union':
      return explainUnion(issue, path, context);
    case 'custom': {
      const help: unknown = issue.params?.['help'];
      return [document.issueAt(path, issue.message, typeof help === 'string' ? { help } : {})];
    }
    case 'invalid_format':
      return [document.issueAt(path, formatProblem(issue), needs(path, context))];
    default:
      return [document.issueAt(path, issue.message)];
  }
}

function isUnresolved(path: ConfigPath, { unresolved, value }: ResolvedValues): boolean {
  // What may be written without its list, a single server for instance, has no index in the file.
  const written = path.filter((part, index) => part !== 0 || Array.isArray(valueAt(value, path.slice(0, index))));
  return written.some((_part, index) => unresolved.has(formatPath(written.slice(0, index + 1))));
}

/** What the schema itself says; zod's own words say nothing new. */
function adviceOf(message: string): string | undefined {
  return /^(?:Unrecognized|Invalid) /.test(message) ? undefined : message;
}

function explainUnknownKeys(
  { keys, message }: Extract<$ZodIssue, { readonly code: 'unrecognized_keys' }>,
  parent: ConfigPath,
  { document, resolved, schema }: ExplainContext,
): ConfigIssue[] {
  const known = Object.keys(schemaAt(schema, parent, resolved.value)?.properties ?? {});
  const advice = adviceOf(message);
  // Once for all keys: a file that a program wrote may have thousands.
  const places = placesByName(schema);
  return keys.map((key) => {
    const meant = suggest(key, known);
    const guess = meant === undefined ? elsewhere(key, places.get(key), known) : `did you mean "${meant}"?`;
    const help = advice?.includes(key) ? advice : guess;
    return document.issueAt([...parent, key], 'unknown key', { atKey: true, help });
  });
}

/** Where a key of some name exists. */
function placesByName(schema: SchemaNode): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  for (const { key } of listKeys(schema)) {
    const name = key.slice(key.lastIndexOf('.') + 1);
    places.set(name, [...(places.get(name) ?? []), key]);
  }
  return places;
}

/** A key that exists, but in another place, or else the keys that would do here. */
function elsewhere(key: string, places: readonly string[] = [], known: readonly string[]): string {
  const [place] = places;
  if (place !== undefined && places.length === 1) return `"${key}" belongs elsewhere: ${place}`;
  return `the keys here are ${known.join(', ')}`;
}

/** @param advice what to write in place of a number that quotes would not mend */
function explainType(expected: string, path: ConfigPath, context: ExplainContext, advice?: string): ConfigIssue {
  const { document, resolved, schema } = context;
  const value = valueAt(resolved.value, path);
  const key = path.at(-1);
  if (value === undefined && typeof key === 'string') {
    const description = schemaAt(schema, path, resolved.value)?.description;
    return document.issueAt(path, `this key is missing`, description === undefined ? {} : { help: description });
  }
  const found = foundAt(path, context);
  const isShorthand = schemaAt(schema, path, resolved.value)?.[SHORTHAND] !== undefined;
  const message = `expected ${isShorthand ? 'text, or ' : ''}${expectation(expected)}, found ${found}`;
  const source = document.sourceOf(path);
  if (expected === 'string' && source !== undefined && (typeof value === 'number' || typeof value === 'boolean')) {
    const quoted = isSecretPath(path) ? '…' : source;
    return document.issueAt(path, message, { help: advice ?? `put it in quotes: "${quoted}"` });
  }
  if (path.length === 0)
    return document.issueAt(path, message, {
      help: 'write keys such as flavors: and routes:, as sip-config/connector.yaml has them',
    });
  if (expected === 'array' && value !== null)
    return document.issueAt(path, message, { help: 'write it as a list: [ … ]' });
  return document.issueAt(path, message, needs(path, context));
}

function explainChoice(values: readonly unknown[], path: ConfigPath, context: ExplainContext): ConfigIssue {
  const { document, resolved } = context;
  const value = valueAt(resolved.value, path);
  if (value === undefined) return explainType('', path, context);
  const meant = typeof value === 'string' ? suggest(value, values.map(String)) : undefined;
  const isSecret = resolved.referenced.has(formatPath(path));
  return document.issueAt(path, `expected ${choices(values)}`, {
    ...(meant !== undefined && !isSecret && { help: `did you mean "${meant}"?` }),
  });
}

/** A kind that there is not, or a value that is of none of several types. */
function explainUnion(
  issue: Extract<$ZodIssue, { readonly code: 'invalid_union' }>,
  path: ConfigPath,
  context: ExplainContext,
): ConfigIssue[] {
  const { document, resolved, schema } = context;
  const value = valueAt(resolved.value, path);
  if ('options' in issue && Array.isArray(issue.options)) {
    if (value !== undefined) return [explainChoice(issue.options, path, context)];
    // Each kind describes the key in its own way: the words of one of them would mislead.
    return [document.issueAt(path, 'this key is missing', { help: `it is ${choices(issue.options)}` })];
  }
  if (typeof value === 'object' && value !== null) {
    const meant = nearestKind(issue.errors);
    if (meant.length > 0) {
      return meant.flatMap((inner) => explainIssue({ ...inner, path: [...path, ...inner.path] }, context));
    }
  }
  const wanted = issue.errors.flat().flatMap((inner) => {
    if (inner.code === 'invalid_value') return [choices(inner.values)];
    return inner.code === 'invalid_type' ? [expectation(inner.expected)] : [];
  });
  const isShorthand = schemaAt(schema, path, resolved.value)?.[SHORTHAND] !== undefined;
  const all = [...new Set([...(isShorthand ? ['text'] : []), ...wanted])].join(', or ');
  return [document.issueAt(path, `expected ${all}, found ${foundAt(path, context)}`, needs(path, context))];
}

/** What is said against keys and values by the kind that has least to say against them; of several, the unknown keys. */
function nearestKind(kinds: readonly (readonly $ZodIssue[])[]): readonly $ZodIssue[] {
  const withKeys = kinds.filter(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  const least = Math.min(...withKeys.map(({ length }) => length));
  const [nearest = [], ...others] = withKeys.filter(({ length }) => length === least);
  return others.length === 0 ? nearest : nearest.filter(({ code }) => code === 'unrecognized_keys');
}

/** A number out of its range, or a text or a list of another length. */
function explainSize(
  issue: Extract<$ZodIssue, { readonly code: 'too_small' | 'too_big' }>,
  path: ConfigPath,
  context: ExplainContext,
): ConfigIssue {
  const { origin } = issue;
  if (origin !== 'string' && origin !== 'array') return outOfRange(path, context);
  const what = origin === 'array' ? 'list' : 'text';
  const value = valueAt(context.resolved.value, path);
  const isEmpty = issue.code === 'too_small' && (issue.minimum === 1 || value === '' || isEmptyList(value));
  if (isEmpty) return context.document.issueAt(path, `the ${what} is empty`, needs(path, context));
  const unit = origin === 'array' ? 'entries' : 'characters';
  const bound =
    issue.code === 'too_big' ? `too long: at most ${issue.maximum}` : `too short: at least ${issue.minimum}`;
  return context.document.issueAt(path, `the ${what} is ${bound} ${unit}`, needs(path, context));
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** What is wrong with the form of a text; a pattern is for the library to read. */
function formatProblem({ format, message }: Extract<$ZodIssue, { readonly code: 'invalid_format' }>): string {
  if (!message.startsWith('Invalid ')) return message;
  if (format === 'url') return 'expected an address with its scheme, such as http://127.0.0.1:8000';
  return format === 'regex' ? 'this text has not the form that is expected' : message;
}

function outOfRange(path: ConfigPath, { document, resolved, schema }: ExplainContext): ConfigIssue {
  const node = schemaAt(schema, path, resolved.value);
  const least = node?.['minimum'] ?? node?.['exclusiveMinimum'];
  const most = node?.['maximum'] ?? node?.['exclusiveMaximum'];
  const isOpen = node?.['minimum'] === undefined;
  const below = `${node?.['maximum'] === undefined ? 'below' : 'at most'} ${String(most)}`;
  const above = `${isOpen ? 'above' : 'from'} ${String(least)}`;
  let range = isOpen ? `${above} and ${below}` : `${above} to ${String(most)}`;
  if (least === undefined) range = below;
  else if (most === undefined) range = isOpen ? above : `${above} on`;
  return document.issueAt(path, `expected a number ${range}`);
}

/** The key's own description as advice. */
function needs(path: ConfigPath, { resolved, schema }: ExplainContext): { help?: string } {
  const description = schemaAt(schema, path, resolved.value)?.description;
  return description === undefined ? {} : { help: description };
}

function choices(values: readonly unknown[]): string {
  const names = values.map((value) => String(value));
  return names.length === 1 ? `${names[0]}` : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

function expectation(expected: string): string {
  switch (expected) {
    case 'string':
      return 'text';
    case 'number':
      return 'a number';
    case 'int':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
    case 'record':
      return 'keys and values';
    default:
      return expected;
  }
}

/** What stands at a path, without saying it. */
function foundAt(path: ConfigPath, { resolved }: ExplainContext): string {
  if (resolved.referenced.has(formatPath(path))) return 'what the reference stands for';
  return describe(valueAt(resolved.value, path));
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a number';
  if (typeof value === 'boolean') return `the word ${value}`;
  return Array.isArray(value) ? 'a list' : 'keys and values';
}
