import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import type { CliIo } from './cli-io.js';
import { createBrowserPhoneCommand } from './commands/browser-phone.js';
import { createCheckCommand } from './commands/check.js';
import { createCostsCommand } from './commands/costs.js';
import { createDemoCommand } from './commands/demo.js';
import { createImportAvcCommand } from './commands/import-avc.js';
import { createLatencyCommand } from './commands/latency.js';
import { createOpensipsHubCommand } from './commands/opensips-hub.js';
import { createPhoneCommand } from './commands/phone.js';
import { createRouteTestCommand } from './commands/route-test.js';
import { createRunCommand } from './commands/run.js';
import type { ExitCode } from './exit-code.js';
import { tellFailure } from './failure.js';

/** Runs a command line (without `node` and the script). Resolves with the exit code; never rejects. */
export async function runCli(args: readonly string[], io: CliIo): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const report = (code: ExitCode): void => {
    exitCode = code;
  };
  const program = new Command('voice-connector')
    .description('answers SIP calls with a swappable voice agent')
    .version(packageVersion());
  for (const create of [
    createRunCommand,
    createCheckCommand,
    createRouteTestCommand,
    createPhoneCommand,
    createBrowserPhoneCommand,
    createDemoCommand,
    createCostsCommand,
    createLatencyCommand,
    createImportAvcCommand,
    createOpensipsHubCommand,
  ]) {
    program.addCommand(create(io, report));
  }
  for (const command of [program, ...program.commands]) {
    command.showHelpAfterError('(--help says more)');
    command.exitOverride().configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    // Commander throws for --help and --version too, with code 0; what it printed is said already.
    if (error instanceof CommanderError) {
      const isFile = error.code === 'commander.excessArguments' && args.some((arg) => /\.ya?ml$/.test(arg));
      if (isFile) io.stderr.write('a configuration file is named by --config FILE\n');
      return error.exitCode === 0 ? 0 : 2;
    }
    tellFailure('voice-connector', error, io, false);
    return 1;
  }
  return exitCode;
}

function packageVersion(): string {
  const file = createRequire(import.meta.url).resolve('sip-voice-connector/package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}
