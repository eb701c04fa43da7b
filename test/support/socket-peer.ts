import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Socket as Connection, createConnection, isIPv6 } from 'node:net';
import { FrameReader } from '../../src/signaling/embedded/transport/frame-reader.js';
import type { SipMessage } from '../../src/signaling/message/sip-message.js';
import { parseMessage } from '../../src/signaling/message/sip-parser.js';

interface Remote {
  readonly address: string;
  readonly port: number;
}

/** How long a message that must come is waited for, ms: generous, since nothing here is about speed. */
const PATIENCE_MS = 30_000;

/** A SIP peer on a real socket: sends text, hands out what comes back in order. */
abstract class SocketPeer {
  /** Everything received so far and not yet taken. */
  readonly received: SipMessage[] = [];
  /** First lines of everything that came, also of what cannot be read: an answer echoes what it answers. */
  readonly startLines: string[] = [];
  #waiting: (() => void) | undefined;

  abstract send(message: string | Buffer): void;
  abstract close(): void;

  /** The first message that `matches`; those before it stay in {@link received}. */
  async next(matches: (message: SipMessage) => boolean = () => true): Promise<SipMessage> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const index = this.received.findIndex(matches);
      const [found] = index < 0 ? [] : this.received.splice(index, 1);
      if (found !== undefined) return found;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error('no such message came');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The first response with that status to a request of that method. */
  async response(method: string, status: number): Promise<SipMessage> {
    return this.next(
      (message) =>
        message.kind === 'response' &&
        message.status === status &&
        message.headers.get('CSeq')?.endsWith(` ${method}`) === true,
    );
  }

  protected put(bytes: Buffer, protocol: 'udp' | 'tcp'): void {
    const parsed = parseMessage(bytes, protocol);
    this.startLines.push(bytes.toString('latin1', 0, 256).split('\r\n')[0] ?? '');
    if (parsed.type === 'discard') return;
    this.received.push(parsed.type === 'message' ? parsed.message : parsed.request);
    this.#waiting?.();
  }
}

export class UdpPeer extends SocketPeer {
  readonly #socket: Socket;
  readonly #remote: Remote;
  port = 0;

  constructor(remote: Remote) {
    super();
    this.#remote = remote;
    this.#socket = createSocket(isIPv6(remote.address) ? 'udp6' : 'udp4');
    this.#socket.on('message', (bytes) => this.put(bytes, 'udp'));
  }

  async open(): Promise<this> {
    this.#socket.bind(0, this.#remote.address);
    await once(this.#socket, 'listening');
    this.port = this.#socket.address().port;
    return this;
  }

  send(message: string | Buffer): void {
    this.#socket.send(message, this.#remote.port, this.#remote.address);
  }

  close(): void {
    this.#socket.close();
  }
}

export class TcpPeer extends SocketPeer {
  readonly #connection: Connection;
  readonly #frames = new FrameReader({
    message: (bytes) => this.put(bytes, 'tcp'),
    ping: () => {},
    broken: () => {},
  });
  port = 0;
  /** Resolves when the connection is over, whichever side ended it. */
  readonly over: Promise<void>;

  constructor(remote: Remote) {
    super();
    this.#connection = createConnection({ host: remote.address, port: remote.port, noDelay: true });
    this.over = new Promise((resolve) => this.#connection.once('close', () => resolve()));
    this.#connection.on('data', (chunk) => this.#frames.feed(chunk));
    this.#connection.on('error', () => {});
  }

  /** Whether the far end has closed the connection. */
  get closed(): boolean {
    return this.#connection.destroyed || this.#connection.readableEnded;
  }

  async open(): Promise<this> {
    await once(this.#connection, 'connect');
    this.port = this.#connection.localPort ?? 0;
    return this;
  }

  send(message: string | Buffer): void {
    this.#connection.write(message);
  }

  /** Says that nothing more will come. */
  end(): void {
    this.#connection.end();
  }

  close(): void {
    this.#connection.destroy();
  }
}
