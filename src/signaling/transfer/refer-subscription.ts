import { assertUnreachable } from '../../base/assert.js';

/**
 * One REFER of ours and the subscription it makes (RFC 3515, RFC 6665).
 *
 *     requested --2xx--> accepted --NOTIFY--> followed --final status--> reported --terminated--> over
 *         |                  |                   |-- terminated -------------------------------> over
 *         |                  +-- timer N --------+-- limit --> abandoned --NOTIFY (481)--------> over
 *         +--3xx..6xx--> over
 *
 * A NOTIFY that overtakes the 2xx counts: the peer has the REFER, whatever becomes of its response.
 */
export type ReferState =
  | { readonly name: 'requested'; readonly notified: boolean; readonly status: number }
  | { readonly name: 'accepted' }
  | { readonly name: 'followed'; readonly status: number }
  /** The result is out; the peer has not ended the subscription yet. */
  | { readonly name: 'reported' }
  /** Given up. The peer may still think we are listening. */
  | { readonly name: 'abandoned' }
  | { readonly name: 'over' };

export type ReferEvent =
  /** Final response to the REFER. */
  | { readonly type: 'answered'; readonly status: number }
  /** There will be none. */
  | { readonly type: 'lost'; readonly reason: 'timeout' | 'transport' }
  /** A NOTIFY of this subscription; without a status where its body had none. */
  | {
      readonly type: 'notified';
      readonly status: number | undefined;
      readonly terminated: { readonly reason: string } | undefined;
    }
  | { readonly type: 'timer' };

export type ReferEffect =
  | { readonly type: 'report'; readonly status: number; readonly final: boolean }
  /** Starts the timer: for the first NOTIFY (timer N of RFC 6665), or for the result. */
  | { readonly type: 'wait'; readonly until: 'first-notify' | 'result' }
  | { readonly type: 'stop-waiting' };

export interface ReferStep {
  readonly state: ReferState;
  readonly effects: readonly ReferEffect[];
}

const OVER: ReferState = { name: 'over' };
const STOP: ReferEffect = { type: 'stop-waiting' };
const REQUEST_TIMEOUT = 408;

export function startRefer(): ReferState {
  return { name: 'requested', notified: false, status: 0 };
}

/** No result has been reported. */
export function isUnderWay({ name }: ReferState): boolean {
  return name === 'requested' || name === 'accepted' || name === 'followed';
}

/** A NOTIFY of this subscription is expected: 200, and 481 otherwise. */
export function takesNotify(state: ReferState): boolean {
  return isUnderWay(state) || state.name === 'reported';
}

export function stepRefer(state: ReferState, event: ReferEvent): ReferStep {
  switch (state.name) {
    case 'requested':
      return stepRequested(state, event);
    case 'accepted':
      if (event.type === 'notified') return follow(state, event);
      return event.type === 'timer' ? abandon() : stay(state);
    case 'followed':
      if (event.type === 'notified') return follow(state, event);
      return event.type === 'timer' ? abandon() : stay(state);
    case 'reported':
      return event.type === 'notified' && event.terminated !== undefined ? stay(OVER) : stay(state);
    case 'abandoned':
      return event.type === 'notified' ? stay(OVER) : stay(state);
    case 'over':
      return stay(state);
    default:
      return assertUnreachable(state);
  }
}

function stepRequested(state: Extract<ReferState, { name: 'requested' }>, event: ReferEvent): ReferStep {
  switch (event.type) {
    case 'answered':
      if (event.status >= 300) return { state: OVER, effects: [STOP, report(event.status, true)] };
      if (state.notified) return stay({ name: 'followed', status: state.status });
      return { state: { name: 'accepted' }, effects: [{ type: 'wait', until: 'first-notify' }] };
    case 'lost':
      if (state.notified) return stay({ name: 'followed', status: state.status });
      return abandon(event.reason === 'timeout' ? REQUEST_TIMEOUT : 503);
    case 'notified':
      return follow(state, event);
    case 'timer':
      return abandon();
    default:
      return assertUnreachable(event);
  }
}

function follow(
  state: Extract<ReferState, { name: 'requested' | 'accepted' | 'followed' }>,
  { status, terminated }: Extract<ReferEvent, { type: 'notified' }>,
): ReferStep {
  const isFinal = status !== undefined && status >= 200;
  if (terminated !== undefined) {
    const result = isFinal ? status : statusOfReason(terminated.reason);
    return { state: OVER, effects: [STOP, report(result, true)] };
  }
  if (isFinal) return { state: { name: 'reported' }, effects: [STOP, report(status, true)] };
  const known = state.name === 'accepted' ? 0 : state.status;
  const heard = status ?? known;
  const effects: ReferEffect[] = [];
  const first = state.name === 'accepted' || (state.name === 'requested' && !state.notified);
  if (first) effects.push({ type: 'wait', until: 'result' });
  if (heard !== known) effects.push(report(heard, false));
  const next: ReferState =
    state.name === 'requested'
      ? { name: 'requested', notified: true, status: heard }
      : { name: 'followed', status: heard };
  return { state: next, effects };
}

/** What it comes to when a subscription ends without a result (reasons of RFC 6665 section 4.1.3). */
function statusOfReason(reason: string): number {
  if (reason === 'rejected') return 603;
  return reason === 'timeout' ? REQUEST_TIMEOUT : 480;
}

function abandon(status = REQUEST_TIMEOUT): ReferStep {
  return { state: { name: 'abandoned' }, effects: [STOP, report(status, true)] };
}

function report(status: number, final: boolean): ReferEffect {
  return { type: 'report', status, final };
}

function stay(state: ReferState): ReferStep {
  return { state, effects: [] };
}
