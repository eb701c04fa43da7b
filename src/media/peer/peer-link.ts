import type { DtlsParameters, StreamParameters } from '../engine.js';
import type { DatagramPair } from '../sockets/datagram-transport.js';
import { type RemoteAddress, usableRemote } from '../sockets/remote-address.js';
import { SrtpSession, type StreamKeys } from '../srtp/srtp-session.js';
import { Destination, type DestinationOptions } from './destination.js';
import type { DropReason } from './drop-counter.js';
import type { BeginKeyExchange } from './key-exchange.js';
import type { Latch } from './latch.js';
import { RtcpLink } from './rtcp-link.js';
import { SecureAssociation } from './secure-association.js';

export interface PeerLinkListener {
  /** The peer was found, has moved, or has agreed on keys. */
  onChanged(): void;
  /** Nothing will ever pass. */
  onFailed(message: string): void;
  /** What came was of no use. */
  onRefused(reason: DropReason): void;
}

export interface PeerLinkDeps {
  readonly latch: Latch;
  readonly port: Pick<DatagramPair, 'send' | 'sendRtcp'>;
  /** Absent: where keys were to come by DTLS, it fails. */
  readonly beginKeyExchange: BeginKeyExchange | undefined;
  readonly listener: PeerLinkListener;
}

/** A stream's way to its peer: where that is, by SDP or ICE, and what protects the packets, by SDP or DTLS. */
export class PeerLink {
  readonly destination: Destination;
  readonly srtp: SrtpSession;
  readonly #options: DestinationOptions;
  readonly #deps: PeerLinkDeps;
  #association: SecureAssociation | undefined;
  /** Where keys come by DTLS and RTCP does not share the port of RTP. */
  #rtcp: RtcpLink | undefined;

  constructor(options: DestinationOptions, deps: PeerLinkDeps) {
    this.#options = options;
    this.#deps = deps;
    this.destination = new Destination(deps.latch, options);
    this.srtp = new SrtpSession(deps.port);
  }

  /** What holds for packets that come, from now on. */
  listenTo(parameters: StreamParameters, nowMs: number): void {
    const { dtls, remote } = parameters;
    this.#association = dtls && this.#associate(dtls, nowMs);
    this.#association?.expect(usableRemote(remote, this.#options.family));
    this.#rtcp = dtls && parameters.rtcp?.mux !== true ? this.#rtcpLink(dtls, nowMs) : undefined;
    this.#rtcp?.expect(this.#rtcpRemoteOf(parameters));
    this.srtp.receiveWith(this.#keysOf(parameters));
    this.#deps.latch.expect(this.#remoteOf(parameters), nowMs);
  }

  /** What holds for packets that leave. */
  speakTo(parameters: StreamParameters): void {
    const moved = this.destination.aim(this.#remoteOf(parameters));
    this.destination.aimRtcp(parameters.rtcp);
    this.srtp.sendWith(this.#keysOf(parameters), moved);
  }

  /** What stands before the media: everything that comes to the port has to pass it. Absent: nothing does. Hot path. */
  get association(): SecureAssociation | undefined {
    return this.#association;
  }

  /** Whether reports leave. */
  get reports(): boolean {
    return this.srtp.ready && (this.#rtcp?.ready ?? true);
  }

  /** Sends a compound RTCP packet. */
  sendRtcp(packet: Uint8Array): void {
    const to = this.destination.rtcp;
    if (to === undefined) return;
    if (this.#rtcp !== undefined) this.#rtcp.send(packet, to);
    else this.srtp.sendRtcp(packet, to, this.destination.mux);
  }

  /** What came to the RTCP port, in the clear, or what is wrong with it; `undefined`: it was no RTCP, and is dealt with. */
  openRtcp(bytes: Uint8Array, from: RemoteAddress, nowMs: number): Uint8Array | DropReason | undefined {
    return this.#rtcp === undefined ? this.srtp.openRtcp(bytes) : this.#rtcp.open(bytes, from, nowMs);
  }

  /**
   * Whom RTCP is to be judged as: it may come from another network than RTP's, where the SDP says so (RFC 3605), or where a
   * second component, which has addresses of its own (RFC 8445 section 5.1.1.1), has been proven to be.
   */
  rtcpSource(from: RemoteAddress): RemoteAddress {
    const isPeer = this.#rtcp?.isPeer(from) ?? this.destination.saysRtcp(from.address);
    return isPeer ? (this.destination.rtp ?? from) : from;
  }

  /** To be called every few 10 ms. */
  tick(nowMs: number): void {
    this.#association?.tick(nowMs);
    this.#rtcp?.tick(nowMs);
  }

  /** What keys came from is over. @param farewell the peer is told */
  close(farewell: boolean): void {
    if (farewell) {
      this.#association?.close();
      this.#rtcp?.close();
    }
    this.#association = undefined;
    this.#rtcp = undefined;
  }

  /** The association that goes on with these parameters, or one that begins with them. */
  #associate(dtls: DtlsParameters, nowMs: number): SecureAssociation | undefined {
    if (this.#association?.goesOnWith(dtls)) return this.#association;
    const { beginKeyExchange: begin, latch, listener, port } = this.#deps;
    if (begin === undefined) {
      listener.onFailed('the media engine has no certificate for DTLS');
      return undefined;
    }
    const { family, admits } = this.#options;
    return new SecureAssociation(dtls, nowMs, {
      family,
      ...{ admits, begin, send: (datagram, to) => port.send(datagram, to) },
      listener: {
        onRemote: (remote, atMs) => {
          latch.expect(remote, atMs);
          this.destination.aim(remote);
          listener.onChanged();
        },
        onKeys: (keys) => {
          this.srtp.receiveWith(keys);
          this.srtp.sendWith(keys, true);
          listener.onChanged();
        },
        onFailed: (message) => listener.onFailed(message),
        onRefused: (reason) => listener.onRefused(reason),
      },
    });
  }

  /** The same for RTCP. Without a certificate the stream fails anyway. */
  #rtcpLink(dtls: DtlsParameters, nowMs: number): RtcpLink | undefined {
    if (this.#rtcp?.goesOnWith(dtls)) return this.#rtcp;
    const { beginKeyExchange: begin, listener, port } = this.#deps;
    if (begin === undefined) return undefined;
    const { family, admits } = this.#options;
    return new RtcpLink(dtls, nowMs, {
      listener: { onKeys: () => listener.onChanged(), onRefused: (reason) => listener.onRefused(reason) },
      ...{ family, admits, begin, port },
    });
  }

  #keysOf({ dtls, srtp }: StreamParameters): StreamKeys {
    return dtls === undefined ? srtp : (this.#association?.keys ?? 'awaited');
  }

  /** One port up, unless the SDP says another (RFC 3605). */
  #rtcpRemoteOf({ remote, rtcp }: StreamParameters): RemoteAddress | undefined {
    const above = remote && { address: remote.address, port: remote.port + 1 };
    return usableRemote(rtcp?.remote ?? above, this.#options.family);
  }

  #remoteOf({ dtls, remote }: StreamParameters): RemoteAddress | undefined {
    return dtls?.ice === undefined ? usableRemote(remote, this.#options.family) : this.#association?.remote;
  }
}
