import type { Clock, TimerHandle } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { SDP_TYPE } from '../capabilities.js';
import { cseqNumber } from '../message/cseq.js';
import type { HeaderList } from '../message/sip-headers.js';
import type { SipRequest } from '../message/sip-message.js';
import { decodedUser, parseSipUri } from '../message/sip-uri.js';
import type { OfferReply } from '../port.js';
import type { Refusal } from '../refusal.js';
import { retryAfterSoon } from '../retry-after.js';
import { type Acknowledgement, MAX_UNACKNOWLEDGED } from '../session/acknowledgement.js';
import { OfferQuestion } from '../session/offer-question.js';
import { readSessionBody, sdpOf } from '../session/session-body.js';
import { ownContact } from './own-contact.js';
import type { SentResponse, ServerRequest } from './server/server-request.js';

interface Unacknowledged {
  readonly timer: TimerHandle;
  /** The 2xx carried an offer of ours, the ACK will bring the answer. */
  readonly offered: boolean;
  /** The 2xx of the INVITE that created the dialog. */
  readonly initial: boolean;
}

export interface PeerOffersParts {
  readonly clock: Clock;
  readonly random: Random;
  /** How long the ACK of a 2xx is waited for, ms. */
  readonly ackMs: number;
  /** Why a session refresh request of the peer is not taken: its session timer. */
  readonly refusalOf: (request: SipRequest) => Refusal | undefined;
  /** What every 2xx to an offer says, of the session timer that it asks for too. */
  readonly acceptanceHeaders: (request: SipRequest) => HeaderList;
  readonly onOffer: (sdp: string | undefined, reply: OfferReply) => void;
  /** No ACK came. */
  readonly onAckTimeout: () => void;
  /** An INVITE of the peer is no longer open. */
  readonly onClosed: () => void;
}

/** The offers of the peer in one dialog, by INVITE or UPDATE: our answers, and the ACKs that the INVITEs wait for. */
export class PeerOffers {
  readonly #parts: PeerOffersParts;
  /** By CSeq number. */
  readonly #unacknowledged = new Map<number, Unacknowledged>();
  /** The offer of the peer that has no answer. */
  #open: OfferQuestion | undefined;

  constructor(parts: PeerOffersParts) {
    this.#parts = parts;
  }

  /** No offer of the peer is open (RFC 3261 section 14.1). */
  get clear(): boolean {
    return this.#open === undefined && this.#unacknowledged.size === 0;
  }

  /** A 2xx of ours carried an offer whose answer the ACK will bring. */
  get #awaitsAnswer(): boolean {
    return [...this.#unacknowledged.values()].some(({ offered }) => offered);
  }

  /** The 2xx of the INVITE that created the dialog has no ACK yet. */
  get awaitsFirstAck(): boolean {
    return [...this.#unacknowledged.values()].some(({ initial }) => initial);
  }

  /**
   * Takes a re-INVITE (RFC 3261 section 14.2, RFC 5407 section 3.1.4), or an UPDATE (RFC 3311 section 5.2).
   *
   * @param crossing An offer of ours has no answer: 491.
   * @param early The INVITE that created the dialog has no final response: 500.
   */
  receive(request: ServerRequest, crossing: boolean, early: boolean): void {
    const isInvite = request.request.method === 'INVITE';
    const tooBrief = this.#parts.refusalOf(request.request);
    if (tooBrief !== undefined) {
      request.respond(tooBrief.status, { headers: tooBrief.headers });
      return;
    }
    const body = readSessionBody(request.request);
    if (body.type === 'refused') {
      request.respond(body.refusal.status, { headers: body.refusal.headers });
      return;
    }
    const sdp = body.type === 'sdp' ? body.sdp : undefined;
    if (!isInvite && sdp === undefined) {
      // A refresh of target or session timer, and no question.
      request.respond(200, { headers: this.#acceptance(request) });
      return;
    }
    if (crossing || this.#awaitsAnswer) {
      request.respond(491);
      return;
    }
    const busy = this.#open !== undefined || this.#unacknowledged.size >= MAX_UNACKNOWLEDGED;
    if (busy || early) {
      request.respond(500, { headers: [retryAfterSoon(this.#parts.random)] });
      return;
    }
    this.#offer(request, sdp);
  }

  /** A 2xx was handed to the server, which repeats it. `offered`: it carries an offer of ours. */
  awaitAck(invite: SipRequest, offered: boolean, initial: boolean): void {
    const { clock, ackMs, onAckTimeout } = this.#parts;
    const number = cseqNumber(invite) ?? 0;
    const timer = clock.setTimeout(() => {
      this.#unacknowledged.delete(number);
      onAckTimeout();
    }, ackMs);
    clock.clearTimeout(this.#unacknowledged.get(number)?.timer);
    this.#unacknowledged.set(number, { timer, offered, initial });
  }

  /** Takes an ACK; `undefined` when nothing waits for it. The caller is to look whether all is clear now. */
  acknowledge(ack: SipRequest): Acknowledgement | undefined {
    const number = cseqNumber(ack) ?? 0;
    const waiting = this.#unacknowledged.get(number);
    if (waiting === undefined) return undefined;
    this.#parts.clock.clearTimeout(waiting.timer);
    this.#unacknowledged.delete(number);
    return { sdp: sdpOf(ack), initial: waiting.initial, overtaken: this.#awaitsAnswer };
  }

  /** Stops every timer and answers what is still open with `status`. */
  close(status: number): void {
    this.#open?.refuse(status);
    for (const { timer } of this.#unacknowledged.values()) this.#parts.clock.clearTimeout(timer);
    this.#unacknowledged.clear();
  }

  #offer(request: ServerRequest, sdp: string | undefined): void {
    const { clock, onOffer, onClosed } = this.#parts;
    const isInvite = request.request.method === 'INVITE';
    const onSent = (sent: SentResponse) => {
      // The INVITE was cancelled meanwhile: no ACK will come.
      if (sent.type === 'refused' && this.#forget(request.request)) onClosed();
    };
    const question = new OfferQuestion({
      clock,
      onOffer,
      accept: (body) => {
        if (isInvite) this.awaitAck(request.request, sdp === undefined, false);
        request.respond(200, { headers: this.#acceptance(request), contentType: SDP_TYPE, body }, onSent);
        if (!isInvite) onClosed();
      },
      refuse: (status, rejection) => request.respond(status, rejection, onClosed),
      onSettled: () => {
        this.#open = undefined;
      },
    });
    this.#open = question;
    request.onCancel(() => question.withdraw(onClosed));
    question.ask(sdp);
  }

  /** The server adds a Contact to the 2xx of an INVITE, and to that of an UPDATE none. */
  #acceptance(request: ServerRequest): HeaderList {
    const headers = this.#parts.acceptanceHeaders(request.request);
    if (request.request.method === 'INVITE') return headers;
    const uri = parseSipUri(request.request.uri);
    return [ownContact(uri === undefined ? '' : decodedUser(uri), request), ...headers];
  }

  #forget(invite: SipRequest): boolean {
    const number = cseqNumber(invite) ?? 0;
    this.#parts.clock.clearTimeout(this.#unacknowledged.get(number)?.timer);
    return this.#unacknowledged.delete(number);
  }
}
