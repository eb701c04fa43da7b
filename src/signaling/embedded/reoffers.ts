import { assertUnreachable } from '../../base/assert.js';
import type { TimerHandle } from '../../base/clock.js';
import { ALLOW, SDP_TYPE } from '../capabilities.js';
import { endText } from '../end-text.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import type { LegEnd } from '../port.js';
import {
  type ReofferEffect,
  type ReofferEvent,
  type ReofferState,
  startReoffer,
  stepReoffer,
} from '../reoffer-state.js';
import { sdpOf } from '../session-body.js';
import { sendInDialog } from './authorized-send.js';
import type { Dialog } from './dialog/dialog.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import { SuccessAck } from './dialog/success-ack.js';
import type { Endpoint } from './endpoint.js';
import type { SessionTimer } from './session-timer.js';
import { type ClientTransaction, createCancel } from './transaction/client-transaction.js';

/** RFC 3261 section 14.1: steps of the random time after a 491, ms. */
const BACK_OFF_STEP_MS = 10;

/** An offer: its text, or what makes it when it is about to leave. */
export type Offer = string | (() => string);

interface QueuedOffer {
  readonly offer: Offer;
  /** It refreshes the session and changes nothing: the user is not told of it. */
  readonly refresh: boolean;
}

export interface ReoffersParts {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  readonly origin: FlowOrigin;
  readonly contact: string;
  /** We sent the INVITE that created the dialog: it is longer we that wait after a collision. */
  readonly ownsCallId: boolean;
  /** Whether no INVITE of the peer is open. When one closes, {@link Reoffers.proceed} is to be called. */
  readonly isClear: () => boolean;
  /** What re-INVITEs say of the session's timer, and who is to hear of their answers. */
  readonly session: SessionTimer;
  /** A 2xx came. `refresh`: the offer was none of the user's. */
  readonly onAnswered: (offer: string, answer: string | undefined, refresh: boolean) => void;
  readonly onReoffered: (status: number, sdp: string | undefined) => void;
  /** The peer does not know the dialog, or is silent (RFC 3261 section 14.1). */
  readonly onDead: (end: LegEnd) => void;
}

/** Carries out our re-INVITEs in one dialog; `dialog/reoffer-state.ts` decides. */
export class Reoffers {
  readonly #parts: ReoffersParts;
  #state: ReofferState = startReoffer();
  /** To be sent next. */
  #next: QueuedOffer = { offer: '', refresh: false };
  /** The one on the wire. */
  #sent: { readonly text: string; readonly refresh: boolean } = { text: '', refresh: false };
  #transaction: ClientTransaction | undefined;
  #backOff: TimerHandle | undefined;
  #patience: TimerHandle | undefined;
  #limited = false;

  constructor(parts: ReoffersParts) {
    this.#parts = parts;
  }

  /** An INVITE of ours has no final response: one of the peer crosses it. */
  get pending(): boolean {
    return this.#state.name === 'sent';
  }

  /** Nobody waits for the outcome of an offer of ours. */
  get idle(): boolean {
    return this.#state.name === 'idle' || this.#state.name === 'over';
  }

  /** Offers the session anew, as soon as that may be. */
  offer(offer: Offer): void {
    this.#next = { offer, refresh: false };
    this.#advance({ type: 'wanted' });
  }

