import { assertUnreachable } from '../../../base/assert.js';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { cseqNumber, serializeCSeq } from '../../message/cseq.js';
import { INITIAL_MAX_FORWARDS } from '../../message/max-forwards.js';
import { SipHeaders } from '../../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../../message/sip-message.js';
import { serializeMessage } from '../../message/sip-serializer.js';
import type { SipFlow } from '../transport/sip-transport.js';
import {
  type InviteClientEvent,
  type InviteClientState,
  startInviteClient,
  stepInviteClient,
} from './invite-client.js';
import { type NonInviteClientState, startNonInviteClient, stepNonInviteClient } from './non-invite-client.js';
import { responseClass, type Step } from './step.js';
import type { TimerValues } from './timer-values.js';
import { TransactionTimers } from './transaction-timers.js';

/** Whoever sent the request. */
export interface ClientTransactionUser {
  /** Provisional responses, the final one, and for INVITE every further 2xx until timer M. */
  onResponse(response: SipResponse): void;
  /** No final response will come: timer B or F, or the flow failed. Called at most once. */
  onFailure(reason: 'timeout' | 'transport'): void;
}

export interface ClientTransactionDeps {
  readonly clock: Clock;
  readonly timers: TimerValues;
  readonly user: ClientTransactionUser;
  /** Called once, when the transaction may be forgotten. */
  readonly onTerminated: () => void;
  /** Where to turn when the flow fails before anything was answered. */
  readonly fallback?: ClientFallback | undefined;
}

/** The other way for a request that was too large for UDP (RFC 3261 section 18.1.1): UDP after all. */
export interface ClientFallback {
  readonly request: SipRequest;
  readonly flow: SipFlow;
  readonly timers: TimerValues;
  /** It is taken. */
  readonly onTaken: () => void;
}

/** Carries out an INVITE or non-INVITE client transaction: the pure machine's effects on real timers and flows. */
export class ClientTransaction {
  readonly #deps: ClientTransactionDeps;
  readonly #timers: TransactionTimers;
  #request: SipRequest;
  #flow: SipFlow;
  #values: TimerValues;
  #fallback: ClientFallback | undefined;
  #bytes: Buffer;
  #unsubscribe: () => void;
  #invite: InviteClientState | undefined;
  #nonInvite: NonInviteClientState | undefined;
  #limit: TimerHandle | undefined;

  /** Throws `ERR_SIP_MESSAGE` when the request cannot be written. Nothing is sent before {@link start}. */
  constructor(request: SipRequest, flow: SipFlow, deps: ClientTransactionDeps) {
    this.#request = request;
    this.#flow = flow;
    this.#deps = deps;
    this.#values = deps.timers;
    this.#fallback = deps.fallback;
    this.#bytes = serializeMessage(request);
    this.#timers = new TransactionTimers(deps.clock, (timer) => this.#advance({ type: 'timer', timer }));
    this.#unsubscribe = flow.onError(() => this.#onFlowError());
  }

  /** As sent, Via included. Changes with {@link flow}. */
  get request(): SipRequest {
    return this.#request;
  }

  /** Changes once at most, before any response, where the first one failed and there is a second. */
  get flow(): SipFlow {
    return this.#flow;
  }

  /** Sends the request and starts the timers. To be called once. */
  start(): void {
    const timers = this.#values;
    if (this.request.method === 'INVITE') {
      const step = startInviteClient(timers);
      this.#invite = step.state;
      this.#apply(step);
    } else {
      const step = startNonInviteClient(timers);
      this.#nonInvite = step.state;
      this.#apply(step);
    }
  }

