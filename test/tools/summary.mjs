/**
 * What a whole test run amounts to.
 *
 * @typedef {object} Summary
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} failures One line for each failure.
 */

/**
 * The parts of vitest's JSON report (the shape jest defined) that count.
 *
 * @typedef {object} Report
 * @property {number} numPassedTests
 * @property {{
 *   name: string,
 *   status: string,
 *   message?: string,
 *   assertionResults: { fullName: string, status: string }[],
 * }[]} testResults
 */

/**
 * @param {unknown} value
 * @returns {value is Report}
 */
function isReport(value) {
  return (
    typeof value === 'object' &&
    value !== null &&
    'numPassedTests' in value &&
    typeof value.numPassedTests === 'number' &&
    'testResults' in value &&
    Array.isArray(value.testResults)
  );
}

/**
 * Counts the checks and the tests. A file that cannot be loaded, a skipped test in a whole run, an error outside any
 * test, a crash of vitest and a run without tests are failures too: each of them leaves something untested.
 *
 * @param {object} run
 * @param {readonly { name: string, passed: boolean }[]} run.checks One test each.
 * @param {{ exitCode: number, report: unknown, partial: boolean }} run.vitest `partial`: only some tests were asked for,
 *   so that others are skipped rightly.
 * @returns {Summary}
 */
export function summarize({ checks, vitest }) {
  const failures = checks.filter((check) => !check.passed).map((check) => check.name);
  let passed = checks.length - failures.length;
  const { report } = vitest;
  if (!isReport(report)) {
    failures.push('vitest: ended without a report');
    return { passed, failed: failures.length, failures };
  }
  passed += report.numPassedTests;
  for (const file of report.testResults) {
    const results = file.assertionResults;
    const failed = results.filter((test) => test.status === 'failed');
    failures.push(...failed.map((test) => `${file.name}: ${test.fullName}`));
    if (file.status === 'failed' && failed.length === 0)
      failures.push(`${file.name}: ${file.message || 'cannot be run'}`);
    if (vitest.partial) continue;
    const skipped = results.filter((test) => test.status !== 'passed' && test.status !== 'failed');
    failures.push(...skipped.map((test) => `${file.name}: ${test.fullName} (${test.status})`));
  }
  if (report.testResults.every((file) => file.assertionResults.length === 0)) failures.push('vitest: ran no test');
  else if (vitest.exitCode !== 0 && failures.length === checks.filter((check) => !check.passed).length) {
    failures.push(`vitest: ended with code ${vitest.exitCode} although no test failed`);
  }
  return { passed, failed: failures.length, failures };
}
