import { SDP_TYPE } from '../capabilities.js';
import { createResponse, type ResponseOptions } from '../message/response-builder.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipRequest } from '../message/sip-message.js';
import type { OfferReply } from '../port.js';
import type { Refusal } from '../refusal.js';
import { retryAfterSoon } from '../retry-after.js';
import type { OfferQuestion } from '../session/offer-question.js';
import { readSessionBody } from '../session/session-body.js';
import { questionIn } from './cancellable-question.js';
import type { Dialog } from './dialog/dialog.js';
import type { Endpoint } from './endpoint.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

export interface PeerUpdatesParts {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  /** Why the session may not be refreshed as asked. */
  readonly refusalOf: (request: SipRequest) => Refusal | undefined;
  /** What the 2xx says about us and the session. */
  readonly acceptanceHeaders: (request: SipRequest) => readonly HeaderField[];
  readonly onOffer: (sdp: string, reply: OfferReply) => void;
  /** An UPDATE has been answered. */
  readonly onClosed: () => void;
}

/** The UPDATEs of the peer in one dialog (RFC 3311 section 5.2). */
export class PeerUpdates {
  readonly #parts: PeerUpdatesParts;
  #pending: OfferQuestion | undefined;

  constructor(parts: PeerUpdatesParts) {
    this.#parts = parts;
  }

  /** One is unanswered. */
  get pending(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * @param blocked Why there may be no offer now: 491 while one of ours awaits its answer, 500 while one of theirs does.
   */
  receive(transaction: ServerTransaction, blocked: 491 | 500 | undefined): void {
    const { request } = transaction;
    const { refusalOf, endpoint, dialog, acceptanceHeaders } = this.#parts;
    const body = readSessionBody(request);
    const refusal = body.type === 'refused' ? body.refusal : refusalOf(request);
    if (refusal !== undefined) {
      this.#respond(transaction, refusal.status, { headers: refusal.headers });
      return;
    }
    const describes = body.type === 'sdp';
    if (this.pending || (describes && blocked === 500)) {
      this.#respond(transaction, 500, { headers: [retryAfterSoon(endpoint.random)] });
    } else if (describes && blocked === 491) this.#respond(transaction, 491);
    else if (describes) this.#ask(transaction, body.sdp);
    else {
      dialog.refreshTarget(request);
      this.#respond(transaction, 200, { headers: acceptanceHeaders(request) });
    }
  }

  close(status: number): void {
    this.#pending?.refuse(status);
  }

  #ask(transaction: ServerTransaction, sdp: string): void {
    const { endpoint, dialog, acceptanceHeaders, onOffer, onClosed } = this.#parts;
    const question = questionIn(transaction, {
      clock: endpoint.clock,
      onOffer: (_, reply) => onOffer(sdp, reply),
      accept: (answer) => {
        dialog.refreshTarget(transaction.request);
        const headers = acceptanceHeaders(transaction.request);
        this.#respond(transaction, 200, { headers, contentType: SDP_TYPE, body: answer });
        onClosed();
      },
      refuse: (status, rejection) => {
        this.#respond(transaction, status, rejection);
        onClosed();
      },
      onSettled: () => {
        this.#pending = undefined;
      },
    });
    this.#pending = question;
    question.ask(sdp);
  }

  #respond(transaction: ServerTransaction, status: number, options?: ResponseOptions): void {
    const toTag = this.#parts.dialog.localTag;
    transaction.respond(createResponse(transaction.request, status, { toTag, ...options }));
  }
}