  #onFlowError(): void {
    const fallback = this.#fallback;
    const untouched = this.#invite?.name === 'calling' || this.#nonInvite?.name === 'trying';
    if (fallback === undefined || !untouched) {
      this.#advance({ type: 'transport-error' });
      return;
    }
    this.#fallback = undefined;
    this.#timers.stopAll();
    this.#unsubscribe();
    this.#request = fallback.request;
    this.#flow = fallback.flow;
    this.#values = fallback.timers;
    this.#bytes = serializeMessage(fallback.request);
    this.#unsubscribe = fallback.flow.onError(() => this.#onFlowError());
    fallback.onTaken();
    this.start();
  }

  receive(response: SipResponse): void {
    this.#advance({ type: 'response', class: responseClass(response.status) }, response);
  }

  /** INVITE: a provisional response came, and no final one. */
  get proceeding(): boolean {
    return this.#invite?.name === 'proceeding';
  }

  /**
   * INVITE: waits no longer than this for the final response from now on, where RFC 3261 would wait for ever once a
   * provisional one has come; `onFailure` follows.
   */
  limit(delayMs: number): void {
    const { clock, user } = this.#deps;
    clock.clearTimeout(this.#limit);
    this.#limit = clock.setTimeout(() => {
      if (!this.proceeding) return;
      this.abandon();
      user.onFailure('timeout');
    }, delayMs);
  }

  /** INVITE: sends it no more where nobody has answered yet; a response that comes is taken all the same. */
  stopRepeating(): void {
    this.#timers.stop('A');
  }

  /** Gives the transaction up in any state: RFC 3261 section 9.1, an INVITE that was cancelled and never answered. */
  abandon(): void {
    if (this.#invite === undefined && this.#nonInvite === undefined) return;
    this.dispose();
    this.#deps.onTerminated();
  }

  /** Stops all timers, whatever the state; the user hears nothing more. */
  dispose(): void {
    this.#timers.stopAll();
    this.#deps.clock.clearTimeout(this.#limit);
    this.#unsubscribe();
    this.#invite = undefined;
    this.#nonInvite = undefined;
  }

  #advance(event: InviteClientEvent, response?: SipResponse): void {
    const timers = this.#values;
    if (this.#invite !== undefined) {
      const step = stepInviteClient(this.#invite, event, timers);
      this.#invite = step.state;
      this.#apply(step, response);
    } else if (this.#nonInvite !== undefined) {
      const step = stepNonInviteClient(this.#nonInvite, event, timers);
      this.#nonInvite = step.state;
      this.#apply(step, response);
    }
  }

  #apply(step: Step<InviteClientState | NonInviteClientState>, response?: SipResponse): void {
    // Before the user hears of it: what the user does next must find this transaction gone.
    if (step.state.name === 'terminated') this.abandon();
    for (const effect of step.effects) {
      switch (effect.type) {
        case 'send':
        case 'resend':
          this.flow.send(this.#bytes);
          break;
        case 'acknowledge':
          if (response !== undefined) this.flow.send(serializeMessage(failureAck(this.request, response)));
          break;
        case 'deliver':
          if (response !== undefined) this.#deps.user.onResponse(response);
          break;
        case 'fail':
          this.#deps.user.onFailure(effect.reason);
          break;
        case 'start':
          this.#timers.start(effect.timer, effect.delayMs);
          break;
        case 'stop':
          this.#timers.stop(effect.timer);
          break;
        default:
          assertUnreachable(effect);
      }
    }
  }
}

/** The ACK of a final response other than 2xx (RFC 3261 section 17.1.1.3): same branch, To of the response. */
function failureAck(invite: SipRequest, response: SipResponse): SipRequest {
  return sibling(invite, 'ACK', response.headers.get('To') ?? invite.headers.get('To'));
}

/** The CANCEL of a pending INVITE (RFC 3261 section 9.1): same branch, so that it finds the INVITE. */
export function createCancel(invite: SipRequest, reason?: string): SipRequest {
  const cancel = sibling(invite, 'CANCEL', invite.headers.get('To'));
  if (reason !== undefined) cancel.headers.append('Reason', reason);
  return cancel;
}

function sibling(invite: SipRequest, method: 'ACK' | 'CANCEL', to: string | undefined): SipRequest {
  const headers = new SipHeaders();
  const via = invite.headers.get('Via');
  if (via !== undefined) headers.append('Via', via);
  headers.append('Max-Forwards', String(INITIAL_MAX_FORWARDS));
  for (const route of invite.headers.getAll('Route')) headers.append('Route', route);
  const from = invite.headers.get('From');
  if (from !== undefined) headers.append('From', from);
  if (to !== undefined) headers.append('To', to);
  const callId = invite.headers.get('Call-ID');
  if (callId !== undefined) headers.append('Call-ID', callId);
  const number = cseqNumber(invite) ?? 1;
  headers.append('CSeq', serializeCSeq({ number, method }));
  return { kind: 'request', method, uri: invite.uri, headers, body: Buffer.alloc(0) };
}
