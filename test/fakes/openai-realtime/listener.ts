import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** Takes a request to upgrade. */
export type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The fake's port on loopback. It can stop listening, so that connections are refused, and listen there again. */
export class Listener {
  readonly #onUpgrade: OnUpgrade;
  readonly #sockets = new Set<Duplex>();
  #server: Server | undefined;
  #port = 0;

  constructor(onUpgrade: OnUpgrade) {
    this.#onUpgrade = onUpgrade;
  }

  /** The port; 0 before the first time. */
  get port(): number {
    return this.#port;
  }

  /** Listens, the first time on `port` (0: any), later on where it was. Rejects when the port is taken. */
  async open(port = 0): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' }).end('This is a WebSocket.\n');
    });
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('upgrade', (request, socket, head) => {
      // A client that goes away meanwhile is none of ours.
      socket.on('error', () => {});
      this.#onUpgrade(request, socket, head);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port === 0 ? port : this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Listens no more; connections that are up stay. */
  shut(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Listens no more, and breaks every connection. */
  close(): void {
    this.shut();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Answers a request to upgrade with an HTTP error. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}
