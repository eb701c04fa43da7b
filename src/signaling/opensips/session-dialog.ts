import { assertUnreachable } from '../../base/assert.js';
import type { Clock, TimerHandle } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { TIMER_SUPPORTED } from '../capabilities.js';
import { DialogCommands } from '../dialog-commands.js';
import type { DialogId } from '../dialog-id.js';
import type { DialogUser } from '../dialog-user.js';
import { InfoSender } from '../info-sender.js';
import { ENDED_BY_LOSS, reasonText } from '../leg-end.js';
import { cseqNumber } from '../message/cseq.js';
import type { HeaderField, HeaderList, SipHeaders } from '../message/sip-headers.js';
import type { HangUpOptions, LegEnd } from '../port.js';
import { oneLine } from '../rejection.js';
import { inspectExtensions } from '../request-inspection.js';
import { type Offer, Reoffers } from '../session/reoffers.js';
import { sdpOf } from '../session/session-body.js';
import { Transfers } from '../transfer/transfers.js';
import type { OpensipsLimits } from './opensips-options.js';
import { understoodTags } from './own-tags.js';
import { PeerOffers, type SeenAcknowledgement } from './peer-offers.js';
import { PeerRequests } from './peer-requests.js';
import { SessionChannel } from './session-channel.js';
import { requestOf, responseOf, type SessionEvent } from './session-event.js';
import { SessionTimer } from './session-timer.js';
import type { UaSession } from './ua-session.js';

export interface SessionDialogParts {
  readonly session: UaSession;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: OpensipsLimits;
  readonly direction: 'inbound' | 'outbound';
  /** The leg above. */
  readonly user: DialogUser;
  readonly onFault: (error: unknown) => void;
  /** Its events need not come here any longer. */
  readonly onForgotten: () => void;
}

/**
 * - `pending`: the INVITE that creates the dialog has no final response.
 * - `confirmed`: a 2xx was sent or received.
 * - `ending`: over for the user; OpenSIPS may still have something to tell.
 * - `gone`: forgotten.
 */
type Phase = 'pending' | 'confirmed' | 'ending' | 'gone';

/** What happens inside one session of OpenSIPS once it is answered, in both directions. */
export class SessionDialog extends DialogCommands {
  readonly session: UaSession;
  readonly #parts: SessionDialogParts;
  readonly #peerOffers: PeerOffers;
  readonly #reoffers: Reoffers;
  protected readonly transfers: Transfers;
  protected readonly digits: InfoSender;
  readonly #requests: PeerRequests;
  readonly #timer: SessionTimer;
  readonly #channel: SessionChannel;
  #phase: Phase = 'pending';
  protected identity: DialogId | undefined;
  #localUri = '';
  /** The highest CSeq of the peer's requests. */
  #peerCSeq = 0;
  #forgetTimer: TimerHandle | undefined;
  /** Until OpenSIPS has heard of the end that we decided on. */
  #ending: Promise<void> | undefined;
  #retryTimer: TimerHandle | undefined;
  #retryNow = (): void => {};

