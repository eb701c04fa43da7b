import * as z from 'zod';
import { type ConfigPath, valueAt } from './reading/config-path.js';
import { LISTED, SHORTHAND } from './schema/marks.js';
import { configSchema } from './schema.js';

/** The part of JSON Schema that zod writes for our configuration. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  /** Kinds of one thing, told apart by constants: their `type`, or their `provider` and `server`. */
  readonly oneOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly [keyword: string]: unknown;
}

/** The schema of the file as an operator writes it, before references are resolved. */
export function describeConfig(): SchemaNode {
  return z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' }) as SchemaNode;
}

/**
 * Every key of the file: `media.ports`, `routes[].match.to`, `flavors.<name>.use`, `tools.<webhook>.url`. What may be
 * written as a text alone is one key.
 */
export function listKeys(node: SchemaNode = describeConfig(), prefix = ''): { key: string; node: SchemaNode }[] {
  if (node[SHORTHAND] !== undefined) return [];
  const keys: { key: string; node: SchemaNode }[] = [];
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    keys.push({ key, node: child }, ...listKeys(child, key));
  }
  if (node.items) keys.push(...listKeys(node.items, `${prefix}[]`));
  if (typeof node.additionalProperties === 'object') {
    const kinds = node.additionalProperties.oneOf ?? [node.additionalProperties];
    for (const kind of kinds) keys.push(...listKeys(kind, `${prefix}.<${kindOf(kind) ?? 'name'}>`));
  }
  return keys;
}

/** The constant of a kind's `type`. */
function kindOf(node: SchemaNode): unknown {
  return node.properties?.['type']?.const;
}

/**
 * The schema node at a path of the file; `undefined` where the schema knows nothing.
 *
 * @param value What the file says, which decides between kinds of one thing.
 */
export function schemaAt(root: SchemaNode, path: ConfigPath, value?: unknown): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  let current = value;
  for (const part of path) {
    if (!node) return undefined;
    const { additionalProperties, items, properties }: SchemaNode = ofKind(node, current);
    if (typeof part === 'number') node = items;
    else if (properties && Object.hasOwn(properties, part)) node = properties[part];
    else node = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    current = valueAt(current, [part]);
  }
  return node && ofKind(node, current);
}

/**
 * The paths within a value whose schema says `keyword: true`, in whatever kinds and lists they are.
 *
 * @param path of the value, which those of the result begin with
 */
export function pathsWith(keyword: string, schema: SchemaNode, value: unknown, path: ConfigPath): ConfigPath[] {
  const own = saysOfTexts(keyword, schema) ? [path] : [];
  const { additionalProperties: others, properties = {}, items } = ofKind(schema, value);
  const inner: (readonly [string | number, SchemaNode | undefined])[] = Array.isArray(value)
    ? value.map((_, index) => [index, items] as const)
    : Object.entries(properties);
  if (typeof others === 'object') {
    const names = Object.keys(Object(value)).filter((name) => !Object.hasOwn(properties, name));
    inner.push(...names.map((name) => [name, others] as const));
  }
  return inner.reduce<ConfigPath[]>((found, [key, child]) => {
    if (child !== undefined) found.push(...pathsWith(keyword, child, valueAt(value, [key]), [...path, key]));
    return found;
  }, own);
}

/** Of the value itself, or of what is no object among the kinds that it may be of: a text, or null. */
function saysOfTexts(keyword: string, { [keyword]: own, oneOf, anyOf }: SchemaNode): boolean {
  if (own === true) return true;
  return (oneOf ?? anyOf ?? []).some((kind) => kind.properties === undefined && saysOfTexts(keyword, kind));
}

/** The kind that a value is of; what those have to say that it may be of, where it does not tell. */
function ofKind(node: SchemaNode, value: unknown): SchemaNode {
  const kinds = kindsOf(node);
  const likenesses = kinds.map((kind) => likeness(kind, value));
  const [kind, ...others] = kinds.filter((_kind, index) => likenesses[index] === Math.max(...likenesses));
  if (kind === undefined) return node;
  const fitting =
    others.length === 0
      ? kind
      : { properties: Object.assign({}, kind.properties, ...others.map(({ properties }) => properties)) };
  return { ...fitting, ...(node.description !== undefined && { description: node.description }) };
}

/** Kinds of one thing that have keys; those of a kind that has kinds itself (a `server` of a `provider`) beside the others. */
function kindsOf({ oneOf, anyOf }: SchemaNode): readonly SchemaNode[] {
  const kinds = (oneOf ?? anyOf ?? []).flatMap((kind) => (kind.properties === undefined ? kindsOf(kind) : [kind]));
  return kinds.filter(({ properties }) => properties !== undefined);
}

/** How well a value fits a kind, by the constants that the kind has: its `type`, its `provider` and `server`. */
function likeness({ properties = {} }: SchemaNode, value: unknown): number {
  return Object.entries(properties).reduce((sum, [key, { const: constant }]) => {
    const written = valueAt(value, [key]);
    if (constant === undefined || written === undefined) return sum;
    return sum + (written === constant ? 1 : -1);
  }, 0);
}

/**
 * The JSON Schema for editors, `sip-config/connector.schema.json`. Wherever it asks for more than "a text" it also takes
 * a text with a reference, `${...}`, whose value it cannot know.
 */
export function editorSchema(): SchemaNode {
  const { $schema, ...schema } = withReferences(describeConfig());
  return {
    $schema,
    $id: 'connector.schema.json',
    title: 'sip-voice-connector configuration',
    ...schema,
    definitions: { reference: { type: 'string', pattern: '\\$\\{' } },
  };
}

function withReferences(node: SchemaNode): SchemaNode {
  const copy: Record<string, unknown> = { ...node };
  if (node.properties) {
    copy['properties'] = Object.fromEntries(
      Object.entries(node.properties).map(([name, child]) => [name, withReferences(child)]),
    );
  }
  if (node.items) copy['items'] = withReferences(node.items);
  if (typeof node.additionalProperties === 'object')
    copy['additionalProperties'] = withReferences(node.additionalProperties);
  for (const keyword of ['oneOf', 'anyOf'] as const) {
    if (node[keyword]) copy[keyword] = node[keyword].map(withReferences);
  }
  if (node[LISTED] !== undefined) return withSingle(copy);
  if (node[SHORTHAND] !== undefined) return withText(copy);
  const isLeaf = node.type !== 'object' && node.type !== 'array' && node.type !== undefined;
  const isAnyText = node.type === 'string' && !node.enum;
  if (!isLeaf || isAnyText) return copy as SchemaNode;
  return orReference(copy);
}

/** What may be written as a text alone. */
function withText({ [SHORTHAND]: _shorthand, description, default: fallback, ...object }: SchemaNode): SchemaNode {
  return {
    ...(description !== undefined && { description }),
    ...(fallback !== undefined && { default: fallback }),
    anyOf: [{ type: 'string', minLength: 1 }, object],
  };
}

/** A list that may be written as its only item. */
function withSingle({ [LISTED]: _listed, description, items, ...list }: SchemaNode): SchemaNode {
  return {
    ...(description !== undefined && { description }),
    anyOf: [...(items === undefined ? [] : [items]), { ...list, ...(items !== undefined && { items }) }],
  };
}

function orReference(copy: SchemaNode): SchemaNode {
  const { description, default: fallback, ...rest } = copy;
  return {
    ...(description !== undefined && { description: String(description) }),
    ...(fallback !== undefined && { default: fallback }),
    anyOf: [rest, { $ref: '#/definitions/reference' }],
  };
}
