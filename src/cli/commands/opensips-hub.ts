import { Command } from 'commander';
import { createSystemClock } from '../../base/clock.js';
import { errorCode, errorMessage } from '../../base/connector-error.js';
import { createSystemRandom } from '../../base/random.js';
import { parseBlock } from '../../config/notation/addresses.js';
import { parseEvents, parseMi } from '../../config/schema/opensips.js';
import { createLog } from '../../ops/log.js';
import { OpensipsHub } from '../../signaling/opensips/hub/opensips-hub.js';
import { argumentOf, parsedOption } from '../argument.js';
import type { CliIo } from '../cli-io.js';
import { untilEnded } from '../ending.js';
import type { ReportExitCode } from '../exit-code.js';

const LOOPBACK = '127.0.0.0/8';

interface HubCommandOptions {
  readonly mi: ReturnType<typeof mi>;
  readonly events: ReturnType<typeof udp>;
  readonly listen: ReturnType<typeof udp>;
  readonly replyDirectory: string;
  readonly allow?: readonly string[];
}

/** `voice-connector opensips-hub`: one subscriber of an OpenSIPS that shares its calls out to several connectors. */
export function createOpensipsHubCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('opensips-hub')
    .description(
      'hear the events of an OpenSIPS for several connectors, and share its calls out to them, until SIGTERM',
    )
    .addOption(
      parsedOption(
        '--mi <address>',
        'where OpenSIPS takes commands: udp:HOST:PORT, http://HOST:PORT/mi, fifo:/PATH',
        mi,
        'udp:127.0.0.1:8080',
      ),
    )
    .addOption(parsedOption('--events <address>', 'where its events come to', udp, 'udp:127.0.0.1:0'))
    .addOption(parsedOption('--listen <address>', 'signaling.opensips.mi of the connectors', udp, 'udp:127.0.0.1:8081'))
    .option('--reply-directory <path>', 'with fifo: reply_dir of mi_fifo', '/tmp/')
    .option('--allow <block...>', 'addresses and CIDR blocks of connectors, besides loopback', blocks)
    .addHelpText(
      'after',
      '\nExit code: 0 ended by a signal, 1 did not start, 2 wrong usage.\n\nExample:\n  voice-connector opensips-hub --mi udp:127.0.0.1:8080 --listen udp:127.0.0.1:8081\n',
    )
    .action((options: HubCommandOptions) => run(options, io, report));
}

async function run(options: HubCommandOptions, io: CliIo, report: ReportExitCode): Promise<void> {
  const clock = createSystemClock();
  const log = createLog({ stream: io.stdout, level: 'info', redact: (text) => text }, { clock });
  const address =
    options.mi.protocol === 'fifo' ? { ...options.mi, replyDirectory: options.replyDirectory } : options.mi;
  const allow = [LOOPBACK, '::1', ...(options.allow ?? [])];
  const hub = new OpensipsHub(
    { mi: address, events: options.events, listen: options.listen, allow },
    { clock, random: createSystemRandom(), log },
  );
  try {
    const { address: host, port } = await hub.start();
    log.info({ listening: `udp:${host}:${port}` }, 'ready');
    await untilEnded(io);
    await hub[Symbol.asyncDispose]();
    log.info({}, 'stopped');
  } catch (error) {
    log.error({ code: errorCode(error), error: errorMessage(error) }, 'the hub did not start');
    report(1);
  }
}

const mi = (text: string) => argumentOf(parseMi(text));
const udp = (text: string) => argumentOf(parseEvents(text));
const blocks = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  argumentOf(parseBlock(text)),
];
