import type { Clock, TimerHandle } from '../../base/clock.js';
import { Deadline } from '../../base/deadline.js';
import { orAborted } from '../../base/or-aborted.js';
import type { Random } from '../../base/random.js';
import type { Logger } from '../../flavor-api/index.js';

/** How a server is reached: a program of ours over stdio, or a url over streamable HTTP. */
export type McpAddress =
  | {
      readonly command: string;
      readonly args: readonly string[];
      /** All that the program gets of the environment, besides PATH, HOME and the like. */
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly url: string; readonly headers: Readonly<Record<string, string>> };

/** A tool as its server describes it: a stranger's words. */
export interface RemoteTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: object;
}

/** Why something that was asked of a server did not happen. */
export type McpFailureKind =
  /** The server says so itself; the message is its own. */
  | 'refused'
  /** No answer in time. */
  | 'timeout'
  /** The server does not know us any more: it was restarted. Nothing was done. */
  | 'forgotten'
  /** No connection, or none any more. */
  | 'lost';

/** The message of any other kind than `refused` names no more than a code and the host: it goes to logs. */
export class McpFailure extends Error {
  override readonly name = 'McpFailure';

  constructor(
    readonly kind: McpFailureKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface McpCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
}

/** One connection, from its handshake to its loss. Methods reject with an {@link McpFailure}. */
export interface McpConnection {
  list(): Promise<readonly RemoteTool[]>;
  /** Gives back what the tool gave; rejects with the reason of `signal`, too. */
  call(call: McpCall, signal: AbortSignal): Promise<unknown>;
  /** Never rejects. `onLost` does not follow. */
  close(): Promise<void>;
}

export interface McpConnectionHandlers {
  onToolsChanged(): void;
  /** Once, after which the connection is of no use. */
  onLost(reason: string): void;
}

/** Opens a connection, handshake included. Rejects with an {@link McpFailure}, also when `signal` says so. */
export type ConnectMcp = (handlers: McpConnectionHandlers, signal: AbortSignal) => Promise<McpConnection>;

export interface McpServerDeps {
  readonly connect: ConnectMcp;
  readonly clock: Clock;
  readonly random: Pick<Random, 'integer'>;
  readonly log: Logger;
}

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** Time for the handshake and the first list, ms: a program has to start first, and may have to be fetched. */
export const CONNECT_MS = 15_000;
/** From one list to the next: a server may have other tools with every answer, ms. */
const LIST_PAUSE_MS = 1_000;

/**
 * One configured MCP server, shared by all calls of a generation: connected from {@link start} on, again and again when
 * it goes away. While it is away its tools are still offered, as it listed them last, and answer with an error.
 */
export class McpServer implements AsyncDisposable {
  readonly name: string;
  readonly #deps: McpServerDeps;
  readonly #abort = new AbortController();
  #tools: readonly RemoteTool[] = [];
  #connection: McpConnection | undefined;
  #connecting: Promise<void> | undefined;
  #failures = 0;
  #retry: TimerHandle | undefined;
  #listing = false;
  #listAgain = false;
  #nextListAtMs = Number.NEGATIVE_INFINITY;
  #listPause: TimerHandle | undefined;

  constructor(name: string, deps: McpServerDeps) {
    this.name = name;
    this.#deps = deps;
  }

  /** What the server listed last; nothing before it was reached for the first time. */
  get tools(): readonly RemoteTool[] {
    return this.#tools;
  }

  /** Connects. Resolves when that has come to something, or to nothing: the next try then follows by itself. */
  async start(): Promise<void> {
    await this.#reconnect();
  }

  /** Calls a tool of the server's. Rejects with an {@link McpFailure}, or the reason of `signal`. */
  async call(call: McpCall, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#callNow(call, signal);
    } catch (error) {
      if (!(error instanceof McpFailure) || error.kind !== 'forgotten') throw error;
      // A server that was restarted has done nothing, and another handshake is all it takes.
      await this.#reconnect();
      return await this.#callNow(call, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new McpFailure('lost', 'closed'));
    this.#deps.clock.clearTimeout(this.#retry);
    this.#deps.clock.clearTimeout(this.#listPause);
    await this.#connecting;
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }

