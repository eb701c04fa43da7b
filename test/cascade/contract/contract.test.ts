import { expect, test } from 'vitest';
import { formatReport, runContractTests } from '../../../src/flavor-testkit/index.js';
import { scriptedHarness } from './scripted-flavor.js';

const TIMEOUT_MS = 200_000;
/** All happens in memory: what has not come by then never will, wall ms. */
const deadlines = { settleMs: 30 };

test('a cascade whose recogniser knows no turns keeps the whole contract', { timeout: TIMEOUT_MS }, async () => {
  const report = await runContractTests(scriptedHarness({}), { deadlines });
  expect(report.conforms, formatReport(report)).toBe(true);
  expect(report.results.filter(({ status }) => status === 'not-applicable')).toEqual([]);
});

/** The stream's grammar, conversation, what was heard, tools, onsets that were none. */
const only = [8, 10, 12, 13, 14, 15, 27, 32];

test('so does one that starts early, with word times and single requests', { timeout: TIMEOUT_MS }, async () => {
  const stt = { endOfTurn: true, eagerEndOfTurn: true, finalMs: 500 };
  const tts = { text: 'sentence', wordTimes: true } as const;
  const report = await runContractTests(scriptedHarness({ stt, tts }), { only, deadlines });
  expect(
    report.results.filter(({ status }) => status !== 'passed'),
    formatReport(report),
  ).toEqual([]);
});
