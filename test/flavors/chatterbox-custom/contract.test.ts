import { expect, test } from 'vitest';
import { formatReport, runContractTests } from '../../../src/flavor-testkit/index.js';
import { startOwnServers } from './contract-harness.js';

test('the flavor chatterbox-custom keeps the whole contract', { timeout: 400_000 }, async () => {
  await using servers = await startOwnServers();
  const report = await runContractTests(servers.harness());
  expect(report.conforms, formatReport(report)).toBe(true);
});
