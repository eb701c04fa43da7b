import { assertUnreachable } from '../../base/assert.js';
import type { LegEnd, OfferReply } from '../port.js';
import { ALLOW, optionsHeaders, SDP_TYPE } from './capabilities.js';
import { AcceptedResponse } from './dialog/accepted-response.js';
import { cseqNumber, type Dialog } from './dialog/dialog.js';
import type { DialogOwner } from './dialog/dialog-table.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import { type Endpoint, oneLine, rejectionOf } from './endpoint.js';
import { readInfo } from './info-digit.js';
import { createResponse, type ResponseOptions } from './message/response-builder.js';
import type { SipRequest } from './message/sip-message.js';
import { readSessionBody, sdpOf } from './session-body.js';
import type { ServerTransaction } from './transaction/server-transaction.js';
import type { SipFlow } from './transport/sip-transport.js';

/** Un-ACKed 2xx one dialog may have at once; a peer that sends more re-INVITEs without ACK is put off. */
const MAX_UNACKNOWLEDGED = 8;

/** RFC 3261 section 14.2: a second INVITE is put off for a random time up to this, s. */
const MAX_RETRY_SECONDS = 10;

/** The leg above. Every callback runs while the message that caused it is handled, `onEnded` also from own methods. */
export interface CallDialogUser {
  /** The ACK of a 2xx of ours. */
  onAcked(sdp: string | undefined): void;
  /** A re-INVITE; `reply` answers it. */
  onOffer(sdp: string | undefined, reply: OfferReply): void;
  onDigit(digit: string, durationMs: number): void;
  /** The dialog is over for the user: BYE received or sent. Called at most once. */
  onEnded(end: LegEnd): void;
}

export interface CallDialogParts {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  readonly origin: FlowOrigin;
  /** Contact of ours in this dialog. */
  readonly contact: string;
  readonly user: CallDialogUser;
}

interface Unacknowledged {
  readonly response: AcceptedResponse;
  /** The 2xx carried an offer of ours, the ACK will bring the answer. */
  readonly offered: boolean;
  /** The 2xx of the INVITE that created the dialog. */
  readonly initial: boolean;
}

interface PendingOffer {
  readonly settle: (status: number, options?: ResponseOptions) => void;
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
  readonly #user: CallDialogUser;
  readonly #unacknowledged = new Map<number, Unacknowledged>();
  #phase: Phase;
  #pendingOffer: PendingOffer | undefined;
  /** BYE to be sent once the ACK is there; holds the Reason. */
  #heldBye: { readonly reason: string | undefined } | undefined;

  constructor(parts: CallDialogParts, phase: 'uas-pending' | 'uac-pending') {
    this.#endpoint = parts.endpoint;
    this.dialog = parts.dialog;
    this.#origin = parts.origin;
    this.#contact = parts.contact;
    this.#user = parts.user;
    this.#phase = phase;
    this.#endpoint.dialogs.add(this.dialog, this);
  }

  /** UAS: the INVITE that created the dialog was answered 2xx; repeats it until the ACK comes. */
  confirmByAcceptance(invite: ServerTransaction, offered: boolean): void {
    this.#phase = 'confirmed';
    this.#awaitAck(invite, offered, true);
  }

  /** UAC: a 2xx came, and its ACK has been sent. */
  confirmByResponse(): void {
    this.#phase = 'confirmed';
  }

  /** Sends BYE, or holds it back until the ACK of our first 2xx has come (RFC 3261 section 15). */
  hangUp(reason: string | undefined): void {
    if (this.#phase !== 'confirmed') return;
    const waiting = [...this.#unacknowledged.values()].some(({ initial }) => initial);
    if (waiting) this.#heldBye ??= { reason };
    else this.sendBye(reason, { by: 'local', status: 0, text: '' });
  }

  /** Sends BYE at once. The user hears of the end when it is on its way; only the transaction lives on. */
  sendBye(reason: string | undefined, end: LegEnd): void {
    if (this.#phase !== 'confirmed') return;
    this.#phase = 'ending';
    this.#quiet(487);
    const { request, nextHop } = this.dialog.createRequest('BYE');
    if (reason !== undefined) request.headers.append('Reason', oneLine(reason));
    this.#endpoint.findFlow(nextHop, this.#origin, (flow) => {
      try {
        if (flow === undefined) this.forget();
        else this.#sendBye(request, flow);
      } catch (error) {
        this.forget();
        throw error;
      }
    });
    this.#user.onEnded(end);
  }

  #sendBye(bye: SipRequest, flow: SipFlow): void {
    this.#endpoint.transactions.send(bye, flow, {
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
    const number = cseqNumber(ack);
    const waiting = number === undefined ? undefined : this.#unacknowledged.get(number);
    if (number === undefined || waiting === undefined) return;
    waiting.response.stop();
    this.#unacknowledged.delete(number);
    this.#user.onAcked(sdpOf(ack));
    const held = this.#heldBye;
    if (held !== undefined && waiting.initial) this.sendBye(held.reason, { by: 'local', status: 0, text: '' });
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (this.#phase === 'ending') {
      this.#respond(transaction, request.method === 'BYE' ? 200 : 481);
      return;
    }
    if (!this.dialog.acceptCSeq(request)) {
      this.#respond(transaction, 500);
      return;
    }
    switch (request.method) {
      case 'BYE':
        this.#respond(transaction, 200);
        this.forget();
        this.#user.onEnded({ by: 'peer', status: 0, text: reasonText(request) });
        return;
      case 'INVITE':
        this.#receiveReinvite(transaction);
        return;
      case 'INFO':
        this.#receiveInfo(transaction);
        return;
      case 'OPTIONS':
        // Availability concerns new calls: a peer that checks on this one must not be told to give it up.
        this.#respond(transaction, 200, { headers: optionsHeaders });
        return;
      case 'REFER':
        this.#respond(transaction, 603);
        return;
      default:
        this.#respond(transaction, 405, { headers: [['Allow', ALLOW]] });
    }
  }

