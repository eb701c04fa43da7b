import { assertUnreachable } from '../base/assert.js';
import type { CauseText } from '../ops/call-record.js';
import type { CallEffect, CallEvent, CallOutcome, CallState } from './call-state.js';
import { RETRY_AFTER_SECONDS, statusWhenTold } from './refusal.js';

export interface Transition {
  readonly state: CallState;
  readonly effects: readonly CallEffect[];
}

export interface CallBeginning {
  /** The route lets the phone ring for a while before the answer. */
  readonly answerDelayed: boolean;
  readonly earlyMedia: boolean;
  /** We call: there is nobody to ring for, and the INVITE leaves when its offer can be made. */
  readonly outbound?: boolean;
}

/**
 * The first transition: an INVITE was admitted and routed, or one is to be sent; media and session are being opened by the
 * user of the machine.
 */
export function beginCall(beginning: CallBeginning): Transition {
  const outbound = beginning.outbound === true;
  return {
    state: {
      phase: 'preparing',
      outbound,
      media: 'opening',
      session: 'opening',
      delayOver: !beginning.answerDelayed,
      earlyMedia: beginning.earlyMedia,
      accepting: false,
      started: false,
      leaving: undefined,
      transferring: false,
      bridged: undefined,
      outcome: undefined,
    },
    effects: [
      ...(outbound ? [] : [{ type: 'ring' } as const]),
      { type: 'arm-timer', timer: 'open' },
      ...(beginning.answerDelayed ? [{ type: 'arm-timer', timer: 'delay' } as const] : []),
    ],
  };
}

/**
 * The call machine: pure, total over (state, event). Races it must win, each with a test of its name:
 * hang-up while the flavor opens, CANCEL before the 200 is out and crossing it, BYE before ACK, a flavor that fails before and after the
 * answer with and without another to take over, two reasons to end at once (the first one is recorded), resources that
 * finish opening when the call is over.
 */
export function reduceCall(state: CallState, event: CallEvent): Transition {
  if (state.phase === 'ended') return unchanged(state);
  switch (event.type) {
    case 'media-opened':
      return onMediaOpened(state);
    case 'media-failed':
      return onMediaFailed(state);
    case 'media-closed':
      return onMediaClosed(state);
    case 'session-opened':
      return onSessionOpened(state);
    case 'session-failed':
      return onSessionLost(state, event.recovery);
    case 'session-ended':
      return event.reason === 'completed' ? onSessionCompleted(state) : onSessionLost(state, event.recovery);
    case 'session-abandoned':
      if (state.bridged) return settle({ ...state, session: 'closed' }, []);
      return state.phase === 'ending' ? settle({ ...state, session: 'closed' }, []) : unchanged(state);
    case 'delay-elapsed':
      return state.phase === 'preparing' ? answerWhenReady({ ...state, delayOver: true }, []) : unchanged(state);
    case 'accepted':
      return state.accepting && state.phase === 'preparing'
        ? unchanged({ ...state, phase: 'answered', accepting: false })
        : unchanged(state);
    case 'confirmed':
      return state.phase === 'answered' ? onEstablished(state) : unchanged(state);
    case 'answered':
      return state.outbound && state.phase === 'preparing' ? onEstablished(state) : unchanged(state);
    case 'answer-unusable': {
      // An INVITE of ours was answered 200, whatever came with it.
      const status = state.outbound ? 200 : unansweredOr(state, 488);
      return end(state, { endedBy: 'connector', cause: 'rejected', status });
    }
    case 'leg-ended':
      return onLegEnded(state, event);
    case 'agent-leaving':
      return onAgentLeaving(state);
    case 'farewell-over':
      return onFarewellOver(state, event.of ?? state.leaving);
    case 'caller-returned':
    case 'agent-staying':
      return takeBack(state, event.type === 'caller-returned' ? 'silence' : 'normal');
    case 'transfer-begun':
      // A REFER that is asked for before the ACK waits for it.
      return unchanged({ ...state, transferring: isAnswered(state) && !state.bridged });
    case 'transfer-over':
      return onTransferOver(state, event.ok);
    case 'bridged':
      return onBridged(state);
    case 'bridge-over':
      return state.bridged ? end(state, state.bridged) : unchanged(state);
    case 'warning-due':
      return state.phase === 'active' && !state.leaving && !state.bridged
        ? { state, effects: [{ type: 'warn' }] }
        : unchanged(state);
    case 'limit-reached':
      return onLimitReached(state, event.limit);
    case 'told-to-end':
      return end(state, {
        endedBy: 'connector',
        cause: event.by,
        status: unansweredOr(state, statusWhenTold(event.by)),
      });
    default:
      return assertUnreachable(event);
  }
}

