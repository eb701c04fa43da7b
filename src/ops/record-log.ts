import { dirname } from 'node:path';
import type { Clock } from '../base/clock.js';
import { ConnectorError, errorCode } from '../base/connector-error.js';
import { fileProblem } from '../base/file-problem.js';
import type { Logger } from '../flavor-api/logger.js';
import type { CallSummary } from './call-event.js';
import { CallJournal, type CostSoFar, type InterruptedCall, readJournal } from './call-journal.js';
import { type CallRecord, emptyRecord } from './call-record.js';
import {
  diskFileSystem,
  type FileSystem,
  type OpenFile,
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
  readLines,
  syncDirectory,
} from './file-system.js';
import { LineWriter, type LineWriterOptions, type LineWriterStatus } from './line-writer.js';
import { takeProcessLock } from './process-lock.js';
import { repairTail } from './torn-tail.js';

export interface RecordLogOptions {
  /** The file of records, `cdr.path`. Beside it: `.open` (calls in progress), `.torn` (damaged lines), `.lock`. */
  readonly path: string;
}

export interface RecordLogDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** For tests; that of this machine when absent. */
  readonly fs?: FileSystem;
}

export interface RecordLogStatus extends LineWriterStatus {
  /** Records written at this start for calls that the previous process left behind. */
  readonly recovered: number;
  /** Answered calls whose record is not yet on disk. */
  readonly open: number;
}

/**
 * The file of call records. Records are written in the order of `append`, at once, several in one write when they come
 * fast; fdatasync follows within 200 ms, so a power cut costs at most that much of the file, and the journal of calls in
 * progress gives those calls back as recovered records.
 */
export interface RecordLog extends AsyncDisposable {
  /**
   * A call is about to be answered. From here on it will have exactly one record, by {@link append} or, after a crash, by
   * the next start. Never rejects: `true` once the kernel has the line (kill -9 can no longer lose the call), `false`
   * when the disk refuses it for now. Await it before the 200 to leave no gap. `costSoFar` is asked every few seconds.
   */
  began(call: CallSummary, costSoFar?: CostSoFar): Promise<boolean>;
  /** Takes the record of a call that is over. Never blocks, never throws. */
  append(record: CallRecord): void;
  /** Resolves when everything appended so far is on disk. Throws `ERR_RECORD_WRITE` when the disk refuses. */
  flush(): Promise<void>;
  /** A last attempt to write, then closes the files. Never throws: what was lost is logged and counted. Idempotent. */
  close(): Promise<void>;
  readonly status: RecordLogStatus;
}

export const recordLogDefaults = {
  /** Some ten thousand records without transcripts. */
  maxPendingBytes: 32 * 1024 * 1024,
  syncDelayMs: 200,
  retryMinMs: 250,
  retryMaxMs: 5000,
  followRenameMs: 1000,
  /** While writing goes on failing, a log line this often. */
  complaintMs: 60_000,
} as const satisfies Omit<LineWriterOptions, 'path'> & { complaintMs: number };

/**
 * Opens the file of records for this process alone: creates it (mode 0600, directories 0700), repairs a torn last line,
 * and writes a record marked `recovered` for each call that was up when the previous process died.
 *
 * Throws `ERR_RECORD_IN_USE` when another process writes this file, `ERR_RECORD_WRITE` when it cannot be opened.
 */
export async function openRecordLog(options: RecordLogOptions, deps: RecordLogDeps): Promise<RecordLog> {
  const { path } = options;
  const { clock, log, fs = diskFileSystem } = deps;
  const undo: (() => Promise<void>)[] = [];
  try {
    await fs.mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
    const lock = await takeProcessLock(`${path}.lock`, { clock });
    if (lock === 'held') throw new ConnectorError('ERR_RECORD_IN_USE', `another connector writes ${path}`);
    if (lock === 'unavailable') log.warn({ path }, 'the record file cannot be locked: let no other process write it');
    else undo.push(lock.release);

    const recordFile = await openRegular(fs, path, undo);
    const repair = await repairTail(fs, path, recordFile);
    if (repair !== 'whole') log.warn({ path, repair }, 'the last line of the record file was torn');
    const journalFile = await openRegular(fs, `${path}.open`, undo);
    await syncDirectory(fs, dirname(path));
    const interrupted = await withoutRecord(await readJournal(journalFile), recordFile);

    const writerFor = (file: OpenFile, writerOptions: LineWriterOptions): Promise<LineWriter> => {
      const complaints = new Complaints(writerOptions.path, log, clock);
      return LineWriter.on(file, writerOptions, { fs, clock, onState: (state) => complaints.tell(state) });
    };
    const records = await writerFor(recordFile, { ...recordLogDefaults, path });
    // Nobody rotates the journal; it is replaced by us alone.
    const journalWriter = await writerFor(journalFile, {
      ...recordLogDefaults,
      path: `${path}.open`,
      followRenameMs: 0,
    });
    const journal = new CallJournal(journalWriter, clock, interrupted);
    const recordLog = new FileRecordLog({ records, journal, log, undo, recovered: interrupted.length });
    for (const call of interrupted) recordLog.append(recoveredRecord(call));
    if (interrupted.length > 0) {
      await recordLog.flush().catch(() => undefined);
      log.warn({ path, calls: interrupted.length }, 'recovered the records of calls that a crash cut off');
    }
    return recordLog;
  } catch (error) {
    await runAll(undo);
    if (error instanceof ConnectorError) throw error;
    const problem = fileProblem(error, 'its directory cannot be made');
    throw new ConnectorError('ERR_RECORD_WRITE', `${path} cannot be opened: ${problem}`, { cause: error });
  }
}

