import { setImmediate } from 'node:timers/promises';
import type { Clock } from './clock.js';

/**
 * Work that may be left after any step and gone on with later. A step takes a fraction of a millisecond; what comes of all
 * of them is the same however often the work was left.
 */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** So much of a turn of the event loop is taken, ms: until it is over, nothing of any call goes on in this thread. */
const TURN_MS = 2;

/** All steps in one go. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * All steps, in as many turns of the event loop as they take. No promise where one is enough.
 *
 * @param nextTurn resolves in the next one; given by tests
 * @throws the reason of `signal` where that aborts between two turns
 */
export function inTurns<Result>(
  steps: Steps<Result>,
  clock: Pick<Clock, 'now'>,
  signal: AbortSignal,
  nextTurn: () => Promise<unknown> = setImmediate,
): Result | Promise<Result> {
  const step = turnOf(steps, clock);
  return step.done ? step.value : inLaterTurns(steps, clock, signal, nextTurn);
}

async function inLaterTurns<Result>(
  steps: Steps<Result>,
  clock: Pick<Clock, 'now'>,
  signal: AbortSignal,
  nextTurn: () => Promise<unknown>,
): Promise<Result> {
  for (;;) {
    await nextTurn();
    signal.throwIfAborted();
    const step = turnOf(steps, clock);
    if (step.done) return step.value;
  }
}

/** The last of the steps of one turn. */
function turnOf<Result>(steps: Steps<Result>, clock: Pick<Clock, 'now'>): IteratorResult<undefined, Result> {
  const sinceMs = clock.now();
  for (;;) {
    const step = steps.next();
    if (step.done || clock.now() - sinceMs >= TURN_MS) return step;
  }
}
