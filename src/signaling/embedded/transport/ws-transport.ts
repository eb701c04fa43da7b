import { WebSocket } from 'ws';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { ConnectorError } from '../../../base/connector-error.js';
import { checkedRemote, type IpEndpoint } from '../../ip-literal.js';
import { serializeHost } from '../../message/host.js';
import type { SipFlow, SipRemote, SipTransport } from './sip-transport.js';
import { type AcceptedStream, streamListenerDefaults } from './stream-listener.js';
import {
  remoteKey,
  StreamTransport,
  type StreamTransportLimits,
  type StreamTransportOptions,
} from './stream-transport.js';
import { clientTls } from './tls-policy.js';
import { WsConnection, type WsConnectionLimits } from './ws-connection.js';
import { MAX_WS_MESSAGE_BYTES, SIP_SUBPROTOCOL, WsHandshake } from './ws-handshake.js';

export interface WsTransportLimits extends WsConnectionLimits, StreamTransportLimits {}

export const wsTransportDefaults = {
  ...streamListenerDefaults,
  connections: 2_048,
  connectMs: 10_000,
  firstMessageMs: 30_000,
  pingMs: 30_000,
  unsentBytes: 1 << 20,
  closeMs: 500,
} as const satisfies WsTransportLimits;

export interface WsTransportOptions extends StreamTransportOptions {
  /** Origins of the pages whose browsers may connect, such as `https://phone.example.com`; `*` for all. */
  readonly origins: readonly string[];
  readonly limits?: Partial<WsTransportLimits>;
}

/**
 * SIP over WebSocket (RFC 7118). Browsers connect to us and are reached over their own connection alone; connections of
 * our own are for servers that were dialled.
 */
export function createWsTransport(options: WsTransportOptions): SipTransport {
  return new WsTransport(options);
}

class WsTransport extends StreamTransport<'ws' | 'wss', WsConnection> implements SipTransport {
  readonly #clock: Clock;
  readonly #limits: WsTransportLimits;
  readonly #handshake: WsHandshake;
  /** Accepted, with the HTTP request still to come. */
  readonly #pending = new Map<unknown, { readonly stream: AcceptedStream; readonly timer: TimerHandle }>();

  constructor(options: WsTransportOptions) {
    const limits = { ...wsTransportDefaults, ...options.limits };
    super(options.tls === undefined ? 'ws' : 'wss', options, limits);
    this.#clock = options.clock;
    this.#limits = limits;
    this.#handshake = new WsHandshake(options.origins, {
      onOpen: (socket, stream) => this.#opened(socket, stream),
      onRefused: (status) =>
        this.running.handlers.onHandshakeFailure?.('accepting', new Error(`WebSocket refused with ${status}`)),
    });
  }

  protected override get waiting(): number {
    return this.#pending.size;
  }

  protected onAccepted(stream: AcceptedStream): void {
    const { socket } = stream;
    const timer = this.#clock.setTimeout(() => socket.destroy(), this.#limits.handshakeMs);
    this.#pending.set(socket, { stream, timer });
    socket.once('close', () => this.#noLongerPending(socket));
    this.#handshake.take(socket);
  }

  #noLongerPending(socket: unknown): AcceptedStream | undefined {
    const pending = this.#pending.get(socket);
    this.#clock.clearTimeout(pending?.timer);
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
    const key = remoteKey(remote, serverName);
    const existing = this.byRemote.get(key);
    if (existing?.usable) return existing;
    if (this.refusal !== undefined)
      throw new ConnectorError('ERR_SIP_TRANSPORT', `no WebSocket is opened: ${this.refusal}`);
    const local = this.running.localAddresses.find(address);
    return this.#adopt(this.#connect(remote, serverName), remote, local, key);
  }

  #connect({ address, port }: IpEndpoint, serverName: string): WebSocket {
    const host = `${serializeHost(address)}:${port}`;
    return new WebSocket(`${this.protocol}://${host}/`, SIP_SUBPROTOCOL, {
      perMessageDeflate: false,
      maxPayload: MAX_WS_MESSAGE_BYTES,
      headers: { Host: `${serializeHost(serverName)}:${port}` },
      ...(this.tls !== undefined && clientTls(this.tls, serverName)),
    });
  }

  #adopt(socket: WebSocket, remote: IpEndpoint, localAddress: string, key: string | undefined): WsConnection {
    const { handlers, local } = this.running;
    const connection = new WsConnection({
      protocol: this.protocol,
      socket,
      remote,
      local: { address: localAddress, port: local.port },
      clock: this.#clock,
      limits: this.#limits,
      onMessage: (flow, message) => handlers.onMessage(flow, message),
      onClose: (closed, { early, error }) => {
        this.connections.delete(closed);
        if (key !== undefined && this.byRemote.get(key) === closed) this.byRemote.delete(key);
        if (early) handlers.onHandshakeFailure?.('connecting', error);
      },
    });
    this.connections.add(connection);
    if (key !== undefined) this.byRemote.set(key, connection);
    return connection;
  }

  protected async shutDown(listener: Promise<void>): Promise<void> {
    for (const { stream } of [...this.#pending.values()]) stream.socket.destroy();
    await Promise.all([listener, ...[...this.connections].map((connection) => connection.end())]);
  }
}
