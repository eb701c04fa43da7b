import { Command } from 'commander';
import { runDemo } from '../demo/demo.js';
import type { CliIo } from './cli-io.js';
import type { ReportExitCode } from './exit-code.js';
import { tellFailure } from './failure.js';
import { createInterruption } from './interruption.js';

/** `voice-connector demo`: a whole spoken call, offline, with a recording, a record and a picture of it. */
export function createDemoCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('demo')
    .description('a whole spoken call, offline: connector and caller in one, with a recording and a picture of it')
    .option('--out <directory>', 'where call.wav, call.json, timeline.svg and timeline.png go', 'demo-out')
    .option('--json', 'print one JSON object at the end instead of progress')
    .addHelpText(
      'after',
      '\nExit code: 0 the call went as it should, 1 not so, 2 wrong usage.\n\nExample:\n  voice-connector demo --out demo-out\n',
    )
    .action(async (options: { out: string; json?: true }) => {
      const tell = (line: string): void => {
        if (!options.json) io.stdout.write(`${line}\n`);
      };
      using interruption = createInterruption(io);
      try {
        const { signal } = interruption;
        const result = await runDemo({ directory: options.out, cwd: io.cwd, tell, signal });
        if (options.json) io.stdout.write(`${JSON.stringify(result)}\n`);
        if (!result.ok) report(1);
      } catch (error) {
        tellFailure('voice-connector demo', error, io, options.json === true);
        report(1);
      }
    });
}
