import type { Clock } from '../../../base/clock.js';
import { pause } from '../../../base/pause.js';
import type { FlavorError } from '../../../flavor-api/index.js';
import type { Backoff } from './backoff.js';

export interface RedialOptions {
  readonly backoff: Backoff;
  readonly clock: Clock;
  /** What was thrown, in the contract's terms. */
  explain(error: unknown): FlavorError;
  /** Makes a connection and takes it into use. */
  attempt(signal: AbortSignal): Promise<void>;
  /** Told of the loss if it is to be mended, before that begins. */
  onMending?(loss: FlavorError): void;
}

/**
 * Has a connection again after `loss`, as often as the back-off allows; without a loss, the first attempt is free.
 *
 * @returns why there is none, `undefined` when there is one or `signal` aborted. Never throws.
 */
export async function redial(
  { backoff, clock, explain, attempt, onMending }: RedialOptions,
  loss: FlavorError | undefined,
  signal: AbortSignal,
): Promise<FlavorError | undefined> {
  let error = loss;
  while (!signal.aborted) {
    const delayMs = error === undefined ? 0 : error.retryable ? backoff.next() : undefined;
    if (delayMs === undefined) return error;
    if (loss !== undefined && error === loss) onMending?.(loss);
    try {
      await pause(delayMs, clock, signal);
      await attempt(signal);
      return undefined;
    } catch (failure) {
      error = explain(failure);
    }
  }
  return undefined;
}
