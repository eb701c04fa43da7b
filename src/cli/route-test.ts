import { Command, InvalidArgumentError } from 'commander';
import { createSystemClock } from '../base/clock.js';
import { type LoadedConfig, loadConfig } from '../config/load-config.js';
import { createRouter, describeMismatch, type RouteDecision } from '../config/router.js';
import { callVariables, renderTemplate } from '../config/template.js';
import type { CliIo } from './cli-io.js';
import type { ReportExitCode } from './exit-code.js';
import { printIssues, toPrintedIssues } from './issue-output.js';
import { DEFAULT_CONFIG } from './read-config.js';

interface RouteTestOptions {
  readonly config: string;
  readonly from: string;
  readonly header: ReadonlyMap<string, readonly string[]>;
  readonly json?: true;
}

/** `voice-connector route-test`: who would answer a call, and why, without taking one. */
export function createRouteTestCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('route-test')
    .description('say which route and flavor would answer a number, and why')
    .argument('<number>', 'the number dialled: user part of the request-URI and of To', parseNumber)
    .option('--from <number>', 'the caller: user part of the From URI', 'anonymous')
    .option('--header <header>', "a SIP header field of the call, 'Name: value'; may be repeated", addHeader, new Map())
    .option('--config <file>', 'configuration file', DEFAULT_CONFIG)
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
      const outcome = tryRoutes(number, options, loaded);
      if (options.json) io.stdout.write(`${JSON.stringify({ ok: true, ...outcome })}\n`);
      else io.stdout.write(describe(outcome));
    });
}

/** What would become of a call. */
interface RouteOutcome {
  readonly number: string;
  readonly from: string;
  readonly file: string;
  /** Index of the route that matches; `null` for none. */
  readonly route: number | null;
  readonly line: number | null;
  readonly flavor: string | null;
  readonly use: string | null;
  /** SIP status the call is refused with. */
  readonly reject: number | null;
  /** With its variables filled in. */
  readonly greeting: string | null;
  /** Names in the greeting that have no value. */
  readonly missing: readonly string[];
  readonly answer: { readonly delayMs: number; readonly earlyMedia: boolean } | null;
  readonly passedOver: readonly { readonly route: number; readonly line: number; readonly why: string }[];
}

function tryRoutes(
  number: string,
  { config: file, from, header }: RouteTestOptions,
  loaded: LoadedConfig,
): RouteOutcome {
  const { config, document } = loaded;
  const decision = createRouter(config.routes).route({
    requestUser: number,
    toUser: number,
    fromUser: from,
    headers: header,
  });
  const { index, mismatches, route } = decision;
  const lineOf = (position: number): number => document.lineOf(['routes', position]);
  const flavor = route?.flavor ?? null;
  const greeting = fillGreeting(decision, from, header);
  return {
    number,
    from,
    file,
    route: index ?? null,
    line: index === undefined ? null : lineOf(index),
    flavor,
    use: flavor === null ? null : (config.flavors[flavor]?.use ?? null),
    reject: flavor === null ? (route?.reject ?? 404) : null,
    greeting: greeting?.text ?? null,
    missing: greeting?.missing ?? [],
    answer: flavor === null ? null : (route?.answer ?? null),
    passedOver: mismatches.map((mismatch) => ({
      route: mismatch.index,
      line: lineOf(mismatch.index),
      why: describeMismatch(mismatch),
    })),
  };
}

function fillGreeting({ route, to }: RouteDecision, from: string, headers: RouteTestOptions['header']) {
  if (route?.greeting?.text === undefined) return undefined;
  const moment = { wallTimeMs: createSystemClock().wallTime(), timeZone: route.timeZone };
  const facts = { id: '0123456789abcdef', from, to, headers, moment };
  return renderTemplate(route.greeting.text, callVariables(route.variables, facts));
}

function describe(outcome: RouteOutcome): string {
  const { answer, file, flavor, greeting, line, missing, number, passedOver, reject, route, use } = outcome;
  const lines = passedOver.map((passed) => `routes[${passed.route}]  ${file}:${passed.line}  no: ${passed.why}`);
  lines.push(route === null ? 'no route matches' : `routes[${route}]  ${file}:${line}  matches`);
  lines.push(
    flavor === null ? `${number} is refused with ${reject}` : `${number} is answered by ${flavor} (use: ${use})`,
  );
  if (answer && answer.delayMs > 0) lines.push(`  rings for ${answer.delayMs} ms first`);
  if (answer?.earlyMedia) lines.push('  is heard while it rings (early media)');
  if (greeting !== null) lines.push(`  greets with ${JSON.stringify(greeting)}`);
  if (missing.length > 0) lines.push(`  without a value for ${missing.map((name) => `{{${name}}}`).join(', ')}`);
  return `${lines.join('\n')}\n`;
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
