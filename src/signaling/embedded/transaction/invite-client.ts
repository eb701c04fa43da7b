import { assertUnreachable } from '../../../base/assert.js';
import { ACKNOWLEDGE, DELIVER, fail, RESEND, type ResponseClass, SEND, type Step, start, stay, stop } from './step.js';
import type { TimerName, TimerValues } from './timer-values.js';

/**
 * INVITE client transaction, RFC 3261 section 17.1.1 as corrected by RFC 6026 section 8.4.
 *
 *     calling --1xx--> proceeding
 *        |                 |
 *        +---2xx-----------+--> accepted  --M--> terminated     (further 2xx are delivered)
 *        +---3xx..6xx------+--> completed --D--> terminated     (repeated ones are acknowledged)
 *        +---B, transport error ---------------> terminated
 */
export type InviteClientState =
  | { readonly name: 'calling'; readonly aMs: number }
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed' }
  | { readonly name: 'accepted' }
  | { readonly name: 'terminated' };

export type InviteClientEvent =
  | { readonly type: 'response'; readonly class: ResponseClass }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transport-error' };

const TERMINATED: InviteClientState = { name: 'terminated' };

export function startInviteClient(timers: TimerValues): Step<InviteClientState> {
  const effects = [SEND, start('B', timers.bMs)];
  if (timers.retransmits) effects.push(start('A', timers.t1Ms));
  return { state: { name: 'calling', aMs: timers.t1Ms }, effects };
}

export function stepInviteClient(
  state: InviteClientState,
  event: InviteClientEvent,
  timers: TimerValues,
): Step<InviteClientState> {
  switch (state.name) {
    case 'calling':
    case 'proceeding':
      return stepUnanswered(state, event, timers);
    case 'accepted':
      if (event.type === 'response' && event.class === 'success') return { state, effects: [DELIVER] };
      if (event.type === 'timer' && event.timer === 'M') return { state: TERMINATED, effects: [] };
      return stay(state);
    case 'completed':
      if (event.type === 'response' && event.class === 'failure') return { state, effects: [ACKNOWLEDGE] };
      // The user has its final response already; only the ACK could not be sent.
      if (event.type === 'transport-error') return { state: TERMINATED, effects: [] };
      if (event.type === 'timer' && event.timer === 'D') return { state: TERMINATED, effects: [] };
      return stay(state);
    case 'terminated':
      return stay(state);
    default:
      return assertUnreachable(state);
  }
}

function stepUnanswered(
  state: Extract<InviteClientState, { name: 'calling' | 'proceeding' }>,
  event: InviteClientEvent,
  timers: TimerValues,
): Step<InviteClientState> {
  switch (event.type) {
    case 'response': {
      const stops = state.name === 'calling' ? [stop('A'), stop('B')] : [];
      switch (event.class) {
        case 'provisional':
          return { state: { name: 'proceeding' }, effects: [...stops, DELIVER] };
        case 'success':
          return { state: { name: 'accepted' }, effects: [...stops, start('M', timers.mMs), DELIVER] };
        case 'failure':
          if (timers.dMs === 0) return { state: TERMINATED, effects: [...stops, ACKNOWLEDGE, DELIVER] };
          return { state: { name: 'completed' }, effects: [...stops, start('D', timers.dMs), ACKNOWLEDGE, DELIVER] };
        default:
          return assertUnreachable(event.class);
      }
    }
    case 'timer':
      if (state.name !== 'calling') return stay(state);
      if (event.timer === 'B') return { state: TERMINATED, effects: [fail('timeout')] };
      if (event.timer !== 'A') return stay(state);
      // Not capped at T2: an INVITE backs off exponentially until B (section 17.1.1.2).
      return { state: { name: 'calling', aMs: state.aMs * 2 }, effects: [RESEND, start('A', state.aMs * 2)] };
    case 'transport-error':
      // After a provisional response the far end has the request and may answer over another connection.
      return state.name === 'calling' ? { state: TERMINATED, effects: [fail('transport')] } : stay(state);
    default:
      return assertUnreachable(event);
  }
}
