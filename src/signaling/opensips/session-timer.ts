import { assertUnreachable } from '../../base/assert.js';
import { type Clock, MAX_TIMEOUT_MS, type TimerHandle } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { ALLOW, TIMER_TAG } from '../capabilities.js';
import type { DialogChannel } from '../dialog-channel.js';
import { endText } from '../end-text.js';
import { tokenList } from '../message/lexical.js';
import { serializeSessionExpires } from '../message/session-expires.js';
import type { SipHeaders } from '../message/sip-headers.js';
import type { SipResponse } from '../message/sip-message.js';
import type { LegEnd } from '../port.js';
import { type RefreshOutcome, refreshOutcome } from '../refresh-outcome.js';
import type { Refusal } from '../refusal.js';
import {
  agreedSession,
  answerSession,
  askSession,
  questionOf,
  type SessionAgreement,
  type SessionTimerOptions,
  sessionRefusal,
  sessionTimes,
} from '../session-agreement.js';

/** Agreed to where the peer asks; it is to refresh where it leaves us the choice. */
const options = {
  mode: 'accept',
  expiresSeconds: 1_800,
  minSeconds: 90,
  refresher: 'peer',
} as const satisfies SessionTimerOptions;

/** Reason of the BYE that ends a session nobody refreshed. */
const EXPIRED = 'SIP;cause=408;text="session-expired"';

/** A refresh that was refused for now is tried again after this, and up to twice as much, ms. */
const RETRY_MS = 5_000;

type Fields = readonly (readonly [name: string, value: string])[];

export interface SessionTimerParts {
  readonly channel: DialogChannel;
  readonly clock: Clock;
  readonly random: Random;
  /** The session has run out, or the peer does not know the dialog: BYE. */
  readonly onDead: (end: LegEnd, reason: string | undefined) => void;
}

/** 422 for an INVITE that asks for too short an interval. */
export function refuseShortSession(headers: SipHeaders): Refusal | undefined {
  return sessionRefusal(headers, options);
}

/**
 * Session timers (RFC 4028) of one session of OpenSIPS, which has none for its UA sessions: what is agreed, our refreshes,
 * and the end of a session that has none. We refresh by UPDATE alone: where a peer does not allow it and wants us to refresh
 * all the same, there is no timer.
 */
export class SessionTimer {
  readonly #parts: SessionTimerParts;
  #agreement: SessionAgreement | undefined;
  /** The peer allows UPDATE, or has not said what it allows. */
  #updates = true;
  #refreshTimer: TimerHandle | undefined;
  #endTimer: TimerHandle | undefined;
  #closed = false;

  constructor(parts: SessionTimerParts) {
    this.#parts = parts;
  }

  /** 422 for a re-INVITE or UPDATE of the peer that asks for too short an interval. */
  refusalOf(headers: SipHeaders): Refusal | undefined {
    return sessionRefusal(headers, options, this.#agreement);
  }

  /** An INVITE or UPDATE of the peer gets a 2xx: what is to stand in it. The timer runs from now on. */
  accept(headers: SipHeaders): Fields {
    this.#note(headers);
    const answer = answerSession(questionOf(headers), options, this.#agreement);
    if (answer.type !== 'agreed' || (answer.agreement.weRefresh && !this.#updates)) {
      this.#agree(undefined);
      return [];
    }
    this.#agree(answer.agreement);
    const expires = ['Session-Expires', serializeSessionExpires(answer.expires)] as const;
    return answer.required ? [['Require', TIMER_TAG], expires] : [expires];
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #note(headers: SipHeaders): void {
    if (headers.has('Allow')) this.#updates = tokenList(headers.getAll('Allow')).includes('UPDATE');
  }

  #agree(agreement: SessionAgreement | undefined): void {
    this.#stop();
    this.#agreement = agreement;
    if (agreement === undefined || this.#closed) return;
    const { clock } = this.#parts;
    const { refreshMs, endMs } = sessionTimes(agreement);
    if (agreement.weRefresh) this.#refreshTimer = clock.setTimeout(() => this.#refresh(), refreshMs);
    // What a timer cannot hold is longer than any call.
    if (endMs > MAX_TIMEOUT_MS) return;
    this.#endTimer = clock.setTimeout(() => this.#die({ by: 'transport', status: 408, text: '' }, EXPIRED), endMs);
  }

  #stop(): void {
    const { clock } = this.#parts;
    clock.clearTimeout(this.#refreshTimer);
    clock.clearTimeout(this.#endTimer);
  }

  #refresh(): void {
    if (this.#closed) return;
    const asked = askSession(options, this.#agreement, 0);
    const headers: Fields = [
      ['Allow', ALLOW],
      ['Supported', TIMER_TAG],
      ...(asked === undefined ? [] : [['Session-Expires', serializeSessionExpires(asked.expires)] as const]),
    ];
    this.#parts.channel.send(
      { method: 'UPDATE', headers },
      {
        onResponse: (response) => this.#onOutcome(refreshOutcome(response.status), response),
        onFailure: (reason) => this.#onOutcome(refreshOutcome(reason), undefined),
      },
    );
  }

  #onOutcome(outcome: RefreshOutcome, response: SipResponse | undefined): void {
    if (this.#closed) return;
    switch (outcome.type) {
      case 'refreshed':
        if (response !== undefined) this.#refreshed(response.headers);
        return;
      case 'dead': {
        const { by, status } = outcome;
        this.#die({ by, status, text: response === undefined ? '' : endText(response) }, undefined);
        return;
      }
      case 'no-update':
        this.#updates = false;
        this.#agree(undefined);
        return;
      case 'too-brief':
      case 'later':
        this.#later();
        return;
      default:
        assertUnreachable(outcome);
    }
  }

  #refreshed(headers: SipHeaders): void {
    this.#note(headers);
    const { expires } = questionOf(headers);
    this.#agree(agreedSession(expires, options, this.#agreement));
  }

  /** Tries again soon: the end of the interval is near enough to stop it. */
  #later(): void {
    const { clock, random } = this.#parts;
    clock.clearTimeout(this.#refreshTimer);
    this.#refreshTimer = clock.setTimeout(() => this.#refresh(), RETRY_MS + random.integer(RETRY_MS));
  }

  #die(end: LegEnd, reason: string | undefined): void {
    this.close();
    this.#parts.onDead(end, reason);
  }
}
