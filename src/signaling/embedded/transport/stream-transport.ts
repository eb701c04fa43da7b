import type { Clock } from '../../../base/clock.js';
import { ConnectorError } from '../../../base/connector-error.js';
import type { TlsMaterial } from '../../../base/tls-material.js';
import type { IpEndpoint } from '../../ip-literal.js';
import { createLocalAddressFinder, type LocalAddressFinder } from '../../local-address.js';
import type { ListeningAddress } from '../../port.js';
import type { SipTransportHandlers } from './sip-transport.js';
import {
  type AcceptedStream,
  StreamListener,
  type StreamListenerLimits,
  type StreamListenerOptions,
} from './stream-listener.js';
import type { TlsSettings } from './tls-policy.js';

export interface StreamTransportLimits extends StreamListenerLimits {
  /** Connections in all, ours included, and those that have not finished their handshake. */
  readonly connections: number;
}

export interface StreamTransportOptions {
  /** IP literal to bind; a wildcard takes its own family only, so `0.0.0.0` and `::` can stand side by side. */
  readonly address: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
  readonly clock: Clock;
  /** Peers to listen to, by IP literal; the connections of others are reset. Everybody when absent. */
  readonly accept?: (address: string) => boolean;
  /** TLS on every connection, in and out. */
  readonly tls?: TlsSettings;
}

/** What a transport knows once it is bound. */
interface Running {
  readonly handlers: SipTransportHandlers;
  readonly local: IpEndpoint;
  readonly localAddresses: LocalAddressFinder;
}

/** A listening socket and the connections over it, whatever is spoken on them. */
export abstract class StreamTransport<Protocol extends StreamListenerOptions['protocol'], Connection> {
  readonly protocol: Protocol;
  protected readonly connections = new Set<Connection>();
  /** Those that later requests find by the address and name of their peer. */
  protected readonly byRemote = new Map<string, Connection>();
  protected tls: TlsSettings | undefined;
  readonly #clock: Clock;
  readonly #limits: StreamTransportLimits;
  readonly #listener: StreamListener;
  #running: Running | undefined;
  #closing: Promise<void> | undefined;

  constructor(protocol: Protocol, options: StreamTransportOptions, limits: StreamTransportLimits) {
    const { address, port, clock, accept, tls } = options;
    this.protocol = protocol;
    this.tls = tls;
    this.#clock = clock;
    this.#limits = limits;
    this.#listener = new StreamListener({ protocol, address, port, clock, accept, tls, limits });
  }

  protected abstract onAccepted(stream: AcceptedStream): void;
  /** Ends what is open; the listener takes no more, and `listener` resolves when all it accepted are gone. */
  protected abstract shutDown(listener: Promise<void>): Promise<void>;

  /** Accepted, and no connection yet. */
  protected get waiting(): number {
    return 0;
  }

  async start(handlers: SipTransportHandlers): Promise<ListeningAddress> {
    const bound = await this.#listener.start({
      onStream: (stream) => this.onAccepted(stream),
      isFull: (handshakes) => this.connections.size + this.waiting + handshakes >= this.#limits.connections,
      onFailure: (error) => handlers.onFailure(error),
      onHandshakeFailure: (error) => handlers.onHandshakeFailure?.('accepting', error),
    });
    const local = { address: bound.address, port: bound.port };
    this.#running = { handlers, local, localAddresses: createLocalAddressFinder(bound.address, this.#clock) };
    return bound;
  }

  setTls(material: TlsMaterial): void {
    if (this.tls === undefined) return;
    this.tls = { ...this.tls, material };
    this.#listener.setTls(this.tls);
  }

  close(): Promise<void> {
    this.#closing ??= this.shutDown(this.#listener.close());
    return this.#closing;
  }

  /** Why no connection of ours can be made. */
  protected get refusal(): string | undefined {
    if (this.#closing !== undefined) return 'the transport is closed';
    return this.connections.size >= this.#limits.connections ? 'too many connections' : undefined;
  }

  protected get running(): Running {
    if (this.#running === undefined)
      throw new ConnectorError('ERR_SIP_STATE', `the ${this.protocol.toUpperCase()} transport has not been started`);
    return this.#running;
  }
}

/** With TLS a connection proves one name: another name at the same address gets a connection of its own. */
export function remoteKey({ address, port }: IpEndpoint, serverName: string | undefined): string {
  return `${address} ${port} ${serverName?.toLowerCase() ?? ''}`;
}
