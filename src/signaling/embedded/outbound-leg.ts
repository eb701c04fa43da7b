import type { TimerHandle } from '../../base/clock.js';
import type { LegEnd, LegEvent, OutboundLeg, OutboundRequest, ReferRequest } from '../port.js';
import { CallDialog } from './call-dialog.js';
import { ALLOW, SDP_TYPE } from './capabilities.js';
import { Dialog } from './dialog/dialog.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import { SuccessAck } from './dialog/success-ack.js';
import { endText } from './end-text.js';
import { type Endpoint, oneLine } from './endpoint.js';
import { LegEvents } from './leg-events.js';
import { INITIAL_MAX_FORWARDS } from './message/max-forwards.js';
import { parseNameAddr, serializeNameAddr } from './message/name-addr.js';
import { SipHeaders } from './message/sip-headers.js';
import type { SipRequest, SipResponse } from './message/sip-message.js';
import type { Offer } from './reoffers.js';
import { sdpOf } from './session-body.js';
import { type ClientTransaction, createCancel } from './transaction/client-transaction.js';
import { checkReferRequest } from './transfers.js';
import type { SipFlow } from './transport/sip-transport.js';

/** Header fields the endpoint alone may write. */
const ownHeaders: ReadonlySet<string> = new Set([
  ...['via', 'max-forwards', 'from', 'to', 'call-id', 'cseq', 'contact', 'allow', 'route', 'record-route'],
  ...['content-type', 'content-length', 'content-encoding', 'require', 'supported'],
]);

/** One dialog of a possibly forked INVITE. */
interface Fork {
  readonly call: CallDialog;
  /** The ACK of its 2xx; `undefined` while early. */
  ack: SuccessAck | undefined;
}

/** An INVITE of ours, from the first packet to the end of its dialog. */
export class UacLeg implements OutboundLeg {
  readonly direction = 'outbound';
  readonly callId: string;
  readonly #endpoint: Endpoint;
  readonly #request: OutboundRequest;
  readonly #localTag: string;
  readonly #events: LegEvents;
  readonly #onEnded: () => void;
  readonly #forks = new Map<string, Fork>();
  #localAddress: string;
  #transaction: ClientTransaction | undefined;
  #origin: FlowOrigin | undefined;
  #contact = '';
  /** The dialog the leg's user talks in: that of the first 2xx. */
  #answered: CallDialog | undefined;
  #provisional = false;
  /** Somebody gave up before a final response; holds the Reason. */
  #givenUp: { readonly reason: string | undefined } | undefined;
  #cancelled = false;
  #answerTimer: TimerHandle | undefined;
  #cancelTimer: TimerHandle | undefined;

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

