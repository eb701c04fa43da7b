import type { Clock } from '../../base/clock.js';
import type { ResponseOptions } from '../message/response-builder.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { OfferReply } from '../port.js';
import { finalStatus, rejectionOf } from '../rejection.js';
import type { Endpoint } from './endpoint.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

export interface OfferQuestionParts {
  readonly clock: Clock;
  /** The request that carries the offer, or asks for one. */
  readonly transaction: ServerTransaction;
  readonly onOffer: (sdp: string | undefined, reply: OfferReply) => void;
  /** Answers 2xx with our description. Either this or `refuse` is called, once. */
  readonly accept: (answer: string) => void;
  readonly refuse: (status: number, options?: ResponseOptions) => void;
  /** Called before either of them. */
  readonly onSettled: () => void;
}

/**
 * A request of the peer that asks the user for a description: re-INVITE, UPDATE, PRACK. Answered 500 when the user says
 * nothing within a turn of the event loop, and 487 when it is cancelled.
 */
export class OfferQuestion {
  readonly #parts: OfferQuestionParts;
  #settled = false;
  #stopTimer: () => void = () => {};

  constructor(parts: OfferQuestionParts) {
    this.#parts = parts;
  }

  /** To be called once. */
  ask(sdp: string | undefined): void {
    const { clock, transaction, onOffer, accept } = this.#parts;
    // One turn of the event loop, so that a listener that awaits something settled is still heard.
    const timer = clock.setTimeout(() => this.refuse(500), 0);
    this.#stopTimer = () => clock.clearTimeout(timer);
    transaction.onCancel = () => this.refuse(487);
    onOffer(sdp, {
      accept: (answer) => this.#settle(() => accept(answer)),
      reject: (status, options) => this.refuse(finalStatus(status), rejectionOf(options)),
    });
  }

  refuse(status: number, options?: ResponseOptions): void {
    this.#settle(() => this.#parts.refuse(status, options));
  }

  #settle(answer: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#stopTimer();
    this.#parts.transaction.onCancel = undefined;
    this.#parts.onSettled();
    answer();
  }
}

/** RFC 3261 section 14.2, RFC 3311 section 5.2: a second offer is put off for a random time up to this, s. */
const MAX_RETRY_SECONDS = 10;

/** Retry-After of a 500 that puts an offer off. */
export function retryAfterSoon({ random }: Endpoint): HeaderField {
  return ['Retry-After', String(random.integer(MAX_RETRY_SECONDS + 1))];
}
