import { expect, test } from 'vitest';
import { formatReport, runContractTests } from '../../src/flavor-testkit/index.js';
import { FakeProvider } from './reference/fake-provider.js';
import { referenceHarness } from './reference/reference-harness.js';

test('a flavor with a provider and every capability keeps the whole contract', { timeout: 400_000 }, async () => {
  await using provider = await FakeProvider.listen();
  const report = await runContractTests(referenceHarness(provider));
  expect(report.conforms, formatReport(report)).toBe(true);
  expect(report.results.filter(({ status }) => status === 'not-applicable')).toEqual([]);
});
