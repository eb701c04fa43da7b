import { ConnectorError, errorMessage } from '../../base/connector-error.js';
import type { Tool, ToolTiming } from '../tool.js';
import { type ArgumentSchemas, type CheckedArguments, misfit } from '../tool-arguments.js';
import type { ToolSchema } from './define-tool.js';
import type { LoadedTool } from './module-loader.js';

interface Parameters {
  /** JSON Schema, for the model. */
  readonly shown: object;
  check(given: unknown): CheckedArguments | Promise<CheckedArguments>;
}

const NO_PARAMETERS = { type: 'object', properties: {}, additionalProperties: false } as const;
const SHOWN_ISSUES = 5;

/** A tool out of a module of the operator's. Throws `ERR_TOOL_INVALID` for parameters that cannot be shown to a model. */
export function createModuleTool(name: string, loaded: LoadedTool, timing: ToolTiming, schemas: ArgumentSchemas): Tool {
  const { description, parameters = NO_PARAMETERS, cancellable = false } = loaded;
  const { shown, check } = isStandard(parameters) ? standard(parameters) : jsonSchema(parameters, schemas);
  return {
    definition: { name, description, parameters: shown, cancellable },
    timing,
    external: true,
    async run(call, scope, signal) {
      const checked = await check(call.arguments);
      if (!checked.ok) throw new Error(checked.problem);
      try {
        const output = await loaded.run(checked.values, { call: scope.call, log: scope.log }, signal);
        return { output, reply: true };
      } catch (error) {
        signal.throwIfAborted();
        // The message goes to the model; in a log it might quote the caller.
        scope.log.warn({ tool: name, ...whereabouts(error) }, 'a tool of a module failed');
        throw error;
      }
    },
  };
}

function isStandard(parameters: object): parameters is ToolSchema {
  return '~standard' in parameters;
}

function jsonSchema(parameters: object, schemas: ArgumentSchemas): Parameters {
  const compiled = schemas.compile(parameters);
  return { shown: parameters, check: (given) => compiled.check(given) };
}

function standard(schema: ToolSchema): Parameters {
  let shown: Record<string, unknown>;
  try {
    shown = schema['~standard'].jsonSchema.input({ target: 'draft-07' });
  } catch (error) {
    const message = `parameters: the schema has no JSON Schema: ${errorMessage(error)}`;
    throw new ConnectorError('ERR_TOOL_INVALID', message, { cause: error });
  }
  if (shown['type'] !== 'object') throw new ConnectorError('ERR_TOOL_INVALID', 'parameters: expected an object schema');
  return {
    shown,
    check: async (given) => {
      const result = await schema['~standard'].validate(given ?? {});
      if (!result.issues) return { ok: true, values: result.value as Record<string, unknown> };
      const issues = result.issues.slice(0, SHOWN_ISSUES).map(({ message, path = [] }) => {
        const where = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.');
        return where === '' ? message : `${where}: ${message}`;
      });
      return { ok: false, problem: misfit(issues.join('; ')).message };
    },
  };
}

/** Kind and place of a failure: what its author needs to find it, and nothing of what it was about. */
function whereabouts(error: unknown): { readonly error: string; readonly at?: string } {
  if (!(error instanceof Error)) return { error: 'unknown' };
  const at = /^\s+at .*$/m.exec(error.stack ?? '')?.[0].trim();
  return { error: error.name, ...(at !== undefined && { at }) };
}
