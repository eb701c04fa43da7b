import type { Clock, TimerHandle } from '../../base/clock.js';
import type { OfferReply } from '../port.js';
import { finalStatus, type Rejection, rejectionOf } from '../rejection.js';

export interface OfferQuestionParts {
  readonly clock: Clock;
  readonly onOffer: (sdp: string | undefined, reply: OfferReply) => void;
  /** Answers 2xx with our description. Either this or `refuse` is called, once; neither after {@link OfferQuestion.withdraw}. */
  readonly accept: (description: string) => void;
  readonly refuse: (status: number, rejection: Rejection) => void;
  /** Called before either of them. */
  readonly onSettled?: () => void;
}

/**
 * A request of the peer that asks the user for a description: re-INVITE, UPDATE, PRACK. Answered 500 when the user says
 * nothing within a turn of the event loop.
 */
export class OfferQuestion {
  readonly #parts: OfferQuestionParts;
  #settled = false;
  #timer: TimerHandle | undefined;

  constructor(parts: OfferQuestionParts) {
    this.#parts = parts;
  }

  /** To be called once. */
  ask(sdp: string | undefined): void {
    const { clock, onOffer, accept } = this.#parts;
    // One turn of the event loop, so that a listener that awaits something settled is still heard.
    this.#timer = clock.setTimeout(() => this.refuse(500), 0);
    onOffer(sdp, {
      accept: (description) => this.#settle(() => accept(description)),
      reject: (status, options) => this.refuse(finalStatus(status), rejectionOf(options)),
    });
  }

  refuse(status: number, rejection: Rejection = { headers: [] }): void {
    this.#settle(() => this.#parts.refuse(status, rejection));
  }

  /** Somebody else has answered the request. `then` is called unless it was settled before. */
  withdraw(then: () => void): void {
    this.#settle(then);
  }

  #settle(answer: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#parts.clock.clearTimeout(this.#timer);
    this.#parts.onSettled?.();
    answer();
  }
}
