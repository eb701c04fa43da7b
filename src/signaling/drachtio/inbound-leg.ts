import type { TimerHandle } from '../../base/clock.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { ALLOW, RELIABLE_TAG, SDP_TYPE } from '../capabilities.js';
import { mergeKeyOf } from '../dialog-id.js';
import { DialogLeg } from '../dialog-leg.js';
import { inviteLifetime } from '../invite-lifetime.js';
import { ENDED_BY_LOSS, reasonText } from '../leg-end.js';
import { hasOptionTag } from '../message/lexical.js';
import type { HeaderList } from '../message/sip-headers.js';
import type { SipRequest } from '../message/sip-message.js';
import type { AcceptOptions, HangUpOptions, InboundLeg, InviteRequest, LegEnd, RejectOptions } from '../port.js';
import { finalStatus, rejectionOf } from '../rejection.js';
import { CallDialog, type CallDialogUser } from './call-dialog.js';
import type { CallServer, ReplacingInvite } from './call-server.js';
import { replaceLeg } from './leg-replacement.js';
import { ownContact } from './own-contact.js';
import { readServerMessage } from './server/server-message.js';
import type { ServerRequest } from './server/server-request.js';

/** One INVITE that a drachtio server handed to us, from its first provisional response to the end of its dialog. */
export class ServerUasLeg extends DialogLeg implements InboundLeg {
  readonly direction = 'inbound';
  readonly callId: string;
  readonly localAddress: string;
  readonly invite: InviteRequest;
  /** {@link mergeKeyOf} its INVITE. */
  readonly mergeKey: string;
  /** Those of the connection that the leg lives on. */
  #calls: CallServer;
  readonly #request: ServerRequest;
  /** The dialog the leg lives in; another one when somebody has taken the peer's place. */
  #dialog: CallDialog;
  readonly #mode: 'plain' | 'reliable' | 'none';
  #pending = true;
  /** A reliable provisional response carried our answer: the 200 carries none (RFC 3262 section 5). */
  #answered = false;
  #expiry: TimerHandle | undefined;
  #ringRepeat: TimerHandle | undefined;

