import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installTools } from './tools/install.mjs';
import { summarize } from './tools/summary.mjs';

/**
 * `npm test`: tools, lint, types, then every test. Arguments go to vitest: `npm test -- test/media`. The last line is
 * `N passed, N failed`; the exit code is 0 only when something passed and nothing failed.
 */

const repository = fileURLToPath(new URL('..', import.meta.url));
const binaries = join(repository, 'node_modules', '.bin');

/** Longer than this and something hangs. On two quiet cores each part takes three minutes or less; a slow or busy machine has its time. */
const VITEST_LIMIT_MS = 20 * 60_000;

/** Tests that make calls in real time: they run after the others, which keep every core busy. */
const CALLS = ['test/sipp', 'test/e2e', 'test/conformance'];

/**
 * Tests that look at their process as a whole (timers, sockets, memory), or at packages: each file has a process of its
 * own. Parts of paths.
 */
const APART = ['/contract.test.ts', 'test/flavors/echo/real-voice.test.ts', 'test/flavor-testkit/', 'test/package/'];
const OTHERS = [
  ...CALLS.map((directory) => `${directory}/**`),
  ...APART.map((part) => `**/${part.replace(/^\//, '').replace(/\/$/, '/**')}`),
];

/** @param {string} line */
const print = (line) => {
  process.stdout.write(`${line}\n`);
};

/**
 * Runs one of the repository's own commands, its output passed through.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {number} [limitMs] Killed after this.
 * @returns {Promise<number>} Its exit code; 1 when it was killed or cannot be run.
 */
function run(command, args, limitMs) {
  return new Promise((resolve) => {
    const child = spawn(join(binaries, command), args, { cwd: repository, stdio: ['ignore', 'inherit', 'inherit'] });
    const limit =
      limitMs === undefined
        ? undefined
        : setTimeout(() => {
            print(`${command} was killed: it has run for ${limitMs / 60_000} minutes`);
            child.kill('SIGKILL');
          }, limitMs);
    const finish = (/** @type {number | null} */ code) => {
      clearTimeout(limit);
      resolve(code ?? 1);
    };
    child.on('error', (error) => {
      print(`${command} cannot be run: ${error.message}`);
      finish(1);
    });
    child.on('close', finish);
  });
}

/**
 * @param {readonly string[]} args
 * @param {boolean} partial
 * @returns {Promise<import('./tools/summary.mjs').VitestRun>}
 */
async function runVitest(args, partial) {
  const directory = mkdtempSync(join(tmpdir(), 'voice-connector-test-'));
  const file = join(directory, 'vitest.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const exitCode = await run('vitest', ['run', ...reporters, ...args], VITEST_LIMIT_MS);
    try {
      return { exitCode, report: JSON.parse(readFileSync(file, 'utf8')), partial };
    } catch {
      return { exitCode, report: undefined, partial };
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const startedAt = Date.now();
const vitestArgs = process.argv.slice(2);

const missingTools = await installTools((line) => print(`tools: ${line}`));
for (const message of missingTools) print(`tools: ${message}`);

print('lint: biome check .');
const lintPassed = (await run('biome', ['check', '.'])) === 0;
print('types: tsc --noEmit');
const typesPassed = (await run('tsc', ['--noEmit', '-p', 'tsconfig.json'])) === 0;
const runs =
  vitestArgs.length > 0
    ? [await runVitest(vitestArgs, true)]
    : [
        // All others share processes: nothing of ours is kept in modules, and loading them anew for each file took a third of the time.
        await runVitest(['--no-isolate', '--maxWorkers=3', ...OTHERS.map((glob) => `--exclude=${glob}`)], false),
        // These mostly wait, in real time: two of them would leave two cores idle for most of it.
        await runVitest(['--maxWorkers=4', ...APART], false),
        // Two calls at once, whose processes wait most of the time, left half of two cores idle.
        await runVitest(['--maxWorkers=3', ...CALLS], false),
      ];

const checks = [
  { name: 'lint', passed: lintPassed },
  { name: 'types', passed: typesPassed },
  ...missingTools.map((message) => ({ name: `tool: ${message.split(' ', 1)[0]}`, passed: false })),
];
const summary = summarize(checks, runs);
print('');
for (const line of summary.failures) print(`FAILED ${line}`);
print(`took ${Math.round((Date.now() - startedAt) / 1_000)} s`);
print(`${summary.passed} passed, ${summary.failed} failed`);
process.exitCode = summary.failed === 0 && summary.passed > 0 ? 0 : 1;
