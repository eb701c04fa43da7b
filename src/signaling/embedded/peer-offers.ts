import { SDP_TYPE } from '../capabilities.js';
import { cseqNumber } from '../message/cseq.js';
import { createResponse, type ResponseOptions } from '../message/response-builder.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipRequest } from '../message/sip-message.js';
import type { OfferReply } from '../port.js';
import type { Refusal } from '../refusal.js';
import { retryAfterSoon } from '../retry-after.js';
import { type Acknowledgement, MAX_UNACKNOWLEDGED } from '../session/acknowledgement.js';
import type { OfferQuestion } from '../session/offer-question.js';
import { readSessionBody, sdpOf } from '../session/session-body.js';
import { questionIn } from './cancellable-question.js';
import { AcceptedResponse } from './dialog/accepted-response.js';
import type { Dialog } from './dialog/dialog.js';
import type { Endpoint } from './endpoint.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

interface Unacknowledged {
  /** CSeq number of the INVITE. */
  readonly number: number;
  readonly response: AcceptedResponse;
  /** The 2xx carried an offer of ours, the ACK will bring the answer. */
  readonly offered: boolean;
  /** The 2xx of the INVITE that created the dialog. */
  readonly initial: boolean;
}

export interface PeerOffersParts {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  /** Why the session may not be refreshed as asked. */
  readonly refusalOf: (request: SipRequest) => Refusal | undefined;
  /** What the 2xx says about us and the session. */
  readonly acceptanceHeaders: (request: SipRequest) => readonly HeaderField[];
  readonly onOffer: (sdp: string | undefined, reply: OfferReply) => void;
  /** No ACK for 64*T1. */
  readonly onAckTimeout: () => void;
  /** An INVITE of the peer is no longer open. */
  readonly onClosed: () => void;
}

/** The INVITEs of the peer in one dialog: our answers, and the ACKs they wait for. */
export class PeerOffers {
  readonly #parts: PeerOffersParts;
  #unacknowledged: readonly Unacknowledged[] = [];
  /** Refused ones whose ACK has not come. */
  #refused: Set<ServerTransaction> | undefined;
  #pending: OfferQuestion | undefined;

  constructor(parts: PeerOffersParts) {
    this.#parts = parts;
  }

  /** No INVITE of the peer is open (RFC 3261 section 14.1). */
  get clear(): boolean {
    return this.#pending === undefined && this.#unacknowledged.length === 0 && (this.#refused?.size ?? 0) === 0;
  }

  /** The 2xx of the INVITE that created the dialog has no ACK yet. */
  get awaitsFirstAck(): boolean {
    return this.#unacknowledged.some(({ initial }) => initial);
  }

  /** A re-INVITE is unanswered. */
  get pending(): boolean {
    return this.#pending !== undefined;
  }

  /** A 2xx of ours carried an offer whose answer the ACK will bring. */
  get awaitsAnswer(): boolean {
    return this.#unacknowledged.some(({ offered }) => offered);
  }

  /**
   * Takes a re-INVITE (RFC 3261 section 14.2, RFC 5407 section 3.1.4).
   *
   * @param crossing An INVITE of ours has no final response: 491.
   * @param early The INVITE that created the dialog, or an UPDATE, has none: 500.
   */
  receive(transaction: ServerTransaction, crossing: boolean, early: boolean): void {
    if (crossing || this.awaitsAnswer) {
      this.#refuse(transaction, 491);
      return;
    }
    if (early || this.#pending !== undefined || this.#unacknowledged.length >= MAX_UNACKNOWLEDGED) {
      this.#refuse(transaction, 500, { headers: [retryAfterSoon(this.#parts.endpoint.random)] });
      return;
    }
    const body = readSessionBody(transaction.request);
    const refusal = body.type === 'refused' ? body.refusal : this.#parts.refusalOf(transaction.request);
    if (refusal !== undefined) this.#refuse(transaction, refusal.status, { headers: refusal.headers });
    else this.#offer(transaction, body.type === 'sdp' ? body.sdp : undefined);
  }

  /** A 2xx was sent: repeats it until its ACK comes. `offered`: it carries an offer of ours. */
  awaitAck(invite: ServerTransaction, offered: boolean, initial: boolean): void {
    const number = cseqNumber(invite.request) ?? 0;
    const response = new AcceptedResponse({
      clock: this.#parts.endpoint.clock,
      timers: this.#parts.endpoint.timers,
      repeat: () => invite.repeatResponse(),
      onTimeout: () => {
        this.#take(number);
        this.#parts.onAckTimeout();
      },
    });
    this.#take(number)?.response.stop();
    this.#unacknowledged = [...this.#unacknowledged, { number, response, offered, initial }];
  }

  /** Takes an ACK; `undefined` when nothing waits for it. The caller is to look whether all is clear now. */
  acknowledge(ack: SipRequest): Acknowledgement | undefined {
    const number = cseqNumber(ack);
    const waiting = number === undefined ? undefined : this.#take(number);
    if (waiting === undefined) return undefined;
    waiting.response.stop();
    return { sdp: sdpOf(ack), initial: waiting.initial, overtaken: this.awaitsAnswer };
  }

  /** Stops every timer and answers what is still open with `status`. */
  close(status: number): void {
    this.#pending?.refuse(status);
    for (const { response } of this.#unacknowledged) response.stop();
    this.#unacknowledged = [];
    for (const transaction of this.#refused ?? []) transaction.onSettled = undefined;
    this.#refused?.clear();
  }

  #take(number: number): Unacknowledged | undefined {
    const waiting = this.#unacknowledged.find((each) => each.number === number);
    if (waiting !== undefined) this.#unacknowledged = this.#unacknowledged.filter((each) => each !== waiting);
    return waiting;
  }

  #offer(transaction: ServerTransaction, sdp: string | undefined): void {
    const { endpoint, dialog, acceptanceHeaders, onOffer } = this.#parts;
    const question = questionIn(transaction, {
      clock: endpoint.clock,
      onOffer,
      accept: (answer) => {
        dialog.refreshTarget(transaction.request);
        const headers = acceptanceHeaders(transaction.request);
        this.#respond(transaction, 200, { headers, contentType: SDP_TYPE, body: answer });
        this.awaitAck(transaction, sdp === undefined, false);
      },
      refuse: (status, rejection) => this.#refuse(transaction, status, rejection),
      onSettled: () => {
        this.#pending = undefined;
      },
    });
    this.#pending = question;
    question.ask(sdp);
  }

  #refuse(transaction: ServerTransaction, status: number, options?: ResponseOptions): void {
    this.#refused ??= new Set();
    this.#refused.add(transaction);
    transaction.onSettled = () => {
      if (this.#refused?.delete(transaction)) this.#parts.onClosed();
    };
    this.#respond(transaction, status, options);
  }

  #respond(transaction: ServerTransaction, status: number, options?: ResponseOptions): void {
    const toTag = this.#parts.dialog.localTag;
    transaction.respond(createResponse(transaction.request, status, { toTag, ...options }));
  }
}
