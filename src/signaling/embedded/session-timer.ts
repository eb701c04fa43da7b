import { assertUnreachable } from '../../base/assert.js';
import { MAX_TIMEOUT_MS, type TimerHandle } from '../../base/clock.js';
import { ALLOW, TIMER_TAG } from '../capabilities.js';
import { endText } from '../end-text.js';
import { parseDecimal, tokenList } from '../message/lexical.js';
import { parseMinSe, parseSessionExpires, serializeSessionExpires } from '../message/session-expires.js';
import type { SipMessage, SipRequest, SipResponse } from '../message/sip-message.js';
import type { LegEnd } from '../port.js';
import { type RefreshOutcome, refreshOutcome } from '../refresh-outcome.js';
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
import { sendInDialog } from './authorized-send.js';
import type { Dialog } from './dialog/dialog.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import type { Endpoint } from './endpoint.js';

/** Reason of the BYE that ends a session nobody refreshed. */
const EXPIRED = 'SIP;cause=408;text="session-expired"';

/** A refresh that was refused for now is tried again after this, and up to twice as much, ms. */
const RETRY_MS = 5_000;

/** A longer Retry-After would outlast most intervals, s. */
const LONGEST_RETRY_SECONDS = 32;

/** How often one refresh is asked for again at once, with a longer interval or another method. */
const MAX_REPEATS = 3;

export interface SessionTimerParts {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  readonly origin: FlowOrigin;
  readonly contact: string;
  /** Refreshes by a re-INVITE that offers what was agreed: for a peer that knows no UPDATE. */
  readonly refreshByInvite: () => void;
  /** The session has run out, or the peer does not know the dialog: BYE. */
  readonly onDead: (end: LegEnd, reason: string | undefined) => void;
}

type Headers = readonly (readonly [name: string, value: string])[];

/** Session timers of one dialog (RFC 4028): what is agreed, our refreshes, and the end of a session that has none. */
export class SessionTimer {
  readonly #parts: SessionTimerParts;
  readonly #options: SessionTimerOptions;
  #agreement: SessionAgreement | undefined;
  /** The largest Min-SE of a 422, s. */
  #learnedSeconds = 0;
  /** The peer takes UPDATE. */
  #updates = false;
  #repeats = 0;
  /** Our refresh is due and has not succeeded. */
  #due = false;
  #refreshTimer: TimerHandle | undefined;
  #endTimer: TimerHandle | undefined;
  #closed = false;

  constructor(parts: SessionTimerParts) {
    this.#parts = parts;
    this.#options = parts.endpoint.sessionTimers;
  }

