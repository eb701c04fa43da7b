import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolResultSchema, ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import type { JsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/types.js';
import { AbortScope } from '../../base/abort-scope.js';
import type { Clock, TimerHandle } from '../../base/clock.js';
import { ConnectorError, errorCode } from '../../base/connector-error.js';
import { PerSecond } from '../../base/per-second.js';
import type { GuardedFetch } from '../../http/guarded-fetch.js';
import { readResult } from './mcp-result.js';
import {
  type McpAddress,
  type McpCall,
  type McpConnection,
  type McpConnectionHandlers,
  McpFailure,
  type RemoteTool,
} from './mcp-server.js';

/*
 * The only module that imports the MCP SDK; itself imported lazily, so that a connector without MCP servers never
 * loads it.
 */

export interface McpConnectionOptions {
  readonly address: McpAddress;
  /** Longest time a handshake, a list or one HTTP request may take, ms. */
  readonly requestMs: number;
}

export interface McpConnectionDeps {
  readonly http: Pick<GuardedFetch, 'asFetch'>;
  readonly clock: Clock;
}

const MAX_MESSAGE_BYTES = 1_048_576;
/** Of a program, lines that cannot be read included: the SDK reads a whole pipe of them in one go. */
const MAX_MESSAGES_PER_SECOND = 1_000;
const MAX_PAGES = 20;
const MAX_TOOLS = 200;
/** From one stream of server messages to the next: a server may end each at once and ask to be asked again, ms. */
const STREAM_PAUSE_MS = 1_000;
/** What a server gets to hear that a session is over, ms. */
const GOODBYE_MS = 1_000;

/** Opens a connection and shakes hands. Rejects with an {@link McpFailure}. */
export async function connectMcp(
  options: McpConnectionOptions,
  handlers: McpConnectionHandlers,
  deps: McpConnectionDeps,
  signal: AbortSignal,
): Promise<McpConnection> {
  const connection = new SdkConnection(options, handlers, deps);
  try {
    await connection.open(signal);
    return connection;
  } catch (error) {
    await connection.close();
    throw asFailure(error);
  }
}

class SdkConnection implements McpConnection {
  readonly #handlers: McpConnectionHandlers;
  readonly #deps: McpConnectionDeps;
  readonly #requestMs: number;
  readonly #client: Client;
  readonly #transport: StdioClientTransport | StreamableHTTPClientTransport;
  readonly #timers = new Set<TimerHandle>();
  /** HTTP requests that may still be under way. */
  readonly #requests = new AbortScope();
  #nextStreamAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;
  /** What its loss is put down to. */
  #lossReason = 'the connection was closed';

  constructor(options: McpConnectionOptions, handlers: McpConnectionHandlers, deps: McpConnectionDeps) {
    this.#handlers = handlers;
    this.#deps = deps;
    this.#requestMs = options.requestMs;
    this.#transport = this.#createTransport(options.address);
    this.#client = new Client(
      { name: 'sip-voice-connector', version: '1' },
      {
        capabilities: {},
        // Schemas of a stranger's are not compiled; the model judges results as it can.
        jsonSchemaValidator: { getValidator: acceptAll },
        listChanged: {
          tools: { autoRefresh: false, debounceMs: 0, onChanged: () => handlers.onToolsChanged() },
        },
      },
    );
    this.#client.onclose = () => this.#onClosed();
    // Told to the one who waits for the request, or else by the loss that follows.
    this.#client.onerror = () => {};
  }

  async open(signal: AbortSignal): Promise<void> {
    // The SDK's classes and its own interface disagree about `undefined` in optional properties.
    const transport = this.#transport as Transport;
    await this.#client.connect(transport, { signal, timeout: this.#requestMs });
  }

  async list(): Promise<readonly RemoteTool[]> {
    const tools: RemoteTool[] = [];
    let cursor: string | undefined;
    try {
      for (let page = 0; page < MAX_PAGES && tools.length < MAX_TOOLS; page += 1) {
        const request = cursor === undefined ? {} : { cursor };
        const answer = await this.#client.listTools(request, { timeout: this.#requestMs });
        for (const { name, description = '', inputSchema } of answer.tools) {
          tools.push({ name, description, parameters: inputSchema });
        }
        cursor = answer.nextCursor;
        if (cursor === undefined) break;
      }
    } catch (error) {
      throw asFailure(error);
    }
    return tools.slice(0, MAX_TOOLS);
  }

  async call(call: McpCall, signal: AbortSignal): Promise<unknown> {
    const { name, timeoutMs } = call;
    try {
      const request = { method: 'tools/call' as const, params: { name, arguments: { ...call.arguments } } };
      return readResult(await this.#client.request(request, CallToolResultSchema, { signal, timeout: timeoutMs }));
    } catch (error) {
      signal.throwIfAborted();
      throw asFailure(error);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#sayGoodbye();
    try {
      await this.#client.close();
    } catch {
      // It is not used any more, closed or not.
    }
    for (const timer of this.#timers) this.#deps.clock.clearTimeout(timer);
    this.#timers.clear();
    this.#requests.close();
  }

  /** Over HTTP the server is told that the session is over, if it listens. */
  async #sayGoodbye(): Promise<void> {
    const transport = this.#transport;
    if (!(transport instanceof StreamableHTTPClientTransport) || transport.sessionId === undefined) return;
    const { clock } = this.#deps;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, GOODBYE_MS);
      this.#timers.add(timer);
      // A server that cannot be told forgets the session by itself.
      transport.terminateSession().then(resolve, resolve);
    });
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#requests.close();
    this.#handlers.onLost(this.#lossReason);
  }

  #createTransport(address: McpAddress): StdioClientTransport | StreamableHTTPClientTransport {
    if ('command' in address) {
      const { command, args, env } = address;
      // What it writes to stderr is not ours to keep: it may quote what it was given.
      const transport = new StdioClientTransport({
        command,
        args: [...args],
        env: { ...env },
        stderr: 'ignore',
        maxBufferSize: MAX_MESSAGE_BYTES,
      });
      this.#boundMessages(transport);
      return transport;
    }
    const fetch = this.#deps.http.asFetch(MAX_MESSAGE_BYTES);
    return new StreamableHTTPClientTransport(new URL(address.url), {
      requestInit: { headers: { ...address.headers } },
      fetch: async (url, init = {}) => {
        if (init.method !== 'GET') return fetch(url, this.#bounded(init));
        // The stream of server messages: it may last.
        await this.#streamMayOpen();
        init.signal?.throwIfAborted();
        return fetch(url, init);
      },
    });
  }

  /**
   * Ends a program that floods us. The SDK reads on for as long as there are lines, whatever they are; what `onerror`
   * throws for one of them makes it close the connection. The client's own listeners come after these.
   */
  #boundMessages(transport: StdioClientTransport): void {
    const { clock } = this.#deps;
    const rate = new PerSecond(MAX_MESSAGES_PER_SECOND, clock.now());
    const tooMany = new McpFailure('lost', `more than ${MAX_MESSAGES_PER_SECOND} messages a second`);
    let isOver = false;
    const isTooMany = (): boolean => {
      if (isOver || rate.take(1, clock.now())) return isOver;
      isOver = true;
      this.#lossReason = tooMany.message;
      if (transport.pid !== null) process.kill(transport.pid);
      return true;
    };
    transport.onmessage = () => {
      if (isTooMany()) throw new LineError();
    };
    transport.onerror = (error) => {
      // Others do not come from the loop over the lines: thrown there they would end the process.
      const isOfLine = error instanceof LineError || error instanceof SyntaxError || error.name === 'ZodError';
      if (isOfLine && isTooMany()) throw tooMany;
    };
  }

  /** The SDK comes back as soon as a server says (`retry: 0`), for ever. */
  async #streamMayOpen(): Promise<void> {
    const { clock } = this.#deps;
    const nowMs = clock.now();
    const waitMs = this.#nextStreamAtMs - nowMs;
    this.#nextStreamAtMs = Math.max(nowMs, this.#nextStreamAtMs) + STREAM_PAUSE_MS;
    if (waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, waitMs);
      this.#timers.add(timer);
    });
  }

  /**
   * The SDK leaves a request open that it no longer waits for. Its own signal says that the connection was closed, as
   * `#requests` does: it lives too long for a signal that is made of it for each request.
   */
  #bounded(init: RequestInit): RequestInit {
    init.signal?.throwIfAborted();
    const late = new AbortController();
    const request = this.#requests.open(late.signal);
    const timer = this.#deps.clock.setTimeout(() => {
      this.#timers.delete(timer);
      late.abort(new ConnectorError('ERR_HTTP_TIMEOUT', 'the MCP server did not answer in time'));
      request[Symbol.dispose]();
    }, this.#requestMs);
    this.#timers.add(timer);
    return { ...init, signal: request.signal };
  }
}

