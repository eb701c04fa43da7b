import { ALLOW, supportedField } from '../capabilities.js';
import type { DialogChannel } from '../dialog-channel.js';
import { toTagOf } from '../dialog-id.js';
import type { HeaderList } from '../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import type { LegEnd, OfferReply } from '../port.js';
import type { Acknowledgement } from '../session/acknowledgement.js';
import { type Offer, Reoffers } from '../session/reoffers.js';
import { sdpOf } from '../session/session-body.js';
import type { CallServer } from './call-server.js';
import { supportedTags } from './own-tags.js';
import { PeerOffers } from './peer-offers.js';
import type { ServerRequest } from './server-request.js';
import { SessionTimer } from './session-timer.js';

/** The first ACK: the server gives up after 64*T1 and says so; this is in case it does not. */
const ACK_GRACE_MS = 2_000;

/** What every 2xx says about us; Contact is the server's. */
const ownHeaders: HeaderList = [['Allow', ALLOW], supportedField(supportedTags)];

/** An offer that is none: what the peer answered to a refresh of ours is told as one, and nobody waits for the answer. */
const nobodyWaits: OfferReply = { accept: () => {}, reject: () => {} };

export interface DialogSessionParts {
  readonly calls: CallServer;
  /** For re-INVITEs of ours. */
  readonly channel: DialogChannel;
  /** We sent the INVITE that creates the dialog, and its offer. */
  readonly outbound: boolean;
  readonly onOffer: (sdp: string | undefined, reply: OfferReply) => void;
  readonly onReoffered: (status: number, sdp: string | undefined) => void;
  readonly onAckTimeout: () => void;
  /** The dialog is dead, or nobody refreshed its session: BYE. */
  readonly onDead: (end: LegEnd, reason: string | undefined) => void;
}

/** The session of one dialog: offers and answers in both directions, which must not cross, and its timer (RFC 4028). */
export class DialogSession {
  readonly #parts: DialogSessionParts;
  readonly #peerOffers: PeerOffers;
  readonly #reoffers: Reoffers;
  readonly #timer: SessionTimer;
  /** The descriptions that stand, ours and the peer's. */
  #local = '';
  #remote: string | undefined;
  /** The first offer was answered, in a reliable response. */
  #exchanged = false;
  /** To tag of that response, where a callee sent it. */
  #answeredBy: string | undefined;
  /** Another offer, of the peer's, was answered since (RFC 3311 section 5.2). */
  #updated = false;
  #confirmed = false;

