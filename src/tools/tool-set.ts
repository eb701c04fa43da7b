import { assertUnreachable } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import { ConnectorError, errorMessage } from '../base/connector-error.js';
import { inTime } from '../base/in-time.js';
import type { Random } from '../base/random.js';
import type { Logger } from '../flavor-api/index.js';
import type { GuardedFetch } from '../http/guarded-fetch.js';
import { createBuiltIns } from './built-in.js';
import { CONNECT_MS, type McpAddress, McpServer } from './mcp/mcp-server.js';
import { mcpTools } from './mcp/mcp-tool.js';
import { loadToolModule } from './module/module-loader.js';
import { createModuleTool } from './module/module-tool.js';
import type { CallFacts, Filler, Tool, ToolTiming, TransferTarget } from './tool.js';
import { ArgumentSchemas } from './tool-arguments.js';
import { ToolRunner } from './tool-runner.js';
import { createWebhookTool, type WebhookOptions } from './webhook/webhook-tool.js';

/** Time that a module may take for what is at its top level, ms. */
const LOADING_MS = 30_000;

/** What every configured tool says about its timing. */
interface TimingOptions extends Omit<ToolTiming, 'filler'> {
  readonly filler: Filler | false;
}

/** A tool as it is configured. */
export type ToolOptions =
  | ({ readonly type: 'webhook' } & TimingOptions & Omit<WebhookOptions, 'name' | keyof ToolTiming>)
  | ({
      readonly type: 'mcp';
      readonly command?: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly url?: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly allow?: readonly string[];
    } & TimingOptions)
  | ({ readonly type: 'module'; readonly path: string } & TimingOptions);

export interface ToolSetDeps {
  /** Lent; whoever made it closes it. */
  readonly http: GuardedFetch;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The tools of one call. */
export interface CallTools {
  /** Names that the route lists: built-in tools, and those of the configuration. */
  readonly names: readonly string[];
  readonly transferTargets: readonly TransferTarget[];
  /** The call is one of ours. Default: false. */
  readonly outbound?: boolean;
  readonly call: CallFacts;
  readonly log: Logger;
}

/** The tools of one entry of the configuration. */
interface Source {
  /** They are what a server offers just now. */
  readonly live: boolean;
  readonly tools: () => readonly Tool[];
}

/**
 * Makes all configured tools, or none. MCP servers are connected by {@link ToolSet.warmUp}, and only a configuration with
 * one of them loads the SDK. Throws `ERR_TOOL_INVALID`; messages begin with the name of the tool.
 */
export async function openToolSet(tools: Readonly<Record<string, ToolOptions>>, deps: ToolSetDeps): Promise<ToolSet> {
  const schemas = new ArgumentSchemas();
  const sources = new Map<string, Source>();
  const servers: McpServer[] = [];
  for (const [name, options] of Object.entries(tools)) {
    try {
      sources.set(name, await sourceOf(name, options, schemas, servers, deps));
    } catch (error) {
      throw new ConnectorError('ERR_TOOL_INVALID', `tools.${name}: ${errorMessage(error)}`, { cause: error });
    }
  }
  return new ToolSet(sources, servers, deps);
}

async function sourceOf(
  name: string,
  options: ToolOptions,
  schemas: ArgumentSchemas,
  servers: McpServer[],
  deps: ToolSetDeps,
): Promise<Source> {
  const { timeoutMs, fillerAfterMs } = options;
  const filler = options.filler === false ? undefined : options.filler;
  const timing: ToolTiming = { timeoutMs, fillerAfterMs, filler };
  switch (options.type) {
    case 'webhook': {
      const tool = createWebhookTool({ ...options, ...timing, name }, { ...deps, schemas });
      return { live: false, tools: () => [tool] };
    }
    case 'module': {
      const late = (): Error => new Error(`${options.path} did not load within ${LOADING_MS / 1000} s`);
      const loaded = await inTime(loadToolModule(options.path), LOADING_MS, deps.clock, late);
      const tool = createModuleTool(name, loaded, timing, schemas);
      return { live: false, tools: () => [tool] };
    }
    case 'mcp': {
      const server = createServer(name, addressOf(options), timeoutMs, deps);
      servers.push(server);
      const { allow } = options;
      const make = (): readonly Tool[] => mcpTools(server, { ...timing, ...(allow !== undefined && { allow }) });
      return { live: true, tools: remade(() => server.tools, make) };
    }
    default:
      return assertUnreachable(options);
  }
}

/** Makes tools when what they are made of has changed, not whenever they are asked for. */
function remade(material: () => unknown, make: () => readonly Tool[]): () => readonly Tool[] {
  let usedMaterial: unknown;
  let made: readonly Tool[] = [];
  return () => {
    const present = material();
    if (present !== usedMaterial) made = make();
    usedMaterial = present;
    return made;
  };
}

function createServer(name: string, address: McpAddress, timeoutMs: number, deps: ToolSetDeps): McpServer {
  // Tools have a time-out of their own; a server may take longer to greet than a caller should wait for a tool.
  const requestMs = Math.max(timeoutMs, CONNECT_MS);
  return new McpServer(name, {
    ...deps,
    connect: async (handlers, signal) => {
      const { connectMcp } = await import('./mcp/mcp-connection.js');
      return connectMcp({ address, requestMs }, handlers, deps, signal);
    },
  });
}

function addressOf({ command, args, env, url, headers }: Extract<ToolOptions, { type: 'mcp' }>): McpAddress {
  if (command !== undefined) return { command, args, env };
  if (url === undefined || !URL.canParse(url))
    throw new ConnectorError('ERR_TOOL_INVALID', 'neither a command nor a url');
  return { url, headers };
}

/** The tools of one configuration, shared by its calls. */
export class ToolSet implements AsyncDisposable {
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #servers: readonly McpServer[];
  readonly #deps: ToolSetDeps;

  constructor(sources: ReadonlyMap<string, Source>, servers: readonly McpServer[], deps: ToolSetDeps) {
    this.#sources = sources;
    this.#servers = servers;
    this.#deps = deps;
  }

  /** Connects the MCP servers. Resolves when each is connected, or was not to be had and is tried again. */
  async warmUp(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.start()));
  }

  /** The runner for one call. A name that is not known is passed over: the configuration was checked before. */
  forCall({ names, transferTargets, outbound = false, call, log }: CallTools): ToolRunner {
    const builtIns = createBuiltIns(names, { clock: this.#deps.clock, transferTargets, outbound });
    const sources = names.flatMap((name) => this.#sources.get(name) ?? []);
    // What a server offers may come in the middle of a call: it does not take the place of what is there.
    const inOrder = [...sources.filter(({ live }) => !live), ...sources.filter(({ live }) => live)];
    return new ToolRunner(() => distinct([...builtIns, ...inOrder.flatMap(({ tools }) => tools())]), { call, log });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#servers.map(async (server) => await server[Symbol.asyncDispose]()));
  }
}

/** The first tool of each name. */
function distinct(tools: readonly Tool[]): readonly Tool[] {
  const byName = new Map<string, Tool>();
  for (const tool of tools) if (!byName.has(tool.definition.name)) byName.set(tool.definition.name, tool);
  return [...byName.values()];
}
