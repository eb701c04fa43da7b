import type { Clock, TimerHandle } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { ALLOW } from '../capabilities.js';
import type { HeaderField, HeaderList } from '../message/sip-headers.js';
import type { OfferReply } from '../port.js';
import { finalStatus, rejectionOf } from '../rejection.js';
import { readSessionBody, sdpOf } from '../session-body.js';
import { AckWatch, type AckWatchOptions } from './ack-watch.js';
import type { MiOutcome } from './mi/mi-client.js';
import { requestOf, type SessionEvent } from './session-event.js';
import type { SessionTimer } from './session-timer.js';
import type { UaSession } from './ua-session.js';

/** RFC 3261 section 14.2: a second INVITE is put off for a random time up to this, s. */
const MAX_RETRY_SECONDS = 10;

interface Answer {
  readonly phrase?: string;
  readonly headers?: HeaderList;
}

/** The ACK of a 2xx of ours. */
export interface Acknowledgement {
  readonly sdp: string | undefined;
  /** It is that of the INVITE that created the dialog. */
  readonly initial: boolean;
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
  readonly onAck: (ack: Acknowledgement) => void;
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
  #pending: ((status: number) => void) | undefined;
  #watch: { readonly watch: AckWatch; readonly initial: boolean } | undefined;

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
   */
  receive(event: SessionEvent, crossing: boolean): void {
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
    } else if (crossing) this.#answer(event.method, 491);
    else if (this.#pending !== undefined) {
      const seconds = this.#parts.random.integer(MAX_RETRY_SECONDS + 1);
      this.#answer(event.method, 500, { headers: [['Retry-After', String(seconds)]] });
    } else this.#offer(event, sdp);
  }

  /** A 2xx of ours has been taken; `offer`: what it offered, where the ACK is to bring the answer. */
  awaitAck(offer: string | undefined, initial: boolean): void {
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
    this.#watch = { watch, initial: first };
  }

  /** The event of an ACK. */
  receiveAck(event: SessionEvent): void {
    const watched = this.#watch;
    if (watched === undefined) return;
    watched.watch.stop();
    this.#acknowledged({ sdp: sdpOf(requestOf(event)), initial: watched.initial, unanswered: undefined });
  }

  /** Stops every timer and answers what is still open with `status`. */
  close(status: number): void {
    this.#pending?.(status);
    this.#watch?.watch.stop();
    this.#watch = undefined;
  }

  #acknowledged(ack: Acknowledgement): void {
    this.#watch = undefined;
    this.#parts.onAck(ack);
    this.#parts.onClosed();
  }

  #offer({ method, headers }: SessionEvent, sdp: string | undefined): void {
    const { clock, onOffer, timer: sessionTimer } = this.#parts;
    let timer: TimerHandle | undefined;
    let settled = false;
    const settle = (answer: () => void) => {
      if (settled) return;
      settled = true;
      clock.clearTimeout(timer);
      this.#pending = undefined;
      answer();
    };
    const refuse = (status: number, content?: Answer) =>
      settle(() => {
        this.#answer(method, status, content);
        this.#parts.onClosed();
      });
    // One turn of the event loop, so that a listener that awaits something settled is still heard.
    timer = clock.setTimeout(() => refuse(500), 0);
    this.#pending = refuse;
    onOffer(sdp, {
      accept: (answer) => settle(() => this.#accept(method, answer, sdp === undefined, sessionTimer.accept(headers))),
      reject: (status, options) => refuse(finalStatus(status), rejectionOf(options)),
    });
  }

  #accept(method: string, sdp: string, offered: boolean, fields: readonly HeaderField[]): void {
    const content = { headers: [['Allow', ALLOW], ...fields], body: sdp } as const;
    // Taken for granted until OpenSIPS says otherwise: what comes next must not be met in between.
    if (method === 'INVITE') this.awaitAck(offered ? sdp : undefined, false);
    else this.#parts.onClosed();
    void this.#settle(this.#parts.session.reply(method, 200, undefined, content));
  }

  #answer(method: string, status: number, { phrase, headers }: Answer = {}): void {
    const content = headers === undefined ? {} : { headers };
    void this.#settle(this.#parts.session.reply(method, status, phrase, content));
  }

  /** What OpenSIPS refuses, the peer has ended or OpenSIPS has answered itself; silence means that nobody knows. */
  async #settle(outcome: Promise<MiOutcome>): Promise<void> {
    if ((await outcome).type === 'lost') this.#parts.onLost();
  }
}