/** A line that came after too many. */
class LineError extends Error {}

function acceptAll<Value>(): JsonSchemaValidator<Value> {
  return (input) => ({ valid: true, data: input as Value, errorMessage: undefined });
}

function asFailure(error: unknown): McpFailure {
  if (error instanceof McpFailure) return error;
  if (error instanceof McpError) {
    if (error.code === ErrorCode.RequestTimeout) return new McpFailure('timeout', 'no answer in time');
    if (error.code === ErrorCode.ConnectionClosed) return new McpFailure('lost', 'the connection was closed');
    return new McpFailure('refused', error.message.replace(/^MCP error -?\d+: /, ''));
  }
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code === 'number') return new McpFailure(code === 404 ? 'forgotten' : 'lost', `HTTP ${code}`);
  if (errorCode(error) === 'ENOENT') return new McpFailure('lost', 'its program is not there');
  if (errorCode(error) === 'EACCES') return new McpFailure('lost', 'its program may not be started');
  const reason = errorCode(error) ?? (error instanceof Error ? error.name : 'unknown');
  // Of requests of ours: the host and what was wrong with it, such as ENOTFOUND.
  const words = error instanceof ConnectorError ? `${reason}: ${error.message}` : reason;
  return new McpFailure(reason === 'ERR_HTTP_TIMEOUT' ? 'timeout' : 'lost', words);
}
