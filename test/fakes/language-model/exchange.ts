import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { FaultOptions, ModelFault } from './faults.js';

/** A request as it came, kept for tests. */
export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; `undefined` when there was none. */
  readonly body: unknown;
  /** The connection it came over, counted from 1. */
  readonly connection: number;
  readonly atMs: number;
  /** When the client hung up before the answer's end. */
  abortedAtMs?: number;
  /** Of the answer. */
  status?: number;
  tokensSent: number;
  /** When each token left. */
  readonly tokensAtMs: number[];
  /** The first token left, or the call of a tool. */
  firstTokenAtMs?: number;
}

/** One request and its answer. */
export class Exchange {
  readonly request: SeenRequest;
  readonly faults: ReadonlyMap<ModelFault, FaultOptions>;
  readonly #response: ServerResponse;

  constructor(request: SeenRequest, faults: ReadonlyMap<ModelFault, FaultOptions>, response: ServerResponse) {
    this.request = request;
    this.faults = faults;
    this.#response = response;
  }

  /** Nobody listens any more. */
  get gone(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.request.status = status;
    this.#response.writeHead(status, { 'content-type': 'application/json', ...headers });
    this.#response.end(JSON.stringify(body));
  }

  text(status: number, body: string, type = 'text/plain; charset=utf-8'): void {
    this.request.status = status;
    this.#response.writeHead(status, { 'content-type': type });
    this.#response.end(body);
  }

  /** Begins a stream of server-sent events. */
  stream(headers: Readonly<Record<string, string>> = {}): void {
    this.request.status = 200;
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      ...headers,
    });
    this.#response.flushHeaders();
  }

  /** Writes events; byte by byte where the network is to split characters. */
  async send(events: string): Promise<void> {
    if (this.gone || events === '') return;
    if (!this.faults.has('split-utf8')) {
      this.#response.write(events);
      return;
    }
    for (const byte of Buffer.from(events)) {
      if (this.gone) return;
      this.#response.write(Uint8Array.of(byte));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  end(): void {
    this.#response.end();
  }

  /** As a provider dies: without a word. */
  cut(): void {
    this.#response.socket?.resetAndDestroy();
  }
}
