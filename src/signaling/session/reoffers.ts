import { assertUnreachable } from '../../base/assert.js';
import type { Clock, TimerHandle } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import type { ChannelInvite, DialogChannel } from '../dialog-channel.js';
import { endText } from '../leg-end.js';
import type { SipResponse } from '../message/sip-message.js';
import type { LegEnd } from '../port.js';
import {
  type ReofferEffect,
  type ReofferEvent,
  type ReofferState,
  startReoffer,
  stepReoffer,
} from './reoffer-state.js';
import { sdpOf } from './session-body.js';

/** RFC 3261 section 14.1: steps of the random time after a 491, ms. */
const BACK_OFF_STEP_MS = 10;

/** An offer: its text, or what makes it when it is about to leave. */
export type Offer = string | (() => string);

interface QueuedOffer {
  readonly offer: Offer;
  /** It refreshes the session and changes nothing: the user is not told of it. */
  readonly refresh: boolean;
}

/** Whoever keeps the session that the offers are about, where that is not the user alone: its timer (RFC 4028). */
export interface ReoffersSession {
  /** A 2xx came; `refresh`: to what {@link Reoffers.refresh} had offered. */
  accepted(response: SipResponse, offer: string, refresh: boolean): void;
  /** It came to nothing; the dialog lives. */
  failed(): void;
  /** Whether what was refused is to be offered again at once, in other words (422). */
  learn(response: SipResponse): boolean;
}

export interface ReoffersParts {
  readonly channel: DialogChannel;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a peer that sent a provisional response is waited for, and then once more after the CANCEL: 64*T1, ms. */
  readonly patienceMs: number;
  /** We sent the INVITE that created the dialog: it is longer we that wait after a collision. */
  readonly ownsCallId: boolean;
  /** Whether no INVITE of the peer is open. When one closes, {@link Reoffers.proceed} is to be called. */
  readonly isClear: () => boolean;
  readonly session?: ReoffersSession;
  readonly onReoffered: (status: number, sdp: string | undefined) => void;
  /** The peer does not know the dialog, or is silent (RFC 3261 section 14.1). */
  readonly onDead: (end: LegEnd) => void;
  readonly onFault: (error: unknown) => void;
}

/** Carries out our re-INVITEs in one dialog; `reoffer-state.ts` decides. */
export class Reoffers {
  readonly #parts: ReoffersParts;
  #state: ReofferState = startReoffer();
  /** To be sent next. */
  #next: QueuedOffer = { offer: '', refresh: false };
  /** The one on the wire. */
  #sent: { readonly text: string; readonly refresh: boolean } = { text: '', refresh: false };
  #invite: ChannelInvite | undefined;
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
    const { clock } = this.#parts;
    clock.clearTimeout(this.#backOff);
    clock.clearTimeout(this.#patience);
    // The BYE makes the peer answer the INVITE (RFC 3261 section 15.1.2), if it is there at all.
    if (this.#invite?.proceeding) this.#limit(this.#invite);
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
        this.#parts.onDead({ by, status, text: endText(response) });
        return;
      }
      default:
        assertUnreachable(effect);
    }
  }

  #report(status: number, response: SipResponse | undefined): void {
    const { session, onReoffered } = this.#parts;
    const { text, refresh } = this.#sent;
    const accepted = response !== undefined && status < 300;
    if (accepted) session?.accepted(response, text, refresh);
    else session?.failed();
    if (!refresh) onReoffered(status, accepted ? sdpOf(response) : undefined);
  }

  #startBackOff(): void {
    const { clock, random, ownsCallId } = this.#parts;
    const steps = ownsCallId ? 210 + random.integer(191) : random.integer(201);
    this.#backOff = clock.setTimeout(() => this.#advance({ type: 'timer' }), steps * BACK_OFF_STEP_MS);
  }

  #send(): void {
    const { channel, onFault, session } = this.#parts;
    const { offer, refresh } = this.#next;
    // Where none can be made, its outcome is that of this one.
    this.#sent = { text: '', refresh };
    try {
      this.#sent = { text: typeof offer === 'string' ? offer : offer(), refresh };
    } catch (error) {
      onFault(error);
      // Told once the caller of `reoffer` has returned.
      queueMicrotask(() => this.#advance({ type: 'lost', reason: 'transport' }));
      return;
    }
    const invite: ChannelInvite = channel.invite(this.#sent.text, {
      // Each transmission has all the time there is.
      onSent: () => this.#beginWaiting(),
      onProvisional: () => this.#onProvisional(invite),
      onResponse: (response) => {
        this.#finish();
        const { status } = response;
        const again = status === 422 && this.#state.name === 'sent' && session?.learn(response) === true;
        this.#advance({ type: 'answered', status, again }, response);
      },
      onFailure: (reason) => {
        this.#finish();
        this.#advance({ type: 'lost', reason });
      },
    });
    this.#invite = invite;
  }

  /** A peer that rings on a re-INVITE may do so for ever: CANCEL ends it. */
  #onProvisional(invite: ChannelInvite): void {
    if (this.#state.name === 'over') {
      this.#limit(invite);
      return;
    }
    if (this.#patience !== undefined || this.#limited) return;
    const { clock, patienceMs } = this.#parts;
    this.#patience = clock.setTimeout(() => {
      invite.cancel();
      this.#limit(invite);
    }, patienceMs);
  }

  /** From here on the peer has 64*T1 for its final response, however often it says another provisional one. */
  #limit(invite: ChannelInvite): void {
    if (this.#limited) return;
    this.#limited = true;
    invite.limit(this.#parts.patienceMs);
  }

  #beginWaiting(): void {
    this.#parts.clock.clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#limited = false;
  }

  #finish(): void {
    this.#beginWaiting();
    this.#invite = undefined;
  }
}
