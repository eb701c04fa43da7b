import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { ConnectorError, errorMessage } from '../../../base/connector-error.js';
import { withoutZone } from '../../../base/ip-text.js';
import { checkBindAddress, type IpEndpoint } from '../../ip-literal.js';
import type { ListeningAddress, SipProtocol } from '../../port.js';
import { serverTls, type TlsSettings } from './tls-policy.js';

export interface StreamListenerLimits {
  /** Connections that one address may open. */
  readonly connectionsPerSource: number;
  /** From accept to the end of the TLS handshake, ms. */
  readonly handshakeMs: number;
  /** TLS handshakes at once that one address may keep waiting. */
  readonly handshakesPerSource: number;
}

export const streamListenerDefaults = {
  connectionsPerSource: 512,
  handshakeMs: 5_000,
  handshakesPerSource: 64,
} as const satisfies StreamListenerLimits;

export interface StreamListenerOptions {
  readonly protocol: Exclude<SipProtocol, 'udp'>;
  /** IP literal to bind; a wildcard takes its own family only, so `0.0.0.0` and `::` can stand side by side. */
  readonly address: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
  readonly clock: Clock;
  readonly limits: StreamListenerLimits;
  /** Peers to listen to, by IP literal; the connections of others are reset. Everybody when absent. */
  readonly accept: ((address: string) => boolean) | undefined;
  /** TLS on every connection; plain TCP when absent. */
  readonly tls: TlsSettings | undefined;
}

/** A connection as it is handed over. */
export interface AcceptedStream {
  /** Plain, or with the TLS handshake done. */
  readonly socket: Socket;
  readonly remote: IpEndpoint;
  /** The local address it came in by, without zone. */
  readonly localAddress: string;
}

export interface StreamListenerHandlers {
  onStream(stream: AcceptedStream): void;
  /** No more connections are wanted beside so many that are still in their TLS handshake: the next is reset. */
  isFull(handshakes: number): boolean;
  onFailure(error: Error): void;
  onHandshakeFailure(error: Error): void;
}

/** Connections the kernel keeps ready for us: as many as a transport takes, so that a burst of them loses no honest SYN. */
const BACKLOG = 2_048;

/** From the first silent second to the first keep-alive probe, ms. */
export const KEEP_ALIVE_DELAY_MS = 60_000;

/**
 * A listening TCP socket and what happens before the first byte of SIP: who may connect, how many at once, and TLS within
 * its time. Whoever opens connections and says nothing, or stops in the middle of a handshake, keeps nobody else out.
 */
export class StreamListener {
  readonly #options: StreamListenerOptions;
  readonly #server: Server;
  readonly #tls: TlsServer | undefined;
  /** Accepted connections, handshakes included, by address. */
  readonly #perSource = new Map<string, Set<Socket>>();
  /** Handshakes under way, by what tells a connection from others to our port. */
  readonly #handshakes = new Map<
    string,
    { readonly socket: Socket; readonly address: string; readonly timer: TimerHandle }
  >();
  #handlers: StreamListenerHandlers | undefined;

  constructor(options: StreamListenerOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS });
    if (options.tls !== undefined) this.#tls = createTlsServer(serverTls(options.tls));
  }

  /** Binds. Throws `ERR_LISTEN`. */
  async start(handlers: StreamListenerHandlers): Promise<ListeningAddress> {
    const { address, port, protocol } = this.#options;
    checkBindAddress(address);
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error): void =>
        reject(
          new ConnectorError('ERR_LISTEN', `${protocol} ${address} port ${port}: ${errorMessage(cause)}`, { cause }),
        );
      server.once('error', fail);
      server.listen({ host: address, port, ipv6Only: isIPv6(address), exclusive: true, backlog: BACKLOG }, () => {
        server.off('error', fail);
        resolve();
      });
    });
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new ConnectorError('ERR_LISTEN', `${protocol}: not bound`);
    this.#handlers = handlers;
    server.on('error', (error) => {
      // A connection that could not be accepted (no descriptors left) is no failure of the listening socket.
      if (!('syscall' in error && error.syscall === 'accept')) handlers.onFailure(error);
    });
    server.on('connection', (socket) => this.#accepted(socket, handlers));
    this.#tls?.on('secureConnection', (socket) => this.#secured(socket, handlers));
    this.#tls?.on('tlsClientError', (error) => handlers.onHandshakeFailure(error));
    return { protocol, address: bound.address, port: bound.port };
  }

  /** For the handshakes to come. */
  setTls(settings: TlsSettings): void {
    this.#tls?.setSecureContext(serverTls(settings));
  }

  #accepted(socket: Socket, handlers: StreamListenerHandlers): void {
    const { remoteAddress, remotePort, localAddress } = socket;
    // All three are missing when the peer has gone already.
    if (remoteAddress === undefined || remotePort === undefined || localAddress === undefined) {
      socket.destroy();
      return;
    }
    const { accept, limits } = this.#options;
    const open = this.#perSource.get(remoteAddress) ?? new Set();
    const full = handlers.isFull(this.#handshakes.size) || open.size >= limits.connectionsPerSource;
    if (full || accept?.(remoteAddress) === false || this.#isSlow(remoteAddress)) {
      // RST instead of FIN: no state stays behind on our side.
      socket.resetAndDestroy();
      return;
    }
    open.add(socket);
    this.#perSource.set(remoteAddress, open);
    socket.once('close', () => {
      open.delete(socket);
      if (open.size === 0) this.#perSource.delete(remoteAddress);
    });
    const remote = { address: remoteAddress, port: remotePort };
    if (this.#tls === undefined) handlers.onStream({ socket, remote, localAddress: withoutZone(localAddress) });
    else this.#shakeHands(this.#tls, socket, remote);
  }

  #isSlow(address: string): boolean {
    if (this.#tls === undefined) return false;
    let waiting = 0;
    for (const handshake of this.#handshakes.values()) if (handshake.address === address) waiting += 1;
    return waiting >= this.#options.limits.handshakesPerSource;
  }

  #shakeHands(tls: TlsServer, socket: Socket, remote: IpEndpoint): void {
    const { clock, limits } = this.#options;
    const key = keyOf(socket);
    // A peer that reset its connection may be back from the same port before the end of that one is told.
    this.#handshakeOver(key);
    const timer = clock.setTimeout(() => socket.destroy(), limits.handshakeMs);
    this.#handshakes.set(key, { socket, address: remote.address, timer });
    socket.once('close', () => {
      if (this.#handshakes.get(key)?.socket === socket) this.#handshakeOver(key);
    });
    // Documented for connections that were accepted elsewhere; a server that listens by itself could not count them first.
    tls.emit('connection', socket);
  }

  #secured(socket: TLSSocket, handlers: StreamListenerHandlers): void {
    const { remoteAddress, remotePort, localAddress } = socket;
    if (remoteAddress === undefined || remotePort === undefined || localAddress === undefined) {
      socket.destroy();
      return;
    }
    const remote = { address: remoteAddress, port: remotePort };
    this.#handshakeOver(keyOf(socket));
    handlers.onStream({ socket, remote, localAddress: withoutZone(localAddress) });
  }

  #handshakeOver(key: string): void {
    this.#options.clock.clearTimeout(this.#handshakes.get(key)?.timer);
    this.#handshakes.delete(key);
  }

  /** Takes no more connections; resolves when the last one accepted is gone. Handshakes under way are cut off. */
  async close(): Promise<void> {
    if (this.#handlers === undefined) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket } of [...this.#handshakes.values()]) socket.destroy();
    await closed;
  }
}

/** One port of a peer's may have a connection to each address of ours. */
function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
