import { createConnection, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../../base/clock.js';
import { ConnectorError } from '../../../base/connector-error.js';
import type { Random } from '../../../base/random.js';
import type { TlsMaterial } from '../../../base/tls-material.js';
import { checkedRemote, type IpEndpoint, isWildcard } from '../../ip-literal.js';
import { createLocalAddressFinder, type LocalAddressFinder } from '../../local-address.js';
import type { ListeningAddress } from '../../port.js';
import type { SipFlow, SipRemote, SipTransport, SipTransportHandlers } from './sip-transport.js';
import {
  type AcceptedStream,
  KEEP_ALIVE_DELAY_MS,
  StreamListener,
  type StreamListenerLimits,
  streamListenerDefaults,
} from './stream-listener.js';
import { TcpConnection, type TcpConnectionLimits } from './tcp-connection.js';
import { clientTls, type TlsSettings } from './tls-policy.js';

export interface TcpTransportLimits extends TcpConnectionLimits, StreamListenerLimits {
  /** Connections in all, ours included, and those that have not finished their handshake. */
  readonly connections: number;
}

/**
 * `idleMs` is longer than the longest call of the shipped configuration (3,600 s), so that the connection an INVITE
 * came by is still there for its BYE: a phone behind NAT cannot be reached by a new one. Dead peers are found earlier,
 * by TCP keep-alive, and the counts bound what idle ones can hold.
 */
export const tcpTransportDefaults = {
  ...streamListenerDefaults,
  connections: 2_048,
  connectMs: 10_000,
  firstMessageMs: 30_000,
  partialMessageMs: 15_000,
  idleMs: 3_900_000,
  lingerMs: 250,
  unsentBytes: 1 << 20,
} as const satisfies TcpTransportLimits;

export interface TcpTransportOptions {
  /** IP literal to bind; a wildcard takes its own family only, so `0.0.0.0` and `::` can stand side by side. */
  readonly address: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
  readonly clock: Clock;
  /** Peers to listen to, by IP literal; the connections of others are reset. Everybody when absent. */
  readonly accept?: (address: string) => boolean;
  readonly limits?: Partial<TcpTransportLimits>;
  /** TLS on every connection, in and out. */
  readonly tls?: TlsSettings;
  /** Keeps the connections that we opened open (RFC 5626); none when absent. */
  readonly keepAlive?: { readonly random: Random; readonly intervalMs: number };
}

/** How long `close` lets written messages leave, ms. */
const CLOSE_MS = 500;

/**
 * SIP over TCP, or over TLS (RFC 3261 sections 18 and 26.2.1). A flow is a connection. `flow.local.port` is the listening
 * port also where we opened the connection, since that is what belongs into Contact and Via.
 */
export function createTcpTransport(options: TcpTransportOptions): SipTransport {
  return new TcpTransport(options);
}

interface Running {
  readonly handlers: SipTransportHandlers;
  readonly local: IpEndpoint;
  readonly localAddresses: LocalAddressFinder;
}

interface Adoption {
  readonly socket: Socket;
  readonly remote: IpEndpoint;
  readonly localAddress: string;
  readonly connecting: boolean;
  /** Under which later requests find it. */
  readonly key: string;
  readonly connectMs?: number | undefined;
}

class TcpTransport implements SipTransport {
  readonly protocol: 'tcp' | 'tls';
  readonly #options: TcpTransportOptions;
  readonly #limits: TcpTransportLimits;
  readonly #listener: StreamListener;
  readonly #connections = new Set<TcpConnection>();
  readonly #byRemote = new Map<string, TcpConnection>();
  #tls: TlsSettings | undefined;
  #running: Running | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: TcpTransportOptions) {
    const { address, port, clock, accept, tls } = options;
    this.#options = options;
    this.#limits = { ...tcpTransportDefaults, ...options.limits };
    this.#tls = tls;
    this.protocol = tls === undefined ? 'tcp' : 'tls';
    this.#listener = new StreamListener({
      ...{ protocol: this.protocol, address, port, clock, accept, tls, limits: this.#limits },
    });
  }

  async start(handlers: SipTransportHandlers): Promise<ListeningAddress> {
    const bound = await this.#listener.start({
      onStream: (stream) => this.#accepted(stream),
      isFull: (handshakes) => this.#connections.size + handshakes >= this.#limits.connections,
      onFailure: (error) => handlers.onFailure(error),
      onHandshakeFailure: (error) => handlers.onHandshakeFailure?.('accepting', error),
    });
    const local = { address: bound.address, port: bound.port };
    const localAddresses = createLocalAddressFinder(bound.address, this.#options.clock);
    this.#running = { handlers, local, localAddresses };
    return bound;
  }

  setTls(material: TlsMaterial): void {
    if (this.#tls === undefined) return;
    this.#tls = { ...this.#tls, material };
    this.#listener.setTls(this.#tls);
  }

  #accepted({ socket, remote, localAddress }: AcceptedStream): void {
    this.#adopt({ socket, remote, localAddress, connecting: false, key: remoteKey(remote, undefined) });
  }

  flowTo(wanted: SipRemote): SipFlow {
    const remote = checkedRemote(wanted);
    const { address } = remote;
    const serverName = wanted.serverName ?? address;
    const key = remoteKey(remote, this.#tls === undefined ? undefined : serverName);
    const existing = this.#byRemote.get(key);
    if (existing?.usable) return existing;
    const { localAddresses } = this.#state();
    const localAddress = localAddresses.find(address);
    if (this.#closing !== undefined || this.#connections.size >= this.#limits.connections) {
      // A flow that fails as a refused connection does: later, and to its listeners.
      const flow = this.#adopt({ socket: new Socket(), remote, localAddress, connecting: true, key });
      flow.abort(this.#closing === undefined ? 'too many connections' : 'the transport is closed');
      return flow;
    }
    const socket = this.#connect(remote, serverName);
    return this.#adopt({ socket, remote, localAddress, connecting: true, key, connectMs: wanted.connectMs });
  }

  #connect({ address, port }: IpEndpoint, serverName: string): Socket {
    const { local } = this.#state();
    const socket = createConnection({
      host: address,
      port,
      ...(isWildcard(local.address) ? {} : { localAddress: local.address }),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    });
    if (this.#tls === undefined) return socket;
    return connectTls({ socket, ...clientTls(this.#tls, serverName) });
  }

  #adopt({ key, connectMs = this.#limits.connectMs, ...parts }: Adoption): TcpConnection {
    const { handlers, local } = this.#state();
    const connection = new TcpConnection({
      protocol: this.protocol,
      socket: parts.socket,
      remote: parts.remote,
      local: { address: parts.localAddress, port: local.port },
      connecting: parts.connecting,
      clock: this.#options.clock,
      limits: { ...this.#limits, connectMs },
      keepAlive: parts.connecting ? this.#options.keepAlive : undefined,
      onMessage: (flow, message) => handlers.onMessage(flow, message),
      onClose: (closed, { early, error }) => {
        this.#connections.delete(closed);
        if (this.#byRemote.get(key) === closed) this.#byRemote.delete(key);
        if (early && this.#tls !== undefined) handlers.onHandshakeFailure?.('connecting', error);
      },
    });
    this.#connections.add(connection);
    this.#byRemote.set(key, connection);
    return connection;
  }

  #state(): Running {
    if (this.#running === undefined)
      throw new ConnectorError('ERR_SIP_STATE', `the ${this.protocol.toUpperCase()} transport has not been started`);
    return this.#running;
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    const { clock } = this.#options;
    const timer = clock.setTimeout(() => {
      for (const connection of this.#connections) connection.abort('closed on our side');
    }, CLOSE_MS);
    const listener = this.#listener.close();
    await Promise.all([listener, ...[...this.#connections].map((connection) => connection.end())]);
    clock.clearTimeout(timer);
  }
}

/** With TLS a connection proves one name: another name at the same address gets a connection of its own. */
function remoteKey({ address, port }: IpEndpoint, serverName: string | undefined): string {
  return `${address} ${port} ${serverName?.toLowerCase() ?? ''}`;
}
