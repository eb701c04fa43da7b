import { ALLOW, optionsHeaders, supportedField } from '../capabilities.js';
import { DialogCommands } from '../dialog-commands.js';
import type { DialogId } from '../dialog-id.js';
import { receiveInfo } from '../info-digit.js';
import { InfoSender } from '../info-sender.js';
import { reasonText } from '../leg-end.js';
import { createResponse, type ResponseOptions } from '../message/response-builder.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import type { HangUpOptions, LegEnd, OfferReply, Referral } from '../port.js';
import { oneLine } from '../rejection.js';
import type { Offer } from '../session/reoffers.js';
import { PeerReferral } from '../transfer/peer-referral.js';
import { Transfers } from '../transfer/transfers.js';
import { sendInDialog } from './authorized-send.js';
import type { Dialog } from './dialog/dialog.js';
import type { DialogOwner } from './dialog/dialog-table.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import { DialogSession } from './dialog-session.js';
import type { Endpoint } from './endpoint.js';
import { EndpointChannel } from './endpoint-channel.js';
import type { ServerTransaction } from './transaction/server-transaction.js';
import type { SipFlow } from './transport/sip-transport.js';

/**
 * The leg above, told whose dialog it is. Every callback runs while the message that caused it is handled, `onEnded` also
 * from own methods.
 */
export interface CallDialogUser {
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
export class CallDialog extends DialogCommands implements DialogOwner {
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

  constructor(parts: CallDialogParts, phase: 'uas-pending' | 'uac-pending') {
    super();
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
      onReoffered: (status, sdp) => this.tellReoffered(status, sdp),
      onAckTimeout: () => this.endUnacknowledged(),
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

  protected get transfers(): Transfers {
    const { clock, limits, timers } = this.#endpoint;
    this.#transfers ??= new Transfers({
      channel: this.#channelOfOurs(),
      clock,
      firstNotifyMs: 64 * timers.t1Ms,
      resultMs: limits.transferTimeoutMs,
      localUri: () => this.dialog.localUri,
      onTransfer: (status, final) => this.tellTransfer(status, final),
    });
    return this.#transfers;
  }

  protected get digits(): InfoSender {
    this.#digits ??= new InfoSender(this.#channelOfOurs(), (end) => this.sendBye({}, end));
    return this.#digits;
  }

  protected get identity(): DialogId {
    return this.dialog;
  }

  protected get confirmed(): boolean {
    return this.#phase === 'confirmed';
  }

  protected get awaitsFirstAck(): boolean {
    return this.#session.awaitsFirstAck;
  }

  protected sendOffer(offer: Offer): void {
    this.#session.reoffer(offer);
  }

  protected tellTransfer(status: number, final: boolean): void {
    this.#user.onTransfer(this, status, final);
  }

  protected tellReoffered(status: number, sdp: string | undefined): void {
    this.#user.onReoffered(this, status, sdp);
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

  /** Sends BYE at once. The user hears of the end when it is on its way; only the transaction lives on. */
  sendBye({ reason, headers }: HangUpOptions, end: LegEnd): void {
    if (this.#phase !== 'confirmed') return;
    this.#phase = 'ending';
    this.#quiet(487);
    const { request, nextHop } = this.dialog.createRequest('BYE');
    if (reason !== undefined) request.headers.append('Reason', oneLine(reason));
    for (const [name, value] of [...this.#endpoint.requestFields, ...(headers ?? [])])
      request.headers.append(name, value);
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
    if (!acknowledged.overtaken) this.#user.onAcked(this, acknowledged.sdp);
    if (acknowledged.initial) this.sendHeld();
    this.#session.proceed();
  }

  onReplaces(transaction: ServerTransaction, sdp: string | undefined, earlyOnly: boolean): void {
    // An INVITE of the peer's is no match (RFC 3891 section 3); one of ours that rings is not for others to pick up.
    const idle = this.#session.idle && this.#transfers?.underWay !== true;
    const status = this.#phase === 'uas-pending' ? 481 : this.refusalOfReplacement(earlyOnly, idle);
    if (status === undefined) this.#user.onReplace(transaction, sdp);
    else this.#endpoint.respond(transaction, status);
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
        receiveInfo(
          request,
          (status, headers = []) => this.respond(transaction, status, { headers }),
          (digit, durationMs) => this.#user.onDigit(this, digit, durationMs),
        );
        return;
      case 'OPTIONS':
        // Availability concerns new calls: a peer that checks on this one must not be told to give it up.
        this.respond(transaction, 200, { headers: optionsHeaders(this.#endpoint.supported) });
        return;
      case 'REFER':
        this.#receiveRefer(transaction);
        return;
      case 'NOTIFY':
        this.transfers.onNotify(request, (status, headers = []) => {
          if (status < 300) this.dialog.refreshTarget(request);
          this.respond(transaction, status, { headers });
        });
        return;
      default:
        this.respond(transaction, 405, { headers: [['Allow', ALLOW]] });
    }
  }

  #receiveRefer(transaction: ServerTransaction): void {
    PeerReferral.receive(transaction.request, this.#user.onRefer, {
      channel: this.#channelOfOurs(),
      respond: (status) => {
        const accepted = status < 300;
        if (accepted) this.dialog.refreshTarget(transaction.request);
        this.respond(transaction, status, { headers: accepted ? [['Contact', this.#contact]] : [] });
      },
      isAlive: () => this.confirmed,
      onFault: (error) => this.#endpoint.fault(error),
    });
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
    this.dropHeld();
  }

  /** Answers a request of the peer in this dialog. */
  respond(transaction: ServerTransaction, status: number, options?: ResponseOptions): void {
    transaction.respond(createResponse(transaction.request, status, { toTag: this.dialog.localTag, ...options }));
  }
}
