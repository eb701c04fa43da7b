import { assertUnreachable } from '../../base/assert.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { ALLOW, optionsHeaders, supportedField } from '../capabilities.js';
import type { DialogId } from '../dialog-id.js';
import { reasonText } from '../end-text.js';
import { readInfo } from '../info-digit.js';
import { checkDigit, InfoSender } from '../info-sender.js';
import { runGuarded } from '../leg-events.js';
import { createResponse, type ResponseOptions } from '../message/response-builder.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import { PeerReferral } from '../peer-referral.js';
import type { HangUpOptions, LegEnd, OfferReply, ReferRequest } from '../port.js';
import { checkReferRequest } from '../refer-request.js';
import { oneLine } from '../rejection.js';
import type { Offer } from '../reoffers.js';
import { Transfers } from '../transfers.js';
import { sendInDialog } from './authorized-send.js';
import type { DialogUser } from './call-dialog-user.js';
import type { Dialog } from './dialog/dialog.js';
import type { DialogOwner } from './dialog/dialog-table.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import { DialogSession } from './dialog-session.js';
import type { Endpoint } from './endpoint.js';
import { EndpointChannel } from './endpoint-channel.js';
import type { ServerTransaction } from './transaction/server-transaction.js';
import type { SipFlow } from './transport/sip-transport.js';

export type CallDialogUser = DialogUser<CallDialog>;

export interface CallDialogParts {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  readonly origin: FlowOrigin;
  /** Contact of ours in this dialog. */
  readonly contact: string;
  readonly user: CallDialogUser;
}

/**
 * - `uas-pending`, `uac-pending`: the INVITE that creates the dialog has no final response.
 * - `confirmed`: a 2xx was sent or received.
 * - `ending`: our BYE is on its way; kept for a BYE of the peer that crosses it (RFC 5407 section 3.1.5).
 * - `gone`: forgotten.
 */
type Phase = 'uas-pending' | 'uac-pending' | 'confirmed' | 'ending' | 'gone';

/** What happens inside one call's dialog: re-INVITE, INFO, OPTIONS, REFER, ACK and BYE, in both directions. */
export class CallDialog implements DialogOwner {
  readonly dialog: Dialog;
  readonly #endpoint: Endpoint;
  readonly #origin: FlowOrigin;
  readonly #contact: string;
  /** These are made when they are needed, which is in few calls. */
  #channel: EndpointChannel | undefined;
  #transfers: Transfers | undefined;
  #digits: InfoSender | undefined;
  readonly #user: CallDialogUser;
  readonly #session: DialogSession;
  #phase: Phase;
  /** BYE to be sent once the ACK is there; holds what it is to say. */
  #heldBye: HangUpOptions | undefined;
  /** REFER to be sent once the ACK is there. */
  #heldRefer: (() => void) | undefined;