  constructor(calls: CallServer, request: ServerRequest, invite: InviteRequest) {
    super();
    this.callId = invite.callId;
    this.localAddress = calls.localAddressTo(invite.source.address);
    this.invite = invite;
    this.mergeKey = mergeKeyOf(request.request);
    this.#calls = calls;
    this.#request = request;
    this.#mode = provisionalMode(request.request, invite.sdp !== undefined);
    const dialog: CallDialog = new CallDialog(
      calls,
      'inbound',
      this.#userOf(() => dialog),
    );
    this.#dialog = dialog;
    // The server names a dialog by the Call-ID and the tag in From; it may ask in it before we have answered.
    request.onCancel((raw) => this.#cancelled(raw));
    request.onUpdate((update, response) => calls.session.adopt(update, response));
    this.#startExpiry();
  }

  protected get talking(): CallDialog {
    return this.#dialog;
  }

  protected onListenerFault(error: unknown): void {
    this.refuseAfterFault(error);
  }

  ring(status: 180 | 183, sdp?: string): void {
    if (this.#pending && this.#mode !== 'none') this.#sendProvisional(status, sdp);
  }

  accept(sdp: string, options: AcceptOptions = {}): void {
    checkHeaderFields(options.headers);
    if (!this.#pending) return;
    this.#settle();
    this.#dialog.accept(this.#request, sdp, { answered: this.#answered, headers: options.headers });
  }

  reject(status: number, options?: RejectOptions): void {
    const rejection = rejectionOf(options);
    if (!this.#pending) return;
    const final = finalStatus(status);
    this.#settle();
    this.#dialog.forget();
    this.#request.respond(final, rejection);
    this.#calls.removeLeg(this);
    this.events.endLater({ by: 'local', status: final, text: '' });
  }

  hangUp(options: HangUpOptions = {}): void {
    if (this.#pending) this.reject(options.status ?? 480, options);
    else this.#dialog.hangUp(options);
  }

  /** The driver closes: refuses or sends BYE at once, without waiting for an ACK. */
  shutDown(): void {
    if (this.#pending) this.reject(503);
    else this.#dialog.hangUpNow();
  }

  /** The connection with the server is gone, and the server ends the call towards the peer when it is asked next. */
  lose(): void {
    this.#settle();
    this.#dialog.forget();
    this.#ended(ENDED_BY_LOSS);
  }

  /** A handler or listener threw: a caller who still waits gets 500. */
  refuseAfterFault(error: unknown): void {
    this.#calls.fault(error);
    this.reject(500);
  }

  #sendProvisional(status: 180 | 183, sdp: string | undefined): void {
    const headers: HeaderList = [['Allow', ALLOW], ownContact(this.invite.requestUser, this.#request)];
    if (this.#mode === 'reliable' && sdp !== undefined) {
      this.#answered = true;
      this.#dialog.noteEarlyAnswer(sdp, this.invite.sdp);
    }
    const content = sdp === undefined ? { headers } : { headers, contentType: SDP_TYPE, body: sdp };
    this.#request.respond(status, content, (sent) => {
      if (sent.type === 'sent') this.#dialog.enter(sent.dialogId);
    });
    this.#repeatRinging(status, sdp);
  }

  /** What happens in a dialog concerns the leg as long as it lives in that one. */
  #userOf(dialog: () => CallDialog | undefined): CallDialogUser {
    const isOurs = (): boolean => dialog() === this.#dialog;
    return {
      onReplace: (invite) => this.#replace(invite),
      onEnded: (end) => {
        if (isOurs()) this.#ended(end);
      },
      ...this.toldOf(isOurs),
    };
  }

  #replace(invite: ReplacingInvite): void {
    let next: CallDialog | undefined;
    replaceLeg({
      invite,
      old: this.#dialog,
      user: this.#userOf(() => next),
      onOffer: (sdp, reply) => this.events.emit({ type: 'offer', sdp, reply }),
      onReplaced: (dialog, fromUser) => {
        next = dialog;
        this.#dialog = dialog;
        invite.calls.move(this, this.#calls);
        this.#calls = invite.calls;
        this.events.emit({ type: 'replaced', fromUser });
      },
    });
  }

  #cancelled(raw: string): void {
    if (!this.#pending) return;
    const parsed = readServerMessage(raw);
    const isRequest = parsed.type === 'message' && parsed.message.kind === 'request';
    const text = isRequest ? reasonText(parsed.message) : '';
    this.#settle();
    this.#dialog.forget();
    this.#ended({ by: 'peer', status: 487, text });
  }

  #ended(end: LegEnd): void {
    // BYE in an early dialog: its INVITE still waits for an answer (RFC 3261 section 15.1.2).
    if (this.#pending) {
      this.#settle();
      this.#request.respond(487);
      this.#ended({ ...end, status: 487 });
      return;
    }
    this.#calls.removeLeg(this);
    if (end.by === 'local') this.events.endLater(end);
    else this.events.end(end);
  }

  #settle(): void {
    this.#pending = false;
    this.#calls.clock.clearTimeout(this.#expiry);
    this.#calls.clock.clearTimeout(this.#ringRepeat);
  }

  #startExpiry(): void {
    const { clock, limits } = this.#calls;
    const { delayMs, expires } = inviteLifetime(this.#request.request.headers.get('Expires'), limits.maxPendingMs);
    this.#expiry = clock.setTimeout(expires ? () => this.#expire() : () => this.reject(480), delayMs);
  }

  #expire(): void {
    this.#settle();
    this.#dialog.forget();
    this.#request.respond(487);
    this.#ended({ by: 'peer', status: 487, text: '' });
  }

  /** So often that proxies keep waiting (RFC 3261 section 13.3.1.1). */
  #repeatRinging(status: 180 | 183, sdp: string | undefined): void {
    const { clock, limits } = this.#calls;
    clock.clearTimeout(this.#ringRepeat);
    this.#ringRepeat = clock.setTimeout(() => {
      if (this.#pending) this.#sendProvisional(status, sdp);
    }, limits.ringRepeatMs);
  }
}

/**
 * How provisional responses go out. `reliable`: the caller insists, and the server (v0.9.10) numbers and repeats each, and
 * answers its PRACK, without being asked. It must not be asked: with `Require: 100rel` in a response of ours it dies when
 * the INVITE gets its final response, or is cancelled, before the PRACK. So a caller who merely supports them gets plain
 * ones. `none`: the first would have to carry our offer (RFC 3262 section 5).
 */
function provisionalMode({ headers }: SipRequest, offered: boolean): 'plain' | 'reliable' | 'none' {
  if (!hasOptionTag(headers.getAll('Require'), RELIABLE_TAG)) return 'plain';
  return offered ? 'reliable' : 'none';
}
