import { assertUnreachable } from '../../../base/assert.js';
import { DELIVER, fail, RESEND, type ResponseClass, SEND, type Step, start, stay, stop } from './step.js';
import type { TimerName, TimerValues } from './timer-values.js';

/**
 * Non-INVITE client transaction, RFC 3261 section 17.1.2.
 *
 *     trying --1xx--> proceeding
 *        |                |
 *        +--2xx..6xx------+--> completed --K--> terminated
 *        +--F, transport error ---------------> terminated
 */
export type NonInviteClientState =
  | { readonly name: 'trying'; readonly eMs: number }
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed' }
  | { readonly name: 'terminated' };

export type NonInviteClientEvent =
  | { readonly type: 'response'; readonly class: ResponseClass }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transport-error' };

const TERMINATED: NonInviteClientState = { name: 'terminated' };

export function startNonInviteClient(timers: TimerValues): Step<NonInviteClientState> {
  const effects = [SEND, start('F', timers.fMs)];
  if (timers.retransmits) effects.push(start('E', timers.t1Ms));
  return { state: { name: 'trying', eMs: timers.t1Ms }, effects };
}

export function stepNonInviteClient(
  state: NonInviteClientState,
  event: NonInviteClientEvent,
  timers: TimerValues,
): Step<NonInviteClientState> {
  switch (state.name) {
    case 'trying':
    case 'proceeding':
      return stepUnanswered(state, event, timers);
    case 'completed':
      return event.type === 'timer' && event.timer === 'K' ? { state: TERMINATED, effects: [] } : stay(state);
    case 'terminated':
      return stay(state);
    default:
      return assertUnreachable(state);
  }
}

function stepUnanswered(
  state: Extract<NonInviteClientState, { name: 'trying' | 'proceeding' }>,
  event: NonInviteClientEvent,
  timers: TimerValues,
): Step<NonInviteClientState> {
  switch (event.type) {
    case 'response':
      if (event.class === 'provisional') return { state: { name: 'proceeding' }, effects: [DELIVER] };
      if (timers.kMs === 0) return { state: TERMINATED, effects: [stop('E'), stop('F'), DELIVER] };
      return { state: { name: 'completed' }, effects: [stop('E'), stop('F'), start('K', timers.kMs), DELIVER] };
    case 'timer':
      if (event.timer === 'F') return { state: TERMINATED, effects: [fail('timeout')] };
      if (event.timer !== 'E') return stay(state);
      if (state.name === 'trying') {
        const eMs = Math.min(state.eMs * 2, timers.t2Ms);
        return { state: { name: 'trying', eMs }, effects: [RESEND, start('E', eMs)] };
      }
      return { state, effects: [RESEND, start('E', timers.t2Ms)] };
    case 'transport-error':
      return { state: TERMINATED, effects: [fail('transport')] };
    default:
      return assertUnreachable(event);
  }
}
