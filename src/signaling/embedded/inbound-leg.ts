import type { TimerHandle } from '../../base/clock.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { SDP_TYPE } from '../capabilities.js';
import { DialogLeg } from '../dialog-leg.js';
import { inviteLifetime } from '../invite-lifetime.js';
import { reasonText } from '../leg-end.js';
import type { LegEvents } from '../leg-events.js';
import { createResponse, type ResponseOptions } from '../message/response-builder.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipRequest } from '../message/sip-message.js';
import type {
  AcceptOptions,
  HangUpOptions,
  InboundLeg,
  InviteRequest,
  LegEnd,
  OfferReply,
  RejectOptions,
} from '../port.js';
import { finalStatus, rejectionOf } from '../rejection.js';
import { CallDialog, type CallDialogUser } from './call-dialog.js';
import { Dialog } from './dialog/dialog.js';
import { originOf } from './dialog/flow-finder.js';
import type { Endpoint } from './endpoint.js';
import { asksForSips, replaceLeg } from './leg-replacement.js';
import { Provisionals, strayPrackStatus } from './provisionals.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

/** One INVITE that came in, from its first provisional response to the end of its dialog. */
export class UasLeg extends DialogLeg implements InboundLeg, CallDialogUser {
  readonly direction = 'inbound';
  readonly callId: string;
  readonly localAddress: string;
  readonly invite: InviteRequest;
  readonly #endpoint: Endpoint;
  /** Until it has its final response: with it the whole message would stay as long as the call. */
  #transaction: ServerTransaction | undefined;
  /** The dialog the leg lives in; another one when somebody has taken the peer's place. */
  #call: CallDialog;
  readonly #localTag: string;
  readonly #onOver: () => void;
  /** As long as a PRACK may be meant for one of them. */
  #provisionals: Provisionals | undefined;
  #pending = true;
  #tried = false;
  /** The 2xx is on its way, or waits for a PRACK. */
  #accepting = false;
  #expiry: TimerHandle | undefined;

