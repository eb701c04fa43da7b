import type { DtlsParameters } from '../engine.js';
import type { DatagramPair } from '../sockets/datagram-transport.js';
import type { RemoteAddress } from '../sockets/remote-address.js';
import { SrtpSession } from '../srtp/srtp-session.js';
import type { DropReason } from './drop-counter.js';
import { SecureAssociation, type SecureAssociationDeps, type SecureAssociationListener } from './secure-association.js';

export interface RtcpLinkDeps extends Omit<SecureAssociationDeps, 'send' | 'listener'> {
  readonly port: Pick<DatagramPair, 'send' | 'sendRtcp'>;
  readonly listener: Pick<SecureAssociationListener, 'onRefused'> & {
    /** Reports may pass from now on. */
    onKeys(): void;
  };
}

/**
 * RTCP's own way to a peer that does not mux (RFC 5761): a second component, on the ports above those of RTP, with checks, a
 * handshake and keys of its own (RFC 5764 section 4.1, RFC 8445). Where that handshake fails there are no reports, and the call goes on.
 */
export class RtcpLink {
  readonly #association: SecureAssociation;
  readonly #srtp: SrtpSession;

  constructor(dtls: DtlsParameters, nowMs: number, deps: RtcpLinkDeps) {
    const { family, admits, begin, port, listener } = deps;
    this.#srtp = new SrtpSession(port);
    this.#srtp.receiveWith('awaited');
    this.#association = new SecureAssociation(dtls, nowMs, {
      family,
      ...{ admits, begin, send: (datagram, to) => port.sendRtcp(datagram, to) },
      listener: {
        onRemote: () => {},
        onKeys: (keys) => {
          this.#srtp.receiveWith(keys);
          this.#srtp.sendWith(keys, true);
          listener.onKeys();
        },
        onFailed: () => {},
        onRefused: (reason) => listener.onRefused(reason),
      },
    });
  }

  /** As {@link SecureAssociation.goesOnWith}. */
  goesOnWith(dtls: DtlsParameters): boolean {
    return this.#association.goesOnWith(dtls);
  }

  /** Without ICE the peer's RTCP is where its SDP says. */
  expect(remote: RemoteAddress | undefined): void {
    this.#association.expect(remote);
  }

  /** Whether the peer's RTCP comes from there, whatever address its RTP has. */
  isPeer(from: RemoteAddress): boolean {
    return this.#association.isPeer(from);
  }

  /** Whether reports leave. */
  get ready(): boolean {
    return this.#srtp.ready;
  }

  /** What came to the RTCP port, in the clear, or what is wrong with it; `undefined`: it was no RTCP, and is dealt with. */
  open(bytes: Uint8Array, from: RemoteAddress, nowMs: number): Uint8Array | DropReason | undefined {
    return this.#association.isMedia(bytes, from, nowMs, 0, bytes.length) ? this.#srtp.openRtcp(bytes) : undefined;
  }

  /** @param to where there is no ICE that has found it */
  send(packet: Uint8Array, to: RemoteAddress): void {
    this.#srtp.sendRtcp(packet, this.#association.remote ?? to, false);
  }

  tick(nowMs: number): void {
    this.#association.tick(nowMs);
  }

  /** Tells the peer that nothing more will come. */
  close(): void {
    this.#association.close();
  }
}
