import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { ALLOW } from '../capabilities.js';
import { cseqNumber } from '../message/cseq.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { OfferReply } from '../port.js';
import type { Rejection } from '../rejection.js';
import { retryAfterSoon } from '../retry-after.js';
import type { Acknowledgement } from '../session/acknowledgement.js';
import { OfferQuestion } from '../session/offer-question.js';
import { readSessionBody, sdpOf } from '../session/session-body.js';
import { AckWatch, type AckWatchOptions } from './ack-watch.js';
import type { MiOutcome } from './mi/mi-client.js';
import { requestOf, type SessionEvent } from './session-event.js';
import type { SessionTimer } from './session-timer.js';
import type { UaSession } from './ua-session.js';

/** The ACK of a 2xx of ours, as far as OpenSIPS tells of it. */
export interface SeenAcknowledgement extends Omit<Acknowledgement, 'overtaken'> {
  /** Our offer, where the ACK should have brought the answer to it and nobody told us what it was. */
  readonly unanswered: string | undefined;
}

export interface PeerOffersParts {
  readonly session: UaSession;
  readonly timer: SessionTimer;
  readonly clock: Clock;
  readonly random: Random;
  readonly ackOptions: AckWatchOptions;
  readonly onOffer: (sdp: string | undefined, reply: OfferReply) => void;
  readonly onAck: (ack: SeenAcknowledgement) => void;
  /** No ACK for 64*T1. */
  readonly onAckTimeout: () => void;
  /** OpenSIPS does not answer, or knows the session no longer. */
  readonly onLost: () => void;
  /** No offer of the peer is open any more. */
  readonly onClosed: () => void;
}

/** The offers of the peer in one session, by INVITE or UPDATE: our answers, and the ACKs that the INVITEs wait for. */
export class PeerOffers {
  readonly #parts: PeerOffersParts;
  #pending: OfferQuestion | undefined;
  /** `offered`: the 2xx has our offer, the ACK is to bring the answer. */
  #watch:
    | { readonly watch: AckWatch; readonly initial: boolean; readonly offered: boolean; readonly number: number }
    | undefined;
  #accepted = false;
  /** The ACK of the first 2xx, told of before OpenSIPS has told that it took the 2xx: the two come by two sockets. */
  #early: SessionEvent | undefined;

  constructor(parts: PeerOffersParts) {
    this.#parts = parts;
  }

  /** No offer of the peer is open (RFC 3261 section 14.1). */
  get clear(): boolean {
    return this.#pending === undefined && this.#watch === undefined;
  }

  /** The 2xx of the INVITE that created the dialog has no ACK yet. */
  get awaitsFirstAck(): boolean {
    return this.#watch?.initial === true;
  }

  /**
   * Takes a re-INVITE or an UPDATE.
   *
   * @param crossing An INVITE of ours has no final response: 491 for what carries an offer.
   * @param early The peer's INVITE has none: 500 (RFC 3311 section 5.2).
   */
  receive(event: SessionEvent, crossing: boolean, early: boolean): void {
    const { timer } = this.#parts;
    const body = readSessionBody(requestOf(event));
    const refusal = body.type === 'refused' ? body.refusal : timer.refusalOf(event.headers);
    if (refusal !== undefined) {
      this.#answer(event.method, refusal.status, { headers: refusal.headers });
      return;
    }
    const sdp = body.type === 'sdp' ? body.sdp : undefined;
    // A session refresh, or a changed Contact: RFC 3311 section 5.2.
    if (event.method === 'UPDATE' && sdp === undefined) {
      this.#answer('UPDATE', 200, { headers: [['Allow', ALLOW], ...timer.accept(event.headers)] });
    } else if (crossing || this.#watch?.offered === true) this.#answer(event.method, 491);
    else if (early || this.#pending !== undefined) {
      this.#answer(event.method, 500, { headers: [retryAfterSoon(this.#parts.random)] });
    } else this.#offer(event, sdp);
  }

  /** A 2xx of ours has been taken; `offer`: what it offered, where the ACK is to bring the answer. `number`: CSeq of its INVITE. */
  awaitAck(offer: string | undefined, initial: boolean, number: number): void {
    const { session, clock, ackOptions, onAckTimeout, onLost } = this.#parts;
    this.#watch?.watch.stop();
    // A re-INVITE may be heard of before the ACK that came before it: what waits for that one waits for both.
    const first = initial || this.awaitsFirstAck;
    const watch = new AckWatch({
      session,
      clock,
      options: ackOptions,
      offered: offer !== undefined,
      onSeen: () => this.#acknowledged({ sdp: undefined, initial: first, unanswered: offer }),
      onTimeout: () => {
        this.#watch = undefined;
        onAckTimeout();
      },
      onGone: onLost,
    });
    this.#watch = { watch, initial: first, offered: offer !== undefined, number };
    this.#accepted = true;
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) this.receiveAck(early);
  }

  /** The event of an ACK. */
  receiveAck(event: SessionEvent): void {
    const watched = this.#watch;
    if (watched === undefined) {
      if (!this.#accepted) this.#early = event;
      return;
    }
    // The ACK of the 2xx before: that of this one is still to bring the answer.
    if (watched.offered && (cseqNumber(event) ?? watched.number) < watched.number) return;
    watched.watch.stop();
    this.#acknowledged({ sdp: sdpOf(requestOf(event)), initial: watched.initial, unanswered: undefined });
  }

  /** Stops every timer and answers what is still open with `status`. */
  close(status: number): void {
    this.#pending?.refuse(status);
    this.#watch?.watch.stop();
    this.#watch = undefined;
  }

  #acknowledged(ack: SeenAcknowledgement): void {
    this.#watch = undefined;
    this.#parts.onAck(ack);
    this.#parts.onClosed();
  }

  #offer(event: SessionEvent, sdp: string | undefined): void {
    const { method, headers } = event;
    const { clock, onOffer, timer } = this.#parts;
    const question = new OfferQuestion({
      clock,
      onOffer,
      accept: (answer) => this.#accept(event, answer, sdp === undefined, timer.accept(headers)),
      refuse: (status, rejection) => {
        this.#answer(method, status, rejection);
        this.#parts.onClosed();
      },
      onSettled: () => {
        this.#pending = undefined;
      },
    });
    this.#pending = question;
    question.ask(sdp);
  }

  #accept(event: SessionEvent, sdp: string, offered: boolean, fields: readonly HeaderField[]): void {
    const { method } = event;
    const content = { headers: [['Allow', ALLOW], ...fields], body: sdp } as const;
    // Taken for granted until OpenSIPS says otherwise: what comes next must not be met in between.
    if (method === 'INVITE') this.awaitAck(offered ? sdp : undefined, false, cseqNumber(event) ?? 0);
    else this.#parts.onClosed();
    void this.#settle(this.#parts.session.reply(method, 200, undefined, content));
  }

  #answer(method: string, status: number, { phrase, headers }: Rejection = { headers: [] }): void {
    void this.#settle(this.#parts.session.reply(method, status, phrase, { headers }));
  }

  /** What OpenSIPS refuses, the peer has ended or OpenSIPS has answered itself; silence means that nobody knows. */
  async #settle(outcome: Promise<MiOutcome>): Promise<void> {
    if ((await outcome).type === 'lost') this.#parts.onLost();
  }
}
