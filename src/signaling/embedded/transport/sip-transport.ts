import type { TlsMaterial } from '../../../base/tls-material.js';
import type { ListeningAddress, SipProtocol } from '../../port.js';

/** A path to one peer: a remote address on a UDP socket, or one TCP, TLS or WebSocket connection. */
export interface SipFlow {
  readonly protocol: SipProtocol;
  /** True where the transport retransmits by itself (RFC 3261 section 17: timers A, E, G rest). */
  readonly reliable: boolean;
  readonly remote: { readonly address: string; readonly port: number };
  /**
   * The concrete local address packets leave from, never a wildcard, without IPv6 zone; the port is the listening one,
   * fit for Via and Contact, also on a TCP connection that we opened.
   */
  readonly local: { readonly address: string; readonly port: number };
  readonly closed: boolean;
  /**
   * Sends one whole message, or a keep-alive (`KEEP_ALIVE_PING`). Never throws; failures go to `onError` listeners,
   * asynchronously.
   */
  send(message: Uint8Array): void;
  /** The peer cannot be reached over this flow (ICMP error, TCP close). Returns a function that unsubscribes. */
  onError(listener: (error: Error) => void): () => void;
}

/** The peer at the end of a flow, however often it comes back. */
export function peerKey({ protocol, remote }: SipFlow): string {
  return `${protocol} ${remote.address} ${remote.port}`;
}

export interface SipTransportHandlers {
  /**
   * One whole message: a datagram (keep-alives are gone), or one frame of a stream. A datagram whose body is shorter
   * than Content-Length is passed on as it is; so is the head of a frame whose end cannot be told. `parseMessage`
   * finds what is wrong with them, and the answer must be sent before the handler's event-loop turn ends plus 250 ms:
   * that stream is closed then. Must not throw: the exception would be an uncaught one.
   */
  onMessage(flow: SipFlow, message: Buffer): void;
  /** The listening socket itself failed after it had been bound. */
  onFailure(error: Error): void;
  /** A TLS or WebSocket handshake came to nothing. `accepting`: the peer's; else one of ours. */
  onHandshakeFailure?(side: 'accepting' | 'connecting', error: Error): void;
}

/** A peer to be reached. */
export interface SipRemote {
  /** A unicast IP literal, never a name (Node would do a DNS look-up). */
  readonly address: string;
  /** 1 to 65535. */
  readonly port: number;
  /** TLS: whom the peer's certificate must name (RFC 5922); the address when absent. */
  readonly serverName?: string | undefined;
  /** How long a new connection may take, where that is less than usual, ms. */
  readonly connectMs?: number;
}

/** One listening socket and the flows over it. */
export interface SipTransport {
  readonly protocol: SipProtocol;
  /** Binds. Throws `ERR_LISTEN`. */
  start(handlers: SipTransportHandlers): Promise<ListeningAddress>;
  /**
   * A flow to that peer: existing or new. Throws `ERR_SIP_MESSAGE` for an address or port that is not as
   * {@link SipRemote} says, and `ERR_SIP_TRANSPORT` where no WebSocket may be opened.
   */
  flowTo(remote: SipRemote): SipFlow;
  /** Certificates for the connections to come, where the transport has any. */
  setTls?(material: TlsMaterial): void;
  close(): Promise<void>;
}
