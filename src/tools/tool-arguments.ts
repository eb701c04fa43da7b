import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { ConnectorError, errorMessage } from '../base/connector-error.js';

/** Arguments that fit, or a sentence for the model about what does not. */
export type CheckedArguments =
  | { readonly ok: true; readonly values: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: string };

const SHOWN_ERRORS = 5;

/** Holds what a model gives a tool against the tool's JSON Schema. */
export interface ArgumentCheck {
  /** @param given as the model gave them; never changed, defaults go into a copy */
  check(given: unknown): CheckedArguments;
}

/**
 * Compiles JSON Schemas (draft-07) of the operator's: schemas of strangers are
 * not for this. One for all tools of a configuration, since making one takes longer than many a call.
 */
export class ArgumentSchemas {
  #ajv: Ajv | undefined;

  /** Throws `ERR_TOOL_INVALID` when `parameters` is no JSON Schema, or not of an object. */
  compile(parameters: object): ArgumentCheck {
    // Ajv knows its own dialect without being told, and fetches no other.
    const { $schema: _dialect, ...schema } = { type: 'object', ...parameters } as Record<string, unknown>;
    if (schema['type'] !== 'object') throw new ConnectorError('ERR_TOOL_INVALID', 'parameters: expected type: object');
    this.#ajv ??= createAjv();
    try {
      return new CompiledCheck(this.#ajv.compile(schema));
    } catch (error) {
      const message = `parameters: not a JSON Schema: ${errorMessage(error)}`;
      throw new ConnectorError('ERR_TOOL_INVALID', message, { cause: error });
    }
  }
}

class CompiledCheck implements ArgumentCheck {
  readonly #validate: ValidateFunction;

  constructor(validate: ValidateFunction) {
    this.#validate = validate;
  }

  check(given: unknown): CheckedArguments {
    const values: unknown = structuredClone(given ?? {});
    if (this.#validate(values)) return { ok: true, values: values as Record<string, unknown> };
    const errors = (this.#validate.errors ?? []).slice(0, SHOWN_ERRORS).map(sentence);
    return { ok: false, problem: `The arguments do not fit: ${errors.join('; ')}.` };
  }
}

function createAjv(): Ajv {
  // Of a format that it does not know `check` warns; it would write to the console.
  const ajv = new Ajv({ strict: false, allErrors: true, useDefaults: true, logger: false });
  formats.default(ajv);
  return ajv;
}

/**
 * The argument of a tool that takes exactly one. Throws with a sentence for the model when `given` has others; a missing
 * one is `undefined`.
 */
export function onlyArgument(given: unknown, name: string): unknown {
  const values = given ?? {};
  if (typeof values !== 'object' || Array.isArray(values)) throw misfit('the arguments must be an object');
  const extra = Object.keys(values).find((key) => key !== name);
  if (extra !== undefined) throw misfit(`the arguments must not have ${extra.slice(0, 64)}`);
  return Object.entries(values).find(([key]) => key === name)?.[1];
}

/** What is wrong with arguments, for the model. It repeats no value. */
export function misfit(problem: string): Error {
  return new Error(`The arguments do not fit: ${problem}.`);
}

/** What is wrong, without repeating the value. */
function sentence({ instancePath, keyword, message, params }: ErrorObject): string {
  const where = instancePath === '' ? 'the arguments' : instancePath.slice(1).replaceAll('/', '.');
  const allowed: unknown = keyword === 'enum' ? params['allowedValues'] : undefined;
  if (Array.isArray(allowed)) return `${where} must be one of ${allowed.map((value) => String(value)).join(', ')}`;
  const extra: unknown = keyword === 'additionalProperties' ? params['additionalProperty'] : undefined;
  if (typeof extra === 'string') return `${where} must not have ${extra.slice(0, 64)}`;
  return `${where} ${message ?? 'are wrong'}`;
}
