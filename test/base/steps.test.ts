import { expect, test } from 'vitest';
import { atOnce, inTurns, type Steps } from '../../src/base/steps.js';

/** Steps of 0.7 ms each, and a clock that they move. */
function work(steps: number) {
  let nowMs = 0;
  const startedMs: number[] = [];
  function* run(): Steps<string> {
    for (let step = 0; step < steps; step += 1) {
      startedMs.push(nowMs);
      nowMs += 0.7;
      yield;
    }
    return 'done';
  }
  return { run, startedMs, clock: { now: () => nowMs } };
}

const never = new AbortController().signal;

test('work in steps gives the same in one go and in turns', async () => {
  expect(atOnce(work(50).run())).toBe('done');
  const { run, clock } = work(50);
  expect(await inTurns(run(), clock, never)).toBe('done');
});

test('no turn takes longer than 2 ms and a step, and none is taken for less', async () => {
  const { run, clock, startedMs } = work(50);
  const turnsMs: number[] = [];
  await inTurns(run(), clock, never, async () => void turnsMs.push(clock.now()));
  expect(startedMs).toHaveLength(50);
  for (const [turn, atMs] of turnsMs.entries()) {
    expect(atMs - (turnsMs[turn - 1] ?? 0)).toBeLessThan(2.8);
    expect(atMs - (turnsMs[turn - 1] ?? 0)).toBeGreaterThanOrEqual(2);
  }
  expect(turnsMs).toHaveLength(16);

  const short = work(2);
  await inTurns(short.run(), short.clock, never, () => Promise.reject(new Error('a turn')));
});

test('what others have to do in the event loop is done between two turns', async () => {
  const { run, clock, startedMs } = work(50);
  const others: number[] = [];
  const other = (): void => {
    others.push(startedMs.length);
    if (startedMs.length < 50) setImmediate(other);
  };
  setImmediate(other);
  await inTurns(run(), clock, never);
  expect(others.length).toBeGreaterThan(10);
});

test('work that nobody wants any more ends with the turn', async () => {
  const { run, clock, startedMs } = work(50);
  const controller = new AbortController();
  const reason = new Error('hung up');
  const done = inTurns(run(), clock, controller.signal, async () => controller.abort(reason));
  await expect(done).rejects.toBe(reason);
  expect(startedMs).toHaveLength(3);
});
