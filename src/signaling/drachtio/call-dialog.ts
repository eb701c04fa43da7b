import { ALLOW, optionsHeaders, SDP_TYPE } from '../capabilities.js';
import { DialogCommands } from '../dialog-commands.js';
import { type DialogId, dialogKey, fromTagOf } from '../dialog-id.js';
import type { DialogUser } from '../dialog-user.js';
import type { DigestClient } from '../digest/digest-client.js';
import { receiveInfo } from '../info-digit.js';
import { InfoSender } from '../info-sender.js';
import { reasonText } from '../leg-end.js';
import { cseqNumber } from '../message/cseq.js';
import { parseNameAddr } from '../message/name-addr.js';
import type { HeaderList } from '../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import type { HangUpOptions, LegEnd } from '../port.js';
import type { Offer } from '../session/reoffers.js';
import { sdpOf } from '../session/session-body.js';
import { PeerReferral } from '../transfer/peer-referral.js';
import { Transfers } from '../transfer/transfers.js';
import type { CallServer, ReplacingInvite, ServerDialog } from './call-server.js';
import { DialogSession } from './dialog-session.js';
import { supportedTags } from './own-tags.js';
import { type SentResponse, type ServerRequest, sentTag } from './server/server-request.js';
import { ServerChannel } from './server-channel.js';

/** The leg above. Every callback runs while the message that caused it is handled, `onEnded` also from own methods. */
export interface CallDialogUser extends DialogUser {
  /** Somebody asks to take the peer's place in this established call (RFC 3891); to be answered. */
  onReplace(invite: ReplacingInvite): void;
}

export interface AcceptanceOptions {
  readonly answered: boolean;
  readonly headers?: HeaderList | undefined;
}

/**
 * - `pending`: the INVITE that creates the dialog has no final response.
 * - `confirmed`: a 2xx was sent or received.
 * - `ending`: our BYE is on its way; kept for a BYE of the peer that crosses it (RFC 5407 section 3.1.5).
 * - `gone`: forgotten.
 */
type Phase = 'pending' | 'confirmed' | 'ending' | 'gone';

/** What happens inside one call's dialog, in both directions. The server keeps its CSeq, routes and retransmissions. */
export class CallDialog extends DialogCommands implements ServerDialog {
  readonly #calls: CallServer;
  readonly #user: CallDialogUser;
  /** The call is ours. */
  readonly outbound: boolean;
  readonly #session: DialogSession;
  protected readonly transfers: Transfers;
  protected readonly digits: InfoSender;
  readonly #channel: ServerChannel;
  #phase: Phase = 'pending';
  #id = '';
  protected identity: DialogId | undefined;
  #localUri = '';
  #remoteCSeq = 0;
  /** Header fields of a BYE that waits for the server's name of the dialog. */
  #bye: HeaderList | undefined;

