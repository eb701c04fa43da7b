import type { Clock } from '../../base/clock.js';
import type { OfferReply } from '../port.js';
import { finalStatus, type Rejection, rejectionOf } from '../rejection.js';
import type { ServerRequest } from './server-request.js';

export interface OfferQuestionParts {
  readonly clock: Clock;
  /** The request that carries the offer, or asks for one. */
  readonly request: ServerRequest;
  readonly onOffer: (sdp: string | undefined, reply: OfferReply) => void;
  /** Answers 2xx with our description. Of this, `refuse` and `onCancelled` one is called, once. */
  readonly accept: (body: string) => void;
  readonly refuse: (status: number, rejection: Rejection) => void;
  /** An INVITE was cancelled, and the server has answered it. */
  readonly onCancelled: () => void;
  /** Called before each of them. */
  readonly onSettled?: () => void;
}

/** A request of the peer that asks the user for a description. Answered 500 where the user is silent. */
export class OfferQuestion {
  readonly #parts: OfferQuestionParts;
  #settled = false;
  #stopTimer: () => void = () => {};

  constructor(parts: OfferQuestionParts) {
    this.#parts = parts;
  }

  /** To be called once. */
  ask(sdp: string | undefined): void {
    const { clock, request, onOffer, accept, onCancelled } = this.#parts;
    // One turn of the event loop, so that a listener that awaits something settled is still heard.
    const timer = clock.setTimeout(() => this.refuse(500), 0);
    this.#stopTimer = () => clock.clearTimeout(timer);
    request.onCancel(() => this.#settle(onCancelled));
    onOffer(sdp, {
      accept: (body) => this.#settle(() => accept(body)),
      reject: (status, options) => this.refuse(finalStatus(status), rejectionOf(options)),
    });
  }

  refuse(status: number, rejection: Rejection = { headers: [] }): void {
    this.#settle(() => this.#parts.refuse(status, rejection));
  }

  #settle(answer: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#stopTimer();
    this.#parts.onSettled?.();
    answer();
  }
}
