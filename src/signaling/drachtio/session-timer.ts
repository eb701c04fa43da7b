import { type Clock, MAX_TIMEOUT_MS, type TimerHandle } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { TIMER_TAG } from '../capabilities.js';
import { parseMinSe, parseSessionExpires, serializeSessionExpires } from '../message/session-expires.js';
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
} from '../session-agreement.js';
import type { HeaderList } from './header-list.js';

/** Reason of the BYE that ends a session nobody refreshed. */
const EXPIRED = 'SIP;cause=408;text="session-expired"';

/**
 * We refresh so long before half the interval, ms: the server has a timer of its own, which a 2xx to a re-INVITE of ours
 * sets anew. Left alone it goes off up to 5 s before half the interval, refreshes without `Supported: timer` and without
 * telling us, and takes any refusal for the end of the call. A second attempt of ours is in time as well.
 */
const AHEAD_OF_SERVER_MS = 15_000;

/** A refresh that was refused for now is tried again after this, and up to twice as much, ms. */
const RETRY_MS = 5_000;

/** How often one refresh is asked for again at once with a longer interval. */
const MAX_REPEATS = 3;

export interface SessionTimerParts {
  readonly options: SessionTimerOptions;
  readonly clock: Clock;
  readonly random: Random;
  /** Refreshes by a re-INVITE that offers what was agreed: a 2xx to an UPDATE says nothing to the server. */
  readonly refresh: () => void;
  /** The session has run out: BYE. */
  readonly onDead: (end: LegEnd, reason: string | undefined) => void;
}

/**
 * Session timers of one dialog (RFC 4028): what is agreed, our refreshes, and the end of a session that has none. The
 * server reads Session-Expires on its way and would refresh too, or end the session; we are earlier with both.
 */
export class SessionTimer {
  readonly #parts: SessionTimerParts;
  #agreement: SessionAgreement | undefined;
  /** The largest Min-SE of a 422, s. */
  #learnedSeconds = 0;
  #repeats = 0;
  /** Our refresh is due and has not succeeded. */
  #due = false;
  #refreshTimer: TimerHandle | undefined;
  #endTimer: TimerHandle | undefined;
  #closed = false;

  constructor(parts: SessionTimerParts) {
    this.#parts = parts;
  }

  /** 422 for a session refresh request of the peer that asks for too short an interval. */
  refusalOf({ headers }: SipRequest): Refusal | undefined {
    return sessionRefusal(headers, this.#parts.options, this.#agreement);
  }

  /** A session refresh request of the peer gets a 2xx: what is to stand in it. The timer runs from now on. */
  accept({ headers }: SipRequest): HeaderList {
    const answer = answerSession(questionOf(headers), this.#parts.options, this.#agreement);
    if (answer.type !== 'agreed') {
      this.#agree(undefined);
      return [];
    }
    this.#agree(answer.agreement);
    const expires = ['Session-Expires', serializeSessionExpires(answer.expires)] as const;
    return answer.required ? [['Require', TIMER_TAG], expires] : [expires];
  }

  /** What stands in a re-INVITE of ours. */
  requestHeaders(): HeaderList {
    return [['Supported', TIMER_TAG], ...sessionHeaders(this.#parts.options, this.#agreement, this.#learnedSeconds)];
  }

  /** An INVITE of ours made the dialog: its Min-SE, learned from a 422, counts for every later one (section 7.4). */
  begin(invite: SipRequest): void {
    this.#learnedSeconds = parseMinSe(invite.headers.get('Min-SE') ?? '') ?? 0;
  }

  /** A session refresh request of ours got a 2xx. The timer runs from now on. */
  accepted(response: SipResponse): void {
    const expires = parseSessionExpires(response.headers.get('Session-Expires') ?? '');
    this.#agree(agreedSession(expires, this.#parts.options, this.#agreement));
  }

  /** Learns from a 422; whether the request is to be sent again with what was learned. */
  learn(response: SipResponse): boolean {
    const seconds = learnedInterval(response, this.#learnedSeconds);
    if (seconds === undefined || this.#repeats >= MAX_REPEATS) return false;
    this.#learnedSeconds = seconds;
    this.#repeats += 1;
    return true;
  }

  /** A re-INVITE of ours came to nothing; the dialog lives. The end of the interval is near enough to stop the attempts. */
  failed(): void {
    if (!this.#due || this.#closed) return;
    const { clock, random } = this.#parts;
    clock.clearTimeout(this.#refreshTimer);
    this.#refreshTimer = clock.setTimeout(() => this.#refresh(), RETRY_MS + random.integer(RETRY_MS));
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #agree(agreement: SessionAgreement | undefined): void {
    this.#stop();
    this.#agreement = agreement;
    this.#repeats = 0;
    this.#due = false;
    if (agreement === undefined || this.#closed) return;
    const { clock } = this.#parts;
    const { refreshMs, endMs } = sessionTimes(agreement);
    if (agreement.weRefresh) {
      this.#refreshTimer = clock.setTimeout(() => this.#refresh(), refreshMs - AHEAD_OF_SERVER_MS);
    }
    // What a timer cannot hold is longer than any call.
    if (endMs > MAX_TIMEOUT_MS) return;
    this.#endTimer = clock.setTimeout(() => {
      this.close();
      this.#parts.onDead({ by: 'transport', status: 408, text: '' }, EXPIRED);
    }, endMs);
  }

  #stop(): void {
    const { clock } = this.#parts;
    clock.clearTimeout(this.#refreshTimer);
    clock.clearTimeout(this.#endTimer);
  }

  #refresh(): void {
    if (this.#closed) return;
    this.#due = true;
    this.#parts.refresh();
  }
}
