import type { InboundLeg, SipLeg } from '../signaling/port.js';

/** A call of ours that has not begun: nothing is sent before {@link dial}, and hanging up before it just ends the leg. */
export interface UndialledLeg extends SipLeg {
  readonly direction: 'outbound';
  /** Sends the INVITE. @param describe makes the offer, given the local address towards the peer */
  dial(describe: (localAddress: string) => string): void;
}

/** What a call runs over. */
export type CallLeg = InboundLeg | UndialledLeg;
