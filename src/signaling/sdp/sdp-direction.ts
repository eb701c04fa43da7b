import type { SdpDirection } from './sdp-parse.js';

/** Packet lengths that the media plane can send, ms. */
const packetTime = { minMs: 10, maxMs: 60, stepMs: 10 } as const;

/** Our direction, from what the peer does and what we want (RFC 3264 section 6.1). */
export function intersectDirections(peer: SdpDirection, ours: SdpDirection): SdpDirection {
  return directionOf(sends(ours) && receives(peer), receives(ours) && sends(peer));
}

/** The direction of a peer that must not be sent to. */
export function withoutReceiving(direction: SdpDirection): SdpDirection {
  return directionOf(sends(direction), false);
}

function sends(direction: SdpDirection): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

function receives(direction: SdpDirection): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

function directionOf(isSending: boolean, isReceiving: boolean): SdpDirection {
  if (isSending) return isReceiving ? 'sendrecv' : 'sendonly';
  return isReceiving ? 'recvonly' : 'inactive';
}

/** What the receiver asks for (RFC 8866 section 6.4), as far as whole 10 ms steps between 10 and 60 ms allow. */
export function clampPacketTime(askedMs: number, longestMs: number | undefined): number {
  const limitMs = Math.min(askedMs, longestMs ?? packetTime.maxMs, packetTime.maxMs);
  return Math.max(Math.floor(limitMs / packetTime.stepMs) * packetTime.stepMs, packetTime.minMs);
}