function onMediaOpened(state: CallState): Transition {
  if (state.media !== 'opening') return unchanged(state);
  if (state.phase === 'ending')
    return settle({ ...state, media: 'closing' }, [{ type: 'close-media', farewell: false }]);
  // The session opens while it rings at the other end.
  if (state.outbound) return { state: { ...state, media: 'open' }, effects: [{ type: 'dial' }] };
  return answerWhenReady({ ...state, media: 'open' }, []);
}

function onMediaFailed(state: CallState): Transition {
  if (state.media === 'opening') {
    return end(
      { ...state, media: 'closed' },
      { endedBy: 'connector', cause: 'busy-limit', status: unansweredOr(state, 503) },
    );
  }
  return end(state, { endedBy: 'connector', cause: 'rtp-timeout', status: unansweredOr(state, 503) });
}

function onMediaClosed(state: CallState): Transition {
  const closed: CallState = { ...state, media: 'closed' };
  if (state.phase === 'ending') return settle(closed, []);
  return end(closed, { endedBy: 'connector', cause: 'rtp-timeout', status: unansweredOr(state, 503) });
}

function onSessionOpened(state: CallState): Transition {
  if (state.session !== 'opening') return unchanged(state);
  // The abort went out while it was opening, so its stream will end by itself; the timer is armed.
  if (state.phase === 'ending' || state.bridged) return unchanged({ ...state, session: 'closing' });
  const effects: CallEffect[] = [{ type: 'disarm-timer', timer: 'open' }];
  // In early media a session may be lost and replaced before the answer, which still waits for it.
  if (state.started) return answerWhenReady({ ...state, session: 'open' }, [...effects, { type: 'take-over' }]);
  const opened = answerWhenReady({ ...state, session: 'open' }, effects);
  return opened.state.phase === 'active' ? startOnce(opened.state, opened.effects) : opened;
}

/** A session that has said all it had to say. */
function onSessionCompleted(state: CallState): Transition {
  if (state.phase === 'ending' || state.bridged) return settle({ ...state, session: 'closed' }, []);
  if (!callerHears(state)) return onSessionLost(state, false);
  return onAgentLeaving({ ...state, session: 'closed' });
}

/** A session that failed to open, broke off, or does not answer. */
function onSessionLost(state: CallState, recovery: boolean): Transition {
  if (state.phase === 'ending' || state.bridged) return settle({ ...state, session: 'closed' }, []);
  if (state.session !== 'opening' && state.session !== 'open') return unchanged(state);
  const closed: CallState = { ...state, session: 'closed' };
  // Last words are on their way, and nothing is expected of the session any more.
  if (state.leaving) return unchanged(closed);
  if (recovery) {
    const effects: CallEffect[] = [{ type: 'reopen-session' }, { type: 'arm-timer', timer: 'open' }];
    return { state: { ...state, session: 'opening' }, effects };
  }
  const outcome: CallOutcome = { endedBy: 'provider', cause: 'flavor-error', status: unansweredOr(state, 503) };
  if (state.phase !== 'active') return end(closed, outcome);
  return { state: { ...closed, leaving: outcome }, effects: [{ type: 'apologise' }] };
}

function onAgentLeaving(state: CallState): Transition {
  if (state.leaving || state.bridged || state.phase === 'ending' || !callerHears(state)) return unchanged(state);
  const leaving: CallOutcome = { endedBy: 'agent', cause: 'normal', status: unansweredOr(state, 480) };
  return { state: { ...state, leaving }, effects: [{ type: 'await-farewell' }] };
}

/** After a goodbye that a caller has come back from, the words of another may be on their way. */
function onFarewellOver(state: CallState, of: CallOutcome | undefined): Transition {
  return state.leaving && state.leaving === of ? end(state, current(state, state.leaving)) : unchanged(state);
}

function takeBack(state: CallState, cause: CauseText): Transition {
  // Where the session was lost during the goodbye there is nobody to come back to.
  const goesOn = state.leaving?.cause === cause && state.session !== 'closed';
  return goesOn ? unchanged({ ...state, leaving: undefined }) : unchanged(state);
}

function onTransferOver(state: CallState, ok: boolean): Transition {
  if (!state.transferring || state.phase === 'ending') return unchanged({ ...state, transferring: false });
  return ok ? end({ ...state, transferring: false }, handedOver(state)) : unchanged({ ...state, transferring: false });
}

