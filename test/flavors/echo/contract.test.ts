import { expect, test } from 'vitest';
import { formatReport, runContractTests } from '../../../src/flavor-testkit/index.js';
import { immediateHarness, turnsHarness } from './echo-harness.js';
import { toneVoice } from './tone-voice.js';

const TIMEOUT_MS = 400_000;

test('the talking echo keeps the whole contract', { timeout: TIMEOUT_MS }, async () => {
  const report = await runContractTests(turnsHarness(toneVoice));
  expect(report.conforms, formatReport(report)).toBe(true);
});

test('the bare echo keeps the whole contract', { timeout: TIMEOUT_MS }, async () => {
  const report = await runContractTests(immediateHarness());
  expect(report.conforms, formatReport(report)).toBe(true);
});