  async #callNow(call: McpCall, signal: AbortSignal): Promise<unknown> {
    if (!this.#connection) await this.#connecting;
    signal.throwIfAborted();
    const connection = this.#connection;
    if (!connection) throw new McpFailure('lost', 'not connected');
    try {
      return await connection.call(call, signal);
    } catch (error) {
      if (error instanceof McpFailure && error.kind === 'forgotten') this.#onLost(connection, error.message);
      throw error;
    }
  }

  /** Never rejects. One attempt at a time. */
  #reconnect(): Promise<void> {
    if (this.#connection || this.#abort.signal.aborted) return Promise.resolve();
    this.#deps.clock.clearTimeout(this.#retry);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<void> {
    const { clock, log, connect } = this.#deps;
    // Not AbortSignal.any: the SDK never stops listening, and Node would keep each attempt for as long as we live.
    using deadline = new Deadline(
      clock,
      CONNECT_MS,
      () => new McpFailure('timeout', 'no handshake in time'),
      this.#abort.signal,
    );
    const { signal } = deadline;
    let opened: McpConnection | undefined;
    try {
      // A loss that is noticed before the list is there fails the list as well.
      const handlers = {
        onToolsChanged: (): void => this.#refresh(),
        onLost: (reason: string): void => this.#onLost(opened, reason),
      };
      opened = await connect(handlers, signal);
      this.#listAgain = false;
      this.#tools = await orAborted(opened.list(), signal);
      this.#connection = opened;
      this.#failures = 0;
      log.info({ server: this.name, tools: this.#tools.length }, 'MCP server connected');
      // They have changed while the list was on its way.
      if (this.#listAgain) this.#refresh();
    } catch (error) {
      await opened?.close();
      this.#retryLater(reasonOf(error));
    }
  }

  #onLost(connection: McpConnection | undefined, reason: string): void {
    if (!connection || connection !== this.#connection) return;
    this.#connection = undefined;
    void connection.close();
    this.#retryLater(reason);
  }

  /** With jitter: all connectors of a site lose a server at the same moment. */
  #retryLater(reason: string): void {
    if (this.#abort.signal.aborted) return;
    const { clock, random, log } = this.#deps;
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    const inMs = delayMs / 2 + random.integer(delayMs / 2);
    log.warn({ server: this.name, reason, retryMs: inMs }, 'an MCP server is away');
    this.#retry = clock.setTimeout(() => void this.#reconnect(), inMs);
  }

  /** The server has other tools now. However often it says so, one list is asked for at a time. */
  #refresh(): void {
    if (this.#abort.signal.aborted) return;
    this.#listAgain = true;
    if (this.#connection && !this.#listing) void this.#list();
  }

  /** Never rejects. */
  async #list(): Promise<void> {
    const { clock } = this.#deps;
    this.#listing = true;
    while (this.#listAgain && !this.#abort.signal.aborted) {
      const waitMs = this.#nextListAtMs - clock.now();
      if (waitMs > 0) {
        await new Promise<void>((resolve) => {
          this.#listPause = clock.setTimeout(resolve, waitMs);
        });
      }
      // Whoever connects looks whether there is something to list again.
      const connection = this.#connection;
      if (!connection) break;
      this.#nextListAtMs = clock.now() + LIST_PAUSE_MS;
      this.#listAgain = false;
      try {
        this.#tools = await connection.list();
      } catch (error) {
        this.#deps.log.warn({ server: this.name, reason: reasonOf(error) }, 'an MCP server does not list its tools');
      }
    }
    // In the same turn as the last look: what changes from now on begins anew.
    this.#listing = false;
  }
}

/** What a log may know: no word of the server's own. */
function reasonOf(error: unknown): string {
  if (!(error instanceof McpFailure)) return error instanceof Error ? error.name : 'unknown';
  return error.kind === 'refused' ? 'the server answered with an error' : error.message;
}
