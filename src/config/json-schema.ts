import * as z from 'zod';
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
  readonly [keyword: string]: unknown;
}

/** The schema of the file as an operator writes it, before references are resolved. */
export function describeConfig(): SchemaNode {
  return z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' }) as SchemaNode;
}

/** Every key of the file: `media.ports`, `routes[].match.to`, `flavors.<name>.use`. */
export function listKeys(node: SchemaNode = describeConfig(), prefix = ''): { key: string; node: SchemaNode }[] {
  const keys: { key: string; node: SchemaNode }[] = [];
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    keys.push({ key, node: child }, ...listKeys(child, key));
  }
  if (node.items) keys.push(...listKeys(node.items, `${prefix}[]`));
  if (typeof node.additionalProperties === 'object')
    keys.push(...listKeys(node.additionalProperties, `${prefix}.<name>`));
  return keys;
}

/** The schema node at a path of the file; `undefined` where the schema knows nothing. */
export function schemaAt(root: SchemaNode, path: readonly (string | number)[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const part of path) {
    if (!node) return undefined;
    const { additionalProperties, items, properties }: SchemaNode = node;
    if (typeof part === 'number') node = items;
    else if (properties && Object.hasOwn(properties, part)) node = properties[part];
    else node = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  }
  return node;
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
  const isLeaf = node.type !== 'object' && node.type !== 'array' && node.type !== undefined;
  const isAnyText = node.type === 'string' && !node.enum;
  if (!isLeaf || isAnyText) return copy as SchemaNode;
  const { description, default: fallback, ...rest } = copy;
  return {
    ...(description !== undefined && { description: String(description) }),
    ...(fallback !== undefined && { default: fallback }),
    anyOf: [rest, { $ref: '#/definitions/reference' }],
  };
}
