import { expect, test } from 'vitest';
import { formatReport, runContractTests } from '../../../src/flavor-testkit/index.js';
import { runContractInLanes } from '../../support/contract-lanes.js';
import { startDeepgramFakes } from './contract-harness.js';

const TIMEOUT_MS = 400_000;

test('the flavor deepgram keeps the whole contract with Flux', { timeout: TIMEOUT_MS }, async () => {
  const report = await runContractInLanes(async () => {
    const fakes = await startDeepgramFakes();
    return { harness: fakes.harness(), [Symbol.asyncDispose]: () => fakes[Symbol.asyncDispose]() };
  });
  expect(report.conforms, formatReport(report)).toBe(true);
});

/** Conversation, what was heard, tools. */
const only = [10, 13, 14];

test('and talks with Nova, where the connector finds the turns', { timeout: TIMEOUT_MS }, async () => {
  await using fakes = await startDeepgramFakes();
  const report = await runContractTests(fakes.harness({ stt: { model: 'nova-3' } }), { only });
  expect(
    report.results.filter(({ status }) => status !== 'passed'),
    formatReport(report),
  ).toEqual([]);
});