  /** `onEnded` is called once, just before the listener hears of the end. */
  constructor(endpoint: Endpoint, transaction: ServerTransaction, invite: InviteRequest, onEnded: () => void) {
    super();
    const { request, source } = transaction;
    this.callId = invite.callId;
    this.localAddress = source.local.address;
    this.invite = invite;
    this.#endpoint = endpoint;
    this.#transaction = transaction;
    this.#onOver = onEnded;
    this.#localTag = endpoint.tag();
    this.#call = new CallDialog(
      {
        endpoint,
        dialog: Dialog.ofUas(request, this.#localTag, endpoint.credentialsFor(transaction), source.remote.address),
        origin: originOf(transaction),
        contact: endpoint.contact(source, invite.requestUser, asksForSips(transaction)),
        user: this,
      },
      'uas-pending',
    );
    this.#provisionals = new Provisionals({
      endpoint,
      invite: transaction,
      offered: invite.sdp !== undefined,
      send: (status, options) => this.#respond(status, options),
      respond: (prack, status, options) => this.#call.respond(prack, status, options),
      onOffer: (sdp, reply) => this.#call.ask(sdp, reply),
      onAnswered: (answer) => this.#call.noteEarlyAnswer(answer, invite.sdp),
      onLost: () => this.reject(504),
    });
    transaction.toTag = this.#localTag;
    transaction.onCancel = (cancel) => this.#giveUp({ by: 'peer', status: 487, text: reasonText(cancel) });
    this.#startExpiry(transaction);
  }

  protected get talking(): CallDialog {
    return this.#call;
  }

  protected onListenerFault(error: unknown): void {
    this.refuseAfterFault(error);
  }

  /**
   * 100 Trying, unless something better was sent already. An INVITE that is refused at once needs none (RFC 3261 section
   * 17.2.1), and a flood of them is answered with half the messages.
   */
  trying(): void {
    if (!this.#pending || this.#tried || this.#transaction === undefined) return;
    this.#tried = true;
    this.#transaction.respond(createResponse(this.#transaction.request, 100));
  }

  ring(status: 180 | 183, sdp?: string): void {
    if (!this.#pending || this.#accepting) return;
    this.trying();
    this.#provisionals?.ring(status, sdp);
  }

  accept(sdp: string, { headers = new Map() }: AcceptOptions = {}): void {
    const transaction = this.#transaction;
    const provisionals = this.#provisionals;
    if (!this.#pending || this.#accepting || transaction === undefined || provisionals === undefined) return;
    checkHeaderFields(headers);
    this.trying();
    this.#accepting = true;
    provisionals.succeed(() => {
      this.#settle();
      const described = provisionals.mayRepeat(sdp) ? { contentType: SDP_TYPE, body: sdp } : {};
      this.#respond(200, { headers, ...described });
      this.#transaction = undefined;
      if (!provisionals.reliable) this.#provisionals = undefined;
      this.#call.confirmByAcceptance(transaction, sdp, this.invite.sdp === undefined);
    });
  }

  reject(status: number, options?: RejectOptions): void {
    const transaction = this.#transaction;
    if (!this.#pending || transaction === undefined) return;
    const final = finalStatus(status);
    const rejection = rejectionOf(options);
    this.#settle();
    transaction.respond(createResponse(transaction.request, final, { toTag: this.#localTag, ...rejection }));
    this.#call.forget();
    this.#ended({ by: 'local', status: final, text: '' });
  }

  hangUp(options: HangUpOptions = {}): void {
    if (this.#pending) this.reject(options.status ?? 480, options);
    else this.#call.hangUp(options);
  }

  /** The driver closes: refuses or sends BYE at once, without waiting for an ACK. */
  shutDown(): void {
    if (this.#pending) this.reject(503);
    else this.#call.hangUpNow();
  }

  /** A handler or listener threw: a caller who still waits gets 500. */
  refuseAfterFault(error: unknown): void {
    this.#endpoint.fault(error);
    this.reject(500);
  }

  onAcked(call: CallDialog, sdp: string | undefined): void {
    this.#emit(call, { type: 'acked', sdp });
  }

  onOffer(call: CallDialog, sdp: string | undefined, reply: OfferReply): void {
    this.#emit(call, { type: 'offer', sdp, reply });
  }

  onDigit(call: CallDialog, digit: string, durationMs: number): void {
    this.#emit(call, { type: 'digit', digit, durationMs });
  }

  onTransfer(call: CallDialog, status: number, final: boolean): void {
    this.#emit(call, { type: 'transfer', status, final });
  }

  onReoffered(call: CallDialog, status: number, sdp: string | undefined): void {
    this.#emit(call, { type: 'reoffered', status, sdp });
  }

  onPrack(prack: ServerTransaction): void {
    if (this.#provisionals === undefined) this.#call.respond(prack, strayPrackStatus(prack));
    else this.#provisionals.receive(prack);
  }

  onEnded(call: CallDialog, end: LegEnd): void {
    if (call === this.#call) this.#ended(end);
  }

  /** What happens in a dialog concerns the leg as long as it lives in that one. */
  #emit(call: CallDialog, event: Parameters<LegEvents['emit']>[0]): void {
    if (call === this.#call) this.events.emit(event);
  }

  onReplace(transaction: ServerTransaction, sdp: string | undefined): void {
    replaceLeg({
      endpoint: this.#endpoint,
      transaction,
      sdp,
      contactUser: this.invite.requestUser,
      old: this.#call,
      user: this,
      onOffer: (offer, reply) => this.events.emit({ type: 'offer', sdp: offer, reply }),
      onReplaced: (call, fromUser) => {
        this.#call = call;
        this.events.emit({ type: 'replaced', fromUser });
      },
    });
  }

  /** CANCEL or Expires: 487 (RFC 3261 sections 9.2 and 13.3.1). */
  #giveUp(end: LegEnd): void {
    if (!this.#pending) return;
    this.#settle();
    this.#respond(487);
    this.#call.forget();
    this.#ended(end);
  }

  #ended(end: LegEnd): void {
    // BYE in an early dialog: its INVITE still waits for an answer (RFC 3261 section 15.1.2).
    if (this.#pending) {
      this.#settle();
      this.#respond(487);
      this.#ended({ ...end, status: 487 });
      return;
    }
    this.#onOver();
    if (end.by === 'local') this.events.endLater(end);
    else this.events.end(end);
  }

  #settle(): void {
    this.#pending = false;
    if (this.#transaction !== undefined) this.#transaction.onCancel = undefined;
    this.#endpoint.clock.clearTimeout(this.#expiry);
    this.#expiry = undefined;
    this.#provisionals?.close();
  }

  #respond(status: number, options: ResponseOptions = {}): void {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    const { request } = transaction;
    const headers = [...this.#headersOf(status, request), ...(options.headers ?? [])];
    transaction.respond(createResponse(request, status, { toTag: this.#localTag, ...options, headers }));
  }

  #headersOf(status: number, invite: SipRequest): readonly HeaderField[] {
    if (status >= 300) return [];
    return status < 200 ? this.#call.contactHeaders() : this.#call.acceptanceHeaders(invite);
  }

  #startExpiry({ request }: ServerTransaction): void {
    const { clock, limits } = this.#endpoint;
    const { delayMs, expires } = inviteLifetime(request.headers.get('Expires'), limits.maxPendingMs);
    const expire = expires ? () => this.#giveUp({ by: 'peer', status: 487, text: '' }) : () => this.reject(480);
    this.#expiry = clock.setTimeout(expire, delayMs);
  }
}
