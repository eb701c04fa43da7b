import { expect, test } from 'vitest';
import { formatReport, runContractTests } from '../../../src/flavor-testkit/index.js';
import { startContractFake } from './contract-harness.js';

const TIMEOUT_MS = 400_000;

test('the realtime flavor keeps the whole contract in mu-law', { timeout: TIMEOUT_MS }, async () => {
  const { fake, harness } = await startContractFake();
  try {
    const report = await runContractTests(harness());
    expect(report.conforms, formatReport(report)).toBe(true);
  } finally {
    await fake.close();
  }
});
