import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { errorMessage } from '../../../base/connector-error.js';
import type { Random } from '../../../base/random.js';
import type { Logger } from '../../../flavor-api/index.js';
import type { DrachtioLimits, DrachtioServer } from '../drachtio-options.js';
import type { ServerRequest } from './server-request.js';
import type { SrfConstructor } from './srf-module.js';
import { type ServerGreeting, SrfSession } from './srf-session.js';

/** `refused`: the server does not know our secret. */
export type LinkState = 'connecting' | 'up' | 'down' | 'refused';

export interface ServerLinkParts {
  readonly Srf: SrfConstructor;
  readonly server: DrachtioServer;
  readonly methods: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: DrachtioLimits;
  readonly log: Logger | undefined;
  readonly dial: (server: DrachtioServer) => Socket;
}

/** Whoever uses a link. */
export interface ServerLinkUser {
  onUp(session: SrfSession, greeting: ServerGreeting): void;
  /** The session is over, or there was none: once for each time the state leaves `up`, and for a first attempt that failed. */
  onDown(session: SrfSession | undefined, state: 'down' | 'refused'): void;
  onRequest(request: ServerRequest, session: SrfSession): void;
  onFault(error: unknown): void;
}

/**
 * Keeps one connection with one drachtio server: dials, and dials again after a wait that doubles up to a cap. A server
 * that refuses our secret is asked again at long intervals only, and complained about once.
 */
export class ServerLink {
  readonly #parts: ServerLinkParts;
  readonly #user: ServerLinkUser;
  #state: LinkState = 'connecting';
  #session: SrfSession | undefined;
  #socket: Socket | undefined;
  #timer: TimerHandle | undefined;
  #patience: TimerHandle | undefined;
  #delayMs: number;
  #closed = false;

  constructor(parts: ServerLinkParts, user: ServerLinkUser) {
    this.#parts = parts;
    this.#user = user;
    this.#delayMs = parts.limits.reconnectMinMs;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** `host:port`, for people. */
  get name(): string {
    const { host, port } = this.#parts.server;
    return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  }

  /** The session, while the server takes requests. */
  get session(): SrfSession | undefined {
    return this.#state === 'up' ? this.#session : undefined;
  }

  /** Starts to dial. To be called once. */
  open(): void {
    this.#dial();
  }

  /** Hangs up for good; what was written is let out first. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#parts.clock.clearTimeout(this.#timer);
    this.#parts.clock.clearTimeout(this.#patience);
    if (this.#session === undefined) this.#socket?.destroy();
    else await this.#session.close();
  }

  #dial(): void {
    const { clock, server, dial, limits } = this.#parts;
    const socket = dial(server);
    this.#socket = socket;
    let problem = 'the connection was closed';
    socket.setKeepAlive(true, 10_000);
    socket.on('error', (error) => {
      problem = errorMessage(error);
    });
    socket.once('close', () => this.#onClosed(problem));
    socket.once(server.tls === undefined ? 'connect' : 'secureConnect', () => {
      if (!this.#closed) this.#session = this.#createSession(socket);
    });
    this.#patience = clock.setTimeout(() => {
      problem = 'no answer';
      socket.destroy();
    }, limits.connectMs);
  }

  #createSession(socket: Socket): SrfSession {
    const { Srf, server, methods, clock, limits } = this.#parts;
    const session: SrfSession = new SrfSession(
      { Srf, socket, secret: server.secret, methods, clock, limits },
      {
        onReady: (greeting) => this.#onReady(session, greeting),
        onRefused: () => this.#onRefused(),
        onRequest: (request) => this.#user.onRequest(request, session),
        // The link hears of it from the socket.
        onClosed: () => {},
        onFault: (error) => this.#user.onFault(error),
      },
    );
    return session;
  }

  #onReady(session: SrfSession, greeting: ServerGreeting): void {
    if (this.#closed) return;
    const { clock, limits, log } = this.#parts;
    clock.clearTimeout(this.#patience);
    this.#delayMs = limits.reconnectMinMs;
    this.#state = 'up';
    log?.info({ server: this.name, version: greeting.version }, 'a drachtio server is connected');
    this.#user.onUp(session, greeting);
  }

  #onRefused(): void {
    const known = this.#state === 'refused';
    this.#state = 'refused';
    if (!known) this.#parts.log?.error({ server: this.name }, 'a drachtio server refuses our secret');
  }

  #onClosed(problem: string): void {
    const { clock, log, limits } = this.#parts;
    clock.clearTimeout(this.#patience);
    const session = this.#session;
    const before = this.#state;
    this.#session = undefined;
    this.#socket = undefined;
    if (this.#closed) return;
    if (before !== 'refused') this.#state = 'down';
    if (before === 'up' || before === 'connecting') {
      log?.warn({ server: this.name, problem }, 'a drachtio server is not connected');
    }
    this.#user.onDown(session, before === 'refused' ? 'refused' : 'down');
    this.#timer = clock.setTimeout(
      () => this.#dial(),
      before === 'refused' ? limits.refusedRetryMs : this.#nextDelay(),
    );
  }

  /** Spread over its upper half, so that many connectors do not dial a server at once when it is back. */
  #nextDelay(): number {
    const { limits, random } = this.#parts;
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(2 * delayMs, limits.reconnectMaxMs);
    return delayMs / 2 + random.integer(Math.ceil(delayMs / 2) + 1);
  }
}

/** Dials with real sockets. */
export function dialServer({ host, port, tls }: DrachtioServer): Socket {
  if (tls === undefined) return connectTcp({ host, port, noDelay: true });
  const { ca, cert, key, serverName } = tls;
  // A name for SNI may not be an address.
  const servername = serverName ?? (isIP(host) === 0 ? host : undefined);
  return connectTls({
    host,
    port,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
  });
}
