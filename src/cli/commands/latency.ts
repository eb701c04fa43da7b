import { Command } from 'commander';
import { drawLatency } from '../../reports/latency/latency-picture.js';
import { LatencyReport } from '../../reports/latency/latency-report.js';
import { latencyJson, latencyTable } from '../../reports/latency/latency-text.js';
import { RecordSource } from '../../reports/record-source.js';
import type { CliIo } from '../cli-io.js';
import type { ReportExitCode } from '../exit-code.js';
import { tellFailure } from '../failure.js';
import { createInterruption } from '../interruption.js';
import { badLinesJson, tellBadLines, writePictures } from '../report-output.js';

interface Options {
  readonly fromCdr: readonly string[];
  readonly svg?: string;
  readonly png?: string;
  readonly json?: true;
}

/** `voice-connector latency`: what answers waited for, by flavor and tier, out of call records. */
export function createLatencyCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('latency')
    .description('where the time of each answer went, by flavor and tier, out of call records')
    .requiredOption('--from-cdr <file...>', 'call records, also gzipped')
    .option('--svg <file>', 'draw it')
    .option('--png <file>', 'draw it')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Exit code: 0 done, 1 records cannot be read, 2 wrong usage.

Examples:
  voice-connector latency --from-cdr cdr.jsonl
  voice-connector latency --from-cdr cdr.jsonl cdr.jsonl.1.gz --png latency.png
`,
    )
    .action(async (options: Options) => {
      try {
        await latency(options, io);
      } catch (error) {
        tellFailure('voice-connector latency', error, io, options.json === true);
        report(1);
      }
    });
}

async function latency(options: Options, io: CliIo): Promise<void> {
  using interruption = createInterruption(io);
  const records = new RecordSource(options.fromCdr, io.cwd);
  const found = new LatencyReport();
  for await (const record of records.records(interruption.signal)) found.add(record);
  if (found.answers === 0) tellBadLines(records, io);
  if (found.answers === 0) throw new Error('the records tell of no answer');
  await writePictures(options, io.cwd, () => drawLatency(found));
  if (options.json) {
    io.stdout.write(`${JSON.stringify({ ok: true, ...badLinesJson(records), ...latencyJson(found) })}\n`);
    return;
  }
  tellBadLines(records, io);
  io.stdout.write(latencyTable(found));
}
