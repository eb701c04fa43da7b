import type { LegEnd, OfferReply, Referral } from '../port.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

/**
 * The leg above, told whose dialog it is. Every callback runs while the message that caused it is handled, `onEnded` also
 * from own methods.
 */
export interface DialogUser<CallDialog> {
  /** The ACK of a 2xx of ours. */
  onAcked(call: CallDialog, sdp: string | undefined): void;
  /** A re-INVITE; `reply` answers it. */
  onOffer(call: CallDialog, sdp: string | undefined, reply: OfferReply): void;
  onDigit(call: CallDialog, digit: string, durationMs: number): void;
  /** News of a transfer of ours; also in a turn of its own, where the REFER could not be sent. */
  onTransfer(call: CallDialog, status: number, final: boolean): void;
  /** The answer to an offer of ours; likewise. */
  onReoffered(call: CallDialog, status: number, sdp: string | undefined): void;
  /** UAS: a PRACK, to be answered. */
  onPrack?(prack: ServerTransaction): void;
  /** Somebody asks to take the peer's place in this established call (RFC 3891); to be answered. */
  onReplace(transaction: ServerTransaction, sdp: string | undefined): void;
  /** A REFER of the peer; where this is absent it is declined. */
  readonly onRefer?: ((referral: Referral) => void) | undefined;
  /** The dialog is over for the user: BYE received or sent. Called at most once. */
  onEnded(call: CallDialog, end: LegEnd): void;
}
