import { setMaxListeners } from 'node:events';
import { Command } from 'commander';
import type { OpensipsConfig } from '../../config/config.js';
import { type LoadedConfig, loadConfig } from '../../config/load-config.js';
import { type ConfigIssue, inFileOrder } from '../../config/reading/config-issue.js';
import { codecWarnings } from '../../connector/network/usable-codecs.js';
import { type StartCheckDeps, startProblems } from '../../connector/start-check.js';
import { toolProblems } from '../../connector/tool-check.js';
import type { CliIo } from '../cli-io.js';
import { cueWarnings } from '../cue-check.js';
import type { ReportExitCode } from '../exit-code.js';
import {
  checkFlavor,
  checkMade,
  checkProvider,
  createFlavorCheckDeps,
  type FlavorCheckDeps,
  type FlavorReport,
} from '../flavor-check.js';
import { countIssues, printIssues, toPrintedIssues } from '../issue-output.js';
import { patiently } from '../patience.js';
import { DEFAULT_CONFIG } from '../read-config.js';

interface CheckOptions {
  readonly config: string;
  readonly providers?: true;
  readonly json?: true;
}

/** `voice-connector check`: everything that is wrong with a configuration, without taking a call. */
export function createCheckCommand(
  io: CliIo,
  report: ReportExitCode,
  deps: FlavorCheckDeps & Pick<StartCheckDeps, 'findAddon'> = createFlavorCheckDeps(),
): Command {
  return new Command('check')
    .description('validate a configuration: every mistake, with file, line and key')
    .option('--config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--providers', "also make each flavor and its provider's cheapest authenticated request")
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExit code: 0 nothing wrong, 1 something wrong, 2 wrong usage.\n' +
        '\nExamples:\n  voice-connector check --config sip-config/connector.yaml\n' +
        '  voice-connector check --providers --json\n',
    )
    .action(async (options: CheckOptions) => {
      const outcome = await check(options, io, deps);
      if (options.json) io.stdout.write(`${JSON.stringify(toJson(outcome, options))}\n`);
      else print(outcome, options, io);
      if (!outcome.ok) report(1);
    });
}

interface CheckOutcome {
  readonly ok: boolean;
  readonly loaded: LoadedConfig | undefined;
  readonly errors: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
  readonly flavors: readonly FlavorReport[];
}

async function check(
  options: CheckOptions,
  io: CliIo,
  deps: FlavorCheckDeps & Pick<StartCheckDeps, 'findAddon'>,
): Promise<CheckOutcome> {
  const loaded = await loadConfig(options.config, { env: io.env, cwd: io.cwd });
  if (!loaded.ok) return { ...loaded, loaded: undefined, flavors: [] };
  const names = Object.keys(loaded.config.flavors);
  const read = await Promise.all(names.map((name) => checkFlavor(loaded, name, deps)));
  // Whoever is asked is made for that.
  const reports = options.providers ? read : await Promise.all(read.map((report) => checkMade(report, loaded, deps)));
  const tools = (await toolProblems(loaded.config)).map(({ path, message }) =>
    loaded.document.issueAt(path, loaded.secrets.redact(message)),
  );
  const codecs = (await codecWarnings(loaded.config)).map(({ path, message }) =>
    loaded.document.issueAt(path, message, { severity: 'warning' }),
  );
  const machine = (await startProblems(loaded.config, { ...deps, env: io.env })).map(({ path, message, ...placing }) =>
    loaded.document.issueAt(path, loaded.secrets.redact(message), placing),
  );
  const fatal = machine.filter(({ severity }) => severity === 'error');
  const issues = inFileOrder([...reports.flatMap((report) => report.issues), ...tools, ...fatal]);
  const flavors = options.providers ? await askProviders(loaded, reports, io, deps) : reports;
  const ok = issues.length === 0 && flavors.every(({ provider }) => provider?.ok !== false);
  const warnings = inFileOrder([
    ...loaded.warnings,
    ...codecs,
    ...machine.filter(({ severity }) => severity === 'warning'),
    ...reports.flatMap((report) => report.warnings ?? []),
    ...cueWarnings(loaded, flavors),
  ]);
  return { ok, loaded, errors: issues, warnings, flavors };
}

