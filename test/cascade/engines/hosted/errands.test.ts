import { expect, test } from 'vitest';
import { Errands } from '../../../../src/cascade/engines/hosted/errands.js';
import { FakeClock } from '../../../support/fake-clock.js';

test('an errand is given up when its owner has waited long enough, and not before', async () => {
  const clock = new FakeClock();
  const errands = new Errands(clock);
  let given: AbortSignal | undefined;
  errands.run((signal) => {
    given = signal;
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  });
  using other = errands.signal();
  const disposed = errands[Symbol.asyncDispose]();
  await clock.advanceAsync(2_900, 100);
  expect([given?.aborted, other.signal.aborted]).toEqual([false, false]);
  await clock.advanceAsync(200, 100);
  await disposed;
  expect([given?.aborted, other.signal.aborted]).toEqual([true, true]);
});
