import type { RtcpParameters } from '../engine.js';
import { isSameRemote, type RemoteAddress, usableRemote } from '../sockets/remote-address.js';
import type { AdmitsAddress, Latch } from './latch.js';

export interface DestinationOptions {
  readonly family: 4 | 6;
  /** Whom packets are sent to, whatever the SDP says. Absent: everybody. */
  readonly admits?: AdmitsAddress | undefined;
}

/** Where the packets of a stream go: where the peer's come from, once that is known; where it says itself before. */
export class Destination {
  readonly #latch: Pick<Latch, 'source'>;
  readonly #options: DestinationOptions;
  #remote: RemoteAddress | undefined;
  /** The same, unless it lies outside the nets of the call: nothing is sent there. */
  #target: RemoteAddress | undefined;
  /** The last one that was one: a hold with 0.0.0.0 has none. */
  #lastRemote: RemoteAddress | undefined;
  /** Where the SDP wants RTCP, if it says so. */
  #rtcpRemote: RemoteAddress | undefined;
  #mux = false;

  constructor(latch: Pick<Latch, 'source'>, options: DestinationOptions) {
    this.#latch = latch;
    this.#options = options;
  }

  /**
   * The peer is there, says the SDP, or ICE.
   * @returns whether that is elsewhere than before
   */
  aim(remote: RemoteAddress | undefined): boolean {
    const moved = remote !== undefined && !isSameRemote(remote, this.#lastRemote);
    this.#lastRemote = remote ?? this.#lastRemote;
    this.#remote = remote;
    this.#target = this.#admitted(remote);
    return moved;
  }

  aimRtcp(rtcp: RtcpParameters | undefined): void {
    this.#rtcpRemote = this.#admitted(usableRemote(rtcp?.remote, this.#options.family));
    this.#mux = rtcp?.mux ?? false;
  }

  /** Where the SDP or ICE says, whether anything may be sent there or not. */
  get remote(): RemoteAddress | undefined {
    return this.#remote;
  }

  /** RTCP shares the port of RTP (RFC 5761). */
  get mux(): boolean {
    return this.#mux;
  }

  get rtp(): RemoteAddress | undefined {
    return this.#latch.source ?? this.#target;
  }

  /** RFC 3550 section 11: one port up. What the SDP says instead (RFC 3605) holds while RTP comes from where it says. */
  get rtcp(): RemoteAddress | undefined {
    const to = this.rtp;
    if (to === undefined || this.#mux) return to;
    if (this.#rtcpRemote !== undefined && isSameRemote(to, this.#remote)) return this.#rtcpRemote;
    return { address: to.address, port: Math.min(to.port + 1, 65_535) };
  }

  /** Whether the SDP says that RTCP is there. The port that it comes from cannot be known. */
  saysRtcp(address: string): boolean {
    return address === this.#rtcpRemote?.address;
  }

  #admitted(remote: RemoteAddress | undefined): RemoteAddress | undefined {
    const { admits } = this.#options;
    return remote === undefined || admits === undefined || admits(remote.address) ? remote : undefined;
  }
}
