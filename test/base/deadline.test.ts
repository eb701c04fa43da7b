import { expect, test } from 'vitest';
import { Deadline } from '../../src/base/deadline.js';
import { FakeClock } from '../support/fake-clock.js';

const late = (): Error => new Error('too late');

test('a deadline aborts with its own reason when time is up, and not before', () => {
  const clock = new FakeClock();
  const { signal } = new Deadline(clock, 100, late, new AbortController().signal);
  clock.advance(99);
  expect(signal.aborted).toBe(false);
  clock.advance(1);
  expect(signal.reason).toMatchObject({ message: 'too late' });
});

test('a deadline aborts with the other signal, also where that is aborted already, and with its reason', () => {
  const outer = new AbortController();
  const begun = new Deadline(new FakeClock(), 100, late, outer.signal);
  outer.abort('over');
  const after = new Deadline(new FakeClock(), undefined, late, outer.signal);
  expect([begun.signal.reason, after.signal.reason]).toEqual(['over', 'over']);
});

test('once it is met time does not matter, and the other signal still does; disposed of, neither', () => {
  const clock = new FakeClock();
  const outer = new AbortController();
  const met = new Deadline(clock, 100, late, outer.signal);
  const gone = new Deadline(clock, 100, late, outer.signal);
  met.met();
  gone[Symbol.dispose]();
  clock.advance(200);
  expect([met.signal.aborted, gone.signal.aborted]).toEqual([false, false]);
  outer.abort();
  expect([met.signal.aborted, gone.signal.aborted]).toEqual([true, false]);
});
