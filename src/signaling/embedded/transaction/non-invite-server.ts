import { assertUnreachable } from '../../../base/assert.js';
import { RESEND, type ResponseClass, SEND, type Step, start, stay } from './step.js';
import type { TimerName, TimerValues } from './timer-values.js';

/**
 * Non-INVITE server transaction, RFC 3261 section 17.2.2.
 *
 *     trying --1xx from user--> proceeding
 *        |                          |
 *        +--2xx..6xx from user------+--> completed --J--> terminated
 *
 * A transport error changes nothing here (RFC 6026 section 8.6).
 */
export type NonInviteServerState =
  | { readonly name: 'trying' }
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed' }
  | { readonly name: 'terminated' };

export type NonInviteServerEvent =
  /** The same request again. */
  | { readonly type: 'retransmission' }
  /** A response from the transaction user. */
  | { readonly type: 'respond'; readonly class: ResponseClass }
  | { readonly type: 'timer'; readonly timer: TimerName };

const TERMINATED: NonInviteServerState = { name: 'terminated' };

export function startNonInviteServer(): NonInviteServerState {
  return { name: 'trying' };
}

export function stepNonInviteServer(
  state: NonInviteServerState,
  event: NonInviteServerEvent,
  timers: TimerValues,
): Step<NonInviteServerState> {
  switch (state.name) {
    case 'trying':
    case 'proceeding':
      if (event.type === 'retransmission') return state.name === 'trying' ? stay(state) : { state, effects: [RESEND] };
      if (event.type !== 'respond') return stay(state);
      if (event.class === 'provisional') return { state: { name: 'proceeding' }, effects: [SEND] };
      if (timers.jMs === 0) return { state: TERMINATED, effects: [SEND] };
      return { state: { name: 'completed' }, effects: [SEND, start('J', timers.jMs)] };
    case 'completed':
      if (event.type === 'retransmission') return { state, effects: [RESEND] };
      return event.type === 'timer' && event.timer === 'J' ? { state: TERMINATED, effects: [] } : stay(state);
    case 'terminated':
      return stay(state);
    default:
      return assertUnreachable(state);
  }
}
