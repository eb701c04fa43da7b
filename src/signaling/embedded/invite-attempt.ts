import { assertUnreachable } from '../../base/assert.js';
import type { TimerHandle } from '../../base/clock.js';
import { toTagOf } from '../dialog-id.js';
import type { DigestClient } from '../digest/digest-client.js';
import { ENDED_BY_US, endText } from '../leg-end.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import type { HangUpOptions, LegEnd } from '../port.js';
import { sdpOf } from '../session/session-body.js';
import { CallDialog, type CallDialogUser } from './call-dialog.js';
import { Dialog } from './dialog/dialog.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import { provisionalOrder } from './dialog/provisional-order.js';
import { SuccessAck } from './dialog/success-ack.js';
import type { Endpoint } from './endpoint.js';
import { reliableNumber, sendPrack } from './provisional-ack.js';
import { type ClientTransaction, createCancel } from './transaction/client-transaction.js';
import type { SipFlow } from './transport/sip-transport.js';

/** One dialog of a possibly forked INVITE. */
interface Fork {
  readonly call: CallDialog;
  /** The ACK of its 2xx; `undefined` while early. */
  ack: SuccessAck | undefined;
  /** The reliable provisional response acknowledged last. */
  rseq: number | undefined;
  /** The answer that a reliable provisional response brought: it counts, whatever the 2xx describes. */
  answer: string | undefined;
}

/** Why an attempt came to nothing: what the peer said, or that nothing came. */
export type AttemptFailure =
  | { readonly type: 'response'; readonly response: SipResponse }
  /** Timer B, or the flow failed. */
  | { readonly type: 'timeout' | 'transport' }
  /** Given up: it was cancelled in vain, or a 2xx that crossed the CANCEL has been ended by BYE. */
  | { readonly type: 'given-up' };

/** Whoever wants the call. */
export interface InviteAttemptUser {
  /** A provisional response other than 100. */
  onProgress(response: SipResponse): void;
  /** The first 2xx; its ACK has been sent. `sdp`: the answer to our offer, in it or in a response before it. */
  onAnswered(call: CallDialog, sdp: string | undefined): void;
  /** The attempt is over without a call. At most once, and never after `onAnswered`. */
  onFailed(failure: AttemptFailure): void;
  /** What happens in the dialogs, also in one that has not answered. */
  readonly dialogUser: CallDialogUser;
}

export interface InviteAttemptParts {
  readonly endpoint: Endpoint;
  /** Complete but for Via. */
  readonly request: SipRequest;
  readonly flow: SipFlow;
  /** Contact of ours. */
  readonly contact: string;
  /** What the dialogs answer challenges with. */
  readonly credentials: DigestClient | undefined;
  readonly user: InviteAttemptUser;
}

/**
 * One INVITE transaction of ours and the dialogs its responses create. It outlives the interest in it: whatever is
 * answered after {@link giveUp}, and every further fork, is acknowledged and ended by BYE (RFC 3261 section 13.2.2.4).
 */
export class InviteAttempt {
  readonly #parts: InviteAttemptParts;
  readonly #origin: FlowOrigin;
  readonly #forks = new Map<string, Fork>();
  #transaction: ClientTransaction | undefined;
  /** The dialog of the first 2xx. */
  #answered: CallDialog | undefined;
  #heard = false;
  #provisional = false;
  #over = false;
  /** Nobody wants the call any more; holds what CANCEL or BYE is to say. */
  #givenUp: HangUpOptions | undefined;
  #cancelled = false;
  #cancelTimer: TimerHandle | undefined;
  #earlyTimer: TimerHandle | undefined;

  constructor(parts: InviteAttemptParts) {
    this.#parts = parts;
    this.#origin = { flow: parts.flow, transport: undefined, claimedAddress: undefined };
  }

