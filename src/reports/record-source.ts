import { resolve } from 'node:path';
import * as z from 'zod';
import { CALL_RECORD_VERSION } from '../ops/call-record.js';
import { jsonLines } from './json-lines.js';

const name = () => z.string().max(500);
/** Of one call: a year is enough. */
const ms = () =>
  z
    .number()
    .min(0)
    .max(366 * 86_400_000);

const stages = z.object({
  endOfTurnMs: ms().optional(),
  transcriptMs: ms().optional(),
  firstTokenMs: ms().optional(),
  firstAudioMs: ms().optional(),
  speculative: z.enum(['hit', 'miss']).optional(),
});

const turn = z.object({
  v2vMs: ms().optional(),
  stages,
  tiers: z
    .array(z.object({ tier: name(), left: name().optional() }))
    .max(1_000)
    .optional(),
  heardMs: ms(),
});

/** What reports need of a record. */
const schema = z.object({
  version: z.literal(CALL_RECORD_VERSION),
  flavor: name().nullable(),
  startedAt: z.string().regex(/^\d{4}-\d{2}-\d{2}T[\d:.]{8,15}Z$/),
  answeredAt: z.string().nullable(),
  durationMs: ms(),
  turns: z.array(turn).max(10_000),
  usage: z
    .array(z.object({ provider: name(), model: name(), unit: name(), quantity: z.number().min(0).max(1e15) }))
    .max(10_000),
  costUsd: z.number().min(0).max(1e9).nullable(),
});

/** A record of a call, as far as reports look at it. */
export type ReportedCall = z.output<typeof schema>;

/** A line that is no record. Its content is not told: it may hold numbers, and what was said. */
export interface BadLine {
  readonly file: string;
  readonly line: number;
  readonly problem: string;
}

/** Bad lines that are named; the others are counted. */
const NAMED = 20;

/** Call records out of files, one at a time. Lines that are no record are counted and named, and never end the reading. */
export class RecordSource {
  readonly #files: readonly string[];
  readonly #cwd: string;
  readonly #bad: BadLine[] = [];
  #badCount = 0;
  #count = 0;

  /** @param files As the operator gave them, relative to `cwd`; those that gzip made are read as well. */
  constructor(files: readonly string[], cwd: string) {
    this.#files = files;
    this.#cwd = cwd;
  }

  /** Records that were read so far. */
  get count(): number {
    return this.#count;
  }

  /** The first lines that were none. */
  get bad(): readonly BadLine[] {
    return this.#bad;
  }

  get badCount(): number {
    return this.#badCount;
  }

  /** @throws `ERR_RECORD_READ` when a file cannot be opened; `signal.reason`. */
  async *records(signal: AbortSignal): AsyncGenerator<ReportedCall> {
    for (const file of this.#files) {
      for await (const item of jsonLines(resolve(this.#cwd, file), signal)) {
        if (!item.ok) {
          this.#refuse(file, item.line, item.problem);
          continue;
        }
        const record = schema.safeParse(item.value);
        if (record.success) {
          this.#count += 1;
          yield record.data;
        } else this.#refuse(file, item.line, problemOf(record.error));
      }
    }
  }

  #refuse(file: string, line: number, problem: string): void {
    this.#badCount += 1;
    if (this.#bad.length < NAMED) this.#bad.push({ file, line, problem });
  }
}

/** Where and what, without the value that is there. */
function problemOf({ issues }: z.ZodError): string {
  const [first] = issues;
  const path = first?.path.map(String).join('.') ?? '';
  const what = first?.code === 'invalid_type' ? first.message : 'out of range, or of another kind';
  return `no record of a call: ${path === '' ? what : `${path}: ${what}`}`;
}
