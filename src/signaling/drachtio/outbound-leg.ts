import type { TimerHandle } from '../../base/clock.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { SDP_TYPE } from '../capabilities.js';
import { toTagOf } from '../dialog-id.js';
import { DialogLeg } from '../dialog-leg.js';
import { DigestClient, type DigestExchange } from '../digest/digest-client.js';
import { ENDED_BY_LOSS, ENDED_BY_US, endText, NO_ANSWER } from '../leg-end.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import type { HangUpOptions, LegEnd, OutboundLeg, OutboundRequest } from '../port.js';
import { MAX_REDIRECTS, redirectTargets } from '../redirect-targets.js';
import { retryAfterSeconds } from '../retry-after.js';
import { InviteInterval } from '../session/invite-interval.js';
import { sdpOf } from '../session/session-body.js';
import { CallDialog, type CallDialogUser } from './call-dialog.js';
import type { CallServer, ReplacingInvite } from './call-server.js';
import { replaceLeg } from './leg-replacement.js';
import { outboundInvite } from './outbound-invite.js';
import type { OutgoingTransaction, RequestFailure, ServerResponse } from './server/outgoing-request.js';
import { type ServerTarget, TargetList } from './target-list.js';

/** One INVITE on its way. */
interface Attempt {
  readonly target: ServerTarget;
  /** The server names dialogs by Call-ID and this: each target has its own. */
  readonly tag: string;
  transaction: OutgoingTransaction | undefined;
  sent: SipRequest | undefined;
  /** Any response came. */
  heard: boolean;
  /** From its first reliable response on. */
  dialog: CallDialog | undefined;
  /** Somebody gave up before a final response; holds the Reason. */
  givenUp: { readonly reason: string | undefined } | undefined;
}

/** A call of ours through a drachtio server, to the end of its dialog. */
export class ServerUacLeg extends DialogLeg implements OutboundLeg {
  readonly direction = 'outbound';
  readonly callId: string;
  readonly localAddress: string;
  /** Those of the connection that the leg lives on. */
  #calls: CallServer;
  readonly #request: OutboundRequest;
  readonly #targets: TargetList;
  readonly #credentials: DigestClient | undefined;
  readonly #interval: InviteInterval;
  readonly #body: string;
  /** One for each target. */
  #exchange: DigestExchange | undefined;
  #attempt: Attempt | undefined;
  #cseq = 0;
  /** How it ended with the target before, when there is no other. */
  #lastEnd: LegEnd = { by: 'transport', status: 503, text: '' };
  #redirects = 0;
  /** The dialog the leg's user talks in. */
  #answered: CallDialog | undefined;
  #givenUp = false;
  #answerTimer: TimerHandle | undefined;
  #failOverTimer: TimerHandle | undefined;
  #cancelTimer: TimerHandle | undefined;

  constructor(calls: CallServer, request: OutboundRequest, localAddress: string) {
    super();
    this.#calls = calls;
    this.#request = request;
    this.localAddress = localAddress;
    this.callId = calls.random.hex(16);
    this.#targets = new TargetList(request.uri, request.targets ?? [], calls.resting);
    this.#interval = new InviteInterval(calls.sessionTimers);
    this.#credentials = request.auth === undefined ? undefined : new DigestClient(request.auth, calls.random);
    const { sdp } = request;
    this.#body = typeof sdp === 'string' ? sdp : sdp(localAddress);
  }

  protected get talking(): CallDialog | undefined {
    return this.#answered;
  }

  protected onListenerFault(error: unknown): void {
    this.#calls.fault(error);
  }

  /** Hands the INVITE to the server. To be called once. */
  start(): void {
    const { clock, limits } = this.#calls;
    const timeoutMs = this.#request.answerTimeoutMs ?? limits.answerTimeoutMs;
    this.#answerTimer = clock.setTimeout(() => this.hangUp(NO_ANSWER), timeoutMs);
    this.#tryNext();
  }

