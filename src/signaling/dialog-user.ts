import type { LegEnd, OfferReply, Referral } from './port.js';

/** Whoever talks in a dialog: the leg above. */
export interface DialogUser {
  /** The ACK of a 2xx of ours. */
  onAcked(sdp: string | undefined): void;
  /** A re-INVITE, or an UPDATE with an offer; `reply` answers it. */
  onOffer(sdp: string | undefined, reply: OfferReply): void;
  onDigit(digit: string, durationMs: number): void;
  /** News of a transfer of ours; also in a turn of its own, where the REFER could not be sent. */
  onTransfer(status: number, final: boolean): void;
  /** The answer to an offer of ours; likewise. */
  onReoffered(status: number, sdp: string | undefined): void;
  /** A REFER of the peer; where this is absent it is declined. */
  readonly onRefer?: ((referral: Referral) => void) | undefined;
  /** The dialog is over for the user. Called at most once. */
  onEnded(end: LegEnd): void;
}
