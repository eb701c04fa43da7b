import { expect, test } from 'vitest';
import { measureRun } from './cell.js';
import { referenceKind } from './reference-target.js';

/** Both cores for both: how exact the figures are is not for a test to say. */
const anywhere = { serverCpu: -1, loadCpu: -1 };

test('load and reference in C are built, and what one sends comes back from the other', async () => {
  const runFor = (windowSeconds: number) =>
    measureRun(referenceKind, 8, { warmupSeconds: 0.2, windowSeconds, ...anywhere });
  let run = await runFor(0.4);
  // A busy machine may let nothing go there and back in so short a time.
  if (run.load.returned === 0) run = await runFor(10);
  expect(run.load).toMatchObject({ calls: 8, answered: 8, refused: 0, endedEarly: 0, reordered: 0, lost: 0 });
  expect(run.load.received).toBeGreaterThan(0);
  expect(run.load.returned).toBeGreaterThan(0);
  expect(run.load.roundTripMs?.count).toBe(run.load.returned);
  expect(run.usage.rssBytes).toBeGreaterThan(100_000);
});
