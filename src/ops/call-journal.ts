import { z } from 'zod';
import type { Clock, TimerHandle } from '../base/clock.js';
import type { CallSummary } from './call-event.js';
import { type OpenFile, readLines } from './file-system.js';
import type { LineWriter } from './line-writer.js';

/** What the journal keeps of an answered call: all that its record can say after a crash. */
export type JournaledCall = Omit<CallSummary, 'state' | 'durationMs' | 'turns' | 'v2vMs'>;

const callSchema = z.object({
  id: z.string(),
  direction: z.enum(['inbound', 'outbound']),
  from: z.string(),
  to: z.string(),
  route: z.string().nullable(),
  flavor: z.string().nullable(),
  codec: z.string().nullable(),
  startedAt: z.iso.datetime(),
  answeredAt: z.iso.datetime().nullable(),
}) satisfies z.ZodType<JournaledCall>;

const momentSchema = z.object({
  /** Wall time, ms since the epoch. */
  atMs: z.number(),
  /** The process's monotonic clock, ms: the wall clock may be set in the middle of a call. */
  upMs: z.number(),
});

/** A moment in the life of one process. */
type Moment = z.infer<typeof momentSchema>;

const entrySchema = z.discriminatedUnion('op', [
  momentSchema.extend({
    op: z.literal('begin'),
    /** The record file at that moment: the call's record can only stand after this length, or in a newer file. */
    records: z.object({ ino: z.number(), size: z.number() }),
    call: callSchema,
    /** Set when a process takes over the calls of a dead one: its last sign of life, and what the call had cost. */
    died: momentSchema.optional(),
    costUsd: z.number().optional(),
  }),
  momentSchema.extend({ op: z.literal('end'), id: z.string() }),
  momentSchema.extend({
    op: z.literal('alive'),
    /** What calls have cost so far, by id, USD; those that have cost something. */
    costs: z.record(z.string(), z.number()).optional(),
  }),
]);

type BeginEntry = Extract<z.infer<typeof entrySchema>, { op: 'begin' }>;

/** A call found open in the journal of a process that is gone. */
export interface InterruptedCall {
  readonly call: JournaledCall;
  readonly records: { readonly ino: number; readonly size: number };
  /** When the journal was told, which is when the call was answered. */
  readonly began: Moment;
  /** The last moment at which the process is known to have lived. */
  readonly died: Moment;
  /** What it had cost at the last sign of life that says so, USD; it may have been more. */
  readonly costUsd: number | null;
}

/** What a call has cost so far, USD; `null`: nothing that has a price. */
export type CostSoFar = () => number | null;

/**
 * Reads a journal: the calls that began and did not end. Lines that make no sense are passed over; a torn last line is
 * one of them.
 */
export async function readJournal(file: OpenFile): Promise<InterruptedCall[]> {
  const begun = new Map<string, BeginEntry>();
  const costs = new Map<string, number>();
  let last: Moment | undefined;
  for await (const line of readLines(file, 0)) {
    const entry = parseEntry(line);
    if (!entry) continue;
    last = { atMs: entry.atMs, upMs: entry.upMs };
    for (const [id, usd] of Object.entries(entry.costs ?? {})) costs.set(id, usd);
    if (entry.op === 'begin') begun.set(entry.call.id, entry);
    else if (entry.op === 'end') begun.delete(entry.id);
  }
  return [...begun.values()].map(({ call, records, atMs, upMs, died, costUsd }) => ({
    call,
    records,
    began: { atMs, upMs },
    died: died ?? last ?? { atMs, upMs },
    costUsd: costs.get(call.id) ?? costUsd ?? null,
  }));
}

function parseEntry(
  line: string,
): (z.infer<typeof entrySchema> & { costs?: Record<string, number> | undefined }) | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

export const callJournalDefaults = {
  /** A sign of life while calls are up: how exactly a recovered record knows its end. */
  beatMs: 5000,
  /** Lines about calls that are over, before the file is rewritten without them. */
  maxDeadLines: 256,
  /** Calls whose record was lost, for which the next start writes one: some 4 MB of lines. */
  maxLost: 10_000,
} as const satisfies { beatMs: number; maxDeadLines: number; maxLost: number };

/**
 * The calls in progress, on disk: one line when a call is answered, one when its record is safe. Empty when no call is
 * up, so numbers of callers do not stay in it.
 */
export class CallJournal {
  readonly #writer: LineWriter;
  readonly #clock: Clock;
  /** Begin lines by call id. */
  readonly #open = new Map<string, string>();
  readonly #costs = new Map<string, CostSoFar>();
  /** Ids of calls that will have no record, the oldest first. */
  readonly #lost = new Set<string>();
  #lines = 0;
  #beat: TimerHandle | undefined;
  #closed = false;

