import { expect, test } from 'vitest';
import { formatReport } from '../../../src/flavor-testkit/index.js';
import { runContractInLanes } from '../../support/contract-lanes.js';
import { startOwnServers } from './contract-harness.js';

test('the flavor chatterbox-custom keeps the whole contract', { timeout: 400_000 }, async () => {
  const report = await runContractInLanes(async () => {
    const servers = await startOwnServers();
    return { harness: servers.harness(), [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose]() };
  });
  expect(report.conforms, formatReport(report)).toBe(true);
});
