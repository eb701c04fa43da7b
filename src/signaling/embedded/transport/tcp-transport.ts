import { createConnection, createServer, isIPv6, type Server, Socket } from 'node:net';
import type { Clock } from '../../../base/clock.js';
import { ConnectorError, errorMessage } from '../../../base/connector-error.js';
import { checkBindAddress, checkedRemote, type IpEndpoint, withoutZone } from '../../ip-literal.js';
import { createLocalAddressFinder, type LocalAddressFinder } from '../../local-address.js';
import type { ListeningAddress } from '../../port.js';
import type { SipFlow, SipTransport, SipTransportHandlers } from './sip-transport.js';
import { TcpConnection, type TcpConnectionLimits } from './tcp-connection.js';

export interface TcpTransportLimits extends TcpConnectionLimits {
  /** Connections in all, ours included. */
  readonly connections: number;
  /** Connections that one address may open. */
  readonly connectionsPerSource: number;
}

/**
 * `idleMs` is longer than the longest call of the shipped configuration (3,600 s), so that the connection an INVITE
 * came by is still there for its BYE: a phone behind NAT cannot be reached by a new one. Dead peers are found earlier,
 * by TCP keep-alive, and the counts bound what idle ones can hold.
 */
export const tcpTransportDefaults = {
  connections: 2_048,
  connectionsPerSource: 512,
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
}

/** From the first silent second to the first keep-alive probe, ms. */
const KEEP_ALIVE_DELAY_MS = 60_000;

/** How long `close` lets written messages leave, ms. */
const CLOSE_MS = 500;

/**
 * SIP over TCP (RFC 3261 section 18). A flow is a connection. `flow.local.port` is the listening port also where we
 * opened the connection, since that is what belongs into Contact and Via.
 */
export function createTcpTransport(options: TcpTransportOptions): SipTransport {
  return new TcpTransport(options);
}

interface Running {
  readonly handlers: SipTransportHandlers;
  readonly local: IpEndpoint;
  readonly localAddresses: LocalAddressFinder;
}

class TcpTransport implements SipTransport {
  readonly protocol = 'tcp';
  readonly #options: TcpTransportOptions;
  readonly #limits: TcpTransportLimits;
  readonly #server: Server;
  readonly #connections = new Set<TcpConnection>();
  readonly #byRemote = new Map<string, TcpConnection>();
  /** Accepted connections by address. */
  readonly #perSource = new Map<string, number>();
  #running: Running | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: TcpTransportOptions) {
    this.#options = options;
    this.#limits = { ...tcpTransportDefaults, ...options.limits };
    this.#server = createServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    });
  }

  async start(handlers: SipTransportHandlers): Promise<ListeningAddress> {
    const { address, port, clock } = this.#options;
    checkBindAddress(address);
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error): void =>
        reject(
          new ConnectorError('ERR_LISTEN', `tcp ${address} port ${port}: ${errorMessage(error)}`, { cause: error }),
        );
      server.once('error', fail);
      server.listen({ host: address, port, ipv6Only: isIPv6(address), exclusive: true }, () => {
        server.off('error', fail);
        resolve();
      });
    });
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new ConnectorError('ERR_LISTEN', 'tcp: not bound');
    const local = { address: bound.address, port: bound.port };
    this.#running = { handlers, local, localAddresses: createLocalAddressFinder(bound.address, clock) };
    server.on('error', (error) => {
      // A connection that could not be accepted (no descriptors left) is no failure of the listening socket.
      if (!('syscall' in error && error.syscall === 'accept')) handlers.onFailure(error);
    });
    server.on('connection', (socket) => this.#accepted(socket));
    return { protocol: 'tcp', ...local };
  }

  #accepted(socket: Socket): void {
    const { remoteAddress, remotePort, localAddress } = socket;
    // All three are missing when the peer has gone already.
    if (remoteAddress === undefined || remotePort === undefined || localAddress === undefined) {
      socket.destroy();
      return;
    }
    const count = this.#perSource.get(remoteAddress) ?? 0;
    const full = this.#connections.size >= this.#limits.connections || count >= this.#limits.connectionsPerSource;
    if (full || this.#options.accept?.(remoteAddress) === false) {
      // RST instead of FIN: no state stays behind on our side.
      socket.resetAndDestroy();
      return;
    }
    this.#perSource.set(remoteAddress, count + 1);
    this.#adopt(socket, { address: remoteAddress, port: remotePort }, withoutZone(localAddress), false, () => {
      const left = (this.#perSource.get(remoteAddress) ?? 1) - 1;
      if (left > 0) this.#perSource.set(remoteAddress, left);
      else this.#perSource.delete(remoteAddress);
    });
  }

  flowTo(wanted: IpEndpoint): SipFlow {
    const remote = checkedRemote(wanted);
    const { address, port } = remote;
    const existing = this.#byRemote.get(remoteKey(remote));
    if (existing?.usable) return existing;
    const { local, localAddresses } = this.#state();
    if (this.#closing !== undefined || this.#connections.size >= this.#limits.connections) {
      // A flow that fails as a refused connection does: later, and to its listeners.
      const flow = this.#adopt(new Socket(), remote, localAddresses.find(address), true);
      flow.abort(this.#closing === undefined ? 'too many connections' : 'the transport is closed');
      return flow;
    }
    const bound = local.address === '0.0.0.0' || local.address === '::' ? {} : { localAddress: local.address };
    const socket = createConnection({
      host: address,
      port,
      ...bound,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    });
    return this.#adopt(socket, remote, localAddresses.find(address), true);
  }

  #adopt(
    socket: Socket,
    remote: IpEndpoint,
    localAddress: string,
    connecting: boolean,
    released?: () => void,
  ): TcpConnection {
    const { handlers, local } = this.#state();
    const connection = new TcpConnection({
      socket,
      remote,
      local: { address: localAddress, port: local.port },
      connecting,
      clock: this.#options.clock,
      limits: this.#limits,
      onMessage: (flow, message) => handlers.onMessage(flow, message),
      onClose: (closed) => {
        this.#connections.delete(closed);
        if (this.#byRemote.get(remoteKey(remote)) === closed) this.#byRemote.delete(remoteKey(remote));
        released?.();
      },
    });
    this.#connections.add(connection);
    this.#byRemote.set(remoteKey(remote), connection);
    return connection;
  }

  #state(): Running {
    if (this.#running === undefined)
      throw new ConnectorError('ERR_SIP_STATE', 'the TCP transport has not been started');
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
    const listener = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all([listener, ...[...this.#connections].map((connection) => connection.end())]);
    clock.clearTimeout(timer);
  }
}

function remoteKey({ address, port }: IpEndpoint): string {
  return `${address} ${port}`;
}
