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
 * One run of vitest.
 *
 * @typedef {object} VitestRun
 * @property {number} exitCode
 * @property {unknown} report Its JSON; `undefined` when it wrote none.
 * @property {boolean} partial Only some tests were asked for, so that others are skipped rightly.
 */

/**
 * Counts the checks and the tests. A file that cannot be loaded, a skipped test in a whole run, an error outside any
 * test, a crash of vitest and a run without tests are failures too: each of them leaves something untested.
 *
 * @param {readonly { name: string, passed: boolean }[]} checks One test each.
 * @param {readonly VitestRun[]} runs
 * @returns {Summary}
 */
export function summarize(checks, runs) {
  const failures = checks.filter((check) => !check.passed).map((check) => check.name);
  let passed = checks.length - failures.length;
  for (const run of runs) {
    const found = failuresOf(run);
    failures.push(...found);
    if (isReport(run.report)) passed += run.report.numPassedTests;
  }
  return { passed, failed: failures.length, failures };
}

/**
 * @param {VitestRun} run
 * @returns {string[]}
 */
function failuresOf({ exitCode, report, partial }) {
  if (!isReport(report)) return [`vitest: ended with code ${exitCode} and without a report`];
  if (report.testResults.every((file) => file.assertionResults.length === 0 && file.status !== 'failed')) {
    return ['vitest: ran no test'];
  }
  const failures = report.testResults.flatMap((file) => {
    const results = file.assertionResults;
    const failed = results.filter((test) => test.status === 'failed').map((test) => `${file.name}: ${test.fullName}`);
    if (file.status === 'failed' && failed.length === 0)
      failed.push(`${file.name}: ${file.message || 'cannot be run'}`);
    if (partial) return failed;
    const skipped = results.filter((test) => test.status !== 'passed' && test.status !== 'failed');
    return [...failed, ...skipped.map((test) => `${file.name}: ${test.fullName} (${test.status})`)];
  });
  if (exitCode === 0 || failures.length > 0) return failures;
  return [`vitest: ended with code ${exitCode} although no test failed`];
}
