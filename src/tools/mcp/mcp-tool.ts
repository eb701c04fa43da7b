import { isNestedTooDeep } from '../../base/nesting.js';
import type { Tool, ToolTiming } from '../tool.js';
import { fitOutput } from '../tool-output.js';
import { McpFailure, type McpServer, type RemoteTool } from './mcp-server.js';

export interface McpToolOptions extends ToolTiming {
  /** Names of the server's tools that are offered; absent: all. */
  readonly allow?: readonly string[];
}

const MAX_NAME_CHARS = 64;
const MAX_DESCRIPTION_CHARS = 1024;
/** Of JSON: it goes to the model with every session. */
const MAX_SCHEMA_CHARS = 16_384;
/** A moment more than the request has: its own time-out has the better words. */
const TIMEOUT_SLACK_MS = 500;

/**
 * The tools of a server as the model knows them: `SERVER_TOOL`. Always with the server's name, whatever other servers
 * offer, so that a name never comes to mean another tool in the middle of a call.
 */
export function mcpTools(server: McpServer, options: McpToolOptions): readonly Tool[] {
  const { allow, filler, fillerAfterMs, timeoutMs } = options;
  const timing = { filler, fillerAfterMs, timeoutMs: timeoutMs + TIMEOUT_SLACK_MS };
  return server.tools
    .filter(({ name }) => allow === undefined || allow.includes(name))
    .filter(isUsable)
    .map(({ name, description, parameters }) => ({
      definition: {
        name: offeredName(server.name, name),
        description: boundedLine(description),
        parameters: shown(parameters),
      },
      timing,
      external: true,
      async run(call, { log }, signal) {
        try {
          const given = argumentsOf(call.arguments);
          return { output: await server.call({ name, arguments: given, timeoutMs }, signal), reply: true };
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof McpFailure)) throw error;
          if (error.kind === 'refused') throw new Error(error.message, { cause: error });
          log.warn({ server: server.name, reason: error.message }, 'a tool of an MCP server failed');
          const late = error.kind === 'timeout';
          throw new Error(late ? 'The service did not answer in time.' : 'The service is not available right now.', {
            cause: error,
          });
        }
      },
    }));
}

/** The same without halves of surrogate pairs and the like: what is usable is no longer than may be. */
function shown(parameters: object): object {
  return Object(fitOutput(parameters, MAX_SCHEMA_CHARS));
}

/** Halves of surrogate pairs, at the cut or as they came, are no text: some JSON readers refuse all that one is in. */
function boundedLine(description: string): string {
  return description
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, MAX_DESCRIPTION_CHARS)
    .replace(/\p{Surrogate}/gu, '');
}

/** Models take letters, digits, `_` and `-`. */
function offeredName(server: string, tool: string): string {
  return `${server}_${tool}`.replace(/[^\w-]/g, '_').slice(0, MAX_NAME_CHARS);
}

function isUsable({ name, parameters }: RemoteTool): boolean {
  return name !== '' && !isNestedTooDeep(parameters) && JSON.stringify(parameters).length <= MAX_SCHEMA_CHARS;
}

/** The server checks them against its own schema. */
function argumentsOf(given: unknown): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return {};
  return Object.fromEntries(Object.entries(given));
}
