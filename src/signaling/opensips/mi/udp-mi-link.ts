import { createSocket, type Socket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import type { MiLink } from './mi-link.js';

/**
 * MI over datagrams (module mi_datagram). The socket is connected, so that the kernel drops what comes from anybody else.
 * A host name is looked up when the link opens and again after each error of the socket, never by the socket itself.
 */
export class UdpMiLink implements MiLink {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #address: string | undefined;
  #connecting: Promise<void> | undefined;
  #onAnswer: (text: string) => void = () => {};
  #closed = false;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  get address(): string | undefined {
    return this.#address;
  }

  async open(onAnswer: (text: string) => void): Promise<void> {
    this.#onAnswer = onAnswer;
    await this.#connect();
  }

  send(request: string): void {
    const socket = this.#socket;
    if (socket === undefined) {
      void this.#connect();
      return;
    }
    try {
      // Without a callback an error of this one datagram would be an error of the socket.
      socket.send(request, () => {});
    } catch {
      this.#drop(socket);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connecting;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #connect(): Promise<void> {
    this.#connecting ??= this.#tryToConnect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #tryToConnect(): Promise<void> {
    const address = await this.#lookup();
    if (address === undefined || this.#closed) return;
    const socket = createSocket({ type: isIP(address) === 6 ? 'udp6' : 'udp4' });
    socket.on('message', (bytes) => this.#onAnswer(bytes.toString('utf8')));
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.connect(this.#port, address, () => resolve(true));
    });
    if (!connected || this.#closed) {
      socket.on('error', () => {});
      socket.close();
      return;
    }
    // ECONNREFUSED: OpenSIPS is not there. The same socket serves when it comes, unless its name then means another host.
    socket.on('error', () => {
      if (isIP(this.#host) === 0) this.#drop(socket);
    });
    this.#socket = socket;
    this.#address = address;
  }

  async #lookup(): Promise<string | undefined> {
    if (isIP(this.#host) !== 0) return this.#host;
    try {
      // Events are IPv4, so that an OpenSIPS with IPv6 alone is of no use here; `localhost` is `::1` before 127.0.0.1 at times.
      const found = await dns.lookup(this.#host, { all: true });
      return (found.find(({ family }) => family === 4) ?? found[0])?.address;
    } catch {
      return undefined;
    }
  }

  #drop(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    socket.close();
  }
}
