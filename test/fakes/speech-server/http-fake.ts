import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../../src/base/clock.js';
import { type MetFaults, type SpeechFault, type SpeechFaultOptions, SpeechFaults } from './faults.js';
import { passed } from './voice.js';

const MAX_BODY_BYTES = 16 * 1_048_576;
const LATE_MS = 5_000;

/** One request as it came. Times are of the fake's clock, ms. */
export interface SeenSpeechRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; `undefined` where it was none. */
  readonly body: unknown;
  readonly atMs: number;
  status?: number;
  /** Its first sound went out. */
  soundAtMs?: number;
  /** The answer was complete. */
  doneAtMs?: number;
  /** The client went away before that. */
  abortedAtMs?: number;
}

/** A request under way, and its answer. */
export interface SpeechExchange<Name extends string> {
  readonly request: SeenSpeechRequest;
  readonly url: URL;
  readonly response: ServerResponse;
  readonly faults: MetFaults<Name | SpeechFault>;
  /** Aborts when the client goes away. */
  readonly gone: AbortSignal;
}

export interface HttpFakeOptions<Name extends string> {
  /** Of 127.0.0.1; 0: one of the kernel's choice. */
  readonly port: number;
  readonly clock: Clock;
  /** Requests that faults meet: those for speech. Wrong credentials meet all. */
  isSpeech(request: SeenSpeechRequest): boolean;
  handle(exchange: SpeechExchange<Name>): Promise<void> | void;
  /** The body of a refusal, as the server words it. Default: FastAPI's `{"detail": ...}`. */
  refusal?(status: number): unknown;
  /** A connection wants to become another kind. Default: it is closed. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** What is common to all fakes of speech servers: an HTTP server on loopback that sees everything, and fails as told. */
export class HttpFake<Name extends string = never> implements AsyncDisposable {
  /** Every request, in order of arrival. */
  readonly requests: SeenSpeechRequest[] = [];
  readonly #options: HttpFakeOptions<Name>;
  readonly #faults = new SpeechFaults<Name | SpeechFault>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #closing = new AbortController();
  #openRequests = 0;

  constructor(options: HttpFakeOptions<Name>) {
    this.#options = options;
    this.#server = createServer((incoming, response) => {
      this.#serve(incoming, response).catch((error: unknown) => {
        if (!response.destroyed && !response.closed) response.destroy(error instanceof Error ? error : undefined);
      });
    });
    const { upgrade } = options;
    if (upgrade !== undefined) {
      this.#server.on('upgrade', (request, socket, head) => {
        socket.on('error', () => {});
        upgrade(request, socket, head);
      });
    }
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, '127.0.0.1', resolve);
    });
  }

  /** `http://127.0.0.1:PORT`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests for speech, in order of arrival. */
  get spoken(): readonly SeenSpeechRequest[] {
    return this.requests.filter((request) => this.#options.isSpeech(request));
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Answers under way. */
  get openRequests(): number {
    return this.#openRequests;
  }

  fail(name: Name | SpeechFault, options: SpeechFaultOptions = {}): void {
    this.#faults.add(name, options);
  }

  recover(): void {
    this.#faults.clear();
  }

  /** Breaks every connection, as a crash would. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.drop();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, isSpeech, handle } = this.#options;
    const gone = new AbortController();
    const request: SeenSpeechRequest = {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers: incoming.headers,
      body: bodyIn(incoming.headers, await bodyOf(incoming)),
      atMs: clock.now(),
    };
    this.requests.push(request);
    this.#openRequests += 1;
    response.once('close', () => {
      this.#openRequests -= 1;
      request.status = response.statusCode;
      if (response.writableFinished) request.doneAtMs = clock.now();
      else request.abortedAtMs = clock.now();
      gone.abort();
      if ([...faults.values()].some(({ dead }) => dead === true)) this.#die();
    });
    let faults: MetFaults<Name | SpeechFault> = new Map();
    const met = isSpeech(request) || this.#faults.has('401') || this.#faults.has('refused');
    if (met) faults = this.#faults.take();
    const late = faults.get('slow-first-byte');
    if (late !== undefined) {
      await passed(late.delayMs ?? LATE_MS, clock, AbortSignal.any([gone.signal, this.#closing.signal]));
    }
    if (faults.has('refused')) {
      incoming.socket.destroy();
      return;
    }
    if (faults.has('hang')) return;
    for (const [name, options] of faults) {
      if (/^\d{3}$/.test(name)) return this.#refuse(response, Number(name), options);
    }
    if (faults.has('html')) {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Sign in to the network</body></html>');
      return;
    }
    const url = new URL(URL.canParse(request.path, 'http://fake') ? request.path : '/', 'http://fake');
    await handle({ request, url, response, faults, gone: AbortSignal.any([gone.signal, this.#closing.signal]) });
  }

  /** As a machine does that is switched off. */
  #die(): void {
    this.#faults.add('refused');
    this.drop();
  }

  #refuse(response: ServerResponse, status: number, { retryAfterSeconds }: SpeechFaultOptions): void {
    const refusal = this.#options.refusal ?? ((code: number) => ({ detail: `refused with ${code}` }));
    sendJson(response, status, refusal(status), {
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    });
  }
}

/** Answers with JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
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

/** A body that is not declared as JSON is none to these servers: they refuse it as if it were missing. */
function bodyIn(headers: IncomingHttpHeaders, text: string): unknown {
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/i.test(headers['content-type'] ?? '');
  return isJson ? parsed(text) : undefined;
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
