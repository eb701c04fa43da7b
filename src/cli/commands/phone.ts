import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Clock, createSystemClock, type TimerHandle } from '../../base/clock.js';
import { createSystemRandom } from '../../base/random.js';
import { readWavFile } from '../../media/wav-file.js';
import { HeardFile } from '../../phone/heard-file.js';
import { PhoneCall, type PhoneSampleRate } from '../../phone/phone-call.js';
import { createPhoneParts } from '../../phone/phone-parts.js';
import { toPhoneSamples } from '../../phone/phone-samples.js';
import { type PhoneTarget, phoneTarget } from '../../phone/phone-target.js';
import type { SrtpMode } from '../../signaling/sdp/sdp-crypto.js';
import { type AudioCodec, codecFormats } from '../../signaling/sdp/sdp-formats.js';
import { parsedOption } from '../argument.js';
import type { CliIo } from '../cli-io.js';
import type { ReportExitCode } from '../exit-code.js';
import { tellFailure } from '../failure.js';
import { createInterruption } from '../interruption.js';
import { PhoneAccount } from '../phone-account.js';

interface PhoneOptions {
  readonly say?: string;
  readonly dtmf?: string;
  readonly record?: string;
  readonly codecs: readonly AudioCodec[];
  readonly srtp: SrtpMode;
  readonly seconds?: number;
  readonly insecure?: true;
  readonly json?: true;
}

/** Stays on the line this long when nothing else says how long, s. */
const DEFAULT_SECONDS = 10;
const DEFAULT_CODECS = 'pcmu,pcma';
const srtpModes: readonly SrtpMode[] = ['off', 'optional', 'required'];
/** After Ctrl-C the other side has this long to let us go, ms. */
const GIVE_UP_MS = 2000;

/** `voice-connector phone`: calls a SIP URI, plays, presses keys, records, and says what happened. */
export function createPhoneCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('phone')
    .description('a test phone: calls any SIP URI, plays, presses keys, records, and prints what happened')
    .argument('<sip-uri>', 'for example sip:2000@127.0.0.1:5060, or with ;transport=tcp, tls, ws or wss', parseTarget)
    .option('--say <file>', 'WAV file to play once the call is answered (16-bit PCM or G.711)')
    .option('--dtmf <digits>', 'keys to press after that (RFC 4733): 0-9 * # A-D', parseDigits)
    .option('--record <file>', 'WAV file for what the phone hears')
    .option(
      '--seconds <number>',
      `how long to stay on the line after the answer (default: ${DEFAULT_SECONDS})`,
      parseSeconds,
    )
    .addOption(
      parsedOption(
        '--codecs <list>',
        'codecs to offer, the preferred first: pcmu, pcma, g722, opus',
        parseCodecs,
        DEFAULT_CODECS,
      ),
    )
    .addOption(
      new Option('--srtp <mode>', 'encrypted media, keys in SDP: optional (RTP/AVP with keys), required (RTP/SAVP)')
        .choices(srtpModes)
        .default('off' satisfies SrtpMode),
    )
    .option('--insecure', 'take any certificate (sips:, or transport=tls or wss)')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExit code: 0 answered, and everything asked for was done; 1 not so; 2 wrong usage.\n' +
        '\nExamples:\n  voice-connector phone sip:2000@127.0.0.1 --say hello.wav --record heard.wav --seconds 20\n' +
        "  voice-connector phone 'sip:2000@127.0.0.1;transport=tcp' --dtmf 12#\n" +
        '  voice-connector phone sip:2001@127.0.0.1 --codecs opus,g722 --srtp required --record wide.wav\n',
    )
    .action(async (target: PhoneTarget, options: PhoneOptions) => {
      try {
        if (!(await phone(target, options, io))) report(1);
      } catch (error) {
        tellFailure('voice-connector phone', error, io, options.json === true);
        report(1);
      }
    });
}

