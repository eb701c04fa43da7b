import type { Permit } from '../../base/circuit-breaker.js';
import { type CallContext, type EventRound, FlavorError, type FlavorSession } from '../../flavor-api/index.js';
import type { FailOverPlan, FlavorChoice } from './fail-over-plan.js';
import type { SessionFormats } from './session-formats.js';
import { asFlavorError, type SessionEnd, type SessionEvent, SessionLink, whyOver } from './session-link.js';

/** A session that was opened, and what it was opened with. */
export interface OpenedSession {
  readonly link: SessionLink;
  readonly choice: FlavorChoice;
  readonly formats: SessionFormats;
}

export interface CallSessionHandlers {
  onOpened(session: OpenedSession): void;
  /** The attempt came to nothing. `recovery`: {@link CallSession.open} has another way. */
  onFailed(error: FlavorError, recovery: boolean): void;
  /** The session that was opened is over. */
  onEnded(end: SessionEnd, recovery: boolean): void;
  /** A session that does not count any more says what it has used. */
  onUsage(event: UsageEvent): void;
  /** The flavor broke a rule of the contract, and the session lives. */
  onMisbehaviour(method: string, message: string): void;
  /** Formats for a flavor, chosen by the phone's codec. */
  formatsFor(choice: FlavorChoice): SessionFormats;
  /** What the session may know of its call. */
  contextFor(choice: FlavorChoice, formats: SessionFormats, signal: AbortSignal): CallContext;
}

type UsageEvent = Extract<SessionEvent, { type: 'usage' }>;

export interface CallSessionParts {
  readonly plan: FailOverPlan;
  readonly handlers: CallSessionHandlers;
  /** In which the events of sessions are heard. */
  readonly eventRound: EventRound;
}

/** One attempt at a session, from the moment it is asked for. */
interface Attempt {
  readonly choice: FlavorChoice;
  readonly permit: Permit;
  readonly abort: AbortController;
  link: SessionLink | undefined;
  replied: boolean;
  over: boolean;
}

/**
 * The flavor's side of one call: asks for a session, and for another when that one fails, in the order of the plan. At
 * most one attempt counts at a time; what an earlier one still says is not heard any more.
 */
export class CallSession {
  readonly #parts: CallSessionParts;
  #attempt: Attempt | undefined;
  #choice: FlavorChoice | undefined;
  #closed = false;

  constructor(parts: CallSessionParts) {
    this.#parts = parts;
  }

  /** The flavor whose turn it was last, be it that it was not asked as it is out of order. */
  get choice(): FlavorChoice | undefined {
    return this.#choice;
  }

  /** Asks the next flavor of the plan. Whatever comes of it is reported later, never before this returns. */
  open(): void {
    this.#drop();
    if (!this.#closed) void this.#ask();
  }

  /** The attempt or session that counts is given up for `error`; reported as if it had failed by itself. */
  giveUp(error: FlavorError): void {
    const attempt = this.#attempt;
    if (!attempt || attempt.over) return;
    const recovery = this.#onLost(attempt, error);
    attempt.abort.abort();
    if (attempt.link) this.#parts.handlers.onEnded({ reason: 'failed', error }, recovery);
    else this.#parts.handlers.onFailed(error, recovery);
  }

  /** Something of the agent has come. */
  onReply(): void {
    if (this.#attempt) this.#attempt.replied = true;
  }

  /** A whole answer was heard: the provider works, and what fails later is a new failure. */
  onAnswered(): void {
    this.#attempt?.permit.succeeded();
    this.#parts.plan.succeeded();
  }

  /** The call is over: the session ends, its stream is still awaited. Idempotent. */
  close(): void {
    this.#closed = true;
    if (this.#attempt?.replied) this.#attempt.permit.succeeded();
    else this.#attempt?.permit.released();
    this.#attempt?.abort.abort();
  }

  async #ask(): Promise<void> {
    // Never within the call of `open`: what it reports may ask for the next attempt.
    await Promise.resolve();
    const next = this.#closed ? undefined : this.#parts.plan.next();
    if (!next) {
      this.#parts.handlers.onFailed(new FlavorError('ERR_FLAVOR_NETWORK', 'nobody is left to ask', false), false);
      return;
    }
    const { choice } = next;
    this.#choice = choice;
    const permit = choice.breaker.acquire();
    if (!permit) {
      this.#parts.plan.giveUpPresent();
      const error = new FlavorError('ERR_FLAVOR_NETWORK', `${choice.name} is out of order: not asked`, true);
      this.#parts.handlers.onFailed(error, this.#parts.plan.hasNext);
      return;
    }
    const attempt: Attempt = {
      choice,
      permit,
      abort: new AbortController(),
      link: undefined,
      replied: false,
      over: false,
    };
    this.#attempt = attempt;
    try {
      const formats = this.#parts.handlers.formatsFor(choice);
      const session = await choice.flavor.open(this.#parts.handlers.contextFor(choice, formats, attempt.abort.signal));
      this.#onOpened(attempt, session, formats, next.attempt);
    } catch (error) {
      this.#onOpenFailed(attempt, asFlavorError(error));
    }
  }

  #onOpened(attempt: Attempt, session: FlavorSession, formats: SessionFormats, number: number): void {
    // One that comes too late has been aborted and is read to its end, so that nothing of it stays open.
    const handlers = {
      onEnded: (end: SessionEnd): void => this.#onEnded(attempt, end),
      onMisbehaviour: (method: string, message: string): void => this.#parts.handlers.onMisbehaviour(method, message),
    };
    const link = new SessionLink(session, handlers, number === 1 ? '' : `${number}/`, this.#parts.eventRound);
    attempt.link = link;
    if (attempt.over || this.#closed) link.listen(this.#onlyUsage);
    if (!attempt.over) this.#parts.handlers.onOpened({ link, choice: attempt.choice, formats });
  }

  #onOpenFailed(attempt: Attempt, error: FlavorError): void {
    if (attempt.over) return;
    const recovery = this.#onLost(attempt, error);
    this.#parts.handlers.onFailed(error, recovery);
  }

  #onEnded(attempt: Attempt, end: SessionEnd): void {
    if (attempt.over) return;
    const error = this.#closed ? end.error : whyOver(end, attempt.link?.started === true);
    const recovery = end.reason === 'completed' ? this.#onCompleted(attempt) : this.#onLost(attempt, error);
    this.#parts.handlers.onEnded({ ...end, ...(error && { error }) }, recovery);
  }

  #onCompleted(attempt: Attempt): false {
    attempt.over = true;
    attempt.permit.succeeded();
    return false;
  }

  /** Whether there is another way. */
  #onLost(attempt: Attempt, error: FlavorError | undefined): boolean {
    attempt.over = true;
    // What it still says is nobody's business, but for what it costs.
    attempt.link?.listen(this.#onlyUsage);
    if (this.#closed) return false;
    attempt.permit.failed();
    if (error?.retryable === false) this.#parts.plan.giveUpPresent();
    return this.#parts.plan.hasNext;
  }

  readonly #onlyUsage = (event: SessionEvent): void => {
    if (event.type === 'usage') this.#parts.handlers.onUsage(event);
  };

  #drop(): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    attempt.over = true;
    attempt.link?.listen(this.#onlyUsage);
    attempt.abort.abort();
  }
}