/** Asks all providers at the same time; says whom it waits for when that takes long. */
async function askProviders(
  loaded: LoadedConfig,
  reports: readonly FlavorReport[],
  io: CliIo,
  deps: FlavorCheckDeps,
): Promise<FlavorReport[]> {
  // Each listens until it has its answer, and Node.js takes more than ten for a leak.
  setMaxListeners(0, io.signal);
  const waiting = new Set(reports.filter(({ prepared }) => prepared).map(({ name }) => name));
  const asked = reports.map(async (report): Promise<FlavorReport> => {
    if (!report.prepared) return report;
    const asked = await checkProvider(report.prepared, loaded.secrets, deps, io.signal);
    waiting.delete(report.name);
    return { ...report, ...asked };
  });
  return patiently(Promise.all(asked), deps.clock, () => {
    io.stderr.write(`waiting for the providers of ${[...waiting].join(', ')} ...\n`);
  });
}

function print({ errors, flavors, loaded, ok, warnings }: CheckOutcome, { config }: CheckOptions, io: CliIo): void {
  printIssues([...errors, ...warnings], io);
  for (const { displayName, name, provider, use } of flavors) {
    if (!provider) continue;
    const answer = provider.ok
      ? `answered in ${provider.ms} ms`
      : `${provider.message}${provider.code ? ` (${provider.code})` : ''}`;
    const line = `${provider.ok ? 'ok' : 'failed'}  ${name} (${displayName ?? use}): ${answer}\n`;
    (provider.ok ? io.stdout : io.stderr).write(line);
    const warnings = provider.ok ? provider.warnings : [];
    for (const warning of warnings) io.stderr.write(`warning ${name}: ${warning}\n`);
  }
  const counted = countIssues(errors.length, warnings.length);
  if (!ok || !loaded) {
    io.stderr.write(`${config}: ${counted === '' ? 'a provider does not answer' : counted}\n`);
    return;
  }
  const { flavors: configured, routes, signaling, tools, transfer } = loaded.config;
  const targets = Object.keys(transfer.targets);
  const toolNames = Object.entries(tools).map(([name, { type }]) => `${name} (${type})`);
  const address = ({ host, port }: { readonly host: string; readonly port: number }): string =>
    `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const listens = signaling.embedded.listen.map((listen) => `${listen.protocol}:${address(listen)}`);
  const servers = signaling.drachtio.map(({ host, listen, port }) =>
    listen === undefined ? address({ host: host ?? '', port }) : `listening on ${address(listen)}`,
  );
  io.stdout.write(
    `${config}: ok${counted === '' ? '' : `, ${counted}`}\n` +
      (signaling.driver === 'opensips'
        ? `  OpenSIPS    ${miAddress(signaling.opensips.mi)}\n`
        : signaling.driver === 'drachtio'
          ? `  drachtio    ${servers.join(', ')}\n`
          : `  listens on  ${listens.join(' ')}\n`) +
      `  flavors     ${Object.keys(configured).join(', ') || 'none'}\n` +
      (toolNames.length === 0 ? '' : `  tools       ${toolNames.join(', ')}\n`) +
      (targets.length === 0 ? '' : `  transfer    ${targets.join(', ')}\n`) +
      `  routes      ${routes.length}\n`,
  );
}

function miAddress(mi: OpensipsConfig['mi']): string {
  if (mi.protocol === 'udp') return `udp:${mi.host}:${mi.port}`;
  return mi.protocol === 'http' ? mi.url : `fifo:${mi.path}`;
}

function toJson({ errors, flavors, ok, warnings }: CheckOutcome, { config }: CheckOptions): object {
  return {
    ok,
    file: config,
    errors: toPrintedIssues(errors),
    warnings: toPrintedIssues(warnings),
    flavors: flavors.map(({ displayName, issues, name, provider, use }) => ({
      name,
      use,
      displayName: displayName ?? null,
      ok: issues.length === 0 && provider?.ok !== false,
      ...(provider && { provider }),
    })),
  };
}
