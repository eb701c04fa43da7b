import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { token } from './basics.js';

export type Transport = 'udp' | 'tcp' | 'tls' | 'ws';

export const transports: readonly Transport[] = ['udp', 'tcp', 'tls', 'ws'];

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** Takes one whole message; `reply` is the way back to whoever sent it. */
export type OnMessage = (bytes: Buffer, way: SipWay) => void;

/** A way to one far end. */
export interface SipWay {
  send(bytes: string | Buffer): void;
}

/** A socket of the peer's: a way to the subject, with an address of its own that can stand in Via and Contact. */
export interface SipSocket extends SipWay {
  readonly local: SocketAddress;
  /** The same as it stands in Via and Contact; a browser has none, and says so (RFC 7118 section 5). */
  readonly host: string;
  /** Whether the far end has closed the connection; never for UDP. */
  readonly closed: boolean;
  /** Keep-alives that were answered (RFC 5626 section 4.4.1). */
  readonly pongs: number;
  close(): Promise<void>;
}

function literal(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Host and port as they stand in a URI or Via. */
export function hostPort({ address, port }: SocketAddress): string {
  return `${literal(address)}:${port}`;
}

/** Cuts a stream into messages by Content-Length alone (RFC 3261 section 18.3). */
class StreamReader {
  /** CRLFs between messages: answers to keep-alives. */
  crlfs = 0;
  #rest = Buffer.alloc(0);
  readonly #onMessage: (bytes: Buffer) => void;

  constructor(onMessage: (bytes: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  feed(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      while (this.#rest.length >= 2 && this.#rest[0] === 13 && this.#rest[1] === 10) {
        this.#rest = this.#rest.subarray(2);
        this.crlfs += 1;
      }
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.#rest.toString('latin1', 0, end);
      const length = Number(/^(?:Content-Length|l)\s*:\s*(\d+)\s*$/im.exec(head)?.[1] ?? 0);
      if (this.#rest.length < end + 4 + length) return;
      const message = this.#rest.subarray(0, end + 4 + length);
      this.#rest = this.#rest.subarray(end + 4 + length);
      this.#onMessage(message);
    }
  }
}

/** Opens a socket towards the subject. `from` is the local address, default loopback of the same family. */
export async function openSocket(
  transport: Transport,
  to: SocketAddress,
  onMessage: OnMessage,
  from?: string,
): Promise<SipSocket> {
  switch (transport) {
    case 'udp':
      return openUdp(to, onMessage, from);
    case 'ws':
      return openWebSocket(to, onMessage);
    default:
      return openStream(transport, to, onMessage, from);
  }
}

async function openUdp(to: SocketAddress, onMessage: OnMessage, from?: string): Promise<SipSocket> {
  const socket = await bindUdp(from ?? (to.address.includes(':') ? '::1' : '127.0.0.1'), 0, onMessage);
  return {
    local: socket.address(),
    host: hostPort(socket.address()),
    closed: false,
    pongs: 0,
    send: (bytes) => socket.send(bytes, to.port, to.address),
    close: () => closeUdp(socket),
  };
}

async function bindUdp(address: string, port: number, onMessage: OnMessage): Promise<UdpSocket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (bytes, source) => {
    // Keep-alives, which hold a registration's way through a NAT open, have no answer over UDP.
    if (/^[\r\n]*$/.test(bytes.toString('latin1'))) return;
    onMessage(bytes, { send: (answer) => socket.send(answer, source.port, source.address) });
  });
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

async function closeUdp(socket: UdpSocket): Promise<void> {
  socket.close();
  await once(socket, 'close');
}

async function openStream(
  transport: 'tcp' | 'tls',
  to: SocketAddress,
  onMessage: OnMessage,
  from?: string,
): Promise<SipSocket> {
  const options = { host: to.address, port: to.port, noDelay: true, ...(from !== undefined && { localAddress: from }) };
  const socket = transport === 'tcp' ? connect(options) : connectTls({ ...options, rejectUnauthorized: false });
  await once(socket, transport === 'tcp' ? 'connect' : 'secureConnect');
  return streamWay(socket, onMessage);
}

/** One frame is one message (RFC 7118 section 4.2). */
async function openWebSocket(to: SocketAddress, onMessage: OnMessage): Promise<SipSocket> {
  const socket = new WebSocket(`ws://${hostPort(to)}`, 'sip');
  const way: SipSocket = {
    local: { address: '127.0.0.1', port: 9 },
    host: `${token()}.invalid`,
    get closed() {
      return socket.readyState === WebSocket.CLOSED;
    },
    pongs: 0,
    send: (bytes) => socket.send(bytes.toString()),
    close: async () => {
      if (socket.readyState === WebSocket.CLOSED) return;
      socket.terminate();
      await once(socket, 'close');
    },
  };
  socket.on('message', (data: Buffer) => onMessage(data, way));
  await once(socket, 'open');
  // What went wrong shows in what does not come.
  socket.on('error', () => {});
  return way;
}

function streamWay(socket: Socket | TLSSocket, onMessage: OnMessage): SipSocket {
  const reader = new StreamReader((bytes) => onMessage(bytes, way));
  const local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
  const way: SipSocket = {
    get pongs() {
      return reader.crlfs;
    },
    local,
    host: hostPort(local),
    get closed() {
      return socket.closed || socket.readableEnded;
    },
    send: (bytes) => {
      socket.write(bytes);
    },
    close: async () => {
      if (socket.closed) return;
      socket.destroy();
      await once(socket, 'close');
    },
  };
  socket.on('data', (chunk: Buffer) => reader.feed(chunk));
  // What went wrong shows in what does not come.
  socket.on('error', () => {});
  return way;
}

/** Where the subject can call or connect to: a trunk, a registrar, the target of a transfer. */
export interface SipListener {
  readonly local: SocketAddress;
  close(): Promise<void>;
}

/** Certificate and key for a listener over TLS, PEM. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
}

/**
 * Where {@link listenOn} listens: on loopback, but not where phones are. Whoever the subject is registered with it asks for
 * no password.
 */
export const EXCHANGE_ADDRESS = '127.0.0.2';

/** Listens on any port of {@link EXCHANGE_ADDRESS}. */
export async function listenOn(
  transport: Exclude<Transport, 'ws'>,
  onMessage: OnMessage,
  tls?: ListenerTls,
): Promise<SipListener> {
  if (transport === 'udp') {
    const socket = await bindUdp(EXCHANGE_ADDRESS, 0, onMessage);
    return { local: socket.address(), close: () => closeUdp(socket) };
  }
  const open = new Set<SipSocket>();
  const take = (socket: Socket): void => {
    open.add(streamWay(socket, onMessage));
  };
  const server: Server = transport === 'tcp' ? createServer(take) : createTlsServer({ ...tls }, take);
  server.listen(0, EXCHANGE_ADDRESS);
  await once(server, 'listening');
  const bound = server.address();
  return {
    local: { address: EXCHANGE_ADDRESS, port: typeof bound === 'object' ? (bound?.port ?? 0) : 0 },
    close: async () => {
      server.close();
      await Promise.all([...open].map((socket) => socket.close()));
    },
  };
}
