import { expect, test } from 'vitest';
import { measureRun } from './cell.js';
import { referenceKind } from './reference-target.js';

/** Both cores for both: how exact the figures are is not for a test to say. */
const anywhere = { serverCpu: -1, loadCpu: -1 };

test('load and reference in C are built, and what one sends comes back from the other', async () => {
  const run = await measureRun(referenceKind, 8, { warmupSeconds: 0.2, windowSeconds: 0.4, ...anywhere });
  expect(run.load).toMatchObject({ calls: 8, answered: 8, refused: 0, endedEarly: 0, reordered: 0, lost: 0 });
  expect(run.load.received).toBeGreaterThan(0);
  expect(run.load.returned).toBeGreaterThan(0);
  expect(run.load.roundTripMs?.count).toBe(run.load.returned);
  expect(run.usage.rssBytes).toBeGreaterThan(100_000);
});