  #receiveInfo(transaction: ServerTransaction): void {
    const meaning = readInfo(transaction.request);
    switch (meaning.type) {
      case 'nothing':
        this.#respond(transaction, 200);
        return;
      case 'digit':
        this.#respond(transaction, 200);
        this.#user.onDigit(meaning.digit, meaning.durationMs);
        return;
      case 'refused':
        this.#respond(transaction, meaning.refusal.status, { headers: meaning.refusal.headers });
        return;
      default:
        assertUnreachable(meaning);
    }
  }

  /** RFC 3261 section 14.2, RFC 5407 section 3.1.4. */
  #receiveReinvite(transaction: ServerTransaction): void {
    if (this.#phase === 'uac-pending' || [...this.#unacknowledged.values()].some(({ offered }) => offered)) {
      this.#respond(transaction, 491);
      return;
    }
    if (
      this.#phase === 'uas-pending' ||
      this.#pendingOffer !== undefined ||
      this.#unacknowledged.size >= MAX_UNACKNOWLEDGED
    ) {
      const seconds = this.#endpoint.random.integer(MAX_RETRY_SECONDS + 1);
      this.#respond(transaction, 500, { headers: [['Retry-After', String(seconds)]] });
      return;
    }
    const body = readSessionBody(transaction.request);
    if (body.type === 'refused') {
      this.#respond(transaction, body.refusal.status, { headers: body.refusal.headers });
      return;
    }
    this.#offer(transaction, body.type === 'sdp' ? body.sdp : undefined);
  }

  #offer(transaction: ServerTransaction, sdp: string | undefined): void {
    const { clock } = this.#endpoint;
    let settled = false;
    const settle = (status: number, options?: ResponseOptions) => {
      if (settled) return;
      settled = true;
      clock.clearTimeout(timer);
      this.#pendingOffer = undefined;
      transaction.onCancel = undefined;
      this.#respond(transaction, status, options);
    };
    // One turn of the event loop, so that a listener that awaits something settled is still heard.
    const timer = clock.setTimeout(() => settle(500), 0);
    transaction.onCancel = () => settle(487);
    this.#pendingOffer = { settle };
    this.#user.onOffer(sdp, {
      accept: (answer) => {
        if (settled) return;
        this.dialog.refreshTarget(transaction.request);
        settle(200, { headers: this.acceptanceHeaders(), contentType: SDP_TYPE, body: answer });
        this.#awaitAck(transaction, sdp === undefined, false);
      },
      reject: (status, options) => settle(finalStatus(status), rejectionOf(options)),
    });
  }

  /** What every 2xx to an INVITE of this dialog says about us (RFC 3261 section 13.3.1.4). */
  acceptanceHeaders(): readonly (readonly [string, string])[] {
    return [
      ['Contact', this.#contact],
      ['Allow', ALLOW],
    ];
  }

  #awaitAck(invite: ServerTransaction, offered: boolean, initial: boolean): void {
    const number = cseqNumber(invite.request) ?? 0;
    const response = new AcceptedResponse({
      clock: this.#endpoint.clock,
      timers: this.#endpoint.timers,
      repeat: () => invite.repeatResponse(),
      onTimeout: () => {
        this.#unacknowledged.delete(number);
        const end: LegEnd = { by: this.#heldBye === undefined ? 'ack-timeout' : 'local', status: 0, text: '' };
        this.sendBye(this.#heldBye?.reason ?? 'SIP;cause=408;text="ack-timeout"', end);
      },
    });
    this.#unacknowledged.get(number)?.response.stop();
    this.#unacknowledged.set(number, { response, offered, initial });
  }

  /** Stops every timer and answers what is still open. */
  #quiet(status: number): void {
    this.#pendingOffer?.settle(status);
    for (const { response } of this.#unacknowledged.values()) response.stop();
    this.#unacknowledged.clear();
    this.#heldBye = undefined;
  }

  #respond(transaction: ServerTransaction, status: number, options?: ResponseOptions): void {
    transaction.respond(createResponse(transaction.request, status, { toTag: this.dialog.localTag, ...options }));
  }
}

/** A status that ends an INVITE without a session; anything else the connector asks for becomes 500. */
export function finalStatus(status: number): number {
  return Number.isInteger(status) && status >= 300 && status <= 699 ? status : 500;
}

/** Length of {@link LegEnd.text}, characters. */
const MAX_TEXT_LENGTH = 200;

/** The peer's Reason header field, bounded. */
export function reasonText(request: SipRequest): string {
  return (request.headers.get('Reason') ?? '').slice(0, MAX_TEXT_LENGTH);
}
