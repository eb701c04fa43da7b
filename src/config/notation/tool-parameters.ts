import { Ajv } from 'ajv';
import type { ConfigPath } from '../reading/config-path.js';
import { suggest } from '../reading/suggest.js';

/** Longest schema, characters of JSON: it goes to the model with every session. */
const MAX_SCHEMA_LENGTH = 16_384;

/**
 * Why a value is no JSON Schema for the arguments of a tool; `undefined` when it is one. Models call tools with an
 * object, and draft 7 is what they and `ajv` read.
 */
export function jsonSchemaProblem(
  schema: Readonly<Record<string, unknown>>,
): { readonly problem: string; readonly help: string } | undefined {
  if (schema['type'] !== 'object') {
    return {
      problem: 'the arguments of a tool are an object',
      help: 'begin with type: object, and list them in properties',
    };
  }
  if (JSON.stringify(schema).length > MAX_SCHEMA_LENGTH) {
    return {
      problem: `a schema of more than ${MAX_SCHEMA_LENGTH} characters`,
      help: 'leave out what the model need not know',
    };
  }
  try {
    new Ajv({ strict: false, validateFormats: false, allErrors: false }).compile({ ...schema });
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { problem: `this is no JSON Schema: ${message.slice(0, 200)}`, help: 'write it as draft 7 has it' };
  }
}

/** Something in a schema that is allowed and does nothing, most often a slip of the pen. */
export interface SchemaDoubt {
  /** From the schema. */
  readonly path: ConfigPath;
  readonly message: string;
  readonly help?: string;
}

/** Keywords whose value is one schema, a list of them, or schemas by name. */
const SCHEMAS: ReadonlySet<string> = new Set([
  ...['additionalItems', 'additionalProperties', 'contains', 'else', 'if', 'items', 'not', 'propertyNames', 'then'],
  ...['allOf', 'anyOf', 'oneOf'],
]);
const NAMED_SCHEMAS: ReadonlySet<string> = new Set([
  ...['$defs', 'definitions', 'dependencies', 'patternProperties', 'properties'],
]);

/** Keywords of draft 7, with `$defs` and the two that OpenAPI adds and `ajv` knows or no harm comes of. */
const KEYWORDS: ReadonlySet<string> = new Set([
  ...SCHEMAS,
  ...NAMED_SCHEMAS,
  ...['$comment', '$id', '$ref', '$schema', 'const', 'contentEncoding', 'contentMediaType', 'default', 'deprecated'],
  ...['description', 'enum', 'examples', 'exclusiveMaximum', 'exclusiveMinimum', 'format', 'maximum', 'maxItems'],
  ...['maxLength', 'maxProperties', 'minimum', 'minItems', 'minLength', 'minProperties', 'multipleOf', 'nullable'],
  ...['pattern', 'readOnly', 'required', 'title', 'type', 'uniqueItems', 'writeOnly'],
]);

/** Formats that arguments are checked for: those of `ajv-formats`. */
export const checkedFormats: readonly string[] = [
  ...['binary', 'byte', 'date', 'date-time', 'double', 'duration', 'email', 'float', 'hostname', 'int32', 'int64'],
  ...['ipv4', 'ipv6', 'iso-date-time', 'iso-time', 'json-pointer', 'json-pointer-uri-fragment', 'password', 'regex'],
  ...['relative-json-pointer', 'time', 'uri', 'uri-reference', 'uri-template', 'url', 'uuid'],
];

/**
 * What a JSON Schema says in vain: words that draft 7 has not, which it tells everybody to ignore, formats that nobody checks,
 * and required arguments that are not described.
 */
export function schemaDoubts(schema: unknown, path: ConfigPath = []): SchemaDoubt[] {
  if (!isRecord(schema)) return [];
  const doubts = Object.entries(schema).flatMap(([keyword, value]): SchemaDoubt[] => {
    const place = [...path, keyword];
    if (SCHEMAS.has(keyword)) {
      if (!Array.isArray(value)) return schemaDoubts(value, place);
      return value.flatMap((one, index) => schemaDoubts(one, [...place, index]));
    }
    if (NAMED_SCHEMAS.has(keyword)) {
      return Object.entries(Object(value)).flatMap(([name, one]) => schemaDoubts(one, [...place, name]));
    }
    if (KEYWORDS.has(keyword) || keyword.startsWith('x-')) return [];
    return [doubt(place, 'draft 7 of JSON Schema has no such keyword: nothing comes of it', keyword, KEYWORDS)];
  });
  const { format, properties, required } = schema;
  if (typeof format === 'string' && !checkedFormats.includes(format)) {
    doubts.push(doubt([...path, 'format'], 'nobody checks for a format of this name', format, checkedFormats));
  }
  if (!isRecord(properties) || !Array.isArray(required)) return doubts;
  const names = Object.keys(properties);
  return [
    ...doubts,
    ...required.flatMap((name, index): SchemaDoubt[] => {
      if (typeof name !== 'string' || names.includes(name)) return [];
      return [doubt([...path, 'required', index], 'an argument that properties does not describe', name, names)];
    }),
  ];
}

function doubt(path: ConfigPath, message: string, written: string, known: Iterable<string>): SchemaDoubt {
  const meant = suggest(written, known);
  return { path, message, ...(meant !== undefined && { help: `did you mean "${meant}"?` }) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
