import type { SipResponse } from '../message/sip-message.js';
import type { OfferReply } from '../port.js';
import type { ReoffersSession } from './reoffers.js';
import { sdpOf } from './session-body.js';
import type { SessionInterval } from './session-interval.js';

/** An offer that is none: what the peer answered to a refresh of ours is told as one, and nobody waits for the answer. */
const nobodyWaits: OfferReply = { accept: () => {}, reject: () => {} };

/** The descriptions that stand in one dialog, ours and the peer's, whoever offered them (RFC 3264 section 8). */
export class StandingSession implements ReoffersSession {
  readonly #timer: SessionInterval;
  readonly #onOffer: (sdp: string | undefined, reply: OfferReply) => void;
  #local = '';
  #remote: string | undefined;
  #exchanged = false;
  #updated = false;

  constructor(timer: SessionInterval, onOffer: (sdp: string | undefined, reply: OfferReply) => void) {
    this.#timer = timer;
    this.#onOffer = onOffer;
  }

  /** What a refresh of ours offers. */
  get local(): string {
    return this.#local;
  }

  get remote(): string | undefined {
    return this.#remote;
  }

  /** The first offer was answered. */
  get exchanged(): boolean {
    return this.#exchanged;
  }

  /** Another offer, of the peer's, was answered since (RFC 3311 section 5.2). */
  get updated(): boolean {
    return this.#updated;
  }

  /** The first offer was answered, in whichever response; what a later one repeats changes nothing. */
  begin(local: string, remote: string | undefined): void {
    if (this.#exchanged) return;
    this.#exchanged = true;
    this.#local = local;
    this.#remote = remote;
  }

  /** The ACK brought the answer to an offer of ours. */
  acknowledge(answer: string | undefined): void {
    this.#remote = answer ?? this.#remote;
  }

  /** Asks the user for an answer to an offer of the peer, or for an offer. */
  ask(sdp: string | undefined, reply: OfferReply): void {
    this.#onOffer(sdp, {
      accept: (description) => {
        this.#local = description;
        this.#remote = sdp ?? this.#remote;
        this.#updated = true;
        reply.accept(description);
      },
      reject: (status, options) => reply.reject(status, options),
    });
  }

  accepted(response: SipResponse, offer: string, refresh: boolean): void {
    this.#timer.accepted(response);
    const answer = sdpOf(response);
    const changed = answer !== undefined && answer !== this.#remote;
    this.#local = offer;
    this.#remote = answer ?? this.#remote;
    // A refresh is no concern of the user's, unless the peer takes the opportunity to move.
    if (refresh && changed) this.#onOffer(answer, nobodyWaits);
  }

  failed(): void {
    this.#timer.failed();
  }

  learn(response: SipResponse): boolean {
    return this.#timer.learn(response);
  }
}