  /** @param credentials answer 401 and 407 to requests of ours in the dialog */
  constructor(calls: CallServer, direction: 'inbound' | 'outbound', user: CallDialogUser, credentials?: DigestClient) {
    super();
    const { session, clock, limits } = calls;
    this.#calls = calls;
    this.#user = user;
    this.outbound = direction === 'outbound';
    const channel = new ServerChannel({
      session,
      clock,
      dialogId: () => this.#id,
      credentials,
      sessionHeaders: () => this.#session.requestHeaders,
      onNoDialog: () => this.#lose({ by: 'transport', status: 481, text: '' }),
    });
    this.#channel = channel;
    this.#session = new DialogSession({
      calls,
      channel,
      outbound: this.outbound,
      onOffer: (sdp, reply) => user.onOffer(sdp, reply),
      onReoffered: (status, sdp) => user.onReoffered(status, sdp),
      onAckTimeout: () => this.endUnacknowledged(),
      onDead: (end, reason) => this.sendBye(reason === undefined ? {} : { reason }, end),
    });
    this.transfers = new Transfers({
      channel,
      clock,
      firstNotifyMs: 64 * limits.t1Ms,
      resultMs: limits.transferTimeoutMs,
      localUri: () => this.#localUri,
      onTransfer: (status, final) => user.onTransfer(status, final),
    });
    this.digits = new InfoSender(channel, (end) => this.sendBye({}, end));
  }

  /** The server's name of the dialog is known: its requests come here from now on. */
  enter(id: string): void {
    if (id === '' || id === this.#id || this.#phase === 'gone') return;
    if (this.#id !== '') this.#calls.removeDialog(this.#id, this);
    this.#id = id;
    this.#calls.addDialog(id, this);
    this.#transmitBye();
  }

  /** UAS: answers the dialog's INVITE 200, with `sdp` unless a reliable response has carried it (`answered`, RFC 3262 section 5). */
  accept(invite: ServerRequest, sdp: string, { answered, headers = [] }: AcceptanceOptions): void {
    const { request } = invite;
    this.#phase = 'confirmed';
    this.#acceptCSeq(request);
    this.#localUri = parseNameAddr(request.headers.get('To') ?? '')?.uri ?? '';
    this.#session.confirmByAcceptance(request, sdp, sdpOf(request) === undefined);
    const content = answered ? {} : { contentType: SDP_TYPE, body: sdp };
    const about = [...this.#session.acceptanceHeaders(request), ...headers];
    invite.respond(200, { headers: about, ...content }, (sent) => this.#onAccepted(sent, request));
  }

  #onAccepted(sent: SentResponse, invite: SipRequest): void {
    if (sent.type === 'sent') {
      this.enter(sent.dialogId);
      const callId = invite.headers.get('Call-ID') ?? '';
      this.identify({ callId, localTag: sentTag(sent.message), remoteTag: fromTagOf(invite) ?? '' });
      return;
    }
    // A CANCEL was quicker than our 200, and the server has answered both; or the caller's connection is gone.
    const cancelled = /transaction/i.test(sent.text);
    this.#lose({ by: cancelled ? 'peer' : 'transport', status: cancelled ? 487 : 0, text: '' });
  }

  /** UAC: a 2xx came, and its ACK has been sent. Returns what {@link DialogSession.confirmByResponse} does. */
  confirmByResponse(invite: SipRequest, response: SipResponse): string | undefined {
    this.#phase = 'confirmed';
    this.#localUri = parseNameAddr(invite.headers.get('From') ?? '')?.uri ?? '';
    return this.#session.confirmByResponse(invite, response);
  }

  /** A reliable provisional response has answered the first offer: the peer may make others (RFC 3311 section 5.2). */
  noteEarlyAnswer(local: string, remote: string | undefined, tag?: string): void {
    this.#session.noteEarlyAnswer(local, remote, tag);
  }

  /** How the dialog is called on the wire. */
  identify(identity: DialogId): void {
    if (this.#phase === 'gone') return;
    this.#unidentify();
    this.identity = identity;
    this.#calls.identities.set(dialogKey(identity), this);
  }

  #unidentify(): void {
    const { identities } = this.#calls;
    const key = this.identity && dialogKey(this.identity);
    if (key !== undefined && identities.get(key) === this) identities.delete(key);
  }

  protected get confirmed(): boolean {
    return this.#phase === 'confirmed';
  }

  protected get awaitsFirstAck(): boolean {
    return this.#session.awaitsFirstAck;
  }

  protected sendOffer(offer: Offer): void {
    this.#session.reoffer(offer);
  }

  protected tellTransfer(status: number, final: boolean): void {
    this.#user.onTransfer(status, final);
  }

  protected tellReoffered(status: number, sdp: string | undefined): void {
    this.#user.onReoffered(status, sdp);
  }

  get up(): boolean {
    return this.#phase === 'confirmed' || this.#phase === 'ending';
  }

  /** Sends BYE at once. The user hears of the end when it is on its way; only the transaction lives on. */
  sendBye({ reason, headers }: HangUpOptions, end: LegEnd): void {
    if (this.#phase !== 'confirmed') return;
    this.#phase = 'ending';
    this.#quiet(487);
    this.#bye = [...(reason === undefined ? [] : [['Reason', reason] as const]), ...(headers ?? [])];
    this.#transmitBye();
    this.#user.onEnded(end);
  }

  /** As soon as the server has told what it calls the dialog. */
  #transmitBye(): void {
    const headers = this.#bye;
    if (headers === undefined || this.#id === '') return;
    this.#bye = undefined;
    this.#channel.send({ method: 'BYE', headers }, { onResponse: () => this.forget(), onFailure: () => this.forget() });
  }

  /** The dialog exists no longer: its requests get 481 from now on. Nothing is sent, the user is not told. */
  forget(): void {
    if (this.#phase === 'gone') return;
    this.#phase = 'gone';
    this.#quiet(487);
    this.#unidentify();
    if (this.#id !== '') this.#calls.removeDialog(this.#id, this);
  }

  /** UAC: no 2xx came. */
  abandon(): void {
    if (this.#phase === 'pending') this.forget();
  }

  /** The dialog is lost without a BYE: its server is gone, or has forgotten it. */
  #lose(end: LegEnd): void {
    if (this.#phase === 'gone') return;
    const told = this.#phase === 'ending';
    this.forget();
    if (!told) this.#user.onEnded(end);
  }

  onAck(ack: SipRequest): void {
    const acknowledged = this.#session.acknowledge(ack);
    if (acknowledged === undefined) return;
    if (!acknowledged.overtaken) this.#user.onAcked(acknowledged.sdp);
    if (acknowledged.initial) this.sendHeld();
    this.#session.proceed();
  }

  /** The server sent BYE by itself: no ACK came, or a session timer ran out (RFC 4028 section 10). */
  onServersBye(bye: SipRequest): void {
    const text = reasonText(bye);
    if (!/ACK timeout/i.test(text)) this.#lose({ by: 'transport', status: 408, text });
    else this.#lose(this.unacknowledgedEnd);
  }

  onRefusedBye(bye: SipRequest): void {
    if (this.up) this.#lose({ by: 'peer', status: 0, text: reasonText(bye) });
  }

  onReplaces(invite: ReplacingInvite, earlyOnly: boolean): void {
    // An INVITE of the peer's is no match (RFC 3891 section 3); one of ours that rings is not for others to pick up.
    const isCallers = this.#phase === 'pending' && !this.outbound;
    const idle = this.#session.idle && !this.transfers.underWay;
    const status = isCallers ? 481 : this.refusalOfReplacement(earlyOnly, idle);
    if (status === undefined) this.#user.onReplace(invite);
    else invite.request.respond(status);
  }

  /** Any request but ACK. */
  onRequest(request: ServerRequest): void {
    const { method } = request.request;
    if (this.#phase === 'ending') {
      request.respond(method === 'BYE' ? 200 : 481);
      return;
    }
    if (!this.#acceptCSeq(request.request)) {
      request.respond(500);
      if (method === 'BYE') this.onRefusedBye(request.request);
      return;
    }
    switch (method) {
      case 'BYE':
        request.respond(200);
        this.forget();
        this.#user.onEnded({ by: 'peer', status: 0, text: reasonText(request.request) });
        return;
      case 'INVITE':
      case 'UPDATE':
        this.#session.receive(request, this.#phase === 'pending');
        return;
      case 'PRACK':
        // Those of its reliable responses the server answers: this one fits none.
        request.respond(481);
        return;
      case 'INFO':
        receiveInfo(
          request.request,
          (status, headers = []) => request.respond(status, { headers }),
          (digit, durationMs) => this.#user.onDigit(digit, durationMs),
        );
        return;
      case 'OPTIONS':
        // Availability concerns new calls: a peer that checks on this one must not be told to give it up.
        request.respond(200, { headers: optionsHeaders(supportedTags) });
        return;
      case 'REFER':
        this.#receiveRefer(request);
        return;
      case 'NOTIFY':
        this.transfers.onNotify(request.request, (status, headers = []) => request.respond(status, { headers }));
        return;
      default:
        request.respond(405, { headers: [['Allow', ALLOW]] });
    }
  }

  /** False for a number below one seen before (RFC 3261 section 12.2.2): the server lets it through. */
  #acceptCSeq(request: SipRequest): boolean {
    const number = cseqNumber(request) ?? 0;
    if (number < this.#remoteCSeq) return false;
    this.#remoteCSeq = number;
    return true;
  }

  #receiveRefer(request: ServerRequest): void {
    PeerReferral.receive(request.request, this.#user.onRefer, {
      channel: this.#channel,
      respond: (status) => request.respond(status),
      isAlive: () => this.confirmed,
      onFault: (error) => this.#calls.fault(error),
    });
  }

  /** Stops every timer and answers what is still open. */
  #quiet(status: number): void {
    this.#session.close(status);
    this.transfers.close();
    this.digits.close();
    this.dropHeld();
  }
}
