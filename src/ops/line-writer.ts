import { dirname } from 'node:path';
import type { Clock, TimerHandle } from '../base/clock.js';
import { ConnectorError, errorCode } from '../base/connector-error.js';
import {
  type FileFacts,
  type FileSystem,
  type OpenFile,
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
  syncDirectory,
  writeAll,
} from './file-system.js';

export interface LineWriterOptions {
  readonly path: string;
  /** Bytes of lines that may wait for a disk that refuses them; what comes beyond is lost. */
  readonly maxPendingBytes: number;
  /** From the first unsynced write to fdatasync. */
  readonly syncDelayMs: number;
  /** First wait after a failed write; doubles up to `retryMaxMs`. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Follow a rotation: when `path` has become another file, go on there. Looked at once in this many ms; 0 = never. */
  readonly followRenameMs: number;
}

export interface LineWriterDeps {
  readonly fs: FileSystem;
  readonly clock: Clock;
  /** Writing began to fail, or works again. `lost` counts lines since the previous report. */
  readonly onState: (state: { readonly failing: boolean; readonly error: unknown; readonly lost: number }) => void;
}

/** What becomes of one line. Neither callback may throw. */
export interface LineCallbacks {
  /** The first attempt is over: the line is in the kernel (`true`), or still waiting (`false`). */
  readonly onAttempted?: (written: boolean) => void;
  /** The line has survived an fdatasync. */
  readonly onDurable?: () => void;
}

export interface LineWriterStatus {
  /** Lines that wait to be written. */
  readonly pending: number;
  readonly written: number;
  /** Failed attempts to write or sync. */
  readonly failures: number;
  /** Lines given up: the memory for waiting lines was full, or the writer was closed. */
  readonly lost: number;
}

interface PendingLine extends LineCallbacks {
  readonly bytes: Buffer;
  sentBytes: number;
  attempted: boolean;
}

const MAX_WRITE_BYTES = 1024 * 1024;

/**
 * Appends lines to a file in order, one `write` for as many as wait, without ever making the caller wait. A line stays
 * in memory until the kernel has all of it. Each file operation runs alone, so nothing here overlaps.
 */
