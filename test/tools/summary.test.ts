import { expect, test } from 'vitest';
import { summarize } from './summary.mjs';

const checks = [
  { name: 'lint', passed: true },
  { name: 'types', passed: true },
];

function file(name: string, tests: readonly string[], status = 'passed', message = '') {
  return {
    name,
    status,
    message,
    assertionResults: tests.map((result, index) => ({ fullName: `${index}`, status: result })),
  };
}

function reportOf(...testResults: ReturnType<typeof file>[]) {
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  return { numPassedTests: all.filter(({ status }) => status === 'passed').length, testResults };
}

function outcome(report: unknown, exitCode = 0, partial = false) {
  const { passed, failed } = summarize(checks, [{ exitCode, report, partial }]);
  return { passed, failed };
}

test('lint, types and each test count one', () => {
  expect(outcome(reportOf(file('a', ['passed', 'passed']), file('b', ['passed'])))).toEqual({ passed: 5, failed: 0 });
});

test('a failed test, and a failed check, are counted and named', () => {
  const report = reportOf(file('a', ['passed', 'failed'], 'failed'));
  const summary = summarize([{ name: 'lint', passed: false }], [{ exitCode: 1, report, partial: false }]);
  expect(summary).toEqual({ passed: 1, failed: 2, failures: ['lint', 'a: 1'] });
});

test('a file that cannot be loaded is a failure although it holds no test', () => {
  expect(outcome(reportOf(file('a', ['passed']), file('b', [], 'failed', 'SyntaxError')), 1)).toEqual({
    passed: 3,
    failed: 1,
  });
});

test('a skipped test fails a whole run, but not one that asked for some tests only', () => {
  const report = reportOf(file('a', ['passed', 'skipped']));
  expect(outcome(report)).toEqual({ passed: 3, failed: 1 });
  expect(outcome(report, 0, true)).toEqual({ passed: 3, failed: 0 });
});

test('an error outside every test is a failure', () => {
  expect(outcome(reportOf(file('a', ['passed'])), 1)).toEqual({ passed: 3, failed: 1 });
});

test('a run without tests, or without a report, is a failure', () => {
  expect(outcome(reportOf())).toEqual({ passed: 2, failed: 1 });
  expect(outcome(undefined, 1)).toEqual({ passed: 2, failed: 1 });
});

test('runs add up, and the crash of one is not hidden by the failures of another', () => {
  const failing = { exitCode: 1, report: reportOf(file('a', ['passed', 'failed'], 'failed')), partial: false };
  const crashed = { exitCode: 1, report: reportOf(file('b', ['passed'])), partial: false };
  expect(summarize([], [failing, crashed])).toMatchObject({ passed: 2, failed: 2 });
});