  /** Offers what stands already. Where an offer of the user's is under way, that one refreshes as well. */
  refresh(standing: string): void {
    if (this.#state.name !== 'idle') return;
    this.#next = { offer: standing, refresh: true };
    this.#advance({ type: 'wanted' });
  }

  /** Looks again whether an offer that waits may leave. */
  proceed(): void {
    if (this.#state.name === 'waiting' && this.#parts.isClear()) this.#advance({ type: 'clear' });
  }

  /** The dialog is over: nothing more is reported. A 2xx that still comes is acknowledged. */
  close(): void {
    this.#advance({ type: 'dialog-over' });
    const { clock } = this.#parts.endpoint;
    clock.clearTimeout(this.#backOff);
    clock.clearTimeout(this.#patience);
    // The BYE makes the peer answer the INVITE (RFC 3261 section 15.1.2), if it is there at all.
    if (this.#transaction?.proceeding) this.#limit(this.#transaction);
  }

  #advance(event: ReofferEvent, response?: SipResponse): void {
    const { state, effects } = stepReoffer(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#perform(effect, response);
    this.proceed();
  }

  #perform(effect: ReofferEffect, response: SipResponse | undefined): void {
    switch (effect.type) {
      case 'send':
        this.#send();
        return;
      case 'report':
        this.#report(effect.status, response);
        return;
      case 'back-off':
        this.#startBackOff();
        return;
      case 'end': {
        const { by, status } = effect;
        this.#parts.onDead({ by, status, text: response === undefined ? '' : endText(response) });
        return;
      }
      default:
        assertUnreachable(effect);
    }
  }

  #report(status: number, response: SipResponse | undefined): void {
    const { session, onAnswered, onReoffered } = this.#parts;
    const { text, refresh } = this.#sent;
    const sdp = response === undefined || status >= 300 ? undefined : sdpOf(response);
    if (response !== undefined && status < 300) {
      session.accepted(response);
      onAnswered(text, sdp, refresh);
    } else session.failed();
    if (!refresh) onReoffered(status, sdp);
  }

  #startBackOff(): void {
    const { endpoint, ownsCallId } = this.#parts;
    const steps = ownsCallId ? 210 + endpoint.random.integer(191) : endpoint.random.integer(201);
    this.#backOff = endpoint.clock.setTimeout(() => this.#advance({ type: 'timer' }), steps * BACK_OFF_STEP_MS);
  }

  #send(): void {
    const { endpoint, dialog, origin, contact, session } = this.#parts;
    // What fails before anything was sent is told once the caller of `reoffer` has returned.
    const fail = () => queueMicrotask(() => this.#advance({ type: 'lost', reason: 'transport' }));
    const { offer, refresh } = this.#next;
    try {
      this.#sent = { text: typeof offer === 'string' ? offer : offer(), refresh };
    } catch (error) {
      endpoint.fault(error);
      fail();
      return;
    }
    const { request, nextHop } = dialog.createRequest('INVITE');
    const { headers } = request;
    headers.append('Contact', contact);
    headers.append('Allow', ALLOW);
    for (const [name, value] of session.requestHeaders()) headers.append(name, value);
    headers.append('Content-Type', SDP_TYPE);
    const body = Buffer.from(this.#sent.text, 'utf8');
    endpoint.findFlow(nextHop, origin, (flow) => {
      if (this.#state.name === 'over') return;
      try {
        if (flow === undefined) fail();
        else this.#transaction = this.#transmit({ ...request, body }, flow);
      } catch (error) {
        fail();
        throw error;
      }
    });
  }

  #transmit(invite: SipRequest, flow: ClientTransaction['flow']): ClientTransaction {
    let ack: SuccessAck | undefined;
    let transaction: ClientTransaction = sendInDialog(this.#parts.endpoint, this.#parts.dialog, invite, flow, {
      onResponse: (response) => {
        if (response.status < 200) {
          this.#onProvisional(transaction);
          return;
        }
        if (ack !== undefined) {
          ack.repeat();
          return;
        }
        if (response.status < 300) {
          const { endpoint, dialog, origin } = this.#parts;
          dialog.refreshTarget(response);
          ack = new SuccessAck(endpoint, dialog, origin, transaction);
        }
        this.#finish();
        const { status } = response;
        const again = status === 422 && this.#state.name === 'sent' && this.#parts.session.learn(response);
        this.#advance({ type: 'answered', status, again }, response);
      },
      onFailure: (reason) => {
        this.#finish();
        this.#advance({ type: 'lost', reason });
      },
      onSentAgain: (next) => {
        this.#finish();
        transaction = next;
        this.#transaction = next;
      },
    });
    return transaction;
  }

  /** A peer that rings on a re-INVITE may do so for ever: CANCEL ends it. */
  #onProvisional(transaction: ClientTransaction): void {
    if (this.#state.name === 'over') {
      this.#limit(transaction);
      return;
    }
    if (this.#patience !== undefined || this.#limited) return;
    const { clock, timers, transactions } = this.#parts.endpoint;
    this.#patience = clock.setTimeout(() => {
      transactions.send(createCancel(transaction.request), transaction.flow, {
        onResponse: () => {},
        onFailure: () => {},
      });
      this.#limit(transaction);
    }, 64 * timers.t1Ms);
  }

  /** From here on the peer has 64*T1 for its final response, however often it says another provisional one. */
  #limit(transaction: ClientTransaction): void {
    if (this.#limited) return;
    this.#limited = true;
    transaction.limit(64 * this.#parts.endpoint.timers.t1Ms);
  }

  #finish(): void {
    this.#parts.endpoint.clock.clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#limited = false;
    this.#transaction = undefined;
  }
}
