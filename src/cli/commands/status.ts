import { Command } from 'commander';
import { createSystemClock } from '../../base/clock.js';
import { loadConfig } from '../../config/load-config.js';
import { type AdminAnswers, type StatusReport, statusReport } from '../../reports/status/status-report.js';
import { statusText } from '../../reports/status/status-text.js';
import { AdminClient } from '../admin-client.js';
import type { CliIo } from '../cli-io.js';
import type { ReportExitCode } from '../exit-code.js';
import { tellFailure } from '../failure.js';
import { createInterruption } from '../interruption.js';
import { printIssues, toPrintedIssues } from '../issue-output.js';
import { DEFAULT_CONFIG } from '../read-config.js';

interface Options {
  readonly config: string;
  readonly json?: true;
}

/** `voice-connector status`: how the running connector is, asked of its admin interface. */
export function createStatusCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('status')
    .description('say how the running connector is: calls, latency, extensions, spending')
    .option('--config <file>', 'the configuration that it runs with, for its address and token', DEFAULT_CONFIG)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Run it in the connector's working directory, as its user: where admin.token is not set, the token is in ./data.

Exit code: 0 the connector takes calls, 1 it does not, or does not answer, 2 wrong usage.

Examples:
  voice-connector status
  watch voice-connector status --config /etc/voice-connector/connector.yaml
`,
    )
    .action(async (options: Options) => {
      const loaded = await loadConfig(options.config, { env: io.env, cwd: io.cwd });
      // The rest of the file may need secrets that only the connector has, or may have been changed since its start.
      const { admin } = loaded.ok ? loaded.config : loaded;
      if (admin === undefined) {
        const errors = loaded.ok ? [] : loaded.errors;
        if (options.json) io.stdout.write(`${JSON.stringify({ ok: false, errors: toPrintedIssues(errors) })}\n`);
        else printIssues(errors, io);
        report(1);
        return;
      }
      using interruption = createInterruption(io);
      try {
        const clock = createSystemClock();
        const status = await ask(await AdminClient.of(admin, io.cwd, clock, interruption.signal));
        io.stdout.write(options.json ? `${JSON.stringify({ ok: true, ...status })}\n` : statusText(status));
        if (!status.ready) report(1);
      } catch (error) {
        tellFailure('voice-connector status', error, io, options.json === true);
        report(1);
      }
    });
}

async function ask(client: AdminClient): Promise<StatusReport> {
  const json = async <Key extends keyof AdminAnswers>(path: string, key: Key): Promise<AdminAnswers[Key]> =>
    (JSON.parse(await client.get(path)) as AdminAnswers)[key];
  // First, since another program may listen where the connector should: it is not to have the token.
  const readiness = (await client.readiness()) as AdminAnswers['readiness'];
  const [calls, registrations, metrics] = await Promise.all([
    json('/calls', 'calls'),
    json('/registrations', 'registrations'),
    client.get('/metrics'),
  ]);
  return statusReport({ readiness, calls, registrations, metrics });
}