  /** Sends the INVITE. To be called once. Throws `ERR_SIP_MESSAGE` when it cannot be written. */
  start(): void {
    const { endpoint, request, flow } = this.#parts;
    this.#transaction = endpoint.transactions.send(request, flow, {
      onResponse: (response) => this.#receive(response),
      onFailure: (type) => this.#fail({ type }),
    });
    if (!this.#over) endpoint.openInvites.add(this);
  }

  /** CANCEL as soon as it may be sent. Idempotent; `onFailed` follows. */
  giveUp(options: HangUpOptions): void {
    this.#givenUp ??= options;
    if (this.#provisional) this.#cancel();
  }

  /** A next hop that has said nothing is wanted no more: it is not asked again either. */
  giveUpSilent(): void {
    this.#transaction?.stopRepeating();
    this.giveUp({});
  }

  /** Waits for no final response any more; `onFailed` comes at once. */
  abandon(): void {
    if (this.#answered === undefined) this.#transaction?.abandon();
    this.#fail({ type: 'given-up' });
  }

  /** The call is over, or there is none: early dialogs of other forks are forgotten (RFC 3261 section 12.3). */
  close(): void {
    this.#parts.endpoint.clock.clearTimeout(this.#earlyTimer);
    for (const fork of this.#forks.values()) if (fork.ack === undefined) fork.call.forget();
  }

  /** The next hop has said something. */
  get heard(): boolean {
    return this.#heard;
  }

  #receive(response: SipResponse): void {
    this.#heard = true;
    if (response.status < 200) this.#receiveProvisional(response);
    else if (response.status < 300) this.#receiveSuccess(response);
    else this.#fail({ type: 'response', response });
  }

  #receiveProvisional(response: SipResponse): void {
    this.#provisional = true;
    if (this.#givenUp !== undefined) {
      this.#cancel();
      return;
    }
    if (response.status === 100) return;
    const fork = !toTagOf(response) ? undefined : this.#forkOf(response);
    const rseq = reliableNumber(response);
    if (rseq === undefined || this.#acknowledge(fork, response, rseq)) this.#parts.user.onProgress(response);
  }

  /** Returns whether the response is news. */
  #acknowledge(fork: Fork | undefined, response: SipResponse, rseq: number): boolean {
    if (fork === undefined || provisionalOrder(fork.rseq, rseq) !== 'next') return false;
    const { endpoint, request: invite } = this.#parts;
    const sdp = sdpOf(response);
    fork.rseq = rseq;
    if (sdp !== undefined && fork.answer === undefined) {
      fork.answer = sdp;
      fork.call.noteEarlyAnswer(sdpOf(invite) ?? '', sdp);
    }
    sendPrack(endpoint, { dialog: fork.call.dialog, origin: this.#origin, invite, rseq });
    return true;
  }

  #receiveSuccess(response: SipResponse): void {
    const fork = this.#forkOf(response);
    const transaction = this.#transaction;
    if (fork === undefined || transaction === undefined) return;
    if (fork.ack !== undefined) {
      fork.ack.repeat();
      return;
    }
    this.#parts.credentials?.renew(response);
    fork.call.dialog.confirm(response);
    fork.ack = new SuccessAck(this.#parts.endpoint, fork.call.dialog, this.#origin, transaction);
    fork.call.confirmByResponse(this.#parts.request, response);
    if (this.#answered === undefined && this.#givenUp === undefined && !this.#over) {
      this.#answered = fork.call;
      this.#finish();
      this.#limitEarlyForks();
      this.#parts.user.onAnswered(fork.call, fork.answer ?? sdpOf(response));
      return;
    }
    // Another fork answered too, or the CANCEL crossed this 2xx (RFC 3261 sections 9.1 and 13.2.2.4).
    fork.call.sendBye(this.#givenUp ?? {}, ENDED_BY_US);
    if (this.#answered === undefined) this.#fail({ type: 'given-up' });
  }

  /** The dialog of a response's To tag, made when it is new; `undefined` when there are too many. */
  #forkOf(response: SipResponse): Fork | undefined {
    const tag = toTagOf(response) ?? '';
    const known = this.#forks.get(tag);
    const transaction = this.#transaction;
    if (known !== undefined || transaction === undefined) return known;
    const { endpoint, contact, user } = this.#parts;
    if (this.#forks.size >= endpoint.limits.maxForks && !(response.status >= 200 && this.#forgetEarlyFork())) {
      return undefined;
    }
    const call = new CallDialog(
      {
        endpoint,
        dialog: Dialog.ofUac(transaction.request, response, this.#parts.credentials),
        origin: this.#origin,
        contact,
        user: user.dialogUser,
      },
      'uac-pending',
    );
    const fork: Fork = { call, ack: undefined, rseq: undefined, answer: undefined };
    this.#forks.set(tag, fork);
    return fork;
  }

  /** None of the others answers any more 64*T1 after the first 2xx (RFC 3261 section 13.2.2.4). */
  #limitEarlyForks(): void {
    if (this.#forks.size < 2) return;
    const { clock, timers } = this.#parts.endpoint;
    this.#earlyTimer = clock.setTimeout(() => this.close(), 64 * timers.t1Ms);
  }

  /** Makes room for a 2xx, which is always acknowledged (RFC 3261 section 13.2.2.4): of a long hunt the last may answer. */
  #forgetEarlyFork(): boolean {
    for (const [tag, { ack, call }] of this.#forks) {
      if (ack !== undefined) continue;
      call.forget();
      return this.#forks.delete(tag);
    }
    return false;
  }

  /** Only after a provisional response (RFC 3261 section 9.1): before it, the CANCEL could overtake the INVITE. */
  #cancel(): void {
    const transaction = this.#transaction;
    if (transaction === undefined || this.#cancelled || this.#over) return;
    this.#cancelled = true;
    const { transactions, clock, timers } = this.#parts.endpoint;
    transactions.send(createCancel(transaction.request, this.#givenUp?.reason), transaction.flow, {
      onResponse: () => {},
      onFailure: () => {},
    });
    // Section 9.1: a server that answers the CANCEL but never the INVITE is not waited for longer than this.
    this.#cancelTimer = clock.setTimeout(() => this.abandon(), 64 * timers.t1Ms);
  }

  #fail(failure: AttemptFailure): void {
    if (this.#over) return;
    this.#finish();
    this.close();
    this.#parts.user.onFailed(failure);
  }

  #finish(): void {
    this.#over = true;
    const { clock, openInvites } = this.#parts.endpoint;
    clock.clearTimeout(this.#cancelTimer);
    openInvites.delete(this);
  }
}

/** What a leg ends with whose last attempt came to this. */
export function endOf(failure: AttemptFailure): LegEnd {
  switch (failure.type) {
    case 'response':
      return { by: 'peer', status: failure.response.status, text: endText(failure.response) };
    case 'timeout':
      return { by: 'transport', status: 408, text: '' };
    case 'transport':
      return { by: 'transport', status: 503, text: '' };
    case 'given-up':
      return ENDED_BY_US;
    default:
      return assertUnreachable(failure);
  }
}
