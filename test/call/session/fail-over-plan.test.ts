import { expect, test } from 'vitest';
import { FailOverPlan } from '../../../src/call/session/fail-over-plan.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeFlavor } from '../../support/fake-flavor.js';
import { choiceOf } from '../call-setup.js';

const clock = new FakeClock(0);
const [a, b] = [choiceOf('a', new FakeFlavor(), clock), choiceOf('b', new FakeFlavor(), clock)] as const;

/** Names in the order in which they are asked, until nobody is left. */
function order(plan: FailOverPlan): string {
  let names = '';
  for (let next = plan.next(); next !== undefined; next = plan.next()) names += next.choice.name;
  return names;
}

test('asks each as often as it may retry, in order', () => {
  expect(order(new FailOverPlan([a, b], 1))).toBe('aabb');
  expect(order(new FailOverPlan([a, b], 0))).toBe('ab');
  expect(order(new FailOverPlan([a], 0))).toBe('a');
});

test('does not ask again where asking again is of no use', () => {
  const plan = new FailOverPlan([a, b], 5);
  plan.next();
  plan.giveUpPresent();
  expect(plan.next()?.choice).toBe(b);
});

test('one who has answered may be asked again as if for the first time', () => {
  const plan = new FailOverPlan([a], 1);
  plan.next();
  plan.next();
  expect(plan.hasNext).toBe(false);
  plan.succeeded();
  expect(plan.next()?.choice).toBe(a);
});

test('a provider that answers and breaks off, again and again, is asked a dozen times', () => {
  const plan = new FailOverPlan([a], 1);
  let asked = 0;
  while (plan.next()) {
    asked += 1;
    plan.succeeded();
  }
  expect(asked).toBe(12);
});
