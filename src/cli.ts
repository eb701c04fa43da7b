#!/usr/bin/env node
import { setTimeout as sleep } from 'node:timers/promises';
import { fileProblem } from './base/file-problem.js';

process.exitCode = await run();

// Whatever a flavor's vendor has left open must not keep a process that has finished.
const LINGER_MS = 5000;
void sleep(LINGER_MS, undefined, { ref: false }).then(() => process.exit());

/** Node opens some hundred files at once to load the rest: more than a low limit lets it. */
async function run(): Promise<number> {
  try {
    const { createProcessIo } = await import('./cli/process-io.js');
    const { runCli } = await import('./cli/run-cli.js');
    return await runCli(process.argv.slice(2), createProcessIo(process));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EMFILE')) throw error;
    process.stderr.write(`voice-connector: ${fileProblem(error)}\n`);
    return 1;
  }
}
