import type { DialogChannel } from '../dialog-channel.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import type { LegEnd, OfferReply } from '../port.js';
import type { Acknowledgement } from '../session/acknowledgement.js';
import { type Offer, Reoffers } from '../session/reoffers.js';
import { sdpOf } from '../session/session-body.js';
import { StandingSession } from '../session/standing-session.js';
import type { Dialog } from './dialog/dialog.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import type { Endpoint } from './endpoint.js';
import { PeerOffers, type PeerOffersParts } from './peer-offers.js';
import { PeerUpdates, type PeerUpdatesParts } from './peer-updates.js';
import { SessionTimer } from './session-timer.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

export interface DialogSessionParts {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  readonly origin: FlowOrigin;
  readonly contact: string;
  /** For re-INVITEs of ours; asked for with the first. */
  readonly channel: () => DialogChannel;
  /** We sent the INVITE that creates the dialog, and its offer. */
  readonly outbound: boolean;
  readonly onOffer: (sdp: string | undefined, reply: OfferReply) => void;
  readonly onReoffered: (status: number, sdp: string | undefined) => void;
  readonly onAckTimeout: () => void;
  /** The dialog is dead, or nobody refreshed its session: BYE. */
  readonly onDead: (end: LegEnd, reason: string | undefined) => void;
  /** What every 2xx says about us. */
  readonly ownHeaders: () => readonly HeaderField[];
}

/**
 * The session of one dialog: offers and answers in both directions, by re-INVITE, UPDATE and PRACK, which must not cross
 * (RFC 3261 section 14, RFC 3311, RFC 6337), and the timer that watches over it (RFC 4028).
 */
export class DialogSession {
  readonly #parts: DialogSessionParts;
  readonly #peerOffers: PeerOffers;
  readonly #peers: PeerUpdatesParts & PeerOffersParts;
  /** These are made when they are needed, which is in few calls. */
  #updates: PeerUpdates | undefined;
  #reoffers: Reoffers | undefined;
  readonly #timer: SessionTimer;
  readonly #standing: StandingSession;
  #confirmed = false;

  constructor(parts: DialogSessionParts) {
    const { endpoint, dialog, origin, contact, onDead } = parts;
    this.#parts = parts;
    this.#timer = new SessionTimer({
      endpoint,
      dialog,
      origin,
      contact,
      refreshByInvite: () => this.#reoffering().refresh(this.#standing.local),
      onDead,
    });
    this.#standing = new StandingSession(this.#timer, parts.onOffer);
    this.#peers = {
      endpoint,
      dialog,
      refusalOf: (request) => (this.#confirmed ? this.#timer.refusalOf(request.headers) : undefined),
      acceptanceHeaders: (request) => this.acceptanceHeaders(request),
      onOffer: (sdp, reply) => this.ask(sdp, reply),
      onAckTimeout: parts.onAckTimeout,
      onClosed: () => this.#reoffers?.proceed(),
    };
    this.#peerOffers = new PeerOffers(this.#peers);
  }

  #reoffering(): Reoffers {
    const { channel, endpoint, outbound, onReoffered, onDead } = this.#parts;
    this.#reoffers ??= new Reoffers({
      channel: channel(),
      clock: endpoint.clock,
      random: endpoint.random,
      patienceMs: 64 * endpoint.timers.t1Ms,
      ownsCallId: outbound,
      isClear: () => this.#peerOffers.clear && !this.#updating,
      session: this.#standing,
      onReoffered,
      onDead: (end) => onDead(end, undefined),
      onFault: (error) => endpoint.fault(error),
    });
    return this.#reoffers;
  }

  /** An UPDATE of the peer is unanswered. */
  get #updating(): boolean {
    return this.#updates?.pending === true;
  }

  /** An INVITE of ours has no final response. */
  get #reinviting(): boolean {
    return this.#reoffers?.pending === true;
  }

  /** Our first 2xx has no ACK yet. */
  get awaitsFirstAck(): boolean {
    return this.#peerOffers.awaitsFirstAck;
  }

  /** What a re-INVITE of ours says of the session's timer. */
  get requestHeaders(): readonly HeaderField[] {
    return this.#timer.requestHeaders();
  }

  /** No offer of ours is under way. */
  get idle(): boolean {
    return this.#reoffers?.idle ?? true;
  }

  /** The first offer was answered by a reliable provisional response: `local` ours, `remote` the peer's. */
  noteEarlyAnswer(local: string, remote: string | undefined): void {
    this.#standing.begin(local, remote);
  }

  /** UAS: the INVITE that created the dialog was answered 2xx, with `local` or, where that stood already, without. */
  confirmByAcceptance(invite: ServerTransaction, local: string, offered: boolean): void {
    this.#standing.begin(local, sdpOf(invite.request));
    this.#peerOffers.awaitAck(invite, offered, true);
  }

  /** UAC: a 2xx to our INVITE came. */
  confirmByResponse(invite: SipRequest, response: SipResponse): void {
    this.#standing.begin(sdpOf(invite) ?? '', sdpOf(response));
    this.#confirmed = true;
    this.#timer.begin(invite);
    this.#timer.accepted(response);
  }

  /** Takes a re-INVITE. `early`: the INVITE that creates the dialog has no final response. */
  receiveInvite(transaction: ServerTransaction, early: boolean): void {
    const { outbound } = this.#parts;
    const crossing = (early && outbound) || this.#reinviting;
    this.#peerOffers.receive(transaction, crossing, early || this.#updating);
  }

  receiveUpdate(transaction: ServerTransaction): void {
    this.#updates ??= new PeerUpdates(this.#peers);
    this.#updates.receive(transaction, this.#blocked());
  }

  /** Takes an ACK; `undefined` when nothing waits for it. */
  acknowledge(ack: SipRequest): Acknowledgement | undefined {
    const acknowledged = this.#peerOffers.acknowledge(ack);
    this.#standing.acknowledge(acknowledged?.sdp);
    return acknowledged;
  }

  /** Asks the user for an answer to an offer of the peer, or for an offer. */
  ask(sdp: string | undefined, reply: OfferReply): void {
    this.#standing.ask(sdp, reply);
  }

  reoffer(offer: Offer): void {
    this.#reoffering().offer(offer);
  }

  /** Looks again whether an offer of ours that waits may leave. */
  proceed(): void {
    this.#reoffers?.proceed();
  }

  /**
   * What the 2xx to an INVITE or UPDATE says about us, and of the session; its timer runs from now on. An UPDATE in an
   * early dialog refreshes nothing.
   */
  acceptanceHeaders(request: SipRequest): readonly HeaderField[] {
    const own = this.#parts.ownHeaders();
    if (request.method === 'UPDATE' && !this.#confirmed) return own;
    this.#confirmed = true;
    return [...own, ...this.#timer.accept(request.headers)];
  }

  /** Stops every timer and answers what is still open with `status`. */
  close(status: number): void {
    this.#peerOffers.close(status);
    this.#updates?.close(status);
    this.#reoffers?.close();
    this.#timer.close();
  }

  /** Why the peer may make no offer by UPDATE now (RFC 3311 section 5.2). */
  #blocked(): 491 | 500 | undefined {
    if (!this.#standing.exchanged) return this.#parts.outbound ? 491 : 500;
    if (this.#reinviting || this.#peerOffers.awaitsAnswer) return 491;
    return this.#peerOffers.pending ? 500 : undefined;
  }
}
