import { Command, InvalidArgumentError } from 'commander';
import { createSystemClock } from '../../base/clock.js';
import { errorCode, errorMessage } from '../../base/connector-error.js';
import { OPEN_FILES_REMEDY } from '../../base/file-problem.js';
import type { LoadedConfig, LoadResult } from '../../config/load-config.js';
import { type ConfigIssue, formatConfigIssues } from '../../config/reading/config-issue.js';
import { createConnector, type VoiceConnector } from '../../connector.js';
import { createLog, type Log, type LogLevel, logLevels } from '../../ops/log.js';
import type { CliIo } from '../cli-io.js';
import type { ReportExitCode } from '../exit-code.js';
import { remedyOf } from '../failure.js';
import { printIssues } from '../issue-output.js';
import { patiently } from '../patience.js';
import { loadAvc } from '../read-avc.js';
import { checkFlavors, DEFAULT_CONFIG, readConfig } from '../read-config.js';

/** Files and sockets that are open without a call, and for each call at least: those of RTP and RTCP. */
const OPEN_FILES = { atRest: 50, ofCall: 2 } as const;

/** `voice-connector run`: takes calls until SIGTERM. */
export function createRunCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('run')
    .description('run the connector until SIGTERM (drain: calls finish; a second signal ends them); SIGHUP reloads')
    .option('--config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--avc <file>', 'INI file of the OpenSIPS AI Voice Connector, in place of a configuration file')
    .option('--log-level <level>', `one of ${logLevels.join(', ')}`, parseLevel, 'info')
    .option('--json', 'log JSON lines on a terminal too')
    .addHelpText(
      'after',
      '\nExit code: 0 ended by a signal or a drain, 1 did not start, 2 wrong usage.\n\nExamples:\n  voice-connector run --config sip-config/connector.yaml\n',
    )
    .action(async (options: RunOptions) => {
      const loaded = await readAny(options, io);
      printIssues(loaded.ok ? loaded.warnings : [...loaded.errors, ...loaded.warnings], io);
      if (loaded.ok) await run(options, loaded, io, report);
      else report(1);
    });
}

interface RunOptions {
  readonly config: string;
  readonly avc?: string;
  readonly logLevel: LogLevel;
  readonly json?: true;
}

function readAny({ avc, config }: RunOptions, io: CliIo): Promise<LoadResult> {
  return avc === undefined ? readConfig(config, io) : checkFlavors(loadAvc(avc, io));
}

async function run(options: RunOptions, loaded: LoadedConfig, io: CliIo, report: ReportExitCode) {
  io.giveMemoryBack();
  const clock = createSystemClock();
  const { secrets } = loaded;
  const redact = (text: string): string => secrets.redact(text);
  const { json = false, logLevel: level } = options;
  const log = createLog({ stream: io.stdout, level, redact, json }, { clock });
  warnOfFewFiles(loaded.config.limits.calls, io.openFilesLimit(), log);
  const connector = createConnector(loaded.config, {
    clock,
    log,
    warmsUp: true,
    readConfig: async () => {
      const again = await readAny(options, io);
      // Calls that are up go on with those of before. Reloads of the same secrets add nothing.
      secrets.include(again.secrets);
      if (!again.ok) return { problem: formatConfigIssues(again.errors, { color: false }) };
      return { config: again.config, warnings: again.warnings.map(inOneLine) };
    },
  });
  const subscriptions = [
    io.onSignal(onSignal(connector, log)),
    io.onStrayRejection((error) => {
      log.error(
        { code: errorCode(error), error },
        'a rejection that nobody waited for: a mistake in a flavor, or ours',
      );
    }),
  ];
  const stop = (): void => void connector.stop();
  io.signal.addEventListener('abort', stop, { once: true });
  if (io.signal.aborted) stop();
  try {
    await patiently(connector.start(), clock, () => log.info({}, 'still starting: flavors get ready'));
    await connector.finished;
    await connector.stop();
    log.info({}, 'stopped');
  } catch (error) {
    if (errorCode(error) === 'ERR_STOPPED') {
      log.info({}, 'stopped');
      return;
    }
    const fields = { code: errorCode(error), error: errorMessage(error), remedy: remedyOf(error) };
    log.error(fields, 'the connector did not start');
    report(1);
  } finally {
    io.signal.removeEventListener('abort', stop);
    for (const unsubscribe of subscriptions) unsubscribe();
  }
}

/** Calls that there is no socket for are refused one by one: told before the first. */
function warnOfFewFiles(calls: number, limit: number | undefined, log: Log): void {
  const needed = OPEN_FILES.atRest + OPEN_FILES.ofCall * calls;
  if (limit === undefined || limit >= needed) return;
  log.warn(
    { calls, needed, limit, remedy: OPEN_FILES_REMEDY },
    'limits.calls needs more open files and sockets than the system allows',
  );
}

/** A warning for the log and for answers of the admin interface. */
function inOneLine({ file, help, key, line, message }: ConfigIssue): string {
  const subject = key === '' ? '' : `${key}: `;
  return `${file}:${line}: ${subject}${message}${help === undefined ? '' : ` (${help})`}`;
}

/** First SIGTERM or SIGINT drains, whoever has asked for a drain before; the second ends the calls. */
function onSignal(connector: VoiceConnector, log: Log): (name: 'SIGTERM' | 'SIGINT' | 'SIGHUP') => void {
  let asked = 0;
  return (name) => {
    if (name === 'SIGHUP') {
      void connector.reload();
      return;
    }
    asked += 1;
    log.info(
      { signal: name, calls: connector.calls().length },
      asked === 1 ? 'draining: a second signal ends the calls' : 'stopping now',
    );
    if (asked === 1) void connector.drain();
    else void connector.stop();
  };
}

function parseLevel(value: string): LogLevel {
  const level = logLevels.find((name) => name === value);
  if (!level) throw new InvalidArgumentError(`expected one of ${logLevels.join(', ')}`);
  return level;
}