/** The agent's part is over; the call lasts as long as the two talk. */
function onBridged(state: CallState): Transition {
  // An ACK may take longer than the target.
  if (!isAnswered(state) || state.bridged) return unchanged(state);
  const { session } = state;
  const effects: CallEffect[] = [{ type: 'disarm-timer', timer: 'open' }, { type: 'abort-session' }];
  if (session === 'opening' || session === 'open') effects.push({ type: 'arm-timer', timer: 'abandon' });
  return {
    state: {
      ...state,
      bridged: handedOver(state),
      transferring: false,
      leaving: undefined,
      session: session === 'open' ? 'closing' : session,
    },
    effects,
  };
}

/** After an apology the call failed all the same, transferred or not. */
function handedOver({ leaving }: CallState): CallOutcome {
  return leaving?.cause === 'flavor-error' ? leaving : { endedBy: 'agent', cause: 'normal', status: 200 };
}

function onLimitReached(
  state: CallState,
  limit: 'rtp-timeout' | 'silence' | 'max-duration' | 'spend-limit',
): Transition {
  // Early media: a caller who still hears it ring owes us neither packets nor words.
  if (state.phase === 'preparing' || state.phase === 'ending') return unchanged(state);
  const outcome: CallOutcome = { endedBy: 'connector', cause: limit, status: 200 };
  if (limit === 'rtp-timeout' || limit === 'max-duration') return end(state, outcome);
  // While last words are being played nobody is expected to say anything; bridged, not to us, and no agent costs anything.
  if (state.leaving || state.bridged) return unchanged(state);
  return { state: { ...state, leaving: outcome }, effects: [{ type: 'say-goodbye', limit }] };
}

/** The ACK has come, or ours has left. */
function onEstablished(state: CallState): Transition {
  const active: CallState = { ...state, phase: 'active' };
  return startOnce(active, [
    { type: 'arm-timer', timer: 'warning' },
    { type: 'arm-timer', timer: 'duration' },
  ]);
}

function onLegEnded(before: CallState, event: CallEvent & { type: 'leg-ended' }): Transition {
  // A CANCEL was quicker than the 200 that a driver was to send, or no PRACK came that it waited for.
  const refused = before.phase === 'answered' && event.status >= 300 && event.by !== 'transport';
  const state: CallState = refused ? { ...before, phase: 'preparing' } : before;
  if (state.outbound && state.phase === 'preparing') return end(state, unansweredOutcome(event), 'gone');
  const answered = isAnswered(state);
  switch (event.by) {
    case 'peer':
      return end(
        state,
        answered ? endedByPeer(state) : { endedBy: 'caller', cause: 'cancelled', status: event.status || 487 },
        'gone',
      );
    case 'ack-timeout':
      return end(state, { endedBy: 'connector', cause: 'ack-timeout', status: 200 }, 'gone');
    case 'transport':
      // The way to the phone is gone, or nobody refreshed the session (RFC 4028): whether it hung up nobody knows.
      return end(state, { endedBy: 'connector', cause: 'unreachable', status: unansweredOr(state, 503) }, 'gone');
    case 'local':
      // The driver gave up by itself: a fault of ours that was answered 500.
      return end(
        state,
        { endedBy: 'connector', cause: 'rejected', status: unansweredOr(state, event.status || 500) },
        'gone',
      );
    default:
      return assertUnreachable(event.by);
  }
}

/** A peer that hangs up while it is being transferred has taken the transfer. */
function endedByPeer({ bridged, transferring }: CallState): CallOutcome {
  if (bridged?.cause === 'flavor-error') return bridged;
  return { endedBy: transferring ? 'agent' : 'caller', cause: 'normal', status: 200 };
}

/** An INVITE of ours that came to nothing. */
function unansweredOutcome({ by, status }: CallEvent & { type: 'leg-ended' }): CallOutcome {
  switch (by) {
    case 'peer':
      return { endedBy: 'caller', cause: refusalCause(status), status };
    case 'transport':
      return { endedBy: 'connector', cause: 'unreachable', status: status || 503 };
    case 'local':
    case 'ack-timeout':
      // It rang for as long as it may.
      return { endedBy: 'connector', cause: 'no-answer', status: status || 487 };
    default:
      return assertUnreachable(by);
  }
}

/** What a final response other than 2xx means to whoever wanted the call (RFC 3261 section 21). */
function refusalCause(status: number): CauseText {
  if (status === 486 || status === 600) return 'busy';
  if (status === 408 || status === 480 || status === 487) return 'no-answer';
  const unreachable = [404, 410, 484, 604].includes(status) || (status >= 500 && status < 600);
  return unreachable ? 'unreachable' : 'rejected';
}

