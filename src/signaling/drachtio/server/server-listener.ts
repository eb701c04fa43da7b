import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Clock } from '../../../base/clock.js';
import { ConnectorError, errorMessage } from '../../../base/connector-error.js';
import type { Logger } from '../../../flavor-api/index.js';
import type { DrachtioLimits, DrachtioListen } from '../drachtio-options.js';
import type { ServerRequest } from './server-request.js';
import type { SrfConstructor } from './srf-module.js';
import { SrfSession } from './srf-session.js';

export interface ServerListenerParts {
  readonly Srf: SrfConstructor;
  readonly listen: DrachtioListen;
  /** Servers that may connect: the first thing any of them hears is our secret. */
  readonly accept: (address: string) => boolean;
  readonly clock: Clock;
  readonly limits: DrachtioLimits;
  readonly log: Logger | undefined;
}

export interface ServerListenerUser {
  onSession(session: SrfSession): void;
  onRequest(request: ServerRequest, session: SrfSession): void;
  onClosed(session: SrfSession): void;
  onFailure(error: Error): void;
  onFault(error: unknown): void;
}

/** Takes the connections of drachtio's outbound mode: one for each request outside a dialog, and as long as its call. */
export class ServerListener {
  readonly #parts: ServerListenerParts;
  readonly #user: ServerListenerUser;
  readonly #server: Server;
  readonly #sessions = new Set<SrfSession>();
  readonly #sockets = new Set<Socket>();
  #strangers = 0;

  constructor(parts: ServerListenerParts, user: ServerListenerUser) {
    this.#parts = parts;
    this.#user = user;
    const { tls } = parts.listen;
    this.#server = tls === undefined ? createTcpServer() : createTlsServer(definedOf(tls));
    this.#server.on('connection', (socket: Socket) => this.#meet(socket));
    this.#server.on('secureConnection', (socket: Socket) => this.#take(socket));
    // A client that speaks no TLS is its own trouble.
    this.#server.on('tlsClientError', () => {});
  }

  /** Binds. Throws `ERR_LISTEN`. Resolves with the port. */
  async start(): Promise<number> {
    const { host, port } = this.#parts.listen;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(new ConnectorError('ERR_LISTEN', `${host}:${port} for drachtio servers: ${errorMessage(error)}`)),
      );
      this.#server.listen({ host, port }, resolve);
    });
    this.#server.on('error', (error) => this.#user.onFailure(error));
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    await Promise.all([...this.#sessions].map((session) => session.close()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Before any TLS: strangers are hung up on. */
  #meet(socket: Socket): void {
    socket.on('error', () => {});
    // Those in their TLS handshake count too: there could be any number of them.
    if (!this.#parts.accept(socket.remoteAddress ?? '') || this.#sockets.size >= this.#parts.limits.maxConnections) {
      this.#noteStranger();
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.#parts.listen.tls === undefined) this.#take(socket);
  }

  /** The first is told, and then ever fewer: somebody may be doing nothing else. */
  #noteStranger(): void {
    this.#strangers += 1;
    const count = this.#strangers;
    if ((count & (count - 1)) === 0) this.#parts.log?.warn({ count }, 'a connection for drachtio servers was refused');
  }

  #take(socket: Socket): void {
    socket.on('error', () => {});
    const { Srf, listen, clock, limits } = this.#parts;
    const session: SrfSession = new SrfSession(
      { Srf, socket, secret: listen.secret, methods: [], clock, limits },
      {
        onReady: () => {},
        onRefused: () => this.#parts.log?.error({}, 'a drachtio server refuses our secret'),
        onRequest: (request) => this.#user.onRequest(request, session),
        onClosed: () => {
          this.#sessions.delete(session);
          this.#user.onClosed(session);
        },
        onFault: (error) => this.#user.onFault(error),
      },
    );
    this.#sessions.add(session);
    this.#user.onSession(session);
  }
}

function definedOf<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
