import type { TimerName } from './timer-values.js';

/** What a transaction's state machine asks of the code around it. */
export type TransactionEffect =
  /** Send the message the event brought (or, for a client, the request) and keep it for retransmissions. */
  | { readonly type: 'send' }
  /** Send again what was kept. */
  | { readonly type: 'resend' }
  /** INVITE client: send the ACK of a final response other than 2xx (RFC 3261 section 17.1.1.3). */
  | { readonly type: 'acknowledge' }
  /** Hand the message the event brought to the transaction user. */
  | { readonly type: 'deliver' }
  /** Tell the transaction user that no response will come. */
  | { readonly type: 'fail'; readonly reason: 'timeout' | 'transport' }
  | { readonly type: 'start'; readonly timer: TimerName; readonly delayMs: number }
  | { readonly type: 'stop'; readonly timer: TimerName };

/** Result of one event. In state `terminated` every timer is stopped and the transaction forgotten. */
export interface Step<State> {
  readonly state: State;
  /** To be carried out in this order. */
  readonly effects: readonly TransactionEffect[];
}

/** How a state machine sees a response (RFC 3261 section 7.2). */
export type ResponseClass = 'provisional' | 'success' | 'failure';

/** `failure` is everything from 300 up: redirections too end a transaction in the same way. */
export function responseClass(status: number): ResponseClass {
  if (status < 200) return 'provisional';
  return status < 300 ? 'success' : 'failure';
}

export const SEND = { type: 'send' } as const satisfies TransactionEffect;
export const RESEND = { type: 'resend' } as const satisfies TransactionEffect;
export const ACKNOWLEDGE = { type: 'acknowledge' } as const satisfies TransactionEffect;
export const DELIVER = { type: 'deliver' } as const satisfies TransactionEffect;

export function start(timer: TimerName, delayMs: number): TransactionEffect {
  return { type: 'start', timer, delayMs };
}

export function stop(timer: TimerName): TransactionEffect {
  return { type: 'stop', timer };
}

export function fail(reason: 'timeout' | 'transport'): TransactionEffect {
  return { type: 'fail', reason };
}

/** Nothing to do, no change. */
export function stay<State>(state: State): Step<State> {
  return { state, effects: [] };
}
