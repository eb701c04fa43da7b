import { Command, InvalidArgumentError } from 'commander';
import { createSystemClock } from '../base/clock.js';
import { errorCode, errorMessage } from '../base/connector-error.js';
import { createSystemRandom } from '../base/random.js';
import { readWavFile } from '../media/wav-file.js';
import { HeardFile } from '../phone/heard-file.js';
import { PhoneCall } from '../phone/phone-call.js';
import { createPhoneParts } from '../phone/phone-parts.js';
import { toPhoneSamples } from '../phone/phone-samples.js';
import type { CliIo } from './cli-io.js';
import type { ReportExitCode } from './exit-code.js';

interface PhoneOptions {
  readonly say?: string;
  readonly dtmf?: string;
  readonly record?: string;
  readonly seconds?: number;
  readonly json?: true;
}

/** Stays on the line this long when nothing else says how long, s. */
const DEFAULT_SECONDS = 10;

/** `voice-connector phone`: calls a SIP URI, plays, presses keys, records, and says what happened. */
export function createPhoneCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('phone')
    .description('a test phone: calls any SIP URI, plays, presses keys, records, and prints what happened')
    .argument('<sip-uri>', 'for example sip:2000@127.0.0.1:5060, or with ;transport=tcp')
    .option('--say <file>', 'WAV file to play once the call is answered (16-bit PCM or G.711)')
    .option('--dtmf <digits>', 'keys to press after that (RFC 4733): 0-9 * # A-D', parseDigits)
    .option('--record <file>', 'WAV file for what the phone hears')
    .option(
      '--seconds <number>',
      `how long to stay on the line after the answer (default: ${DEFAULT_SECONDS})`,
      parseSeconds,
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  voice-connector phone sip:2000@127.0.0.1 --say hello.wav --record heard.wav --seconds 20\n' +
        "  voice-connector phone 'sip:2000@127.0.0.1;transport=tcp' --dtmf 12#\n",
    )
    .action(async (uri: string, options: PhoneOptions) => {
      try {
        await phone(uri, options, io, report);
      } catch (error) {
        const code = errorCode(error);
        io.stderr.write(`voice-connector phone: ${errorMessage(error)}${code === undefined ? '' : ` (${code})`}\n`);
        report(1);
      }
    });
}

async function phone(uri: string, options: PhoneOptions, io: CliIo, report: ReportExitCode): Promise<void> {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const say = options.say === undefined ? undefined : toPhoneSamples(await readWavFile(options.say));
  const tell = (line: string): void => {
    if (!options.json) io.stdout.write(`${line}\n`);
  };
  const heard = new HeardFile();
  const startedMs = clock.now();
  const since = (atMs: number): string => `${((atMs - startedMs) / 1000).toFixed(2)} s`;
  const happened: { answeredMs?: number; codec?: string; ringing: number[] } = { ringing: [] };
  await using parts = await createPhoneParts(
    { bind: uri.includes('[') ? '::' : '0.0.0.0', protocol: /;transport=tcp/i.test(uri) ? 'tcp' : 'udp' },
    { clock, random },
  );
  const call = new PhoneCall(
    {
      uri,
      fromUser: 'phone',
      codecs: ['pcmu', 'pcma'],
      onHeard: (samples) => heard.add(samples),
      onEvent: (event) => {
        if (event.type === 'ringing') {
          happened.ringing.push(event.status);
          tell(`${since(event.atMs)}  ringing (${event.status})`);
        }
        if (event.type === 'answered') {
          happened.answeredMs = Math.round((event.atMs - startedMs) * 10) / 10;
          happened.codec = event.codec;
          tell(`${since(event.atMs)}  answered, ${event.codec.toUpperCase()}`);
        }
        if (event.type === 'ended') tell(`${since(event.atMs)}  ended ${describeEnd(event.end)}`);
      },
    },
    { ...parts, clock, random },
  );
  tell(`calling ${uri}`);
  const abort = (): void => call.hangUp();
  io.signal.addEventListener('abort', abort, { once: true });
  const unsubscribe = io.onSignal(abort);
  await call.dial();
  const answered = await call.answered;
  if (answered) await talk(call, { ...options, ...(say && { samples: say }) }, clock);
  const end = await call.ended;
  unsubscribe();
  if (options.record !== undefined) await heard.write(options.record);
  const stats = call.stats();
  const summary = {
    uri,
    answered,
    ringing: happened.ringing,
    setupMs: happened.answeredMs ?? null,
    codec: happened.codec ?? null,
    endedBy: end.by,
    status: end.status,
    heardMs: heard.durationMs,
    rtp: stats ? { in: stats.in, out: stats.out, mos: stats.mos ?? null } : null,
  };
  if (options.json) io.stdout.write(`${JSON.stringify(summary)}\n`);
  else if (stats && answered) {
    tell(
      `received ${stats.in.packets} packets (${stats.in.lost} lost, jitter ${stats.in.jitterMs.toFixed(1)} ms), ` +
        `sent ${stats.out.packets}${stats.mos === undefined ? '' : `, MOS ${stats.mos.toFixed(2)}`}`,
    );
  }
  if (!answered) report(1);
}

/** Plays and presses, then stays as long as asked, or until the other side hangs up. */
async function talk(
  call: PhoneCall,
  options: PhoneOptions & { readonly samples?: Int16Array },
  clock: ReturnType<typeof createSystemClock>,
): Promise<void> {
  let leave = (): void => {};
  const stay = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const timer = clock.setTimeout(leave, (options.seconds ?? DEFAULT_SECONDS) * 1000);
  if (options.samples) await call.say(options.samples);
  if (options.dtmf !== undefined) await call.press(options.dtmf);
  await Promise.race([stay, call.ended]);
  clock.clearTimeout(timer);
  call.hangUp();
}

function describeEnd(end: { readonly by: string; readonly status: number; readonly text: string }): string {
  const by = end.by === 'peer' ? 'by the other side' : end.by === 'local' ? 'by the phone' : `(${end.by})`;
  return [by, end.status === 0 ? '' : String(end.status), end.text].filter((part) => part !== '').join(' ');
}

function parseDigits(value: string): string {
  if (!/^[0-9*#A-Da-d]+$/.test(value)) throw new InvalidArgumentError('digits are 0-9, *, # and A-D');
  return value.toUpperCase();
}

function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (!(seconds > 0)) throw new InvalidArgumentError('expected a number of seconds above 0');
  return seconds;
}
