import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ConnectorError, errorMessage } from '../../base/connector-error.js';
import { defaultExport } from '../../base/default-export.js';
import { thrownAt } from '../../base/thrown-at.js';
import { typeScriptProblem } from '../../base/type-stripping.js';
import type { ToolSchema, UserTool } from './define-tool.js';

/** The same tool, whose arguments nobody knows here. */
export type LoadedTool = Omit<UserTool, 'parameters'> & { readonly parameters?: ToolSchema | object };

/**
 * Imports a module of the operator's and takes the tool out of it. Throws `ERR_TOOL_INVALID` when there is none, when it
 * does not load, or when it is TypeScript and this Node.js does not strip types.
 *
 * @param path absolute
 * @param stripsTypes whether this Node.js runs TypeScript; found out when absent
 */
export async function loadToolModule(path: string, stripsTypes?: boolean): Promise<LoadedTool> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw invalid(`there is no file ${path}`);
  const unreadable = typeScriptProblem(path, stripsTypes);
  if (unreadable !== undefined) throw invalid(unreadable);
  let loaded: { readonly default?: unknown };
  try {
    loaded = await import(pathToFileURL(path).href);
  } catch (error) {
    const [reason = ''] = errorMessage(error).split('\n');
    const at = thrownAt(error);
    throw invalid(`${path} does not load: ${reason}${at === undefined ? '' : ` (at ${at})`}`, error);
  }
  const tool = defaultExport(loaded.default);
  const problem = problemOf(tool);
  if (problem !== undefined || !isTool(tool)) throw invalid(`${path} is no tool: ${problem}`);
  return tool;
}

function isTool(value: unknown): value is LoadedTool {
  return problemOf(value) === undefined;
}

/** By shape: another copy of this package may have made it, or none. */
function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it has no default export made by defineTool';
  if (!('run' in value) || typeof value.run !== 'function') return 'its default export has no run()';
  const description = 'description' in value ? value.description : undefined;
  if (typeof description !== 'string' || description.trim() === '') return 'its default export has no description';
  const parameters = 'parameters' in value ? value.parameters : undefined;
  const isSchema = parameters === undefined || (typeof parameters === 'object' && parameters !== null);
  return isSchema ? undefined : 'its parameters are no schema';
}

function invalid(message: string, cause?: unknown): ConnectorError {
  return new ConnectorError('ERR_TOOL_INVALID', message, { cause });
}
