import { assertUnreachable } from '../../base/assert.js';

/**
 * Our re-INVITEs in one dialog (RFC 3261 section 14.1): one at a time, none while an INVITE of the peer is open, and one
 * that crossed the peer's again after a random time.
 *
 *     idle --wanted--> waiting --clear--> sent --2xx, error--> idle (waiting, where another is wanted)
 *                         ^                |--491--> backing-off --timer--+
 *                         +----------------|------------------------------+
 *                                          +--481, 408, no answer--> over
 */
export type ReofferState =
  | { readonly name: 'idle' }
  | { readonly name: 'waiting'; readonly collisions: number }
  | { readonly name: 'sent'; readonly collisions: number; readonly another: boolean }
  | { readonly name: 'backing-off'; readonly collisions: number }
  | { readonly name: 'over' };

export type ReofferEvent =
  /** The user has an offer; a newer one takes the place of one that was not sent. */
  | { readonly type: 'wanted' }
  /** No INVITE of the peer is open. */
  | { readonly type: 'clear' }
  /** `again`: refused for something that the next one will say otherwise (422), so it may leave at once. */
  | { readonly type: 'answered'; readonly status: number; readonly again?: boolean }
  /** No final response will come. */
  | { readonly type: 'lost'; readonly reason: 'timeout' | 'transport' }
  | { readonly type: 'timer' }
  | { readonly type: 'dialog-over' };

export type ReofferEffect =
  | { readonly type: 'send' }
  | { readonly type: 'report'; readonly status: number }
  /** Starts the timer of section 14.1. */
  | { readonly type: 'back-off' }
  /** The dialog is dead: BYE, and the end of the call. */
  | { readonly type: 'end'; readonly by: 'peer' | 'transport'; readonly status: number };

export interface ReofferStep {
  readonly state: ReofferState;
  readonly effects: readonly ReofferEffect[];
}

/** How often one offer is sent again after a 491: a peer that says it each time is not colliding with us. */
const MAX_COLLISIONS = 5;

const IDLE: ReofferState = { name: 'idle' };
const OVER: ReofferState = { name: 'over' };

export function startReoffer(): ReofferState {
  return IDLE;
}

export function stepReoffer(state: ReofferState, event: ReofferEvent): ReofferStep {
  if (event.type === 'dialog-over') return stay(OVER);
  switch (state.name) {
    case 'idle':
      return event.type === 'wanted' ? stay({ name: 'waiting', collisions: 0 }) : stay(state);
    case 'waiting':
      if (event.type !== 'clear') return stay(state);
      return { state: { name: 'sent', collisions: state.collisions, another: false }, effects: [{ type: 'send' }] };
    case 'sent':
      return stepSent(state, event);
    case 'backing-off':
      return event.type === 'timer' ? stay({ name: 'waiting', collisions: state.collisions }) : stay(state);
    case 'over':
      return stay(state);
    default:
      return assertUnreachable(state);
  }
}

function stepSent(state: Extract<ReofferState, { name: 'sent' }>, event: ReofferEvent): ReofferStep {
  const next: ReofferState = state.another ? { name: 'waiting', collisions: 0 } : IDLE;
  switch (event.type) {
    case 'wanted':
      return stay({ ...state, another: true });
    case 'answered': {
      const { status, again = false } = event;
      if (again) return stay({ name: 'waiting', collisions: state.collisions });
      if (status === 491 && state.collisions < MAX_COLLISIONS) {
        const collisions = state.collisions + 1;
        return { state: { name: 'backing-off', collisions }, effects: [{ type: 'back-off' }] };
      }
      if (status === 481 || status === 408) return { state: OVER, effects: [{ type: 'end', by: 'peer', status }] };
      return { state: next, effects: [{ type: 'report', status }] };
    }
    case 'lost':
      if (event.reason === 'timeout') return { state: OVER, effects: [{ type: 'end', by: 'transport', status: 408 }] };
      // RFC 3261 section 8.1.3.1: as a 503, which leaves the session as it is. BYE may find another way.
      return { state: next, effects: [{ type: 'report', status: 503 }] };
    case 'clear':
    case 'timer':
    case 'dialog-over':
      return stay(state);
    default:
      return assertUnreachable(event);
  }
}

function stay(state: ReofferState): ReofferStep {
  return { state, effects: [] };
}