  hangUp(options: HangUpOptions = {}): void {
    if (this.events.ended) return;
    if (this.#answered !== undefined) {
      this.#answered.hangUp(options);
      return;
    }
    checkHeaderFields(options.headers);
    if (this.#givenUp) return;
    this.#givenUp = true;
    const attempt = this.#attempt;
    if (attempt === undefined) {
      this.#end(ENDED_BY_US);
      return;
    }
    attempt.givenUp = { reason: options.reason };
    attempt.transaction?.cancel(options.reason);
    // Section 9.1: a server that answers the CANCEL but never the INVITE is not waited for longer than this.
    const { clock, limits } = this.#calls;
    this.#cancelTimer = clock.setTimeout(() => this.#abandon(), 64 * limits.t1Ms);
  }

  /** The driver closes: CANCEL or BYE at once. Whoever answers meanwhile gets ACK and BYE, as long as the connection is there. */
  shutDown(): void {
    if (this.events.ended) return;
    if (this.#answered !== undefined) this.#answered.sendBye({}, ENDED_BY_US);
    else this.hangUp();
    this.#end(ENDED_BY_US);
  }

  /** The connection with the server is gone. */
  lose(): void {
    this.#attempt?.transaction?.abandon();
    this.#answered?.forget();
    this.#end(ENDED_BY_LOSS);
  }

  #abandon(): void {
    if (this.#answered === undefined) this.#attempt?.transaction?.abandon();
    this.#end(ENDED_BY_US);
  }

  /** The target that is left, or the end. */
  #tryNext(): void {
    const target = this.#targets.next();
    if (target !== undefined) this.#invite(target);
    else this.#end(this.#lastEnd);
  }

  #invite(target: ServerTarget): void {
    this.#exchange = this.#credentials?.begin();
    this.#send(target, this.#calls.random.hex(8));
    this.#watch();
  }

  /** Sends the INVITE to a target: the first time, or with credentials. */
  #send(target: ServerTarget, tag: string): void {
    const attempt: Attempt = {
      target,
      tag,
      transaction: undefined,
      sent: undefined,
      heard: false,
      dialog: undefined,
      givenUp: undefined,
    };
    this.#attempt = attempt;
    this.#cseq += 1;
    const { requestUri, nextHop } = target;
    const asked = { method: 'INVITE', uri: requestUri, body: Buffer.from(this.#body, 'utf8') };
    attempt.transaction = this.#calls.session.request(
      {
        method: 'INVITE',
        uri: requestUri,
        nextHop,
        headers: outboundInvite({
          request: this.#request,
          callId: this.callId,
          tag,
          cseq: this.#cseq,
          sessionHeaders: this.#interval.headers,
          authorization: this.#credentials?.authorize(asked) ?? [],
        }),
        contentType: SDP_TYPE,
        body: this.#body,
      },
      {
        onSent: (request) => {
          attempt.sent = request;
        },
        onResponse: (response) => this.#receive(attempt, response),
        onFailure: (reason) => this.#onLost(attempt, reason),
      },
    );
  }

  /** A target that says nothing is given up long before timer B, if there is another one. */
  #watch(): void {
    const { clock, limits } = this.#calls;
    clock.clearTimeout(this.#failOverTimer);
    const attempt = this.#attempt;
    if (!this.#targets.more || attempt === undefined) return;
    this.#failOverTimer = clock.setTimeout(() => {
      if (this.#attempt !== attempt || attempt.heard || this.#givenUp || this.events.ended) return;
      const other = this.#targets.next();
      if (other === undefined) return;
      // It may have our INVITE and answer yet: then it is cancelled, or acknowledged and ended.
      attempt.transaction?.cancel(undefined);
      this.#invite(other);
    }, this.#request.failOverMs ?? limits.failOverMs);
  }

  #receive(attempt: Attempt, response: ServerResponse): void {
    attempt.heard = true;
    const { status } = response.response;
    if (status < 200) this.#receiveProvisional(attempt, response);
    else if (status < 300) this.#receiveSuccess(attempt, response);
    else this.#receiveFailure(attempt, response);
  }

  #receiveProvisional(attempt: Attempt, { response, dialogId, acknowledge }: ServerResponse): void {
    if (response.headers.has('RSeq')) {
      acknowledge();
      attempt.dialog ??= this.#createDialog();
      attempt.dialog.enter(dialogId);
      attempt.dialog.identify({ callId: this.callId, localTag: attempt.tag, remoteTag: toTagOf(response) ?? '' });
      const answer = sdpOf(response);
      if (answer !== undefined) attempt.dialog.noteEarlyAnswer(this.#body, answer, toTagOf(response) ?? '');
    }
    if (this.#attempt !== attempt || attempt.givenUp !== undefined || response.status === 100) return;
    this.events.emit({ type: 'progress', status: response.status, sdp: sdpOf(response) });
  }

  #receiveSuccess(attempt: Attempt, { response, dialogId, acknowledge }: ServerResponse): void {
    acknowledge();
    const invite = attempt.sent;
    if (invite === undefined) return;
    const wanted = this.#attempt === attempt && attempt.givenUp === undefined && !this.events.ended;
    const dialog = attempt.dialog ?? this.#createDialog();
    dialog.enter(dialogId);
    const sdp = dialog.confirmByResponse(invite, response);
    dialog.identify({ callId: this.callId, localTag: attempt.tag, remoteTag: toTagOf(response) ?? '' });
    if (wanted) {
      this.#answered = dialog;
      this.#stopTimers();
      this.events.emit({ type: 'answered', sdp });
      return;
    }
    // The CANCEL crossed this 2xx (RFC 3261 section 9.1). Where the server sends a BYE by itself, it refuses ours.
    const reason = attempt.givenUp?.reason;
    dialog.sendBye(reason === undefined ? {} : { reason }, ENDED_BY_US);
    if (this.#attempt === attempt) this.#end(ENDED_BY_US);
  }

  #createDialog(): CallDialog {
    const dialog: CallDialog = new CallDialog(
      this.#calls,
      'outbound',
      this.#userOf(() => dialog),
      this.#credentials,
    );
    return dialog;
  }