export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #deps: LineWriterDeps;
  #file: OpenFile;
  #identity: { readonly ino: number; readonly dev: number; readonly size: number };
  readonly #queue: PendingLine[] = [];
  #pendingBytes = 0;
  /** Of lines written since the last fdatasync. */
  #unsynced: (() => void)[] = [];
  #dirty = false;
  #syncDue = false;
  #syncTimer: TimerHandle | undefined;
  #retryTimer: TimerHandle | undefined;
  #retryMs: number;
  #failing = false;
  #replacement: (() => readonly string[]) | undefined;
  #lookedAtMs: number;
  #busy = false;
  /** Callers of {@link flush} who wait. */
  #flushing = 0;
  #closed = false;
  #whenIdle: (() => void)[] = [];
  #written = 0;
  #failures = 0;
  #lost = 0;
  #lostReported = 0;

  private constructor(options: LineWriterOptions, deps: LineWriterDeps, file: OpenFile, facts: FileFacts) {
    this.#options = options;
    this.#deps = deps;
    this.#file = file;
    this.#identity = { ino: facts.ino, dev: facts.dev, size: facts.size };
    this.#retryMs = options.retryMinMs;
    this.#lookedAtMs = deps.clock.now();
  }

  /** @param file `options.path`, open for appending; closed by {@link close}. */
  static async on(file: OpenFile, options: LineWriterOptions, deps: LineWriterDeps): Promise<LineWriter> {
    return new LineWriter(options, deps, file, await file.stat());
  }

  get status(): LineWriterStatus {
    return {
      pending: this.#queue.length,
      written: this.#written,
      failures: this.#failures,
      lost: this.#lost,
    };
  }

  /**
   * The file being written and a length that it has certainly reached. Lines appended from now on begin there or later,
   * unless the file is cut short from outside.
   */
  get position(): { readonly ino: number; readonly size: number } {
    return this.#identity;
  }

  /** Takes a line without newline. Never throws; `false` when it is lost. */
  append(line: string, callbacks: LineCallbacks = {}): boolean {
    const bytes = Buffer.from(`${line}\n`);
    if (this.#closed || this.#pendingBytes + bytes.length > this.#options.maxPendingBytes) {
      this.#lost += 1;
      callbacks.onAttempted?.(false);
      if (this.#closed) this.#reportLost();
      return false;
    }
    this.#queue.push({ ...callbacks, bytes, sentBytes: 0, attempted: this.#failing });
    this.#pendingBytes += bytes.length;
    if (this.#failing) callbacks.onAttempted?.(false);
    void this.#work();
    return true;
  }

  /**
   * Rewrites the file as `lines()`, asked at the moment of rewriting; lines still waiting are appended after them. The
   * old content stays until the new one is on disk. When it fails the old file is kept and the request forgotten.
   */
  replace(lines: () => readonly string[]): void {
    if (this.#closed) return;
    this.#replacement = lines;
    void this.#work();
  }

  /**
   * Resolves when every line taken so far is on disk. Throws `ERR_RECORD_WRITE` when the disk refuses: the lines are
   * kept and tried again.
   */
  async flush(): Promise<void> {
    this.#stopTimers();
    this.#flushing += 1;
    void this.#work();
    while (this.#busy) {
      await new Promise<void>((resolve) => {
        this.#whenIdle.push(resolve);
      });
    }
    this.#flushing -= 1;
    if (this.#queue.length > 0 || this.#dirty) {
      throw new ConnectorError('ERR_RECORD_WRITE', `${this.#options.path} cannot be written`);
    }
  }

  /** A last attempt to write what waits; lines that cannot be written are counted as lost. Never throws. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.flush();
    } catch {
      this.#lost += this.#queue.length;
    }
    this.#stopTimers();
    this.#queue.length = 0;
    this.#pendingBytes = 0;
    this.#reportLost();
    await this.#file.close().catch(() => undefined);
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#retryTimer === undefined) {
      try {
        if (this.#replacement) await this.#rewrite(this.#replacement);
        else if (this.#queue.length > 0) await this.#writeWaiting();
        else if (this.#syncDue || (this.#flushing > 0 && this.#dirty)) await this.#sync();
        else break;
        this.#succeeded();
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#busy = false;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const wake of waiting) wake();
  }

  async #writeWaiting(): Promise<void> {
    await this.#followRename();
    const batch = this.#nextBatch();
    const { bytesWritten } = await this.#file.write(batch, 0, batch.length);
    if (bytesWritten === 0) throw new Error('the file took no byte');
    this.#pendingBytes -= bytesWritten;
    this.#dirty = true;
    this.#markSent(bytesWritten);
    this.#syncTimer ??= this.#deps.clock.setTimeout(() => {
      this.#syncTimer = undefined;
      this.#syncDue = true;
      void this.#work();
    }, this.#options.syncDelayMs);
  }

  #nextBatch(): Buffer {
    const parts: Buffer[] = [];
    let total = 0;
    for (const line of this.#queue) {
      const part = line.bytes.subarray(line.sentBytes);
      if (parts.length > 0 && total + part.length > MAX_WRITE_BYTES) break;
      parts.push(part);
      total += part.length;
    }
    return Buffer.concat(parts, total);
  }

  /** After a short write the rest of a line goes first next time, so no other line can come between its halves. */
  #markSent(bytesWritten: number): void {
    let left = bytesWritten;
    let whole = 0;
    for (const line of this.#queue) {
      const missing = line.bytes.length - line.sentBytes;
      if (left < missing) {
        line.sentBytes += left;
        break;
      }
      left -= missing;
      whole += 1;
    }
    for (const line of this.#queue.splice(0, whole)) {
      this.#written += 1;
      if (!line.attempted) line.onAttempted?.(true);
      if (line.onDurable) this.#unsynced.push(line.onDurable);
    }
  }

  async #sync(): Promise<void> {
    const durable = this.#unsynced;
    this.#unsynced = [];
    // Stays set when this fails, so that the next attempt syncs too.
    this.#syncDue = true;
    try {
      await this.#file.datasync();
      const { ino, dev, size } = await this.#file.stat();
      this.#identity = { ino, dev, size };
    } catch (error) {
      this.#unsynced = [...durable, ...this.#unsynced];
      throw error;
    }
    this.#syncDue = false;
    this.#dirty = false;
    for (const tell of durable) tell();
  }

  async #followRename(): Promise<void> {
    const { followRenameMs, path } = this.#options;
    const nowMs = this.#deps.clock.now();
    if (followRenameMs === 0 || nowMs - this.#lookedAtMs < followRenameMs) return;
    // The second half of a line belongs after the first.
    if ((this.#queue[0]?.sentBytes ?? 0) > 0) return;
    const there = await this.#deps.fs.stat(path).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (there && there.ino === this.#identity.ino && there.dev === this.#identity.dev) {
      this.#lookedAtMs = nowMs;
      return;
    }
    await this.#sync();
    await this.#deps.fs.mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
    const next = await this.#deps.fs.open(path, 'a', PRIVATE_FILE_MODE);
    const { ino, dev, size } = await next.stat();
    await this.#file.close().catch(() => undefined);
    this.#file = next;
    this.#identity = { ino, dev, size };
    this.#lookedAtMs = nowMs;
    await syncDirectory(this.#deps.fs, dirname(path));
  }

  async #rewrite(lines: () => readonly string[]): Promise<void> {
    this.#replacement = undefined;
    const { path } = this.#options;
    const next = await this.#deps.fs.open(`${path}.new`, 'a', PRIVATE_FILE_MODE);
    try {
      await next.truncate(0);
      const content = Buffer.from(
        lines()
          .map((line) => `${line}\n`)
          .join(''),
      );
      await writeAll(next, content);
      await next.datasync();
      const { ino, dev, size } = await next.stat();
      await this.#deps.fs.rename(`${path}.new`, path);
      const old = this.#file;
      this.#file = next;
      this.#identity = { ino, dev, size };
      for (const line of this.#queue) {
        this.#pendingBytes += line.sentBytes;
        line.sentBytes = 0;
      }
      await old.close().catch(() => undefined);
    } catch (error) {
      await next.close().catch(() => undefined);
      throw error;
    }
    await syncDirectory(this.#deps.fs, dirname(path));
  }

  #succeeded(): void {
    this.#retryMs = this.#options.retryMinMs;
    if (!this.#failing) return;
    this.#failing = false;
    this.#deps.onState({ failing: false, error: undefined, lost: this.#takeLost() });
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    this.#failing = true;
    this.#settleAttempts();
    this.#deps.onState({ failing: true, error, lost: this.#takeLost() });
    const waitMs = this.#retryMs;
    this.#retryMs = Math.min(waitMs * 2, this.#options.retryMaxMs);
    this.#retryTimer = this.#deps.clock.setTimeout(() => {
      this.#retryTimer = undefined;
      void this.#work();
    }, waitMs);
  }

  #settleAttempts(): void {
    for (const line of this.#queue) {
      if (line.attempted) continue;
      line.attempted = true;
      line.onAttempted?.(false);
    }
  }

  #takeLost(): number {
    const lost = this.#lost - this.#lostReported;
    this.#lostReported = this.#lost;
    return lost;
  }

  #reportLost(): void {
    const lost = this.#takeLost();
    if (lost > 0) this.#deps.onState({ failing: true, error: undefined, lost });
  }

  #stopTimers(): void {
    const { clock } = this.#deps;
    clock.clearTimeout(this.#retryTimer);
    clock.clearTimeout(this.#syncTimer);
    this.#retryTimer = undefined;
    this.#syncTimer = undefined;
  }
}
