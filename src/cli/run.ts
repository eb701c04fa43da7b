import { Writable } from 'node:stream';
import { Command, InvalidArgumentError } from 'commander';
import { createSystemClock } from '../base/clock.js';
import { errorCode, errorMessage } from '../base/connector-error.js';
import { formatConfigIssues } from '../config/config-issue.js';
import type { LoadedConfig } from '../config/load-config.js';
import { createConnector, type VoiceConnector } from '../connector.js';
import { createLog, type Log, type LogLevel, logLevels } from '../ops/log.js';
import type { CliIo } from './cli-io.js';
import type { ReportExitCode } from './exit-code.js';
import { printIssues } from './issue-output.js';
import { DEFAULT_CONFIG, readConfig } from './read-config.js';

/** `voice-connector run`: takes calls until SIGTERM. */
export function createRunCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('run')
    .description('run the connector until SIGTERM (drain: calls finish; a second signal ends them); SIGHUP reloads')
    .option('--config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--log-level <level>', `one of ${logLevels.join(', ')}`, parseLevel, 'info')
    .option('--json', 'log JSON lines on a terminal too')
    .addHelpText('after', '\nExamples:\n  voice-connector run --config sip-config/connector.yaml\n')
    .action(async (options: { config: string; logLevel: LogLevel; json?: true }) => {
      const loaded = await readConfig(options.config, io);
      printIssues(loaded.ok ? loaded.warnings : [...loaded.errors, ...loaded.warnings], io);
      if (loaded.ok) await run(options, loaded, io, report);
      else report(1);
    });
}

async function run(
  options: { config: string; logLevel: LogLevel; json?: true },
  loaded: LoadedConfig,
  io: CliIo,
  report: ReportExitCode,
) {
  const clock = createSystemClock();
  const secrets = [loaded.secrets];
  const redact = (text: string): string => secrets.reduce((rest, each) => each.redact(rest), text);
  const stream = options.json ? plainStream(io) : io.stdout;
  const log = createLog({ stream, level: options.logLevel, redact }, { clock });
  const connector = createConnector(loaded.config, {
    clock,
    log,
    readConfig: async () => {
      const again = await readConfig(options.config, io);
      secrets.push(again.secrets);
      return again.ok ? again : { problem: formatConfigIssues(again.errors, { color: false }) };
    },
  });
  try {
    await connector.start();
  } catch (error) {
    log.error({ code: errorCode(error), error: errorMessage(error) }, 'the connector did not start');
    report(1);
    return;
  }
  const unsubscribe = io.onSignal(onSignal(connector, log));
  io.signal.addEventListener('abort', () => void connector.stop(), { once: true });
  await connector.finished;
  await connector.stop();
  unsubscribe();
  log.info({}, 'stopped');
}

/** First SIGTERM or SIGINT drains, the second ends the calls. */
function onSignal(connector: VoiceConnector, log: Log): (name: 'SIGTERM' | 'SIGINT' | 'SIGHUP') => void {
  let asked = 0;
  return (name) => {
    if (name === 'SIGHUP') {
      void connector.reload();
      return;
    }
    asked += 1;
    log.info({ signal: name, calls: connector.calls().length }, asked === 1 ? 'draining' : 'stopping now');
    if (asked === 1) void connector.drain();
    else void connector.stop();
  };
}

/** The same stream, but no terminal. */
function plainStream(io: CliIo): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      io.stdout.write(chunk);
      done();
    },
  });
}

function parseLevel(value: string): LogLevel {
  const level = logLevels.find((name) => name === value);
  if (!level) throw new InvalidArgumentError(`expected one of ${logLevels.join(', ')}`);
  return level;
}