/** Rings early or answers, as soon as everything that must be ready is. */
function answerWhenReady(state: CallState, effects: readonly CallEffect[]): Transition {
  const ready = state.media === 'open' && state.session === 'open';
  if (state.outbound || state.phase !== 'preparing' || state.accepting || !ready) return { state, effects };
  if (state.delayOver) {
    return { state: { ...state, accepting: true }, effects: [...effects, { type: 'accept' }] };
  }
  if (!state.earlyMedia || state.started) return { state, effects };
  return startOnce(state, [...effects, { type: 'ring-early' }]);
}

function startOnce(state: CallState, effects: readonly CallEffect[]): Transition {
  if (state.started || state.session !== 'open') return { state, effects };
  return { state: { ...state, started: true }, effects: [...effects, { type: 'start-session' }] };
}

/**
 * Fixes the outcome and closes what is open. `leg`: whether the dialog still has to be told. Later reasons to end
 * change nothing but what has closed by itself.
 */
function end(state: CallState, outcome: CallOutcome, leg: 'tell' | 'gone' = 'tell'): Transition {
  if (state.phase === 'ending') return settle(state, []);
  const effects: CallEffect[] = [
    { type: 'disarm-timer', timer: 'delay' },
    { type: 'disarm-timer', timer: 'open' },
    { type: 'disarm-timer', timer: 'warning' },
    { type: 'disarm-timer', timer: 'duration' },
  ];
  if (leg === 'tell') effects.push(farewell(state, outcome));
  if (state.bridged) effects.push({ type: 'close-bridge', cause: outcome.cause });
  // Also for a session whose stream is over: its tools may still run, and what broke off may have left something open.
  if (!state.bridged) effects.push({ type: 'abort-session' });
  if (state.session === 'opening' || state.session === 'open') effects.push({ type: 'arm-timer', timer: 'abandon' });
  if (state.media === 'open') effects.push({ type: 'close-media', farewell: leg === 'tell' });
  return settle(
    {
      ...state,
      phase: 'ending',
      session: state.session === 'open' ? 'closing' : state.session,
      media: state.media === 'open' ? 'closing' : state.media,
      outcome,
    },
    effects,
  );
}

function farewell(state: CallState, outcome: CallOutcome): CallEffect {
  const { cause } = outcome;
  // What the other side answered cannot be used. The dialog is there, so that it gets BYE, also where a call of ours was just answered.
  if (cause === 'rejected' && (state.outbound || isAnswered(state)))
    return { type: 'hang-up', cause, reasonStatus: 488 };
  if (isAnswered(state)) return { type: 'hang-up', cause };
  // With 200 a CANCEL would say that the call was answered elsewhere (RFC 3326 section 3.1), and a phone would not list it as missed.
  if (state.outbound) return { type: 'hang-up', cause, reasonStatus: 487 };
  // Without Retry-After the proxy tries the next server at once: right for a flavor that is broken here (sip.md row 12).
  const mayRetry = cause === 'busy-limit' || cause === 'drain';
  return { type: 'reject', status: outcome.status, retryAfterSeconds: mayRetry ? RETRY_AFTER_SECONDS : undefined };
}

/** Finishes once nothing is open any more. */
function settle(state: CallState, effects: readonly CallEffect[]): Transition {
  if (state.phase !== 'ending' || state.media !== 'closed' || state.session !== 'closed') return { state, effects };
  if (state.outcome === undefined) return { state, effects };
  return {
    state: { ...state, phase: 'ended' },
    effects: [...effects, { type: 'disarm-timer', timer: 'abandon' }, { type: 'finish', outcome: state.outcome }],
  };
}

function isAnswered({ phase }: CallState): boolean {
  return phase === 'answered' || phase === 'active';
}

function callerHears(state: CallState): boolean {
  return state.phase !== 'preparing' || state.started;
}

/** An outcome that was foreseen: the call may have been answered since. */
function current(state: CallState, outcome: CallOutcome): CallOutcome {
  return { ...outcome, status: unansweredOr(state, outcome.status) };
}

/** 200 for a call that was answered, else the given final status; an INVITE of ours that is cancelled ends with 487. */
function unansweredOr(state: CallState, status: number): number {
  if (state.phase !== 'preparing') return 200;
  return state.outbound ? 487 : status;
}

function unchanged(state: CallState): Transition {
  return { state, effects: [] };
}
