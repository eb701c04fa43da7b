import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import type { CliIo } from './cli-io.js';
import type { ExitCode, ReportExitCode } from './exit-code.js';
import { tellFailure } from './failure.js';

type CreateCommand = (io: CliIo, report: ReportExitCode) => Command;

/** Each command with its part of the program, in the order of `--help`. */
const commands = new Map<string, () => Promise<CreateCommand>>([
  ['run', async () => (await import('./commands/run.js')).createRunCommand],
  ['check', async () => (await import('./commands/check.js')).createCheckCommand],
  ['route-test', async () => (await import('./commands/route-test.js')).createRouteTestCommand],
  ['status', async () => (await import('./commands/status.js')).createStatusCommand],
  ['phone', async () => (await import('./commands/phone.js')).createPhoneCommand],
  ['browser-phone', async () => (await import('./commands/browser-phone.js')).createBrowserPhoneCommand],
  ['demo', async () => (await import('./commands/demo.js')).createDemoCommand],
  ['costs', async () => (await import('./commands/costs.js')).createCostsCommand],
  ['latency', async () => (await import('./commands/latency.js')).createLatencyCommand],
  ['import-avc', async () => (await import('./commands/import-avc.js')).createImportAvcCommand],
  ['opensips-hub', async () => (await import('./commands/opensips-hub.js')).createOpensipsHubCommand],
]);

/**
 * Runs a command line (without `node` and the script). Resolves with the exit code; rejects only when files of the
 * program itself cannot be loaded.
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const report = (code: ExitCode): void => {
    exitCode = code;
  };
  const program = new Command('voice-connector')
    .description('answers SIP calls with a swappable voice agent')
    .version(packageVersion());
  for (const create of await loadCommands(args)) program.addCommand(create(io, report));
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

/** The command that is named, alone: loading the others takes longer than most commands do. No name: every command. */
function loadCommands([name = '']: readonly string[]): Promise<readonly CreateCommand[]> {
  const named = commands.get(name);
  return Promise.all(named ? [named()] : [...commands.values()].map((load) => load()));
}

function packageVersion(): string {
  const file = createRequire(import.meta.url).resolve('sip-voice-connector/package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}
