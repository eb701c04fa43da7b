import { Command, InvalidArgumentError, Option } from 'commander';
import { ConnectorError } from '../../base/connector-error.js';
import { priceSetFiles, readPriceSet } from '../../config/price-sets.js';
import { PriceList } from '../../ops/cost/price-list.js';
import { compareWays, type Question } from '../../reports/costs/comparison.js';
import { costJson } from '../../reports/costs/cost-json.js';
import { drawCosts } from '../../reports/costs/cost-picture.js';
import { costTable } from '../../reports/costs/cost-table.js';
import type { PriceSet, Source } from '../../reports/costs/price-set.js';
import { RealCalls } from '../../reports/costs/real-calls.js';
import { realCallsJson, realCallsTable } from '../../reports/costs/real-calls-text.js';
import { RecordSource } from '../../reports/record-source.js';
import type { CliIo } from '../cli-io.js';
import type { ReportExitCode } from '../exit-code.js';
import { tellFailure } from '../failure.js';
import { createInterruption } from '../interruption.js';
import { badLinesJson, tellBadLines, writePictures } from '../report-output.js';

interface Options {
  readonly minutes?: number;
  readonly calls?: number;
  readonly fromCdr?: readonly string[];
  readonly days?: number;
  readonly prices: string;
  readonly llm?: Source;
  readonly hours?: number;
  readonly svg?: string;
  readonly png?: string;
  readonly json?: true;
}

const DEFAULT_MINUTES = 300;
/** Where only the minutes are said. */
const MINUTES_PER_CALL = 3;
const DAYS_PER_MONTH = 365.25 / 12;
const HOURS_OF_LONGEST_MONTH = 31 * 24;
/** Minutes, calls or days that can be asked about. */
const MOST = 1_000_000_000;

/** `voice-connector costs`: what a month of calls costs in several ways, and from how many minutes each is worth it. */
export function createCostsCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('costs')
    .description('what a month of calls costs in several ways, and from how many minutes on each is worth it')
    .option('--minutes <number>', `minutes a month (default: ${DEFAULT_MINUTES})`, above0)
    .option('--calls <number>', `calls a month (default: one for each ${MINUTES_PER_CALL} minutes)`, above0)
    .addOption(
      new Option('--from-cdr <file...>', 'minutes, calls and usage of these call records, also gzipped').conflicts([
        'minutes',
        'calls',
      ]),
    )
    .option('--days <number>', 'days that the call records tell of (default: a month)', above0)
    .option('--prices <set>', `${Object.keys(priceSetFiles).join(', ')}, or a file like those in sip-config`, 'today')
    .option('--llm <provider/model>', 'language model beside Chatterbox and others that need one', source)
    .option('--hours <number>', 'hours a month of a machine that runs part-time', hours)
    .option('--svg <file>', 'draw it')
    .option('--png <file>', 'draw it')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Exit code: 0 done, 1 prices or records cannot be read, 2 wrong usage.

Examples:
  voice-connector costs --minutes 300 --calls 100 --prices 2026-01
  voice-connector costs --minutes 5000 --llm openai/gpt-4o-mini --svg costs.svg
  voice-connector costs --from-cdr cdr.jsonl cdr.jsonl.1.gz --days 7
`,
    )
    .action(async (options: Options, command: Command) => {
      if (options.days !== undefined && options.fromCdr === undefined) {
        command.error('error: --days goes with --from-cdr');
      }
      try {
        await costs(options, io);
      } catch (error) {
        tellFailure('voice-connector costs', error, io, options.json === true);
        report(1);
      }
    });
}

async function costs(options: Options, io: CliIo): Promise<void> {
  const set = await readPriceSet(options.prices, io.cwd);
  if (set.ways.length === 0) throw new ConnectorError('ERR_CONFIG_INVALID', `${options.prices} has no ways to compare`);
  const records = options.fromCdr && new RecordSource(options.fromCdr, io.cwd);
  const real = records && (await read(records, set, io));
  // What was left out says why there are none.
  if (records && real?.calls === 0) tellBadLines(records, io);
  const comparison = compareWays(set, question(options, real));
  await writePictures(options, io.cwd, () => drawCosts(comparison));
  if (options.json) {
    const found = records && real && { records: realCallsJson(real), ...badLinesJson(records) };
    io.stdout.write(`${JSON.stringify({ ok: true, ...found, ...costJson(comparison) })}\n`);
    return;
  }
  if (records && real) {
    tellBadLines(records, io);
    io.stdout.write(realCallsTable(real));
  }
  io.stdout.write(costTable(comparison));
}

async function read(records: RecordSource, set: PriceSet, io: CliIo): Promise<RealCalls> {
  using interruption = createInterruption(io);
  const real = new RealCalls(new PriceList([set.prices]));
  for await (const record of records.records(interruption.signal)) real.add(record);
  return real;
}

function question(options: Options, real: RealCalls | undefined): Question {
  const asked = { languageModel: options.llm, partTimeHours: options.hours };
  if (real === undefined) {
    const { minutes = (options.calls ?? 0) * MINUTES_PER_CALL || DEFAULT_MINUTES } = options;
    return { minutes, calls: options.calls ?? Math.max(1, Math.round(minutes / MINUTES_PER_CALL)), ...asked };
  }
  const { profile, minutes, calls } = real;
  if (profile === undefined) throw new Error('the records tell of no answered call');
  const months = options.days === undefined ? 1 : options.days / DAYS_PER_MONTH;
  return { minutes: minutes / months, calls: calls / months, profile, ...asked };
}

function above0(text: string): number {
  return upTo(MOST, text);
}

function hours(text: string): number {
  return upTo(HOURS_OF_LONGEST_MONTH, text);
}

function upTo(most: number, text: string): number {
  const value = Number(text);
  if (value > 0 && value <= most) return value;
  throw new InvalidArgumentError(`expected a number above 0 and up to ${most}`);
}

function source(text: string): Source {
  const [, provider, model] = /^([^/\s]+)\/(\S+)$/.exec(text) ?? [];
  if (provider === undefined || model === undefined) {
    throw new InvalidArgumentError('expected provider/model, such as anthropic/claude-haiku-4-5');
  }
  return { provider, model };
}