  constructor(parts: SessionDialogParts) {
    super();
    const { session, clock, random, limits, user } = parts;
    this.session = session;
    this.#parts = parts;
    this.#channel = new SessionChannel({
      session,
      clock,
      responseMs: limits.responseMs,
      sessionHeaders: () => this.#timer.requestHeaders(),
    });
    this.#timer = new SessionTimer({
      channel: this.#channel,
      clock,
      random,
      onDead: (end, reason) => this.sendBye(reason === undefined ? {} : { reason }, end),
    });
    this.#peerOffers = new PeerOffers({
      session,
      timer: this.#timer,
      clock,
      random,
      ackOptions: limits.ack,
      onOffer: (sdp, reply) => user.onOffer(sdp, reply),
      onAck: (ack) => this.#onAck(ack),
      onAckTimeout: () => this.endUnacknowledged(),
      onLost: () => this.lose(),
      onClosed: () => this.#reoffers.proceed(),
    });
    this.#reoffers = new Reoffers({
      channel: this.#channel,
      clock,
      random,
      patienceMs: limits.ack.patienceMs,
      ownsCallId: parts.direction === 'outbound',
      isClear: () => this.#peerOffers.clear,
      // A re-INVITE refreshes the session, whatever it is for (RFC 4028 section 7.4).
      session: {
        accepted: (response) => this.#timer.accepted(response),
        // An UPDATE that is due waits behind it, and has an outcome of its own.
        failed: () => {},
        learn: (response) => this.#timer.learn(response),
      },
      onReoffered: (status, sdp) => user.onReoffered(status, sdp),
      onDead: (end) => this.sendBye({}, end),
      onFault: parts.onFault,
    });
    this.transfers = new Transfers({
      channel: this.#channel,
      clock,
      firstNotifyMs: limits.ack.patienceMs,
      resultMs: limits.transferTimeoutMs,
      localUri: () => this.#localUri,
      onTransfer: (status, final) => user.onTransfer(status, final),
    });
    this.digits = new InfoSender(this.#channel, (end) => this.sendBye({}, end));
    this.#requests = new PeerRequests({
      channel: this.#channel,
      transfers: this.transfers,
      reply: (method, status, headers) => this.#reply(method, status, headers),
      isUp: () => this.confirmed,
      onDigit: (digit, durationMs) => user.onDigit(digit, durationMs),
      onRefer: user.onRefer,
      onFault: parts.onFault,
    });
  }

  /** Over for the user. */
  get over(): boolean {
    return this.#phase === 'ending' || this.#phase === 'gone';
  }

  protected get confirmed(): boolean {
    return this.#phase === 'confirmed';
  }

  protected get awaitsFirstAck(): boolean {
    return this.#peerOffers.awaitsFirstAck;
  }

  protected sendOffer(offer: Offer): void {
    this.#reoffers.offer(offer);
  }

  protected tellTransfer(status: number, final: boolean): void {
    this.#parts.user.onTransfer(status, final);
  }

  protected tellReoffered(status: number, sdp: string | undefined): void {
    this.#parts.user.onReoffered(status, sdp);
  }

  /** UAS: OpenSIPS has taken our 2xx. `offer`: what it offered, where the INVITE offered nothing. */
  confirmByAcceptance(identity: DialogId, localUri: string, offer: string | undefined): void {
    if (this.#phase !== 'pending') return;
    this.#confirm(identity, localUri);
    this.#peerOffers.awaitAck(offer, true, 0);
  }

  /** UAS: the header fields of the INVITE, whose 2xx is to carry what comes back. Its requests count from its CSeq on. */
  begin(invite: SipHeaders): readonly HeaderField[] {
    this.#peerCSeq = cseqNumber({ headers: invite }) ?? 0;
    return this.#timer.accept(invite);
  }

  /** UAC: a 2xx came; OpenSIPS sends its ACK. */
  confirmByResponse(identity: DialogId, localUri: string): void {
    if (this.#phase === 'pending') this.#confirm(identity, localUri);
  }

  #confirm(identity: DialogId, localUri: string): void {
    this.#phase = 'confirmed';
    this.identity = identity;
    this.#localUri = localUri;
  }

  /** Sends BYE at once. The user hears of the end now; the session is kept until OpenSIPS has told how the BYE went. */
  sendBye({ reason, headers }: HangUpOptions, end: LegEnd): void {
    if (this.#phase !== 'confirmed') return;
    const fields = [...(reason === undefined ? [] : [['Reason', oneLine(reason)] as const]), ...(headers ?? [])];
    this.#leave();
    this.#ending = this.#bye(fields);
    this.#parts.user.onEnded(end);
  }

  async #bye(fields: readonly HeaderField[]): Promise<void> {
    // `ua_session_terminate` has no room for header fields that arrive.
    const outcome =
      fields.length === 0 ? undefined : await this.session.request('BYE', { headers: [...fields, TIMER_SUPPORTED] });
    if (outcome?.type !== 'done') await this.#terminate();
    else this.#terminateLater(this.#parts.limits.responseMs);
  }

  /**
   * The INVITE was refused: OpenSIPS keeps such a session for its whole lifetime unless it is told to forget it, which is
   * done when the ACK can be expected to have come.
   */
  forgetRefused(): void {
    if (this.#phase !== 'pending') return;
    this.#leave();
    this.#terminateLater(this.#parts.limits.refusedMs);
  }

  /**
   * OpenSIPS does not answer, or knows the session no longer. It is told to end it, for as long as it takes: nobody knows
   * whether the caller has been answered.
   */
  lose(): void {
    if (this.over) return;
    const waiting = this.#phase === 'pending' && this.#parts.direction === 'inbound';
    this.#leave();
    this.#ending = this.#terminate(waiting);
    this.#parts.user.onEnded(ENDED_BY_LOSS);
  }

  /**
   * A CANCEL crossed our 2xx. It should mean nothing (RFC 3261 section 9.2), but OpenSIPS forgets the session when the ACK
   * comes and tells of no BYE after it, nor can one be sent: the call ends here.
   */
  abandon(text: string): void {
    if (this.over) return;
    this.#leave();
    this.#terminateLater(this.#parts.limits.refusedMs);
    this.#parts.user.onEnded({ by: 'peer', status: 0, text });
  }

  /** The dialog is over without a word of ours: OpenSIPS has deleted it, or is gone. */
  forget(): void {
    if (this.#phase === 'gone') return;
    if (this.#phase !== 'ending') this.#leave();
    this.#parts.clock.clearTimeout(this.#forgetTimer);
    this.#phase = 'gone';
    this.#retryNow();
    this.#parts.onForgotten();
  }

  /** Forgets it now, telling OpenSIPS where it has to know; for the end of the driver. */
  async dismiss(): Promise<void> {
    const pending = this.#phase === 'ending' && this.#forgetTimer !== undefined;
    this.forget();
    await this.#ending;
    if (pending) await this.session.terminate();
  }

  #terminateLater(delayMs: number): void {
    if (this.#phase === 'gone') return;
    this.#forgetTimer = this.#parts.clock.setTimeout(() => void this.#terminate(), delayMs);
  }

  /**
   * Once at least, and as often as it takes while the session is not to be forgotten; a last time when it is to be.
   *
   * @param waiting An INVITE may wait for its final response, without which OpenSIPS ends nothing. Where it has one,
   *   another is not sent.
   */
  async #terminate(waiting = false): Promise<void> {
    for (let left = this.#parts.limits.terminateAttempts; left > 0; left -= 1) {
      const refusal = waiting ? await this.session.reply('INVITE', 503) : undefined;
      const end = await this.session.terminate();
      if ((refusal?.type !== 'lost' && end.type !== 'lost') || this.#phase === 'gone') break;
      await this.#pause();
    }
    this.forget();
  }

  /** Between two attempts, which may be lost at once where OpenSIPS has too much to do already. */
  #pause(): Promise<void> {
    const { clock, limits } = this.#parts;
    return new Promise((resolve) => {
      this.#retryNow = () => {
        clock.clearTimeout(this.#retryTimer);
        resolve();
      };
      this.#retryTimer = clock.setTimeout(resolve, limits.terminateRetryMs);
    });
  }

  /** Takes an event of this session other than its first. */
  receive(event: SessionEvent): void {
    switch (event.type) {
      case 'NEW':
        return;
      case 'EARLY':
      case 'ANSWERED':
      case 'REJECTED':
        this.#receiveResponse(event);
        return;
      case 'UPDATED':
        if (event.method === 'ACK') this.#peerOffers.receiveAck(event);
        else this.#receiveRequest(event);
        return;
      case 'TERMINATED':
        if (event.method === 'BYE') this.#receiveBye(event);
        else this.abandon(reasonText(requestOf(event)));
        return;
      default:
        assertUnreachable(event.type);
    }
  }

  #receiveResponse(event: SessionEvent): void {
    // OpenSIPS deletes the session with the answer to our BYE, whatever it is.
    if (event.method === 'BYE' && event.status >= 200) this.forget();
    else this.#channel.receive(event.method, responseOf(event));
  }

  #receiveBye(event: SessionEvent): void {
    const told = this.over;
    this.forget();
    if (!told) this.#parts.user.onEnded({ by: 'peer', status: 0, text: reasonText(requestOf(event)) });
  }

  #receiveRequest(event: SessionEvent): void {
    const { method } = event;
    if (this.over) {
      this.#reply(method, 481);
      return;
    }
    const refusal = inspectExtensions(event, understoodTags);
    if (refusal !== undefined) {
      this.#reply(method, refusal.status, refusal.headers);
      return;
    }
    // RFC 3261 section 12.2.2; OpenSIPS does not look at it.
    const cseq = cseqNumber(event) ?? this.#peerCSeq;
    if (cseq < this.#peerCSeq) {
      this.#reply(method, 500);
      return;
    }
    this.#peerCSeq = cseq;
    if (method === 'INVITE' || method === 'UPDATE') {
      const early = this.#phase === 'pending' && this.#parts.direction === 'inbound';
      this.#peerOffers.receive(event, this.#reoffers.pending, early);
    } else this.#requests.receive(event);
  }

  #onAck({ sdp, initial, unanswered }: SeenAcknowledgement): void {
    if (unanswered === undefined) this.#parts.user.onAcked(sdp);
    else this.#learnAnswer(unanswered);
    if (initial) this.sendHeld();
  }

  /**
   * The ACK carried the answer to our offer, and the script does not let us see ACKs (flag `a`). The same offer is made
   * once more, by a re-INVITE, whose 2xx is shown.
   */
  #learnAnswer(offer: string): void {
    const { user } = this.#parts;
    this.#channel.invite(offer, {
      onProvisional: () => {},
      onResponse: (response) => {
        const accepted = response.status < 300;
        if (accepted) this.#timer.accepted(response);
        user.onAcked(accepted ? sdpOf(response) : undefined);
      },
      onFailure: () => user.onAcked(undefined),
    });
  }

  #reply(method: string, status: number, headers?: HeaderList): void {
    void this.session.reply(method, status, undefined, headers === undefined ? {} : { headers });
  }

  /** Nothing more is reported; what is open is answered. */
  #leave(): void {
    this.#phase = 'ending';
    this.#peerOffers.close(487);
    this.#reoffers.close();
    this.transfers.close();
    this.digits.close();
    this.#timer.close();
    this.#channel.close();
    this.dropHeld();
  }
}
