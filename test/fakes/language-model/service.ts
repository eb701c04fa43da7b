import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Clock, createSystemClock } from '../../../src/base/clock.js';
import { Exchange, type SeenRequest } from './exchange.js';
import { FaultList, type FaultOptions, type ModelFault } from './faults.js';
import type { AskedQuestion, Mind, ScriptedAnswer } from './scripted-answer.js';

const MAX_BODY_BYTES = 16 * 1_048_576;

export interface ModelServiceOptions {
  /** Of 127.0.0.1; 0: one of the system's choice. */
  readonly port: number;
  /** The only key let in; any, when left out. */
  readonly apiKey?: string;
  readonly mind: Mind;
  readonly clock: Clock;
}

/** What a kind of service does with its requests. */
export type Handler = (exchange: Exchange, service: ModelService) => Promise<void> | void;

/** The error body of a status, as the service words it. */
export type Refuse = (exchange: Exchange, fault: ModelFault, options: FaultOptions) => void;

/** An HTTP server on loopback that answers as a provider of text does: what is common to all of them. */
export class ModelService implements AsyncDisposable {
  readonly options: ModelServiceOptions;
  /** Every request, in order of arrival. */
  readonly requests: SeenRequest[] = [];
  readonly #faults = new FaultList();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new WeakMap<Socket, number>();
  #connectionCount = 0;
  #openRequests = 0;
  #turn = 0;
  #nextId = 1;

  constructor(options: Partial<ModelServiceOptions>, handle: Handler, refuse: Refuse) {
    this.options = { port: 0, mind: () => ({ text: 'Hello.' }), clock: createSystemClock(), ...options };
    this.#server = createServer((incoming, response) => {
      void this.#serve(incoming, response, handle, refuse);
    });
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on('connection', (socket) => {
      this.#connectionCount += 1;
      this.#connections.set(socket, this.#connectionCount);
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.options.port, '127.0.0.1', resolve);
    });
  }

  /** `http://127.0.0.1:PORT`. */
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that stand. */
  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Connections there ever were. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** Answers under way. */
  get openRequests(): number {
    return this.#openRequests;
  }

  fail(name: ModelFault, options: FaultOptions = {}): void {
    this.#faults.add(name, options);
  }

  recover(): void {
    this.#faults.clear();
  }

  /** What the mind says to a question. */
  think(question: AskedQuestion): ScriptedAnswer {
    const answer = this.options.mind(question, this.#turn);
    this.#turn += 1;
    return answer;
  }

  /** An id like the service's own, never the same twice. */
  id(prefix: string): string {
    const id = `${prefix}${String(this.#nextId).padStart(8, '0')}`;
    this.#nextId += 1;
    return id;
  }

  /** Breaks every connection, as a crash would. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve(
    incoming: IncomingMessage,
    response: ConstructorParameters<typeof Exchange>[2],
    handle: Handler,
    refuse: Refuse,
  ): Promise<void> {
    const { clock } = this.options;
    const text = await bodyOf(incoming);
    const request: SeenRequest = {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers: incoming.headers,
      body: parsed(text),
      connection: this.#connections.get(incoming.socket) ?? 0,
      atMs: clock.now(),
      tokensSent: 0,
      tokensAtMs: [],
    };
    this.requests.push(request);
    this.#openRequests += 1;
    response.once('close', () => {
      this.#openRequests -= 1;
      if (!response.writableFinished) request.abortedAtMs = clock.now();
    });
    // Health and lists stay in order while the model fails; a wrong key is wrong everywhere.
    const met = request.method === 'POST' || this.#faults.has('401');
    const faults = met ? this.#faults.take() : new Map<ModelFault, FaultOptions>();
    const exchange = new Exchange(request, faults, response);
    if (faults.has('stall-before-headers')) return;
    if (faults.has('hang-up')) return exchange.cut();
    if (faults.has('html')) return exchange.text(200, '<html><body>Sign in to the network</body></html>', 'text/html');
    for (const [fault, options] of faults) {
      if (/^\d|quota/.test(fault)) return refuse(exchange, fault, options);
    }
    await handle(exchange, this);
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of incoming) {
      bytes += (part as Buffer).length;
      if (bytes <= MAX_BODY_BYTES) parts.push(part as Buffer);
    }
  } catch {
    // The client hung up before it had said all.
  }
  return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
