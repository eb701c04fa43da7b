import { assertUnreachable } from '../../base/assert.js';
import type { TimerHandle } from '../../base/clock.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { ALLOW, SDP_TYPE } from '../capabilities.js';
import { endText } from '../end-text.js';
import { LegEvents } from '../leg-events.js';
import { INITIAL_MAX_FORWARDS } from '../message/max-forwards.js';
import { serializeNameAddr } from '../message/name-addr.js';
import { SipHeaders } from '../message/sip-headers.js';
import type { SipRequest } from '../message/sip-message.js';
import { uriScheme } from '../message/sip-uri.js';
import type { HangUpOptions, LegEnd, LegEvent, OutboundLeg, OutboundRequest, ReferRequest } from '../port.js';
import { sdpOf } from '../session-body.js';
import type { CallDialog, CallDialogUser } from './call-dialog.js';
import type { DialogId } from './dialog/dialog-table.js';
import { type Endpoint, oneLine } from './endpoint.js';
import { checkDigit } from './info-sender.js';
import { type AttemptFailure, InviteAttempt } from './invite-attempt.js';
import { replaceLeg } from './leg-replacement.js';
import type { Offer } from './reoffers.js';
import type { ReplaceableLeg } from './replaces.js';
import type { ServerTransaction } from './transaction/server-transaction.js';
import { checkReferRequest } from './transfers.js';
import type { SipFlow } from './transport/sip-transport.js';

/** An INVITE of ours, from the first packet to the end of its dialog. */
export class UacLeg implements OutboundLeg, ReplaceableLeg {
  readonly direction = 'outbound';
  readonly callId: string;
  readonly #endpoint: Endpoint;
  readonly #request: OutboundRequest;
  readonly #localTag: string;
  readonly #events: LegEvents;
  readonly #onEnded: () => void;
  #localAddress: string;
  #attempt: InviteAttempt | undefined;
  #contact = '';
  /** The dialog the leg's user talks in: that of the first 2xx. */
  #answered: CallDialog | undefined;
  #givenUp = false;
  #answerTimer: TimerHandle | undefined;

  /** `localAddress` is what is shown until the way to the peer is known. */
  constructor(endpoint: Endpoint, request: OutboundRequest, localAddress: string, onEnded: () => void) {
    this.#endpoint = endpoint;
    this.#request = request;
    this.#localAddress = localAddress;
    this.#onEnded = onEnded;
    this.callId = endpoint.random.hex(16);
    this.#localTag = endpoint.tag();
    this.#events = new LegEvents((error) => endpoint.fault(error));
  }

  /** Changes at most once, when the way to the peer becomes known; `sdp` of the request is called after that. */
  get localAddress(): string {
    return this.#localAddress;
  }

  listen(listener: (event: LegEvent) => void): void {
    this.#events.listen(listener);
  }