  hangUp(options: { readonly reason?: string } = {}): void {
    if (this.#events.ended) return;
    if (this.#answered !== undefined) {
      this.#answered.hangUp(options.reason);
      return;
    }
    this.#givenUp ??= { reason: options.reason };
    if (this.#transaction === undefined) this.#end({ by: 'local', status: 0, text: '' });
    else if (this.#provisional) this.#cancel();
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

  /** The driver closes: CANCEL or BYE at once, without waiting for an answer. */
  shutDown(): void {
    if (this.#events.ended) return;
    this.hangUp();
    this.#abandon();
  }

  #abandon(): void {
    if (this.#answered === undefined) this.#transaction?.abandon();
    this.#end({ by: 'local', status: 0, text: '' });
  }

  #invite(flow: SipFlow): void {
    this.#localAddress = flow.local.address;
    this.#origin = { flow, transport: undefined, claimedAddress: undefined };
    this.#contact = this.#endpoint.contact(flow, this.#request.fromUser);
    this.#transaction = this.#endpoint.transactions.send(this.#createInvite(flow), flow, {
      onResponse: (response) => this.#receive(response),
      onFailure: (reason) => this.#fail(reason === 'timeout' ? 408 : 503),
    });
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
    for (const [name, value] of this.#request.headers ?? []) {
      if (!ownHeaders.has(name.toLowerCase())) headers.append(name, oneLine(value));
    }
    headers.append('Content-Type', SDP_TYPE);
    const body = Buffer.from(typeof sdp === 'string' ? sdp : sdp(this.#localAddress), 'utf8');
    return { kind: 'request', method: 'INVITE', uri, headers, body };
  }

  #receive(response: SipResponse): void {
    const { status } = response;
    if (status < 200) this.#receiveProvisional(response);
    else if (status < 300) this.#receiveSuccess(response);
    else this.#receiveFailure(response);
  }

  #receiveProvisional(response: SipResponse): void {
    this.#provisional = true;
    if (this.#givenUp !== undefined) {
      this.#cancel();
      return;
    }
    if (response.status === 100) return;
    if (toTag(response) !== '') this.#forkOf(response);
    this.#events.emit({ type: 'progress', status: response.status, sdp: sdpOf(response) });
  }

  #receiveSuccess(response: SipResponse): void {
    const fork = this.#forkOf(response);
    const [transaction, origin] = [this.#transaction, this.#origin];
    if (fork === undefined || transaction === undefined || origin === undefined) return;
    if (fork.ack !== undefined) {
      fork.ack.repeat();
      return;
    }
    fork.call.dialog.confirm(response);
    fork.ack = new SuccessAck(this.#endpoint, fork.call.dialog, origin, transaction);
    fork.call.confirmByResponse();
    const wanted = this.#answered === undefined && this.#givenUp === undefined && !this.#events.ended;
    if (wanted) {
      this.#answered = fork.call;
      this.#stopTimers();
      this.#events.emit({ type: 'answered', sdp: sdpOf(response) });
      return;
    }
    // Another fork answered too, or the CANCEL crossed this 2xx (RFC 3261 sections 9.1 and 13.2.2.4).
    const end: LegEnd = { by: 'local', status: 0, text: '' };
    fork.call.sendBye(this.#givenUp?.reason, end);
    if (this.#answered === undefined) this.#end(end);
  }

  #receiveFailure(response: SipResponse): void {
    for (const fork of this.#forks.values()) fork.call.forget();
    this.#end({ by: this.#givenUp === undefined ? 'peer' : 'local', status: response.status, text: endText(response) });
  }

  /** The dialog of a response's To tag, made when it is new; `undefined` when there are too many. */
  #forkOf(response: SipResponse): Fork | undefined {
    const tag = toTag(response);
    const known = this.#forks.get(tag);
    const transaction = this.#transaction;
    const origin = this.#origin;
    if (known !== undefined || transaction === undefined || origin === undefined) return known;
    if (this.#forks.size >= this.#endpoint.limits.maxForks) return undefined;
    const call: CallDialog = new CallDialog(
      {
        endpoint: this.#endpoint,
        dialog: Dialog.ofUac(transaction.request, response),
        origin,
        contact: this.#contact,
        user: {
          onAcked: (sdp) => this.#ifAnswered(call, () => this.#events.emit({ type: 'acked', sdp })),
          onOffer: (sdp, reply) => this.#ifAnswered(call, () => this.#events.emit({ type: 'offer', sdp, reply })),
          onDigit: (digit, durationMs) => this.#events.emit({ type: 'digit', digit, durationMs }),
          onTransfer: (status, final) => this.#events.emit({ type: 'transfer', status, final }),
          onReoffered: (status, sdp) => this.#events.emit({ type: 'reoffered', status, sdp }),
          onRefer: this.#request.onRefer,
          onEnded: (end) => this.#ifAnswered(call, () => this.#end(end)),
        },
      },
      'uac-pending',
    );
    const fork: Fork = { call, ack: undefined };
    this.#forks.set(tag, fork);
    return fork;
  }

  #ifAnswered(call: CallDialog, action: () => void): void {
    if (call === this.#answered) action();
  }

  /** Only after a provisional response (RFC 3261 section 9.1): before it, the CANCEL could overtake the INVITE. */
  #cancel(): void {
    const transaction = this.#transaction;
    if (transaction === undefined || this.#cancelled) return;
    this.#cancelled = true;
    const { transactions, clock, timers } = this.#endpoint;
    transactions.send(createCancel(transaction.request, this.#givenUp?.reason), transaction.flow, {
      onResponse: () => {},
      onFailure: () => {},
    });
    // Section 9.1: a server that answers the CANCEL but never the INVITE is not waited for longer than this.
    this.#cancelTimer = clock.setTimeout(() => this.#abandon(), 64 * timers.t1Ms);
  }

  /** No way to the peer, or no answer. */
  #fail(status: number): void {
    for (const fork of this.#forks.values()) fork.call.forget();
    this.#end({ by: this.#givenUp === undefined ? 'transport' : 'local', status, text: '' });
  }

  #end(end: LegEnd): void {
    this.#stopTimers();
    if (this.#events.ended) return;
    for (const fork of this.#forks.values()) {
      if (fork.ack === undefined) fork.call.forget();
    }
    this.#onEnded();
    if (end.by === 'peer' || end.by === 'ack-timeout') this.#events.end(end);
    else this.#events.endLater(end);
  }

  #stopTimers(): void {
    this.#endpoint.clock.clearTimeout(this.#answerTimer);
    this.#endpoint.clock.clearTimeout(this.#cancelTimer);
  }
}

function toTag(response: SipResponse): string {
  return parseNameAddr(response.headers.get('To') ?? '')?.tag ?? '';
}
