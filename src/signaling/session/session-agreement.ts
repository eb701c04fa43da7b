import { TIMER_TAG } from '../capabilities.js';
import { hasOptionTag } from '../message/lexical.js';
import {
  parseMinSe,
  parseSessionExpires,
  type Refresher,
  type SessionExpires,
  serializeSessionExpires,
} from '../message/session-expires.js';
import type { HeaderField, SipHeaders } from '../message/sip-headers.js';
import type { SipResponse } from '../message/sip-message.js';
import type { Refusal } from '../refusal.js';

/** Session timers (RFC 4028) as the operator wants them. */
export interface SessionTimerOptions {
  /**
   * `accept`: an interval that the peer asks for is agreed to. `request`: we ask for one too. `off`: none, and a peer
   * that requires the extension is refused.
   */
  readonly mode: 'accept' | 'request' | 'off';
  /** The interval that `request` asks for, and at most agrees to, s. */
  readonly expiresSeconds: number;
  /** The shortest interval agreed to, s; 90 at least. */
  readonly minSeconds: number;
  /** Who is to refresh where the peer leaves us the choice and `request` asks. */
  readonly refresher: 'us' | 'peer';
}

export const sessionTimerDefaults = {
  mode: 'accept',
  expiresSeconds: 1_800,
  minSeconds: 90,
  refresher: 'us',
} as const satisfies SessionTimerOptions;

/** RFC 4028 section 5: no interval may be shorter, s. */
const SHORTEST_SESSION_SECONDS = 90;

/** No interval of ours is longer, whatever is asked for, s. */
const LONGEST_SESSION_SECONDS = 86_400;

/** What both sides agreed on. */
export interface SessionAgreement {
  readonly seconds: number;
  readonly weRefresh: boolean;
}

/** What a session refresh request of the peer says: INVITE or UPDATE. */
export interface SessionQuestion {
  /** The peer knows the extension. */
  readonly supported: boolean;
  readonly expires: SessionExpires | undefined;
  readonly minSeconds: number | undefined;
}

export type SessionAnswer =
  /** 422 with Min-SE. */
  | { readonly type: 'refused'; readonly minSeconds: number }
  | { readonly type: 'none' }
  /** What stands in the 2xx. `required`: with Require: timer. */
  | {
      readonly type: 'agreed';
      readonly agreement: SessionAgreement;
      readonly expires: SessionExpires;
      readonly required: boolean;
    };

const NONE: SessionAnswer = { type: 'none' };

/**
 * Answers a session refresh request (RFC 4028 section 9). An interval below ours is refused with 422 where the peer
 * knows what that means, and otherwise not agreed to: a proxy put it there. `current` is what was agreed before.
 */
export function answerSession(
  question: SessionQuestion,
  options: SessionTimerOptions,
  current: SessionAgreement | undefined,
): SessionAnswer {
  if (options.mode === 'off') return NONE;
  const { supported, expires, minSeconds = 0 } = question;
  if (expires === undefined) {
    // A peer that lets the timer go may, unless it is we who keep it (section 9: a UAS may ask for one by itself).
    if (options.mode === 'accept' && current?.weRefresh !== true) return NONE;
    const seconds = Math.max(current?.seconds ?? options.expiresSeconds, minSeconds, options.minSeconds);
    return agreed(seconds, supported ? choice(options, current) : 'uas', supported);
  }
  if (expires.seconds < options.minSeconds) {
    return supported ? { type: 'refused', minSeconds: options.minSeconds } : NONE;
  }
  // May be reduced, not below what the peer takes at least, and never raised.
  const longest = options.mode === 'request' ? options.expiresSeconds : LONGEST_SESSION_SECONDS;
  const seconds = Math.min(expires.seconds, Math.max(longest, minSeconds, options.minSeconds));
  return agreed(seconds, supported ? (expires.refresher ?? choice(options, current)) : 'uas', supported);
}

/** The refresher where the peer leaves it to us; `uac` is the peer. */
function choice({ mode, refresher }: SessionTimerOptions, current: SessionAgreement | undefined): Refresher {
  if (current !== undefined) return current.weRefresh ? 'uas' : 'uac';
  return mode === 'request' && refresher === 'us' ? 'uas' : 'uac';
}

