import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers one request; what it leaves open stays open. */
export type Responder = (request: SeenRequest, response: ServerResponse) => unknown;

/** An HTTP server on loopback that keeps what it was asked. */
export class HttpServer implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  /** How to answer; tests replace it at will. */
  respond: Responder;
  readonly #server = createServer((request, response) => void this.#onRequest(request, response));

  private constructor(respond: Responder) {
    this.respond = respond;
  }

  static async start(respond: Responder, host = '127.0.0.1'): Promise<HttpServer> {
    const server = new HttpServer(respond);
    server.#server.listen(0, host);
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `http://127.0.0.1:PORT` followed by `path`. */
  url(path = '/'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.setEncoding('utf8');
    let body = '';
    for await (const chunk of request) body += chunk;
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
    const seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: Object.fromEntries(headers),
      body,
    };
    this.seen.push(seen);
    this.respond(seen, response);
  }
}

/** Answers everything with a body of JSON. */
export function json(value: unknown, status = 200): Responder {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
}
