import { expect, test } from 'vitest';
import { formatReport, runContractTests } from '../../../src/flavor-testkit/index.js';
import { startAgentFake } from './contract-harness.js';

const TIMEOUT_MS = 400_000;

test('the flavor deepgram-agent keeps the whole contract', { timeout: TIMEOUT_MS }, async () => {
  const { fake, harness } = await startAgentFake();
  try {
    const report = await runContractTests(harness());
    expect(report.conforms, formatReport(report)).toBe(true);
  } finally {
    await fake.close();
  }
});