  /** Looks the next hop up and sends the INVITE. To be called once. */
  start(): void {
    const { clock, limits } = this.#endpoint;
    const timeoutMs = this.#request.answerTimeoutMs ?? limits.answerTimeoutMs;
    this.#answerTimer = clock.setTimeout(() => this.hangUp(), timeoutMs);
    this.#endpoint.findFlow(this.#request.uri, undefined, (flow) => {
      if (this.#events.ended) return;
      try {
        if (flow === undefined) this.#fail(0);
        else this.#invite(flow);
      } catch (error) {
        this.#endpoint.fault(error);
        this.#fail(0);
      }
    });
  }

  hangUp(options: HangUpOptions = {}): void {
    if (this.#events.ended) return;
    if (this.#answered !== undefined) {
      this.#answered.hangUp(options);
      return;
    }
    checkHeaderFields(options.headers);
    this.#givenUp = true;
    if (this.#attempt === undefined) this.#end({ by: 'local', status: 0, text: '' });
    else this.#attempt.giveUp(options);
  }

  refer(request: ReferRequest): void {
    if (this.#answered !== undefined) {
      this.#answered.refer(request);
      return;
    }
    checkReferRequest(request);
    this.#events.emitLater({ type: 'transfer', status: 481, final: true });
  }

  reoffer(sdp: Offer): void {
    if (this.#answered !== undefined) this.#answered.reoffer(sdp);
    else this.#events.emitLater({ type: 'reoffered', status: 481, sdp: undefined });
  }

  sendDigit(digit: string, durationMs: number): void {
    if (this.#answered !== undefined) this.#answered.sendDigit(digit, durationMs);
    else checkDigit(digit);
  }

  get replaceableDialog(): DialogId | undefined {
    return this.#answered?.replaceableDialog;
  }

  /** The driver closes: CANCEL or BYE at once, without waiting for an answer. */
  shutDown(): void {
    if (this.#events.ended) return;
    this.hangUp();
    this.#attempt?.abandon();
    this.#end({ by: 'local', status: 0, text: '' });
  }

  #invite(flow: SipFlow): void {
    this.#localAddress = flow.local.address;
    this.#contact = this.#endpoint.contact(flow, this.#request.fromUser, uriScheme(this.#request.uri) === 'sips');
    const attempt: InviteAttempt = new InviteAttempt({
      endpoint: this.#endpoint,
      request: this.#createInvite(flow),
      flow,
      contact: this.#contact,
      user: {
        onProgress: (response) =>
          this.#events.emit({ type: 'progress', status: response.status, sdp: sdpOf(response) }),
        onAnswered: (call, response) => {
          this.#answered = call;
          this.#stopTimers();
          this.#events.emit({ type: 'answered', sdp: sdpOf(response) });
        },
        onFailed: (failure) => this.#onFailed(failure),
        dialogUser: (call) => this.#dialogUser(call),
      },
    });
    this.#attempt = attempt;
    attempt.start();
  }

  #createInvite(flow: SipFlow): SipRequest {
    const { uri, fromUser, fromDisplayName = '', sdp } = this.#request;
    const from = {
      displayName: oneLine(fromDisplayName),
      uri: this.#endpoint.address(flow, fromUser),
      params: new Map([['tag', this.#localTag]]),
    };
    const headers = new SipHeaders();
    headers.append('Max-Forwards', String(INITIAL_MAX_FORWARDS));
    headers.append('From', serializeNameAddr(from));
    headers.append('To', `<${uri}>`);
    headers.append('Call-ID', this.callId);
    headers.append('CSeq', '1 INVITE');
    headers.append('Contact', this.#contact);
    headers.append('Allow', ALLOW);
    for (const [name, value] of this.#request.headers ?? []) headers.append(name, value);
    headers.append('Content-Type', SDP_TYPE);
    const body = Buffer.from(typeof sdp === 'string' ? sdp : sdp(this.#localAddress), 'utf8');
    return { kind: 'request', method: 'INVITE', uri, headers, body };
  }

  #onFailed(failure: AttemptFailure): void {
    const by = this.#givenUp ? 'local' : undefined;
    switch (failure.type) {
      case 'response': {
        const { response } = failure;
        this.#end({ by: by ?? 'peer', status: response.status, text: endText(response) });
        return;
      }
      case 'timeout':
        this.#end({ by: by ?? 'transport', status: 408, text: '' });
        return;
      case 'transport':
        this.#end({ by: by ?? 'transport', status: 503, text: '' });
        return;
      case 'given-up':
        this.#end({ by: 'local', status: 0, text: '' });
        return;
      default:
        assertUnreachable(failure);
    }
  }

  /** Only the dialog that answered is the leg's; others are ended without it. */
  #dialogUser(call: () => CallDialog | undefined): CallDialogUser {
    const ifAnswered = (action: () => void): void => {
      if (this.#answered !== undefined && call() === this.#answered) action();
    };
    return {
      onAcked: (sdp) => ifAnswered(() => this.#events.emit({ type: 'acked', sdp })),
      onOffer: (sdp, reply) => ifAnswered(() => this.#events.emit({ type: 'offer', sdp, reply })),
      onDigit: (digit, durationMs) => this.#events.emit({ type: 'digit', digit, durationMs }),
      onTransfer: (status, final) => this.#events.emit({ type: 'transfer', status, final }),
      onReoffered: (status, sdp) => this.#events.emit({ type: 'reoffered', status, sdp }),
      onReplace: (transaction, sdp) => this.#replace(transaction, sdp),
      onRefer: this.#request.onRefer,
      onEnded: (end) => ifAnswered(() => this.#end(end)),
    };
  }

  #replace(transaction: ServerTransaction, sdp: string | undefined): void {
    const old = this.#answered;
    if (old === undefined) {
      this.#endpoint.respond(transaction, 481);
      return;
    }
    let next: CallDialog | undefined;
    replaceLeg({
      endpoint: this.#endpoint,
      transaction,
      sdp,
      contactUser: this.#request.fromUser,
      old,
      user: this.#dialogUser(() => next),
      onOffer: (offer, reply) => this.#events.emit({ type: 'offer', sdp: offer, reply }),
      onReplaced: (call) => {
        next = call;
        this.#answered = call;
      },
    });
  }

  /** No way to the peer. */
  #fail(status: number): void {
    this.#end({ by: this.#givenUp ? 'local' : 'transport', status, text: '' });
  }

  #end(end: LegEnd): void {
    this.#stopTimers();
    if (this.#events.ended) return;
    this.#attempt?.close();
    this.#onEnded();
    if (end.by === 'peer' || end.by === 'ack-timeout') this.#events.end(end);
    else this.#events.endLater(end);
  }

  #stopTimers(): void {
    this.#endpoint.clock.clearTimeout(this.#answerTimer);
  }
}
