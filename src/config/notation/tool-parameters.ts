import { Ajv } from 'ajv';

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