  constructor(parts: DialogSessionParts) {
    const { calls, channel, outbound, onDead } = parts;
    const { clock, random, limits, sessionTimers } = calls;
    this.#parts = parts;
    const patienceMs = 64 * limits.t1Ms;
    this.#timer = new SessionTimer({
      options: sessionTimers,
      clock,
      random,
      refresh: () => this.#reoffers.refresh(this.#local),
      onDead,
    });
    this.#peerOffers = new PeerOffers({
      clock,
      random,
      ackMs: patienceMs + ACK_GRACE_MS,
      refusalOf: (request) => (this.#confirmed ? this.#timer.refusalOf(request.headers) : undefined),
      acceptanceHeaders: (request) => this.acceptanceHeaders(request),
      onOffer: (sdp, reply) => this.#ask(sdp, reply),
      onAckTimeout: parts.onAckTimeout,
      onClosed: () => this.#reoffers.proceed(),
    });
    this.#reoffers = new Reoffers({
      channel,
      clock,
      random,
      patienceMs,
      ownsCallId: outbound,
      isClear: () => this.#peerOffers.clear,
      session: {
        accepted: (response, offer, refresh) => {
          this.#timer.accepted(response);
          this.#onAnswered(offer, sdpOf(response), refresh);
        },
        failed: () => this.#timer.failed(),
        learn: (response) => this.#timer.learn(response),
      },
      onReoffered: parts.onReoffered,
      onDead: (end) => onDead(end, undefined),
      onFault: (error) => calls.fault(error),
    });
  }

  /** Our first 2xx has no ACK yet. */
  get awaitsFirstAck(): boolean {
    return this.#peerOffers.awaitsFirstAck;
  }

  /** What a re-INVITE of ours says of the session's timer. */
  get requestHeaders(): HeaderList {
    return this.#timer.requestHeaders();
  }

  /** Nobody waits for the outcome of an offer of ours. */
  get idle(): boolean {
    return this.#reoffers.idle;
  }

  /**
   * The first offer was answered by a reliable provisional response: `local` ours, `remote` the peer's, `tag` that of the
   * callee who sent it.
   */
  noteEarlyAnswer(local: string, remote: string | undefined, tag?: string): void {
    if (this.#exchanged) return;
    this.#exchanged = true;
    this.#answeredBy = tag;
    this.#local = local;
    this.#remote = remote;
  }

  /** UAS: the INVITE that creates the dialog is being answered 2xx. `offered`: with an offer of ours. */
  confirmByAcceptance(invite: SipRequest, local: string, offered: boolean): void {
    this.noteEarlyAnswer(local, sdpOf(invite));
    this.#peerOffers.awaitAck(invite, offered, true);
  }

  /**
   * UAC: a 2xx to our INVITE came. Returns the answer to its offer: that of a reliable response of the same callee, whatever
   * the 2xx describes (RFC 3261 section 13.2.1); `undefined` where something else was agreed since.
   */
  confirmByResponse(invite: SipRequest, response: SipResponse): string | undefined {
    const described = sdpOf(response);
    const tag = toTagOf(response) ?? '';
    this.noteEarlyAnswer(sdpOf(invite) ?? '', described, tag);
    const agreed = this.#updated ? undefined : this.#remote;
    this.#confirmed = true;
    this.#timer.begin(invite);
    this.#timer.accepted(response);
    return this.#answeredBy === tag ? agreed : described;
  }

  /** Takes a re-INVITE, or an UPDATE. `early`: the INVITE that creates the dialog has no final response. */
  receive(request: ServerRequest, early: boolean): void {
    const { outbound } = this.#parts;
    const unanswered = early && outbound && !this.#exchanged;
    this.#peerOffers.receive(request, unanswered || this.#reoffers.pending, early && !outbound);
  }

  /** Takes an ACK; `undefined` when nothing waits for it. {@link proceed} is to be called after it. */
  acknowledge(ack: SipRequest): Acknowledgement | undefined {
    const acknowledged = this.#peerOffers.acknowledge(ack);
    if (acknowledged?.sdp !== undefined) this.#remote = acknowledged.sdp;
    return acknowledged;
  }

  reoffer(offer: Offer): void {
    this.#reoffers.offer(offer);
  }

  /** Looks again whether an offer of ours that waits may leave. */
  proceed(): void {
    this.#reoffers.proceed();
  }

  /**
   * What the 2xx to an INVITE or UPDATE says about us, and of the session; its timer runs from now on. An UPDATE in an
   * early dialog refreshes nothing.
   */
  acceptanceHeaders(request: SipRequest): HeaderList {
    if (request.method === 'UPDATE' && !this.#confirmed) return ownHeaders;
    this.#confirmed = true;
    return [...ownHeaders, ...this.#timer.accept(request.headers)];
  }

  /** Stops every timer and answers what is still open with `status`. */
  close(status: number): void {
    this.#peerOffers.close(status);
    this.#reoffers.close();
    this.#timer.close();
  }

  #ask(sdp: string | undefined, reply: OfferReply): void {
    this.#parts.onOffer(sdp, {
      accept: (description) => {
        this.#local = description;
        this.#remote = sdp ?? this.#remote;
        this.#updated = true;
        reply.accept(description);
      },
      reject: (status, options) => reply.reject(status, options),
    });
  }

  #onAnswered(offer: string, answer: string | undefined, refresh: boolean): void {
    const changed = answer !== undefined && answer !== this.#remote;
    this.#local = offer;
    this.#remote = answer ?? this.#remote;
    // A refresh is no concern of the user's, unless the peer takes the opportunity to move.
    if (refresh && changed) this.#parts.onOffer(answer, nobodyWaits);
  }
}