  constructor(parts: CallDialogParts, phase: 'uas-pending' | 'uac-pending') {
    const { endpoint, dialog, origin, contact, user } = parts;
    this.#endpoint = endpoint;
    this.dialog = dialog;
    this.#origin = origin;
    this.#contact = contact;
    this.#user = user;
    this.#phase = phase;
    this.#session = new DialogSession({
      outbound: phase === 'uac-pending',
      channel: () => this.#channelOfOurs(),
      onOffer: (sdp, reply) => user.onOffer(this, sdp, reply),
      onReoffered: (status, sdp) => user.onReoffered(this, status, sdp),
      onAckTimeout: () => this.#onAckTimeout(),
      onDead: (end, reason) => this.sendBye(reason === undefined ? {} : { reason }, end),
      ownHeaders: () => this.contactHeaders(),
      ...{ endpoint, dialog, origin, contact },
    });
    this.#endpoint.dialogs.add(this.dialog, this);
  }

  #channelOfOurs(): EndpointChannel {
    this.#channel ??= new EndpointChannel({
      endpoint: this.#endpoint,
      dialog: this.dialog,
      origin: this.#origin,
      contact: this.#contact,
      sessionHeaders: () => this.#session.requestHeaders,
    });
    return this.#channel;
  }

  #transfersOfOurs(): Transfers {
    const { clock, limits, timers } = this.#endpoint;
    this.#transfers ??= new Transfers({
      channel: this.#channelOfOurs(),
      clock,
      firstNotifyMs: 64 * timers.t1Ms,
      resultMs: limits.transferTimeoutMs,
      localUri: () => this.dialog.localUri,
      onTransfer: (status, final) => this.#user.onTransfer(this, status, final),
    });
    return this.#transfers;
  }

  /** The first offer was answered by a reliable provisional response: `local` ours, `remote` the peer's. */
  noteEarlyAnswer(local: string, remote: string | undefined): void {
    this.#session.noteEarlyAnswer(local, remote);
  }

  /**
   * UAS: the INVITE that created the dialog was answered 2xx with `local`; repeats it until the ACK comes. `offered`: it
   * is an offer of ours.
   */
  confirmByAcceptance(invite: ServerTransaction, local: string, offered: boolean): void {
    this.#phase = 'confirmed';
    this.#session.confirmByAcceptance(invite, local, offered);
  }

  /** UAC: a 2xx to our INVITE came, and its ACK has been sent. */
  confirmByResponse(invite: SipRequest, response: SipResponse): void {
    this.#phase = 'confirmed';
    this.#session.confirmByResponse(invite, response);
  }

  /** Asks the user for an answer to an offer of the peer that came in a PRACK. */
  ask(sdp: string, reply: OfferReply): void {
    this.#session.ask(sdp, reply);
  }

  /**
   * Sends BYE, or holds it back until the ACK of our first 2xx has come (RFC 3261 section 15). Throws `ERR_SIP_STATE`
   * for header fields that may not be sent.
   */
  hangUp(options: HangUpOptions): void {
    checkHeaderFields(options.headers);
    if (this.#phase !== 'confirmed') return;
    if (this.#session.awaitsFirstAck) this.#heldBye ??= options;
    else this.sendBye(options, { by: 'local', status: 0, text: '' });
  }

  /**
   * Blind transfer; the REFER is held back until the ACK of our first 2xx has come. A dialog that is not confirmed, or
   * about to end, has the user hear of a 481. Throws `ERR_SIP_STATE` as {@link Transfers.begin} does.
   */
  refer(request: ReferRequest): void {
    if (!this.#usable) {
      checkReferRequest(request);
      queueMicrotask(() => this.#user.onTransfer(this, 481, true));
      return;
    }
    const send = this.#transfersOfOurs().begin(request);
    if (this.#session.awaitsFirstAck) this.#heldRefer = send;
    else send();
  }

  /** Re-INVITE with an offer of ours, as soon as RFC 3261 section 14.1 allows; 481 as with {@link refer}. */
  reoffer(offer: Offer): void {
    if (this.#usable) this.#session.reoffer(offer);
    else queueMicrotask(() => this.#user.onReoffered(this, 481, undefined));
  }

  /** A digit by INFO; throws `ERR_SIP_STATE` for what is none. Nothing is sent where {@link refer} would fail. */
  sendDigit(digit: string, durationMs: number): void {
    checkDigit(digit);
    if (!this.#usable) return;
    this.#digits ??= new InfoSender(this.#channelOfOurs());
    this.#digits.add(digit, durationMs, true);
  }

  /** The dialog by which a third party may take over this call (RFC 3891); `undefined` while there is none. */
  get replaceableDialog(): DialogId | undefined {
    return this.#usable ? this.dialog : undefined;
  }

  get #usable(): boolean {
    return this.#phase === 'confirmed' && this.#heldBye === undefined;
  }

  /** Sends BYE at once. The user hears of the end when it is on its way; only the transaction lives on. */
  sendBye({ reason, headers }: HangUpOptions, end: LegEnd): void {
    if (this.#phase !== 'confirmed') return;
    this.#phase = 'ending';
    this.#quiet(487);
    const { request, nextHop } = this.dialog.createRequest('BYE');
    if (reason !== undefined) request.headers.append('Reason', oneLine(reason));
    for (const [name, value] of headers ?? []) request.headers.append(name, value);
    this.#endpoint.findFlow(nextHop, this.#origin, (flow) => {
      try {
        if (flow === undefined) this.forget();
        else this.#sendBye(request, flow);
      } catch (error) {
        this.forget();
        throw error;
      }
    });
    this.#user.onEnded(this, end);
  }

  #sendBye(bye: SipRequest, flow: SipFlow): void {
    sendInDialog(this.#endpoint, this.dialog, bye, flow, {
      onResponse: ({ status }) => {
        if (status >= 200) this.forget();
      },
      onFailure: () => this.forget(),
    });
  }

  /** The dialog exists no longer: its requests get 481 from now on. Nothing is sent, the user is not told. */
  forget(): void {
    this.#phase = 'gone';
    this.#quiet(487);
    this.#endpoint.dialogs.remove(this.dialog);
  }

  onAck(ack: SipRequest): void {
    const acknowledged = this.#session.acknowledge(ack);
    if (acknowledged === undefined) return;
    this.#user.onAcked(this, acknowledged.sdp);
    if (acknowledged.initial) this.#sendHeld();
    this.#session.proceed();
  }

  #sendHeld(): void {
    const [bye, refer] = [this.#heldBye, this.#heldRefer];
    if (bye !== undefined) this.sendBye(bye, { by: 'local', status: 0, text: '' });
    else refer?.();
  }

  #onAckTimeout(): void {
    const end: LegEnd = { by: this.#heldBye === undefined ? 'ack-timeout' : 'local', status: 0, text: '' };
    this.sendBye(this.#heldBye ?? { reason: 'SIP;cause=408;text="ack-timeout"' }, end);
  }

  onReplaces(transaction: ServerTransaction, sdp: string | undefined, earlyOnly: boolean): void {
    const status = this.#refusalOfReplacement(earlyOnly);
    if (status === undefined) this.#user.onReplace(transaction, sdp);
    else this.#endpoint.respond(transaction, status);
  }

  /** RFC 3891 section 3. An INVITE of ours that rings is not for others to pick up, and one of the peer's is no match. */
  #refusalOfReplacement(earlyOnly: boolean): number | undefined {
    switch (this.#phase) {
      case 'uas-pending':
        return 481;
      case 'uac-pending':
      case 'ending':
      case 'gone':
        return 603;
      case 'confirmed':
        break;
      default:
        assertUnreachable(this.#phase);
    }
    if (this.#heldBye !== undefined) return 603;
    if (earlyOnly) return 486;
    // Whoever waits for the outcome of an offer or a transfer in this dialog would wait for ever.
    return this.#session.idle && this.#transfers?.underWay !== true && this.#heldRefer === undefined ? undefined : 491;
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (this.#phase === 'ending') {
      this.respond(transaction, request.method === 'BYE' ? 200 : 481);
      return;
    }
    if (!this.dialog.acceptCSeq(request)) {
      this.respond(transaction, 500);
      return;
    }
    switch (request.method) {
      case 'BYE':
        this.respond(transaction, 200);
        this.forget();
        this.#user.onEnded(this, { by: 'peer', status: 0, text: reasonText(request) });
        return;
      case 'INVITE':
        this.#session.receiveInvite(transaction, this.#phase === 'uac-pending' || this.#phase === 'uas-pending');
        return;
      case 'UPDATE':
        this.#session.receiveUpdate(transaction);
        return;
      case 'PRACK':
        if (this.#user.onPrack === undefined) this.respond(transaction, 481);
        else this.#user.onPrack(transaction);
        return;
      case 'INFO':
        this.#receiveInfo(transaction);
        return;
      case 'OPTIONS':
        // Availability concerns new calls: a peer that checks on this one must not be told to give it up.
        this.respond(transaction, 200, { headers: optionsHeaders(this.#endpoint.supported) });
        return;
      case 'REFER':
        this.#receiveRefer(transaction);
        return;
      case 'NOTIFY':
        this.#transfersOfOurs().onNotify(request, (status, headers = []) => {
          if (status < 300) this.dialog.refreshTarget(request);
          this.respond(transaction, status, { headers });
        });
        return;
      default:
        this.respond(transaction, 405, { headers: [['Allow', ALLOW]] });
    }
  }

  #receiveRefer(transaction: ServerTransaction): void {
    const { onRefer } = this.#user;
    if (onRefer === undefined || this.#phase !== 'confirmed') {
      this.respond(transaction, 603);
      return;
    }
    const referral = PeerReferral.of(transaction.request, {
      channel: this.#channelOfOurs(),
      respond: (status) => {
        const accepted = status < 300;
        if (accepted) this.dialog.refreshTarget(transaction.request);
        this.respond(transaction, status, { headers: accepted ? [['Contact', this.#contact]] : [] });
      },
      isAlive: () => this.#phase === 'confirmed',
    });
    if (referral === undefined) {
      this.respond(transaction, 400);
      return;
    }
    runGuarded(
      () => onRefer(referral),
      (error) => this.#endpoint.fault(error),
    );
    referral.reject();
  }

  #receiveInfo(transaction: ServerTransaction): void {
    const meaning = readInfo(transaction.request);
    switch (meaning.type) {
      case 'nothing':
        this.respond(transaction, 200);
        return;
      case 'digit':
        this.respond(transaction, 200);
        this.#user.onDigit(this, meaning.digit, meaning.durationMs);
        return;
      case 'refused':
        this.respond(transaction, meaning.refusal.status, { headers: meaning.refusal.headers });
        return;
      default:
        assertUnreachable(meaning);
    }
  }

  /** What every response above 100 to an INVITE of this dialog says about us (RFC 3261 section 13.3.1.4). */
  contactHeaders(): readonly HeaderField[] {
    return [['Contact', this.#contact], ['Allow', ALLOW], supportedField(this.#endpoint.supported)];
  }

  /** The same for the 2xx to the INVITE that creates the dialog, and what is agreed of the session's timer. */
  acceptanceHeaders(invite: SipRequest): readonly HeaderField[] {
    return this.#session.acceptanceHeaders(invite);
  }

  /** Stops every timer and answers what is still open. */
  #quiet(status: number): void {
    this.#session.close(status);
    this.#transfers?.close();
    this.#digits?.close();
    this.#channel?.close();
    this.#heldBye = undefined;
    this.#heldRefer = undefined;
  }

  /** Answers a request of the peer in this dialog. */
  respond(transaction: ServerTransaction, status: number, options?: ResponseOptions): void {
    transaction.respond(createResponse(transaction.request, status, { toTag: this.dialog.localTag, ...options }));
  }
}
