import { type Clock, MAX_TIMEOUT_MS, type TimerHandle } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { TIMER_TAG } from '../capabilities.js';
import { parseMinSe, parseSessionExpires, serializeSessionExpires } from '../message/session-expires.js';
import type { HeaderField, SipHeaders } from '../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import type { LegEnd } from '../port.js';
import type { Refusal } from '../refusal.js';
import {
  agreedSession,
  answerSession,
  learnedInterval,
  questionOf,
  type SessionAgreement,
  type SessionTimerOptions,
  sessionHeaders,
  sessionRefusal,
  sessionTimes,
} from './session-agreement.js';

/** Reason of the BYE that ends a session nobody refreshed. */
const EXPIRED = 'SIP;cause=408;text="session-expired"';

/** A refresh that was refused for now is tried again after this, and up to twice as much, ms. */
const RETRY_MS = 5_000;

/** How often one refresh is asked for again at once, with a longer interval or another method. */
const MAX_REPEATS = 3;

export interface SessionIntervalParts {
  readonly options: SessionTimerOptions;
  readonly clock: Clock;
  readonly random: Random;
  /** We refresh so long before half the interval, ms. Default: 0. */
  readonly aheadMs?: number;
  /** The session has run out, or the peer does not know the dialog: BYE. */
  readonly onDead: (end: LegEnd, reason: string | undefined) => void;
}

/**
 * Session timers of one dialog (RFC 4028) without the way in which a driver refreshes: what is agreed, when we refresh,
 * and the end of a session that nobody has refreshed.
 */
export abstract class SessionInterval {
  readonly #parts: SessionIntervalParts;
  #agreement: SessionAgreement | undefined;
  /** The largest Min-SE of a 422, s. */
  #learnedSeconds = 0;
  #repeats = 0;
  /** Our refresh is due and has not succeeded. */
  #due = false;
  #refreshTimer: TimerHandle | undefined;
  #endTimer: TimerHandle | undefined;
  #closed = false;

  constructor(parts: SessionIntervalParts) {
    this.#parts = parts;
  }

  /** 422 for a session refresh request of the peer that asks for too short an interval. */
  refusalOf(headers: SipHeaders): Refusal | undefined {
    return sessionRefusal(headers, this.#parts.options, this.#agreement);
  }

  /**
   * A session refresh request of the peer gets a 2xx: what is to stand in it. The timer runs from now on.
   * @param canRefresh false: where it would be ours to refresh, there is no timer
   */
  accept(headers: SipHeaders, canRefresh = true): readonly HeaderField[] {
    const answer = answerSession(questionOf(headers), this.#parts.options, this.#agreement);
    if (answer.type !== 'agreed' || (answer.agreement.weRefresh && !canRefresh)) {
      this.agree(undefined);
      return [];
    }
    this.agree(answer.agreement);
    const expires = ['Session-Expires', serializeSessionExpires(answer.expires)] as const;
    return answer.required ? [['Require', TIMER_TAG], expires] : [expires];
  }

  /** What stands in a session refresh request of ours. */
  requestHeaders(): readonly HeaderField[] {
    const { options } = this.#parts;
    const asked = sessionHeaders(options, this.#agreement, this.#learnedSeconds);
    return options.mode === 'off' ? asked : [['Supported', TIMER_TAG], ...asked];
  }

  /** An INVITE of ours made the dialog: its Min-SE, learned from a 422, counts for every later one (section 7.4). */
  begin(invite: SipRequest): void {
    this.#learnedSeconds = parseMinSe(invite.headers.get('Min-SE') ?? '') ?? 0;
  }

  /** A session refresh request of ours got a 2xx. The timer runs from now on. */
  accepted({ headers }: SipResponse): void {
    const expires = parseSessionExpires(headers.get('Session-Expires') ?? '');
    this.agree(agreedSession(expires, this.#parts.options, this.#agreement));
  }

  /** Learns from a 422; whether the request is to be sent again with what was learned. */
  learn(response: SipResponse): boolean {
    const seconds = learnedInterval(response, this.#learnedSeconds);
    if (seconds === undefined || this.#repeats >= MAX_REPEATS) return false;
    this.#learnedSeconds = seconds;
    this.#repeats += 1;
    return true;
  }

  /** A request of ours that refreshes came to nothing; the dialog lives. */
  failed(): void {
    if (this.#due && !this.#closed) this.later();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  protected get closed(): boolean {
    return this.#closed;
  }

  /** Sends a request that refreshes; what came of it is told by {@link accepted}, {@link later} or {@link die}. */
  protected abstract send(): void;

  protected agree(agreement: SessionAgreement | undefined): void {
    this.#stop();
    this.#agreement = agreement;
    this.#repeats = 0;
    this.#due = false;
    if (agreement === undefined || this.#closed) return;
    const { clock, aheadMs = 0 } = this.#parts;
    const { refreshMs, endMs } = sessionTimes(agreement);
    if (agreement.weRefresh) this.#refreshTimer = clock.setTimeout(() => this.refresh(), refreshMs - aheadMs);
    // What a timer cannot hold is longer than any call.
    if (endMs > MAX_TIMEOUT_MS) return;
    this.#endTimer = clock.setTimeout(() => this.die({ by: 'transport', status: 408, text: '' }, EXPIRED), endMs);
  }

  protected refresh(): void {
    if (this.#closed) return;
    this.#due = true;
    this.send();
  }

  /** Tries again soon: the end of the interval is near enough to stop it. @param delayMs default: 5 to 10 s */
  protected later(delayMs?: number): void {
    const { clock, random } = this.#parts;
    clock.clearTimeout(this.#refreshTimer);
    this.#refreshTimer = clock.setTimeout(() => this.refresh(), delayMs ?? RETRY_MS + random.integer(RETRY_MS));
  }

  protected die(end: LegEnd, reason: string | undefined): void {
    this.close();
    this.#parts.onDead(end, reason);
  }

  #stop(): void {
    const { clock } = this.#parts;
    clock.clearTimeout(this.#refreshTimer);
    clock.clearTimeout(this.#endTimer);
  }
}