function agreed(seconds: number, refresher: Refresher, required: boolean): SessionAnswer {
  const agreement = { seconds, weRefresh: refresher === 'uas' };
  return { type: 'agreed', agreement, expires: { seconds, refresher }, required };
}

/** What a session refresh request of ours asks for (section 7.1); `undefined`: nothing. */
export function askSession(
  options: SessionTimerOptions,
  current: SessionAgreement | undefined,
  /** The largest Min-SE heard of in this dialog, s; 0 for none. */
  learnedSeconds: number,
): { readonly expires: SessionExpires; readonly minSeconds: number } | undefined {
  if (options.mode === 'off') return undefined;
  const asks = current !== undefined || options.mode === 'request' || learnedSeconds > 0;
  if (!asks) return undefined;
  const minSeconds = Math.max(options.minSeconds, learnedSeconds);
  const seconds = Math.max(current?.seconds ?? options.expiresSeconds, minSeconds);
  const weRefresh = current?.weRefresh ?? options.refresher === 'us';
  return { expires: { seconds, refresher: weRefresh ? 'uac' : 'uas' }, minSeconds };
}

/**
 * What the 2xx to a session refresh request of ours agreed to (section 7.2). Without Session-Expires there is no timer,
 * unless it was ours to keep one going that the peer knows nothing of.
 */
export function agreedSession(
  expires: SessionExpires | undefined,
  options: SessionTimerOptions,
  current: SessionAgreement | undefined,
): SessionAgreement | undefined {
  if (options.mode === 'off') return undefined;
  if (expires === undefined) return current?.weRefresh === true ? current : undefined;
  // Shorter ones are forbidden, and would be a way to have us send requests without end.
  const seconds = Math.max(expires.seconds, SHORTEST_SESSION_SECONDS);
  return { seconds, weRefresh: expires.refresher !== 'uas' };
}

/** When what is due, ms after the 2xx. */
export interface SessionTimes {
  /** Half the interval (section 7.2). */
  readonly refreshMs: number;
  /** BYE: a third of the interval before its end, at most 32 s (section 10). */
  readonly endMs: number;
}

export function sessionTimes({ seconds }: SessionAgreement): SessionTimes {
  return { refreshMs: seconds * 500, endMs: (seconds - Math.min(32, seconds / 3)) * 1000 };
}

/** What the header fields of a session refresh request say of session timers. */
export function questionOf(headers: SipHeaders): SessionQuestion {
  const tags = [...headers.getAll('Supported'), ...headers.getAll('Require')];
  return {
    supported: hasOptionTag(tags, TIMER_TAG),
    expires: parseSessionExpires(headers.get('Session-Expires') ?? ''),
    minSeconds: parseMinSe(headers.get('Min-SE') ?? ''),
  };
}

/** 422 with Min-SE for a session refresh request of the peer that asks for too short an interval. */
export function sessionRefusal(
  headers: SipHeaders,
  options: SessionTimerOptions,
  current?: SessionAgreement,
): Refusal | undefined {
  const answer = answerSession(questionOf(headers), options, current);
  if (answer.type !== 'refused') return undefined;
  return { status: 422, headers: [['Min-SE', String(answer.minSeconds)]] };
}

/** What a session refresh request of ours says of session timers. */
export function sessionHeaders(
  options: SessionTimerOptions,
  current: SessionAgreement | undefined,
  learnedSeconds: number,
): readonly HeaderField[] {
  const asked = askSession(options, current, learnedSeconds);
  if (asked === undefined) return [];
  return [
    ['Session-Expires', serializeSessionExpires(asked.expires)],
    ['Min-SE', String(asked.minSeconds)],
  ];
}

/** The Min-SE of a 422 where it asks for more than what was learned before, s. */
export function learnedInterval({ status, headers }: SipResponse, learnedSeconds: number): number | undefined {
  const seconds = status === 422 ? parseMinSe(headers.get('Min-SE') ?? '') : undefined;
  return seconds !== undefined && seconds > learnedSeconds ? seconds : undefined;
}
