#!/usr/bin/env node
import { setTimeout as sleep } from 'node:timers/promises';
import { createProcessIo } from './cli/process-io.js';
import { runCli } from './cli/run-cli.js';

process.exitCode = await runCli(process.argv.slice(2), createProcessIo(process));

// Whatever a flavor's vendor has left open must not keep a process that has finished.
const LINGER_MS = 5000;
void sleep(LINGER_MS, undefined, { ref: false }).then(() => process.exit());
