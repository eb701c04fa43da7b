import { Command, InvalidArgumentError, Option } from 'commander';
import { type Clock, createSystemClock } from '../../base/clock.js';
import { loadConfig } from '../../config/load-config.js';
import type { CliIo } from '../cli-io.js';
import type { ReportExitCode } from '../exit-code.js';
import { printIssues, toPrintedIssues } from '../issue-output.js';
import { DEFAULT_CONFIG } from '../read-config.js';
import { describeOutcome } from '../route-description.js';
import { tryCall } from '../route-outcome.js';

interface RouteTestOptions {
  readonly config: string;
  readonly from: string;
  readonly header: ReadonlyMap<string, readonly string[]>;
  readonly fetch?: true;
  readonly json?: true;
}

/** `voice-connector route-test`: who would answer a call, and why, without taking one. */
export function createRouteTestCommand(io: CliIo, report: ReportExitCode, clock: Clock = createSystemClock()): Command {
  return new Command('route-test')
    .description('say which route and flavor would answer a number, and why')
    .argument('<number>', 'the number dialled: user part of the request-URI and of To', parseNumber)
    .option('--from <number>', 'the caller: user part of the From URI', 'anonymous')
    .addOption(
      new Option('--header <header>', "a SIP header field of the call, 'Name: value'; may be repeated")
        .argParser(addHeader)
        .default(new Map(), 'none'),
    )
    .option('--config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--fetch', 'also ask for the settings of the call, where its route has some')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExit code: 0 the routes were tried, also when the call would be refused; 1 the configuration has mistakes;\n' +
        '2 wrong usage.\n' +
        '\nExamples:\n  voice-connector route-test 2000\n' +
        "  voice-connector route-test +442071234567 --from 1000 --header 'X-Tenant: acme' --json\n",
    )
    .action(async (number: string, options: RouteTestOptions) => {
      const loaded = await loadConfig(options.config, { env: io.env, cwd: io.cwd });
      if (!loaded.ok) {
        if (options.json) io.stdout.write(`${JSON.stringify({ ok: false, errors: toPrintedIssues(loaded.errors) })}\n`);
        else printIssues([...loaded.errors, ...loaded.warnings], io);
        report(1);
        return;
      }
      const { config: file, fetch = false, from, header: headers } = options;
      const outcome = await tryCall({ number, from, headers, file, fetch }, loaded, clock, io.signal);
      const text = options.json ? `${JSON.stringify({ ok: true, ...outcome })}\n` : describeOutcome(outcome);
      io.stdout.write(loaded.secrets.redact(text));
    });
}

function parseNumber(value: string): string {
  if (value === '') throw new InvalidArgumentError('expected a number, such as 2000');
  return value;
}

function addHeader(
  value: string,
  headers: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  const [, name = '', content = ''] = /^([\w.!%*+`'~-]+)[ \t]*:[ \t]*(.*)$/.exec(value) ?? [];
  if (name === '') throw new InvalidArgumentError("expected 'Name: value'");
  const key = name.toLowerCase();
  return new Map([...headers, [key, [...(headers.get(key) ?? []), content]]]);
}
