import { Command, InvalidArgumentError } from 'commander';
import { ConnectorError, errorCode } from '../../base/connector-error.js';
import { servePage } from '../../browser-phone/page-server.js';
import { type HostPort, parseHostPort } from '../../config/notation/addresses.js';
import { argumentOf, parsedOption } from '../argument.js';
import type { CliIo } from '../cli-io.js';
import { untilEnded } from '../ending.js';
import type { ReportExitCode } from '../exit-code.js';
import { tellFailure } from '../failure.js';

interface BrowserPhoneOptions {
  readonly listen: HostPort;
  readonly server: string;
  readonly number: string;
}

const COMMAND = 'voice-connector browser-phone';

/** `voice-connector browser-phone`: serves a page that calls a connector. */
export function createBrowserPhoneCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('browser-phone')
    .description('a phone in the browser: serves a page that calls a connector by SIP over WebSocket, until Ctrl-C')
    .addOption(
      parsedOption(
        '--listen <address>',
        'where the page is; browsers give the microphone to loopback and https: alone',
        (text) => argumentOf(parseHostPort(text)),
        '127.0.0.1:8090',
      ),
    )
    .option('--server <url>', 'WebSocket of the connector', webSocketUrl, 'ws://127.0.0.1:5066')
    .option('--number <number>', 'number to begin with', '2000')
    .addHelpText(
      'after',
      '\nThe connector needs media.webRtc, a ws: or wss: address, and the page among signaling.embedded.webSocket.origins:\nsip-config/browser-phone.yaml has all three.\n' +
        `\nExit code: 0 ended by a signal, 1 the page could not be served, 2 wrong usage.\n\nExample:\n  ${COMMAND} --server wss://phone.example.com:5067\n`,
    )
    .action(async (options: BrowserPhoneOptions) => {
      try {
        await using page = await servePage(options);
        io.stdout.write(`${page.url}\n`);
        await untilEnded(io);
      } catch (error) {
        tellFailure(COMMAND, inWords(error, options.listen), io, false);
        report(1);
      }
    });
}

/** A port that is taken, most often by another browser-phone, by what to do about it. */
function inWords(error: unknown, { host, port }: HostPort): unknown {
  if (errorCode(error) !== 'EADDRINUSE') return error;
  const message = `${host}:${port} is taken: name another address with --listen`;
  return new ConnectorError('ERR_LISTEN', message, { cause: error });
}

function webSocketUrl(text: string): string {
  if (URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('expected a URL such as ws://127.0.0.1:5066 or wss://phone.example.com:5067');
}
