import { expect, test } from 'vitest';
import { Backoff } from '../../../src/cascade/engines/shared/backoff.js';
import { FakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';

const options = { attempts: 6, firstDelayMs: 200, maxDelayMs: 1_000 };

/** What a call that loses its connection waits before each attempt, ms. */
function waits(seed: number): readonly (number | undefined)[] {
  const backoff = new Backoff(options, new FakeClock(), new SeededRandom(seed));
  return Array.from({ length: 7 }, () => backoff.next());
}

test('the first attempt is made at once, each later one after a wait that doubles up to a bound, and no more than allowed', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const [first, ...later] = waits(seed);
    expect(first).toBe(0);
    for (const [index, mostMs] of [200, 400, 800, 1_000, 1_000].entries()) {
      expect(later[index]).toBeGreaterThanOrEqual(mostMs / 2);
      expect(later[index]).toBeLessThanOrEqual(mostMs);
    }
    expect(later[5]).toBeUndefined();
  }
});

test('a crowd of calls does not come back at once', () => {
  const seconds = Array.from({ length: 200 }, (_, seed) => waits(seed + 1)[1] ?? 0);
  expect(new Set(seconds).size).toBeGreaterThan(50);
  expect(Math.min(...seconds)).toBeLessThan(115);
  expect(Math.max(...seconds)).toBeGreaterThan(185);
});

test('a connection that has lived for 20 s is replaced as if nothing had happened before; one that has not is not', () => {
  const clock = new FakeClock();
  const backoff = new Backoff(options, clock, new SeededRandom(1));
  for (const livesMs of [19_999, 20_000]) {
    backoff.next();
    backoff.next();
    backoff.connected();
    clock.advance(livesMs);
    expect(backoff.next() === 0).toBe(livesMs >= 20_000);
  }
});
