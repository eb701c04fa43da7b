import { parseArgs } from 'node:util';

export const sectionNames = ['echo', 'transport', 'stall', 'realtime', 'relay', 'first-packet'] as const;
export type SectionName = (typeof sectionNames)[number];

export interface BenchOptions {
  readonly sections: readonly SectionName[];
  /** Four minutes in all: fewer sizes, one round. */
  readonly quick: boolean;
  /** Numbers of calls in place of each section's own. */
  readonly calls: readonly number[] | undefined;
  /** Times that each target is measured at each size; the median counts. */
  readonly rounds: number;
  readonly warmupSeconds: number;
  readonly windowSeconds: number;
  /** Core of what is measured; the other is for the load generator and the provider. */
  readonly serverCpu: number;
  readonly loadCpu: number;
  /** `media.engine` of the connector; `undefined`: its default. */
  readonly engine: string | undefined;
  /** Kinds of provider to measure (`realtime`): names as the table has them; `undefined`: all. */
  readonly providers: readonly string[] | undefined;
  /** Where the figures go as JSON. */
  readonly json: string | undefined;
}

/** An option that makes no sense: for people, not a fault of the program. */
export class UsageError extends Error {}

export const usage = `Measures the media plane beside the least that C needs for the same: docs/20-bench.md.

usage: npm run bench -- [options]
  --only SECTION[,SECTION]  ${sectionNames.join(', ')}; all when left out
  --quick                   four minutes: fewer sizes, one round
  --calls N[,N]             sizes in place of each section's own
  --rounds N                times each cell is measured; the median counts (3; quick: 1)
  --window SECONDS          that figures are taken over (5; quick: 4), after --warmup SECONDS (3; quick: 2)
  --engine NAME             media.engine of the connector (its default)
  --provider NAME[,NAME]    kinds of provider of \`realtime\` and \`relay\`, such as mulaw-60-wss
  --cores SERVER,LOAD       cores of what is measured and of the load (0,1)
  --json FILE               all figures as JSON, too

Exit code: 0 all that is asserted was kept; 1 something was not; 2 wrong usage; 3 nothing could be judged, as every run was rejected.
`;

/** Reads a command line. Throws {@link UsageError}. */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parse(args);
  if (values.help === true) return 'help';
  const quick = values.quick === true;
  const [serverCpu = 0, loadCpu = 1] = values.cores === undefined ? [] : integers('--cores', values.cores, 0);
  if (serverCpu === loadCpu) throw new UsageError('--cores: two different cores are needed');
  return {
    sections: values.only === undefined ? sectionNames : values.only.split(',').map(sectionOf),
    quick,
    calls: values.calls === undefined ? undefined : integers('--calls', values.calls, 1),
    rounds: values.rounds === undefined ? (quick ? 1 : 3) : single('--rounds', values.rounds),
    warmupSeconds: values.warmup === undefined ? (quick ? 2 : 3) : seconds('--warmup', values.warmup),
    windowSeconds: values.window === undefined ? (quick ? 4 : 5) : seconds('--window', values.window),
    serverCpu,
    loadCpu,
    engine: values.engine,
    providers: values.provider?.split(','),
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean' },
        calls: { type: 'string' },
        rounds: { type: 'string' },
        window: { type: 'string' },
        warmup: { type: 'string' },
        engine: { type: 'string' },
        provider: { type: 'string' },
        cores: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function sectionOf(name: string): SectionName {
  const section = sectionNames.find((each) => each === name);
  if (section === undefined) throw new UsageError(`--only: no section ${name}; there are ${sectionNames.join(', ')}`);
  return section;
}

function integers(option: string, text: string, least: number): readonly number[] {
  return text.split(',').map((part) => {
    const value = Number(part);
    if (!Number.isInteger(value) || value < least)
      throw new UsageError(`${option}: ${part} is no number of at least ${least}`);
    return value;
  });
}

function single(option: string, text: string): number {
  const [value = 1, ...more] = integers(option, text, 1);
  if (more.length > 0) throw new UsageError(`${option}: one number is enough`);
  return value;
}

function seconds(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 600)) throw new UsageError(`${option}: ${text} is no number of seconds up to 600`);
  return value;
}
