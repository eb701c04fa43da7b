import { assertUnreachable } from '../../../base/assert.js';
import { DELIVER, fail, RESEND, type ResponseClass, SEND, type Step, start, stay, stop } from './step.js';
import type { TimerName, TimerValues } from './timer-values.js';

/**
 * INVITE server transaction, RFC 3261 section 17.2.1 as corrected by RFC 6026 section 8.5.
 *
 *     proceeding --2xx from user------> accepted  --L--> terminated
 *         |                                              (INVITEs absorbed, ACKs delivered, 2xx of the user sent)
 *         +-------3xx..6xx from user--> completed --ACK--> confirmed --I--> terminated
 *                                           +-------H--------------------> terminated
 *
 * A transport error changes nothing here (RFC 6026 section 8.6 has the server stay in its state).
 */
export type InviteServerState =
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed'; readonly gMs: number }
  | { readonly name: 'confirmed' }
  | { readonly name: 'accepted' }
  | { readonly name: 'terminated' };

export type InviteServerEvent =
  /** The same INVITE again. */
  | { readonly type: 'retransmission' }
  | { readonly type: 'ack' }
  /** A response from the transaction user. */
  | { readonly type: 'respond'; readonly class: ResponseClass }
  | { readonly type: 'timer'; readonly timer: TimerName };

const TERMINATED: InviteServerState = { name: 'terminated' };

export function startInviteServer(): InviteServerState {
  return { name: 'proceeding' };
}

export function stepInviteServer(
  state: InviteServerState,
  event: InviteServerEvent,
  timers: TimerValues,
): Step<InviteServerState> {
  switch (state.name) {
    case 'proceeding':
      if (event.type === 'retransmission') return { state, effects: [RESEND] };
      return event.type === 'respond' ? respond(state, event.class, timers) : stay(state);
    case 'completed':
      return stepCompleted(state, event, timers);
    case 'confirmed':
      return event.type === 'timer' && event.timer === 'I' ? { state: TERMINATED, effects: [] } : stay(state);
    case 'accepted':
      if (event.type === 'ack') return { state, effects: [DELIVER] };
      if (event.type === 'respond' && event.class === 'success') return { state, effects: [SEND] };
      return event.type === 'timer' && event.timer === 'L' ? { state: TERMINATED, effects: [] } : stay(state);
    case 'terminated':
      return stay(state);
    default:
      return assertUnreachable(state);
  }
}

function respond(state: InviteServerState, kind: ResponseClass, timers: TimerValues): Step<InviteServerState> {
  switch (kind) {
    case 'provisional':
      return { state, effects: [SEND] };
    case 'success':
      return { state: { name: 'accepted' }, effects: [SEND, start('L', timers.lMs)] };
    case 'failure': {
      const effects = [SEND, start('H', timers.hMs)];
      if (timers.retransmits) effects.push(start('G', timers.t1Ms));
      return { state: { name: 'completed', gMs: timers.t1Ms }, effects };
    }
    default:
      return assertUnreachable(kind);
  }
}

function stepCompleted(
  state: Extract<InviteServerState, { name: 'completed' }>,
  event: InviteServerEvent,
  timers: TimerValues,
): Step<InviteServerState> {
  switch (event.type) {
    case 'retransmission':
      return { state, effects: [RESEND] };
    case 'ack':
      if (timers.iMs === 0) return { state: TERMINATED, effects: [] };
      return { state: { name: 'confirmed' }, effects: [stop('G'), stop('H'), start('I', timers.iMs)] };
    case 'timer':
      if (event.timer === 'H') return { state: TERMINATED, effects: [fail('timeout')] };
      if (event.timer === 'G') {
        const gMs = Math.min(state.gMs * 2, timers.t2Ms);
        return { state: { name: 'completed', gMs }, effects: [RESEND, start('G', gMs)] };
      }
      return stay(state);
    case 'respond':
      return stay(state);
    default:
      return assertUnreachable(event);
  }
}
