import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { createToolsServer } from '../fixtures/mcp/tools-server.mjs';

/** The fixture's tools over streamable HTTP on loopback, one session for each client. */
export class McpHttpServer implements AsyncDisposable {
  readonly journal = { cancelled: [] as string[] };
  readonly seen: { readonly method: string; readonly headers: IncomingMessage['headers'] }[] = [];
  /** When set, answers in place of MCP. */
  instead: ((response: ServerResponse) => void) | undefined;
  /** When set, answers a client that wants the stream of server messages. */
  stream: ((response: ServerResponse) => void) | undefined;
  readonly #sessions = new Map<string, StreamableHTTPServerTransport>();
  #server = createServer();
  #port = 0;

  async start(): Promise<this> {
    this.#server = createServer((request, response) => void this.#onRequest(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/mcp`;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** As after a restart: nobody is known any more. */
  forgetSessions(): void {
    this.#sessions.clear();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.stop();
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.seen.push({ method: request.method ?? '', headers: request.headers });
    if (this.instead) {
      this.instead(response);
      return;
    }
    if (this.stream && request.method === 'GET') {
      this.stream(response);
      return;
    }
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? this.#sessions.get(id) : undefined;
    if (id !== undefined && !known) {
      response.writeHead(404).end('canary-of-the-server');
      return;
    }
    const transport = known ?? (await this.#open());
    await transport.handleRequest(request, response);
  }

  async #open(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (session) => {
        this.#sessions.set(session, transport);
      },
      onsessionclosed: (session) => {
        this.#sessions.delete(session);
      },
    });
    await createToolsServer(this.journal).connect(transport as Transport);
    return transport;
  }
}
