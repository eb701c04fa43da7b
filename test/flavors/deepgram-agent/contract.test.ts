import { expect, test } from 'vitest';
import { formatReport } from '../../../src/flavor-testkit/index.js';
import { runContractInLanes } from '../../support/contract-lanes.js';
import { startAgentFake } from './contract-harness.js';

const TIMEOUT_MS = 400_000;

test('the flavor deepgram-agent keeps the whole contract', { timeout: TIMEOUT_MS }, async () => {
  const report = await runContractInLanes(async () => {
    const { fake, harness } = await startAgentFake();
    return { harness: harness(), [Symbol.asyncDispose]: () => fake.close() };
  });
  expect(report.conforms, formatReport(report)).toBe(true);
});
