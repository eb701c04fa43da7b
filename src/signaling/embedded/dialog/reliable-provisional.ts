import { assertUnreachable } from '../../../base/assert.js';
import type { TimerOptions } from '../transaction/timer-values.js';

/**
 * The reliable provisional responses to one INVITE, seen from the UAS (RFC 3262 section 3). One at a time: the next may
 * leave once the PRACK of the one before has come.
 *
 *     idle --provisional--> unacknowledged --PRACK-------> idle
 *      |                         |--64*T1----------------> over
 *      |                         |--2xx, not described---> answered --PRACK--> over
 *      +--2xx--------------------+-------------------------^
 *
 * A 2xx is held while an unacknowledged response described the session: its PRACK may bring another offer, and who saw
 * the 2xx first would not know which description counts.
 */
export type ReliableState =
  | { readonly name: 'idle'; readonly nextRSeq: number }
  | {
      readonly name: 'unacknowledged';
      readonly rseq: number;
      /** It carried a session description. */
      readonly described: boolean;
      /** Since it was sent first, ms. */
      readonly elapsedMs: number;
      /** To the next repetition, ms. */
      readonly gapMs: number;
    }
  /** A final response is out. `rseq` was never acknowledged: its PRACK may still come. */
  | { readonly name: 'answered'; readonly rseq: number | undefined }
  | { readonly name: 'over' };

export type ReliableEvent =
  /** The user wants a provisional response sent. */
  | { readonly type: 'provisional'; readonly described: boolean }
  | { readonly type: 'prack'; readonly rseq: number }
  | { readonly type: 'timer' }
  /** The user wants a 2xx sent. */
  | { readonly type: 'success' };

export type ReliableEffect =
  | { readonly type: 'send'; readonly rseq: number }
  | { readonly type: 'repeat' }
  | { readonly type: 'wait'; readonly delayMs: number }
  | { readonly type: 'stop-waiting' }
  /** What was to be sent has to wait for the PRACK. */
  | { readonly type: 'hold' }
  /** The PRACK is that of the unacknowledged response: 200. */
  | { readonly type: 'acknowledged' }
  /** It is not: 481. */
  | { readonly type: 'unknown' }
  /** The 2xx may leave. */
  | { readonly type: 'release' }
  /** No PRACK for 64*T1: the INVITE is to be refused. */
  | { readonly type: 'give-up' };

export interface ReliableStep {
  readonly state: ReliableState;
  readonly effects: readonly ReliableEffect[];
}

const OVER: ReliableState = { name: 'over' };
const STOP: ReliableEffect = { type: 'stop-waiting' };
const HOLD: ReliableEffect = { type: 'hold' };
const RELEASE: ReliableEffect = { type: 'release' };
const UNKNOWN: ReliableEffect = { type: 'unknown' };
const ACKNOWLEDGED: ReliableEffect = { type: 'acknowledged' };

/** @param firstRSeq random, 1 to 2^31-1 (section 3) */
export function startReliable(firstRSeq: number): ReliableState {
  return { name: 'idle', nextRSeq: firstRSeq };
}

export function stepReliable(state: ReliableState, event: ReliableEvent, timers: TimerOptions): ReliableStep {
  switch (state.name) {
    case 'idle':
      return stepIdle(state, event, timers);
    case 'unacknowledged':
      return stepUnacknowledged(state, event, timers);
    case 'answered':
      if (event.type === 'success') return { state, effects: [RELEASE] };
      if (event.type !== 'prack') return stay(state);
      return event.rseq === state.rseq ? { state: OVER, effects: [ACKNOWLEDGED] } : { state, effects: [UNKNOWN] };
    case 'over':
      if (event.type === 'success') return { state, effects: [RELEASE] };
      return event.type === 'prack' ? { state, effects: [UNKNOWN] } : stay(state);
    default:
      return assertUnreachable(state);
  }
}

function stepIdle(
  state: Extract<ReliableState, { name: 'idle' }>,
  event: ReliableEvent,
  timers: TimerOptions,
): ReliableStep {
  switch (event.type) {
    case 'provisional': {
      const rseq = state.nextRSeq;
      const gapMs = timers.t1Ms;
      return {
        state: { name: 'unacknowledged', rseq, described: event.described, elapsedMs: 0, gapMs },
        effects: [
          { type: 'send', rseq },
          { type: 'wait', delayMs: gapMs },
        ],
      };
    }
    case 'prack':
      return { state, effects: [UNKNOWN] };
    case 'success':
      return { state: { name: 'answered', rseq: undefined }, effects: [RELEASE] };
    case 'timer':
      return stay(state);
    default:
      return assertUnreachable(event);
  }
}

function stepUnacknowledged(
  state: Extract<ReliableState, { name: 'unacknowledged' }>,
  event: ReliableEvent,
  timers: TimerOptions,
): ReliableStep {
  switch (event.type) {
    case 'provisional':
      return { state, effects: [HOLD] };
    case 'prack':
      if (event.rseq !== state.rseq) return { state, effects: [UNKNOWN] };
      return { state: { name: 'idle', nextRSeq: state.rseq + 1 }, effects: [STOP, ACKNOWLEDGED] };
    case 'success':
      if (state.described) return { state, effects: [HOLD] };
      return { state: { name: 'answered', rseq: state.rseq }, effects: [STOP, RELEASE] };
    case 'timer': {
      const elapsedMs = state.elapsedMs + state.gapMs;
      const limitMs = 64 * timers.t1Ms;
      if (elapsedMs >= limitMs) return { state: OVER, effects: [{ type: 'give-up' }] };
      // Doubles without the cap of T2, as an INVITE does (section 3).
      const gapMs = Math.min(state.gapMs * 2, limitMs - elapsedMs);
      return { state: { ...state, elapsedMs, gapMs }, effects: [{ type: 'repeat' }, { type: 'wait', delayMs: gapMs }] };
    }
    default:
      return assertUnreachable(event);
  }
}

function stay(state: ReliableState): ReliableStep {
  return { state, effects: [] };
}
