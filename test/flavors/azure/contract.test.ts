import { expect, test } from 'vitest';
import { formatReport, runContractTests } from '../../../src/flavor-testkit/index.js';
import { startAzureFakes } from './contract-harness.js';

const TIMEOUT_MS = 400_000;

test('the flavor azure keeps the whole contract', { timeout: TIMEOUT_MS }, async () => {
  await using fakes = await startAzureFakes();
  const report = await runContractTests(fakes.harness);
  expect(report.conforms, formatReport(report)).toBe(true);
});
