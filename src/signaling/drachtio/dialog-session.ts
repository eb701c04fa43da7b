import { ALLOW, supportedField } from '../capabilities.js';
import type { DialogChannel } from '../dialog-channel.js';
import { toTagOf } from '../dialog-id.js';
import type { HeaderList } from '../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import type { LegEnd, OfferReply } from '../port.js';
import type { Acknowledgement } from '../session/acknowledgement.js';
import { type Offer, Reoffers } from '../session/reoffers.js';
import { sdpOf } from '../session/session-body.js';
import { StandingSession } from '../session/standing-session.js';
import type { CallServer } from './call-server.js';
import { supportedTags } from './own-tags.js';
import { PeerOffers } from './peer-offers.js';
import type { ServerRequest } from './server/server-request.js';
import { SessionTimer } from './session-timer.js';

/** The first ACK: the server gives up after 64*T1 and says so; this is in case it does not. */
const ACK_GRACE_MS = 2_000;

/** What every 2xx says about us; Contact is the server's. */
const ownHeaders: HeaderList = [['Allow', ALLOW], supportedField(supportedTags)];

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
  readonly #standing: StandingSession;
  /** To tag of the response that answered the first offer, where a callee sent it. */
  #answeredBy: string | undefined;
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
      refresh: () => this.#reoffers.refresh(this.#standing.local),
      onDead,
    });
    this.#standing = new StandingSession(this.#timer, parts.onOffer);
    this.#peerOffers = new PeerOffers({
      clock,
      random,
      ackMs: patienceMs + ACK_GRACE_MS,
      refusalOf: (request) => (this.#confirmed ? this.#timer.refusalOf(request.headers) : undefined),
      acceptanceHeaders: (request) => this.acceptanceHeaders(request),
      onOffer: (sdp, reply) => this.#standing.ask(sdp, reply),
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
      session: this.#standing,
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
    if (!this.#standing.exchanged) this.#answeredBy = tag;
    this.#standing.begin(local, remote);
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
    const agreed = this.#standing.updated ? undefined : this.#standing.remote;
    this.#confirmed = true;
    this.#timer.begin(invite);
    this.#timer.accepted(response);
    return this.#answeredBy === tag ? agreed : described;
  }

  /** Takes a re-INVITE, or an UPDATE. `early`: the INVITE that creates the dialog has no final response. */
  receive(request: ServerRequest, early: boolean): void {
    const { outbound } = this.#parts;
    const unanswered = early && outbound && !this.#standing.exchanged;
    this.#peerOffers.receive(request, unanswered || this.#reoffers.pending, early && !outbound);
  }

  /** Takes an ACK; `undefined` when nothing waits for it. {@link proceed} is to be called after it. */
  acknowledge(ack: SipRequest): Acknowledgement | undefined {
    const acknowledged = this.#peerOffers.acknowledge(ack);
    this.#standing.acknowledge(acknowledged?.sdp);
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
}