  /** Takes over `interrupted`, whose records are still to be written; the file is rewritten with these alone. */
  constructor(writer: LineWriter, clock: Clock, interrupted: readonly InterruptedCall[]) {
    this.#writer = writer;
    this.#clock = clock;
    for (const { call, records, began, died, costUsd } of interrupted) {
      const known = { died, ...(costUsd !== null && { costUsd }) };
      this.#open.set(call.id, line({ op: 'begin', ...began, records, call, ...known }));
    }
    this.#rewrite();
  }

  /** Calls that have no durable record yet. */
  get size(): number {
    return this.#open.size;
  }

  /** @returns Whether the line is in the kernel; when not, it waits for the disk. */
  began(
    call: JournaledCall,
    records: { readonly ino: number; readonly size: number },
    costSoFar: CostSoFar = () => null,
  ): Promise<boolean> {
    const { id, direction, from, to, route, flavor, codec, startedAt, answeredAt } = call;
    const entry = line({
      op: 'begin',
      ...this.#now(),
      records: { ino: records.ino, size: records.size },
      call: { id, direction, from, to, route, flavor, codec, startedAt, answeredAt },
    });
    this.#open.set(id, entry);
    this.#costs.set(id, costSoFar);
    this.#startBeat();
    return new Promise((resolve) => {
      this.#append(entry, resolve);
    });
  }

  /** The call is over, and has cost so much; its record is still to be written, and nothing else is kept of it. */
  over(id: string, costUsd: number | null): void {
    this.#costs.delete(id);
    const entry = this.#open.get(id);
    const begun = entry === undefined || costUsd === null ? undefined : parseEntry(entry);
    if (begun?.op === 'begin' && costUsd !== null) this.#open.set(id, line({ ...begun, costUsd }));
  }

  /** The call's record is on disk. A call that never began is none of the journal's business. */
  ended(id: string): void {
    this.#costs.delete(id);
    if (!this.#open.delete(id)) return;
    this.#append(line({ op: 'end', ...this.#now(), id }));
    if (this.#lines - this.#open.size > callJournalDefaults.maxDeadLines) this.#rewrite();
  }

  /**
   * The call's record could not be kept: the next start writes what the journal knows. Of more than {@link callJournalDefaults}
   * allow, the oldest are let go of: a disk may refuse for days.
   */
  lost(id: string): void {
    if (!this.#open.has(id)) return;
    this.#lost.add(id);
    if (this.#lost.size <= callJournalDefaults.maxLost) return;
    const oldest = this.#lost.values().next().value as string;
    this.#lost.delete(oldest);
    this.#open.delete(oldest);
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Calls still open stay in the file: the next start finds them. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#clock.clearTimeout(this.#beat);
    if (this.#lines > this.#open.size) this.#rewrite();
    await this.#writer.close();
  }

  #append(entry: string, onAttempted?: (written: boolean) => void): void {
    this.#lines += 1;
    this.#writer.append(entry, onAttempted ? { onAttempted } : {});
  }

  #rewrite(): void {
    this.#lines = this.#open.size;
    this.#writer.replace(() => (this.#open.size === 0 ? [] : [...this.#open.values(), this.#alive()]));
  }

  /** A sign of life, with what the calls have cost: of one that a crash cuts off, the day's sum goes on to know that. */
  #alive(): string {
    const costs: [string, number][] = [];
    for (const [id, costSoFar] of this.#costs) {
      const usd = costSoFar();
      if (usd !== null && usd > 0) costs.push([id, usd]);
    }
    const known = costs.length === 0 ? {} : { costs: Object.fromEntries(costs) };
    return line({ op: 'alive', ...this.#now(), ...known });
  }

  #now(): Moment {
    return { atMs: this.#clock.wallTime(), upMs: Math.round(this.#clock.now()) };
  }

  #startBeat(): void {
    this.#beat ??= this.#clock.setTimeout(() => {
      this.#beat = undefined;
      if (this.#closed) return;
      if (this.#open.size === 0) {
        this.#rewrite();
        return;
      }
      this.#append(this.#alive());
      if (this.#lines - this.#open.size > callJournalDefaults.maxDeadLines) this.#rewrite();
      this.#startBeat();
    }, callJournalDefaults.beatMs);
  }
}

function line(entry: z.infer<typeof entrySchema>): string {
  return JSON.stringify(entry);
}