  /** Once the call is answered, only the dialog it lives in is the leg's. */
  #userOf(dialog: () => CallDialog | undefined): CallDialogUser {
    return {
      onReplace: (invite) => this.#replace(invite),
      onRefer: this.#request.onRefer,
      onEnded: (end) => {
        if (this.#answered !== undefined && dialog() === this.#answered) this.#end(end);
      },
      ...this.toldOf(() => this.#answered === undefined || dialog() === this.#answered),
    };
  }

  #replace(invite: ReplacingInvite): void {
    const old = this.#answered;
    if (old === undefined) {
      invite.request.respond(481);
      return;
    }
    let next: CallDialog | undefined;
    replaceLeg({
      invite,
      old,
      user: this.#userOf(() => next),
      onOffer: (sdp, reply) => this.events.emit({ type: 'offer', sdp, reply }),
      onReplaced: (dialog, fromUser) => {
        next = dialog;
        this.#answered = dialog;
        invite.calls.move(this, this.#calls);
        this.#calls = invite.calls;
        this.events.emit({ type: 'replaced', fromUser });
      },
    });
  }

  #receiveFailure(attempt: Attempt, { response, received }: ServerResponse): void {
    attempt.dialog?.abandon();
    if (this.#attempt !== attempt) return;
    const { status } = response;
    const text = endText(response);
    if (attempt.givenUp !== undefined) {
      this.#end({ by: 'local', status, text });
      return;
    }
    this.#lastEnd = { by: received ? 'peer' : 'transport', status, text };
    if (this.#exchange?.challengedBy(response)) {
      this.#send(attempt.target, attempt.tag);
      return;
    }
    if (this.#interval.learn(response)) {
      this.#send(attempt.target, attempt.tag);
      return;
    }
    if (status >= 300 && status < 400 && this.#redirect(response)) return;
    // The server's own 408: nothing came. One of the far end's is an answer, after its phone has rung in vain.
    if (status !== 503 && !(status === 408 && !received)) {
      this.#end(this.#lastEnd);
      return;
    }
    const seconds = retryAfterSeconds(response.headers.get('Retry-After'));
    if (status === 503 && seconds !== undefined) this.#targets.rest(seconds);
    this.#tryNext();
  }

  /** Follows a 3xx where its contacts, best first, may be followed (RFC 3261 section 8.1.3.4). */
  #redirect(response: SipResponse): boolean {
    const { mayFollow } = this.#request;
    this.#redirects += 1;
    if (mayFollow === undefined || this.#redirects > MAX_REDIRECTS) return false;
    this.#targets.redirect(redirectTargets(response).filter((uri) => mayFollow(uri)));
    this.#tryNext();
    return true;
  }

  /** The server has no way to the target, or is gone. */
  #onLost(attempt: Attempt, reason: RequestFailure): void {
    attempt.dialog?.abandon();
    if (this.#attempt !== attempt) return;
    const status = reason === 'timeout' ? 408 : 503;
    if (attempt.givenUp !== undefined) this.#end({ by: 'local', status, text: '' });
    else {
      this.#lastEnd = { by: 'transport', status, text: '' };
      this.#tryNext();
    }
  }

  #end(end: LegEnd): void {
    this.#stopTimers();
    if (this.#attempt !== undefined) {
      this.#attempt.dialog?.abandon();
      this.#attempt.dialog = undefined;
    }
    if (this.events.ended) return;
    if (end.by === 'peer' || end.by === 'ack-timeout') this.events.end(end);
    else this.events.endLater(end);
    this.#calls.removeLeg(this);
  }

  #stopTimers(): void {
    const { clock } = this.#calls;
    clock.clearTimeout(this.#answerTimer);
    clock.clearTimeout(this.#failOverTimer);
    clock.clearTimeout(this.#cancelTimer);
  }
}
