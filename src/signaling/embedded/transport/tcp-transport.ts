import { createConnection, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Random } from '../../../base/random.js';
import { checkedRemote, type IpEndpoint, isWildcard } from '../../ip-literal.js';
import type { SipFlow, SipRemote, SipTransport } from './sip-transport.js';
import { type AcceptedStream, KEEP_ALIVE_DELAY_MS, streamListenerDefaults } from './stream-listener.js';
import {
  remoteKey,
  StreamTransport,
  type StreamTransportLimits,
  type StreamTransportOptions,
} from './stream-transport.js';
import { TcpConnection, type TcpConnectionLimits } from './tcp-connection.js';
import { clientTls } from './tls-policy.js';

export interface TcpTransportLimits extends TcpConnectionLimits, StreamTransportLimits {}

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

export interface TcpTransportOptions extends StreamTransportOptions {
  readonly limits?: Partial<TcpTransportLimits>;
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

interface Adoption {
  readonly socket: Socket;
  readonly remote: IpEndpoint;
  readonly localAddress: string;
  readonly connecting: boolean;
  /** Under which later requests find it. */
  readonly key: string;
  readonly connectMs?: number | undefined;
}

class TcpTransport extends StreamTransport<'tcp' | 'tls', TcpConnection> implements SipTransport {
  readonly #options: TcpTransportOptions;
  readonly #limits: TcpTransportLimits;

  constructor(options: TcpTransportOptions) {
    const limits = { ...tcpTransportDefaults, ...options.limits };
    super(options.tls === undefined ? 'tcp' : 'tls', options, limits);
    this.#options = options;
    this.#limits = limits;
  }

  protected onAccepted({ socket, remote, localAddress }: AcceptedStream): void {
    this.#adopt({ socket, remote, localAddress, connecting: false, key: remoteKey(remote, undefined) });
  }

  flowTo(wanted: SipRemote): SipFlow {
    const remote = checkedRemote(wanted);
    const { address } = remote;
    const serverName = wanted.serverName ?? address;
    const key = remoteKey(remote, this.tls === undefined ? undefined : serverName);
    const existing = this.byRemote.get(key);
    if (existing?.usable) return existing;
    const localAddress = this.running.localAddresses.find(address);
    const { refusal } = this;
    if (refusal !== undefined) {
      // A flow that fails as a refused connection does: later, and to its listeners.
      const flow = this.#adopt({ socket: new Socket(), remote, localAddress, connecting: true, key });
      flow.abort(refusal);
      return flow;
    }
    const socket = this.#connect(remote, serverName);
    return this.#adopt({ socket, remote, localAddress, connecting: true, key, connectMs: wanted.connectMs });
  }

  #connect({ address, port }: IpEndpoint, serverName: string): Socket {
    const { local } = this.running;
    const socket = createConnection({
      host: address,
      port,
      ...(isWildcard(local.address) ? {} : { localAddress: local.address }),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    });
    if (this.tls === undefined) return socket;
    return connectTls({ socket, ...clientTls(this.tls, serverName) });
  }

  #adopt({ key, connectMs = this.#limits.connectMs, ...parts }: Adoption): TcpConnection {
    const { handlers, local } = this.running;
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
        this.connections.delete(closed);
        if (this.byRemote.get(key) === closed) this.byRemote.delete(key);
        if (early && this.tls !== undefined) handlers.onHandshakeFailure?.('connecting', error);
      },
    });
    this.connections.add(connection);
    this.byRemote.set(key, connection);
    return connection;
  }

  protected async shutDown(listener: Promise<void>): Promise<void> {
    const { clock } = this.#options;
    const timer = clock.setTimeout(() => {
      for (const connection of this.connections) connection.abort('closed on our side');
    }, CLOSE_MS);
    await Promise.all([listener, ...[...this.connections].map((connection) => connection.end())]);
    clock.clearTimeout(timer);
  }
}
