import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Clock } from '../../../base/clock.js';
import { ConnectorError, errorMessage } from '../../../base/connector-error.js';
import { checkBindAddress, checkedRemote, type IpEndpoint, lookupNothing } from '../../ip-literal.js';
import { createLocalAddressFinder, type LocalAddressFinder } from '../../local-address.js';
import { messageLimits } from '../../message/limits.js';
import type { ListeningAddress } from '../../port.js';
import { ErrorListeners } from './error-listeners.js';
import { PacedReading } from './paced-reading.js';
import type { SipFlow, SipTransport, SipTransportHandlers } from './sip-transport.js';
import { stunAnswer } from './stun-binding.js';

export interface UdpTransportOptions {
  /** IP literal to bind; a wildcard takes its own family only, so `0.0.0.0` and `::` can stand side by side. */
  readonly address: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
  readonly clock: Clock;
  /** Peers to listen to, by IP literal. Others get no answer at all. Everybody when absent. */
  readonly accept?: (address: string) => boolean;
}

/** STUN messages begin with a byte below this. */
const STUN_FIRST_BYTES = 0x04;

/** What we ask the kernel to hold while this process is busy; Linux caps it at `net.core.rmem_max`. */
const RECEIVE_BUFFER_BYTES = 1 << 20;

/**
 * SIP over UDP (RFC 3261 section 18). Flows are made on demand and hold nothing but their remote address: a million
 * sources cost no memory. Two flows to one peer are different objects; compare `remote`.
 *
 * The socket is not connected, so an ICMP "unreachable" never arrives: `onError` reports what the kernel refuses to
 * send, and the transaction timers find out the rest.
 */
export function createUdpTransport(options: UdpTransportOptions): SipTransport {
  return new UdpTransport(options);
}

interface Datagram {
  readonly message: Buffer;
  readonly source: RemoteInfo;
}

class UdpTransport implements SipTransport {
  readonly protocol = 'udp';
  readonly #options: UdpTransportOptions;
  readonly #socket: Socket;
  readonly #accept: (address: string) => boolean;
  #bound: { readonly port: number; readonly localAddresses: LocalAddressFinder } | undefined;
  #reading: PacedReading<Datagram> | undefined;
  #closed = false;
  /** One for all flows, of which every call has one. */
  readonly #sender: UdpSender = {
    local: (remote) => this.#localFor(remote),
    closed: () => this.#closed,
    send: (message, remote, onError) => this.#send(message, remote, onError),
  };

  constructor(options: UdpTransportOptions) {
    this.#options = options;
    this.#accept = options.accept ?? (() => true);
    this.#socket = createSocket({
      type: isIPv6(options.address) ? 'udp6' : 'udp4',
      ipv6Only: isIPv6(options.address),
      recvBufferSize: RECEIVE_BUFFER_BYTES,
      lookup: lookupNothing,
    });
  }

  async start(handlers: SipTransportHandlers): Promise<ListeningAddress> {
    const { address, port, clock } = this.#options;
    checkBindAddress(address);
    const socket = this.#socket;
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error): void =>
        reject(
          new ConnectorError('ERR_LISTEN', `udp ${address} port ${port}: ${errorMessage(error)}`, { cause: error }),
        );
      socket.once('error', fail);
      socket.bind({ address, port, exclusive: true }, () => {
        socket.off('error', fail);
        resolve();
      });
    });
    const bound = socket.address();
    this.#bound = { port: bound.port, localAddresses: createLocalAddressFinder(bound.address, clock) };
    socket.on('error', (error) => handlers.onFailure(error));
    const reading = new PacedReading<Datagram>({
      clock,
      handle: ({ message, source }) =>
        handlers.onMessage(this.#flow({ address: source.address, port: source.port }), message),
    });
    this.#reading = reading;
    socket.on('message', (message, source) => this.#receive(message, source, reading));
    return { protocol: 'udp', address: bound.address, port: bound.port };
  }

  #receive(message: Buffer, source: RemoteInfo, reading: PacedReading<Datagram>): void {
    // Port 0 can be forged but never answered.
    if (message.length < messageLimits.leastBytes || source.port === 0 || !this.#accept(source.address)) return;
    // No SIP message begins so; the two most significant bits are what tells STUN from it (RFC 5626 section 3.5.2).
    if ((message[0] ?? 0) < STUN_FIRST_BYTES) {
      const answer = stunAnswer(message, source);
      if (answer !== undefined) this.#socket.send(answer, source.port, source.address, () => {});
      return;
    }
    reading.take({ message, source });
  }

  flowTo(remote: IpEndpoint): SipFlow {
    return this.#flow(checkedRemote(remote));
  }

  #flow(remote: IpEndpoint): SipFlow {
    return new UdpFlow(remote, this.#sender);
  }

  #localFor(remote: IpEndpoint): IpEndpoint {
    const bound = this.#bound;
    if (bound === undefined) throw new ConnectorError('ERR_SIP_STATE', 'the UDP transport has not been started');
    return { address: bound.localAddresses.find(remote.address), port: bound.port };
  }

  #send(message: Uint8Array, remote: IpEndpoint, onError: (error: Error) => void): void {
    if (this.#closed) {
      onError(new ConnectorError('ERR_SIP_TRANSPORT', 'the UDP socket is closed'));
      return;
    }
    this.#socket.send(message, remote.port, remote.address, (error) => {
      if (error) onError(error);
    });
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    this.#reading?.close();
    return new Promise((resolve) => this.#socket.close(resolve));
  }
}

interface UdpSender {
  local(remote: IpEndpoint): IpEndpoint;
  closed(): boolean;
  send(message: Uint8Array, remote: IpEndpoint, onError: (error: Error) => void): void;
}

class UdpFlow implements SipFlow {
  readonly protocol = 'udp';
  readonly reliable = false;
  readonly remote: IpEndpoint;
  readonly #sender: UdpSender;
  readonly #listeners = new ErrorListeners();

  constructor(remote: IpEndpoint, sender: UdpSender) {
    this.remote = remote;
    this.#sender = sender;
  }

  /** Found when first asked for: most messages never need it. */
  get local(): IpEndpoint {
    return this.#sender.local(this.remote);
  }

  get closed(): boolean {
    return this.#sender.closed();
  }

  send(message: Uint8Array): void {
    this.#sender.send(message, this.remote, (error) => this.#listeners.emitLater(error));
  }

  onError(listener: (error: Error) => void): () => void {
    return this.#listeners.add(listener);
  }
}