  /** 422 for a session refresh request of the peer that asks for too short an interval. */
  refusalOf(request: SipRequest): Refusal | undefined {
    return sessionRefusal(request.headers, this.#options, this.#agreement);
  }

  /** A session refresh request of the peer gets a 2xx: what is to stand in it. The timer runs from now on. */
  accept(request: SipRequest): Headers {
    this.#note(request);
    const answer = answerSession(questionOf(request.headers), this.#options, this.#agreement);
    if (answer.type !== 'agreed') {
      this.#agree(undefined);
      return [];
    }
    this.#agree(answer.agreement);
    const expires = ['Session-Expires', serializeSessionExpires(answer.expires)] as const;
    return answer.required ? [['Require', TIMER_TAG], expires] : [expires];
  }

  /** What stands in a session refresh request of ours. */
  requestHeaders(): Headers {
    const asked = sessionHeaders(this.#options, this.#agreement, this.#learnedSeconds);
    return this.#options.mode === 'off' ? asked : [['Supported', TIMER_TAG], ...asked];
  }

  /** An INVITE of ours made the dialog: its Min-SE, learned from a 422, counts for every later one (section 7.4). */
  begin(invite: SipRequest): void {
    this.#learnedSeconds = parseMinSe(invite.headers.get('Min-SE') ?? '') ?? 0;
  }

  /** A session refresh request of ours got a 2xx. The timer runs from now on. */
  accepted(response: SipResponse): void {
    this.#note(response);
    const expires = parseSessionExpires(response.headers.get('Session-Expires') ?? '');
    this.#agree(agreedSession(expires, this.#options, this.#agreement));
  }

  /** Learns from a 422; whether the request is to be sent again with what was learned. */
  learn(response: SipResponse): boolean {
    const seconds = learnedInterval(response, this.#learnedSeconds);
    if (seconds === undefined || this.#repeats >= MAX_REPEATS) return false;
    this.#learnedSeconds = seconds;
    this.#repeats += 1;
    return true;
  }

  /** A re-INVITE of ours came to nothing; the dialog lives. */
  failed(): void {
    if (this.#due && !this.#closed) this.#later(undefined);
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #note({ headers }: SipMessage): void {
    if (headers.has('Allow')) this.#updates = tokenList(headers.getAll('Allow')).includes('UPDATE');
  }

  #agree(agreement: SessionAgreement | undefined): void {
    this.#stop();
    this.#agreement = agreement;
    this.#repeats = 0;
    this.#due = false;
    if (agreement === undefined || this.#closed) return;
    const { clock } = this.#parts.endpoint;
    const { refreshMs, endMs } = sessionTimes(agreement);
    if (agreement.weRefresh) this.#refreshTimer = clock.setTimeout(() => this.#refresh(), refreshMs);
    // What a timer cannot hold is longer than any call.
    if (endMs > MAX_TIMEOUT_MS) return;
    this.#endTimer = clock.setTimeout(() => this.#die({ by: 'transport', status: 408, text: '' }, EXPIRED), endMs);
  }

  #stop(): void {
    const { clock } = this.#parts.endpoint;
    clock.clearTimeout(this.#refreshTimer);
    clock.clearTimeout(this.#endTimer);
  }

  #refresh(): void {
    if (this.#closed) return;
    this.#due = true;
    if (this.#updates) this.#update();
    else this.#parts.refreshByInvite();
  }

  #update(): void {
    const { endpoint, dialog, origin, contact } = this.#parts;
    const { request, nextHop } = dialog.createRequest('UPDATE');
    request.headers.append('Contact', contact);
    request.headers.append('Allow', ALLOW);
    for (const [name, value] of this.requestHeaders()) request.headers.append(name, value);
    endpoint.findFlow(nextHop, origin, (flow) => {
      if (this.#closed) return;
      if (flow === undefined) {
        this.#later(undefined);
        return;
      }
      sendInDialog(endpoint, dialog, request, flow, {
        onResponse: (response) => {
          if (response.status >= 200 && !this.#closed) this.#onOutcome(refreshOutcome(response.status), response);
        },
        onFailure: (reason) => {
          if (!this.#closed) this.#onOutcome(refreshOutcome(reason), undefined);
        },
      });
    });
  }

  #onOutcome(outcome: RefreshOutcome, response: SipResponse | undefined): void {
    switch (outcome.type) {
      case 'refreshed':
        if (response === undefined) return;
        this.#parts.dialog.refreshTarget(response);
        this.accepted(response);
        return;
      case 'too-brief':
        if (response !== undefined && this.learn(response)) this.#refresh();
        else this.#later(response);
        return;
      case 'no-update':
        this.#updates = false;
        this.#refresh();
        return;
      case 'later':
        this.#later(response);
        return;
      case 'dead':
        this.#die(
          { by: outcome.by, status: outcome.status, text: response === undefined ? '' : endText(response) },
          undefined,
        );
        return;
      default:
        assertUnreachable(outcome);
    }
  }

  /** Tries again soon: the end of the interval is near enough to stop it. */
  #later(response: SipResponse | undefined): void {
    const { clock, random } = this.#parts.endpoint;
    const retryAfter = /^[0-9]+/.exec(response?.headers.get('Retry-After') ?? '')?.[0] ?? '';
    const asked = parseDecimal(retryAfter, LONGEST_RETRY_SECONDS);
    const delayMs = asked === undefined ? RETRY_MS + random.integer(RETRY_MS) : Math.max(asked, 1) * 1000;
    clock.clearTimeout(this.#refreshTimer);
    this.#refreshTimer = clock.setTimeout(() => this.#refresh(), delayMs);
  }

  #die(end: LegEnd, reason: string | undefined): void {
    this.close();
    this.#parts.onDead(end, reason);
  }
}
