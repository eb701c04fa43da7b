import { WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { ConnectorError } from '../../../base/connector-error.js';
import type { TlsMaterial } from '../../../base/tls-material.js';
import { checkedRemote, type IpEndpoint } from '../../ip-literal.js';
import { createLocalAddressFinder, type LocalAddressFinder } from '../../local-address.js';
import { serializeHost } from '../../message/host.js';
import type { ListeningAddress } from '../../port.js';
import type { SipFlow, SipRemote, SipTransport, SipTransportHandlers } from './sip-transport.js';
import {
  type AcceptedStream,
  StreamListener,
  type StreamListenerLimits,
  streamListenerDefaults,
} from './stream-listener.js';
import { clientTls, type TlsSettings } from './tls-policy.js';
import { WsConnection, type WsConnectionLimits } from './ws-connection.js';
import { MAX_WS_MESSAGE_BYTES, SIP_SUBPROTOCOL, WsHandshake } from './ws-handshake.js';

export interface WsTransportLimits extends WsConnectionLimits, StreamListenerLimits {
  /** Connections in all, ours included, and those that have not finished their handshake. */
  readonly connections: number;
}

export const wsTransportDefaults = {
  ...streamListenerDefaults,
  connections: 2_048,
  connectMs: 10_000,
  firstMessageMs: 30_000,
  pingMs: 30_000,
  unsentBytes: 1 << 20,
  closeMs: 500,
} as const satisfies WsTransportLimits;

export interface WsTransportOptions {
  /** IP literal to bind; a wildcard takes its own family only. */
  readonly address: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
  readonly clock: Clock;
  /** Peers to listen to, by IP literal; the connections of others are reset. Everybody when absent. */
  readonly accept?: (address: string) => boolean;
  /** Origins of the pages whose browsers may connect, such as `https://phone.example.com`; `*` for all. */
  readonly origins: readonly string[];
  readonly limits?: Partial<WsTransportLimits>;
  /** `wss:` with, `ws:` without. */
  readonly tls?: TlsSettings;
}

/**
 * SIP over WebSocket (RFC 7118). Browsers connect to us and are reached over their own connection alone; connections of
 * our own are for servers that were dialled.
 */
export function createWsTransport(options: WsTransportOptions): SipTransport {
  return new WsTransport(options);
}

interface Running {
  readonly handlers: SipTransportHandlers;
  readonly local: IpEndpoint;
  readonly localAddresses: LocalAddressFinder;
}

class WsTransport implements SipTransport {
  readonly protocol: 'ws' | 'wss';
  readonly #options: WsTransportOptions;
  readonly #limits: WsTransportLimits;
  readonly #listener: StreamListener;
  readonly #handshake: WsHandshake;
  readonly #connections = new Set<WsConnection>();
  readonly #byRemote = new Map<string, WsConnection>();
  /** Accepted, with the HTTP request still to come. */
  readonly #pending = new Map<unknown, { readonly stream: AcceptedStream; readonly timer: TimerHandle }>();
  #tls: TlsSettings | undefined;
  #running: Running | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: WsTransportOptions) {
    const { address, port, clock, accept, origins, tls } = options;
    this.#options = options;
    this.#limits = { ...wsTransportDefaults, ...options.limits };
    this.#tls = tls;
    this.protocol = tls === undefined ? 'ws' : 'wss';
    this.#listener = new StreamListener({
      ...{ protocol: this.protocol, address, port, clock, accept, tls, limits: this.#limits },
    });
    this.#handshake = new WsHandshake(origins, {
      onOpen: (socket, stream) => this.#opened(socket, stream),
      onRefused: (status) =>
        this.#running?.handlers.onHandshakeFailure?.('accepting', new Error(`WebSocket refused with ${status}`)),
    });
  }

  async start(handlers: SipTransportHandlers): Promise<ListeningAddress> {
    const bound = await this.#listener.start({
      onStream: (stream) => this.#accepted(stream),
      isFull: (handshakes) => this.#connections.size + this.#pending.size + handshakes >= this.#limits.connections,
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

  #accepted(stream: AcceptedStream): void {
    const { clock } = this.#options;
    const { socket } = stream;
    const timer = clock.setTimeout(() => socket.destroy(), this.#limits.handshakeMs);
    this.#pending.set(socket, { stream, timer });
    socket.once('close', () => this.#noLongerPending(socket));
    this.#handshake.take(socket);
  }

  #noLongerPending(socket: unknown): AcceptedStream | undefined {
    const pending = this.#pending.get(socket);
    this.#options.clock.clearTimeout(pending?.timer);
    this.#pending.delete(socket);
    return pending?.stream;
  }

  #opened(socket: WebSocket, stream: unknown): void {
    const accepted = this.#noLongerPending(stream);
    if (accepted === undefined) socket.terminate();
    else this.#adopt(socket, accepted.remote, accepted.localAddress, undefined);
  }

  flowTo(wanted: SipRemote): SipFlow {
    const remote = checkedRemote(wanted);
    const { address } = remote;
    const serverName = wanted.serverName ?? address;
    const key = `${address} ${remote.port} ${serverName.toLowerCase()}`;
    const existing = this.#byRemote.get(key);
    if (existing?.usable) return existing;
    if (this.#closing !== undefined || this.#connections.size >= this.#limits.connections) {
      throw new ConnectorError('ERR_SIP_TRANSPORT', 'no WebSocket can be opened: too many, or closing');
    }
    const local = this.#state().localAddresses.find(address);
    return this.#adopt(this.#connect(remote, serverName), remote, local, key);
  }

  #connect({ address, port }: IpEndpoint, serverName: string): WebSocket {
    const host = `${serializeHost(address)}:${port}`;
    return new WebSocket(`${this.protocol}://${host}/`, SIP_SUBPROTOCOL, {
      perMessageDeflate: false,
      maxPayload: MAX_WS_MESSAGE_BYTES,
      headers: { Host: `${serializeHost(serverName)}:${port}` },
      ...(this.#tls !== undefined && clientTls(this.#tls, serverName)),
    });
  }

  #adopt(socket: WebSocket, remote: IpEndpoint, localAddress: string, key: string | undefined): WsConnection {
    const { handlers, local } = this.#state();
    const connection = new WsConnection({
      protocol: this.protocol,
      socket,
      remote,
      local: { address: localAddress, port: local.port },
      clock: this.#options.clock,
      limits: this.#limits,
      onMessage: (flow, message) => handlers.onMessage(flow, message),
      onClose: (closed, { early, error }) => {
        this.#connections.delete(closed);
        if (key !== undefined && this.#byRemote.get(key) === closed) this.#byRemote.delete(key);
        if (early) handlers.onHandshakeFailure?.('connecting', error);
      },
    });
    this.#connections.add(connection);
    if (key !== undefined) this.#byRemote.set(key, connection);
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
    const listener = this.#listener.close();
    for (const { stream } of [...this.#pending.values()]) stream.socket.destroy();
    await Promise.all([listener, ...[...this.#connections].map((connection) => connection.end())]);
  }
}