class FileRecordLog implements RecordLog {
  readonly #records: LineWriter;
  readonly #journal: CallJournal;
  readonly #log: Logger;
  readonly #recovered: number;
  readonly #undo: (() => Promise<void>)[];
  #closing: Promise<void> | undefined;
  #unwritable = 0;

  constructor(parts: {
    readonly records: LineWriter;
    readonly journal: CallJournal;
    readonly log: Logger;
    readonly recovered: number;
    readonly undo: (() => Promise<void>)[];
  }) {
    this.#records = parts.records;
    this.#journal = parts.journal;
    this.#log = parts.log;
    this.#recovered = parts.recovered;
    this.#undo = parts.undo;
  }

  get status(): RecordLogStatus {
    const { lost, ...counts } = this.#records.status;
    return { ...counts, lost: lost + this.#unwritable, recovered: this.#recovered, open: this.#journal.size };
  }

  began(call: CallSummary, costSoFar?: CostSoFar): Promise<boolean> {
    return this.#journal.began(call, this.#records.position, costSoFar);
  }

  append(record: CallRecord): void {
    this.#journal.over(record.id, record.costUsd);
    let line: string;
    try {
      line = JSON.stringify(record);
    } catch (error) {
      this.#unwritable += 1;
      this.#journal.lost(record.id);
      // Only a value that JSON does not know can do this; the call itself must not suffer.
      this.#log.error({ call: record.id, code: 'ERR_RECORD_WRITE', error }, 'a call record cannot be written as JSON');
      return;
    }
    const isTaken = this.#records.append(line, { onDurable: () => this.#journal.ended(record.id) });
    if (!isTaken) this.#journal.lost(record.id);
  }

  async flush(): Promise<void> {
    await this.#records.flush();
    await this.#journal.flush();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // Records first: what becomes durable here ends in the journal too.
    await this.#records.close();
    await this.#journal.close();
    await runAll(this.#undo);
  }
}

/** Tells the log once when writing begins to fail, then now and then, and once when it works again. */
class Complaints {
  readonly #path: string;
  readonly #log: Logger;
  readonly #clock: Clock;
  #failing = false;
  #toldAtMs = 0;
  #lost = 0;

  constructor(path: string, log: Logger, clock: Clock) {
    this.#path = path;
    this.#log = log;
    this.#clock = clock;
  }

  tell(state: { readonly failing: boolean; readonly error: unknown; readonly lost: number }): void {
    this.#lost += state.lost;
    const nowMs = this.#clock.now();
    const known = state.failing === this.#failing;
    if (known && state.lost === 0 && nowMs - this.#toldAtMs < recordLogDefaults.complaintMs) return;
    this.#failing = state.failing;
    this.#toldAtMs = nowMs;
    const fields = { path: this.#path, lost: this.#lost };
    if (!state.failing) this.#log.info(fields, 'call records can be written again');
    else {
      const errno = errorCode(state.error);
      this.#log.error({ ...fields, code: 'ERR_RECORD_WRITE', errno }, 'call records cannot be written');
    }
    this.#lost = 0;
  }
}

async function openRegular(fs: FileSystem, path: string, undo: (() => Promise<void>)[]): Promise<OpenFile> {
  const file = await fs.open(path, 'a+', PRIVATE_FILE_MODE);
  undo.push(() => file.close().catch(() => undefined));
  if (!(await file.stat()).isFile()) throw new ConnectorError('ERR_RECORD_WRITE', `${path} is not a regular file`);
  return file;
}

/** In reverse: the lock is the first to be taken and the last to be given back. */
async function runAll(undo: (() => Promise<void>)[]): Promise<void> {
  for (let step = undo.pop(); step; step = undo.pop()) await step();
}

/** Those of `calls` whose record was not written before the crash. */
async function withoutRecord(calls: readonly InterruptedCall[], file: OpenFile): Promise<InterruptedCall[]> {
  if (calls.length === 0) return [];
  const { ino, size } = await file.stat();
  // A record stands after the length that the file had when its call was answered, unless the file is another by now.
  const starts = calls.map(({ records }) => (records.ino === ino && records.size <= size ? records.size : 0));
  const missing = new Map(calls.map((call) => [call.call.id, call]));
  for await (const line of readLines(file, Math.min(...starts))) {
    const id = recordId(line);
    if (id !== undefined) missing.delete(id);
  }
  return [...missing.values()];
}

function recordId(line: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
      ? value.id
      : undefined;
  } catch {
    return undefined;
  }
}

/** What can still be said of a call whose process died. */
function recoveredRecord({ call, began, costUsd, died }: InterruptedCall): CallRecord {
  const error = { code: 'ERR_CALL_INTERRUPTED', message: 'the connector died during the call' };
  // The closed vocabulary has no word for a crash. The process left with the call up, as at the end of a drain.
  const cause = { sip: 200, text: 'drain' } as const;
  return {
    ...emptyRecord(call, { atMs: died.atMs, endedBy: 'connector', cause, error }),
    codec: call.codec,
    answeredAt: call.answeredAt ?? new Date(began.atMs).toISOString(),
    // Below 0 where a process could not rewrite the journal it took over, and put its own moments behind those.
    durationMs: Math.max(0, died.upMs - began.upMs),
    costUsd,
    recovered: true,
  };
}
