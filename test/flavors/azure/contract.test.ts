import { expect, test } from 'vitest';
import { formatReport } from '../../../src/flavor-testkit/index.js';
import { runContractInLanes } from '../../support/contract-lanes.js';
import { startAzureFakes } from './contract-harness.js';

const TIMEOUT_MS = 400_000;

test('the flavor azure keeps the whole contract', { timeout: TIMEOUT_MS }, async () => {
  const report = await runContractInLanes(startAzureFakes);
  expect(report.conforms, formatReport(report)).toBe(true);
});
