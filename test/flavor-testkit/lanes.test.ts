import { expect, test } from 'vitest';
import { contractChecks } from '../../src/flavor-testkit/index.js';
import { immediateHarness } from '../flavors/echo/echo-harness.js';
import { type OwnHarness, runContractInLanes } from '../support/contract-lanes.js';

const own = (change: object): (() => Promise<OwnHarness>) => {
  return async () => ({ harness: { ...immediateHarness(), ...change }, [Symbol.asyncDispose]: async () => undefined });
};

test('in lanes every check is made once, in its order, and all together amount to conformity', async () => {
  const report = await runContractInLanes(own({}));
  expect(report.results.map(({ id }) => id)).toEqual(contractChecks.map(({ id }) => id));
  expect(report).toMatchObject({ flavor: 'echo', conforms: true });
});

test('a check that fails in a lane is told, and the flavor does not conform', async () => {
  const report = await runContractInLanes(own({ validConfig: { mode: 'sideways' } }));
  expect(report.conforms).toBe(false);
  expect(report.results.map(({ id }) => id)).toEqual(contractChecks.map(({ id }) => id));
});
