import { checkHeaderFields } from '../base/header-fields.js';
import type { DialogId } from './dialog-id.js';
import { checkDigit, type InfoSender } from './info-sender.js';
import { ENDED_BY_US } from './leg-end.js';
import type { HangUpOptions, LegEnd, ReferRequest } from './port.js';
import type { Offer } from './session/reoffers.js';
import { checkReferRequest } from './transfer/refer-request.js';
import type { Transfers } from './transfer/transfers.js';

/** Reason (RFC 3326) of the BYE to a peer that has not acknowledged our 2xx. */
const ACK_TIMEOUT = 'SIP;cause=408;text="ack-timeout"';

/**
 * What the user of a call has done in its dialog, whoever keeps the dialog. BYE and REFER are held back until the ACK of
 * our first 2xx has come (RFC 3261 section 15).
 */
export abstract class DialogCommands {
  #heldBye: HangUpOptions | undefined;
  #heldRefer: (() => void) | undefined;

  /** How the dialog is called on the wire, once that is known. */
  protected abstract readonly identity: DialogId | undefined;
  /** A 2xx was sent or received, and no BYE. */
  protected abstract readonly confirmed: boolean;
  /** Our first 2xx has no ACK yet. */
  protected abstract readonly awaitsFirstAck: boolean;
  protected abstract readonly transfers: Transfers;
  protected abstract readonly digits: InfoSender;
  protected abstract sendOffer(offer: Offer): void;
  /** Sends BYE at once, if the call is confirmed, and tells the user of the end. */
  abstract sendBye(options: HangUpOptions, end: LegEnd): void;
  protected abstract tellTransfer(status: number, final: boolean): void;
  protected abstract tellReoffered(status: number, sdp: string | undefined): void;

  /** BYE, held back until the ACK. Throws `ERR_SIP_STATE` for header fields that may not be sent. */
  hangUp(options: HangUpOptions): void {
    checkHeaderFields(options.headers);
    if (!this.confirmed) return;
    if (this.awaitsFirstAck) this.#heldBye ??= options;
    else this.sendBye(options, ENDED_BY_US);
  }

  /** The driver closes: BYE at once, with what one that is held back was to say. */
  hangUpNow(): void {
    this.sendBye(this.#heldBye ?? {}, ENDED_BY_US);
  }

  /**
   * Transfer; the REFER is held back until the ACK. A dialog that is not confirmed, or about to end, has the user hear of
   * a 481. Throws `ERR_SIP_STATE` as {@link Transfers.begin} does.
   */
  refer(request: ReferRequest): void {
    if (!this.usable) {
      checkReferRequest(request);
      queueMicrotask(() => this.tellTransfer(481, true));
      return;
    }
    const send = this.transfers.begin(request);
    if (this.awaitsFirstAck) this.#heldRefer = send;
    else send();
  }

  /** Re-INVITE with an offer of ours, as soon as RFC 3261 section 14.1 allows; 481 as with {@link refer}. */
  reoffer(offer: Offer): void {
    if (this.usable) this.sendOffer(offer);
    else queueMicrotask(() => this.tellReoffered(481, undefined));
  }

  /** A digit by INFO; throws `ERR_SIP_STATE` for what is none. Nothing is sent where {@link refer} would fail. */
  sendDigit(digit: string, durationMs: number): void {
    checkDigit(digit);
    if (this.usable) this.digits.add(digit, durationMs);
  }

  /** The dialog by which a third party may take over this call (RFC 3891); `undefined` while there is none. */
  get replaceableDialog(): DialogId | undefined {
    return this.usable ? this.identity : undefined;
  }

  /** Confirmed, and nobody has asked for its end. */
  protected get usable(): boolean {
    return this.confirmed && this.#heldBye === undefined;
  }

  /** How the call ends whose first 2xx nobody acknowledges. */
  protected get unacknowledgedEnd(): LegEnd {
    return this.#heldBye === undefined ? { by: 'ack-timeout', status: 0, text: '' } : ENDED_BY_US;
  }

  /** No ACK came for 64*T1 (RFC 3261 section 13.3.1.4). */
  protected endUnacknowledged(): void {
    this.sendBye(this.#heldBye ?? { reason: ACK_TIMEOUT }, this.unacknowledgedEnd);
  }

  /** The ACK of our first 2xx has come. */
  protected sendHeld(): void {
    const [bye, refer] = [this.#heldBye, this.#heldRefer];
    this.dropHeld();
    if (bye !== undefined) this.sendBye(bye, ENDED_BY_US);
    else refer?.();
  }

  protected dropHeld(): void {
    this.#heldBye = undefined;
    this.#heldRefer = undefined;
  }

  /**
   * Why nobody may take the peer's place in this call (RFC 3891 section 3).
   * @param idle nobody waits for the outcome of an offer or a transfer of ours: they would wait for ever
   */
  protected refusalOfReplacement(earlyOnly: boolean, idle: boolean): number | undefined {
    if (!this.usable) return 603;
    if (earlyOnly) return 486;
    return idle && this.#heldRefer === undefined ? undefined : 491;
  }
}