/** One call. True when it was answered and everything asked for was done. */
async function phone(target: PhoneTarget, options: PhoneOptions, io: CliIo): Promise<boolean> {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const inCwd = (path: string | undefined): string | undefined => (path === undefined ? path : resolve(io.cwd, path));
  const [say, record] = [inCwd(options.say), inCwd(options.record)];
  const sampleRate = sampleRateFor(options.codecs);
  const samples = say === undefined ? undefined : toPhoneSamples(await readWavFile(say), sampleRate);
  const heard = new HeardFile(sampleRate);
  // A file that cannot be written is better known before the call than after it.
  if (record !== undefined) await heard.write(record);
  const account = new PhoneAccount(clock, (line) => {
    if (!options.json) io.stdout.write(`${line}\n`);
  });
  using interruption = createInterruption(io);
  await using parts = await createPhoneParts(
    {
      ...target,
      insecure: options.insecure === true,
      onTrouble: (error) => io.stderr.write(`${error}\n`),
    },
    { clock, random },
  );
  const call = new PhoneCall(
    {
      uri: target.uri,
      fromUser: 'phone',
      codecs: options.codecs,
      srtp: options.srtp,
      sampleRate,
      onHeard: (heardSamples) => heard.add(heardSamples),
      onEvent: account.onEvent,
    },
    { ...parts, clock, random },
  );
  let giveUp: TimerHandle | undefined;
  const abort = (): void => {
    call.hangUp();
    // A peer that answers neither INVITE nor CANCEL would keep us for half a minute.
    giveUp = clock.setTimeout(() => void parts[Symbol.asyncDispose](), GIVE_UP_MS);
  };
  interruption.signal.addEventListener('abort', abort, { once: true });
  if (interruption.signal.aborted) abort();
  account.tell(`calling ${target.uri}`);
  await call.dial();
  const answered = await call.answered;
  const pressed = answered ? await talk(call, options, samples, clock) : true;
  const end = await call.ended;
  clock.clearTimeout(giveUp);
  if (record !== undefined) await heard.write(record);
  const ok = answered && pressed;
  const summary = account.summary(target.uri, end, call.stats());
  const digitsSent = options.dtmf === undefined ? null : answered && pressed;
  if (options.json) {
    io.stdout.write(`${JSON.stringify({ ok, ...summary, digitsSent, heardMs: heard.durationMs })}\n`);
  } else {
    if (!pressed)
      io.stderr.write('the keys were not pressed: the other side takes none, or the call was over before\n');
    account.tellFigures(summary);
  }
  return ok;
}

/**
 * Plays and presses, then stays as long as asked, or until the other side hangs up. False when keys were to be
 * pressed and were not.
 */
async function talk(
  call: PhoneCall,
  options: PhoneOptions,
  samples: Int16Array | undefined,
  clock: Clock,
): Promise<boolean> {
  let leave = (): void => {};
  const stay = new Promise<void>((done) => {
    leave = done;
  });
  let pressed = true;
  const act = async (): Promise<void> => {
    if (samples) await call.say(samples);
    if (options.dtmf !== undefined) pressed = await call.press(options.dtmf);
  };
  const timer = clock.setTimeout(leave, (options.seconds ?? DEFAULT_SECONDS) * 1000);
  const acted = act();
  // A time that was asked for holds; the one of our own waits for what is to be played.
  if (options.seconds === undefined) await acted;
  await Promise.race([stay, call.ended]);
  clock.clearTimeout(timer);
  call.hangUp();
  await acted;
  return pressed;
}

/** The best of what is offered: nothing of it is lost, whichever the other side takes. */
function sampleRateFor(codecs: readonly AudioCodec[]): PhoneSampleRate {
  if (codecs.includes('opus')) return 24_000;
  return codecs.includes('g722') ? 16_000 : 8000;
}

function parseTarget(value: string): PhoneTarget {
  const target = phoneTarget(value);
  if (!target)
    throw new InvalidArgumentError('expected a SIP URI such as sip:2000@127.0.0.1:5060, over udp, tcp, tls, ws or wss');
  return target;
}

function parseDigits(value: string): string {
  if (!/^[0-9*#A-Da-d]+$/.test(value)) throw new InvalidArgumentError('digits are 0-9, *, # and A-D');
  return value.toUpperCase();
}

function parseCodecs(text: string): readonly AudioCodec[] {
  const names = text.toLowerCase().split(',');
  if (names.every((name) => Object.hasOwn(codecFormats, name))) return names as AudioCodec[];
  throw new InvalidArgumentError(`expected some of ${Object.keys(codecFormats).join(', ')}, found "${text}"`);
}

function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (!(seconds > 0)) throw new InvalidArgumentError('expected a number of seconds above 0');
  return seconds;
}
