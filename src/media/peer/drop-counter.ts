import type { RtpDefect } from '../rtp/rtp-packet.js';
import type { SrtpDefect } from '../srtp/srtp-inbound.js';

const none = {
  'not-rtp': 0,
  csrc: 0,
  extension: 0,
  padding: 0,
  'srtp-auth': 0,
  'srtp-replay': 0,
  'srtp-lifetime': 0,
  rtcp: 0,
  direction: 0,
  source: 0,
  probation: 0,
  net: 0,
  'no-keys': 0,
  stun: 0,
  dtls: 0,
  'payload-type': 0,
  'payload-size': 0,
  sequence: 0,
  event: 0,
} as const satisfies Record<RtpDefect | SrtpDefect, 0> & Readonly<Record<string, 0>>;

/**
 * Why a packet was refused. `srtp-…`: not authentic, seen before, or beyond what its key may protect; `rtcp`: a malformed
 * one; `direction`: we receive nothing now; `source` and `probation`: the latching rule; `net`: from outside the nets of the
 * call; `no-keys`: before DTLS has made the keys; `stun`: neither an authentic check nor a keepalive of the peer; `dtls`: DTLS
 * that nobody asked for, or from where ICE has found nobody; `sequence`: out of all order; `event`: a malformed telephone event.
 */
export type DropReason = keyof typeof none;

/** Counts refused packets by reason. */
export class DropCounter {
  readonly #counts: Record<DropReason, number> = { ...none };

  add(reason: DropReason): void {
    this.#counts[reason] += 1;
  }

  /** A copy with the reasons that occurred. */
  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(Object.entries(this.#counts).filter(([, count]) => count > 0));
  }
}
