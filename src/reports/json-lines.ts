import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ConnectorError, errorMessage } from '../base/connector-error.js';
import { fileProblem } from '../base/file-problem.js';

/** A line of a file of JSON lines, counted from 1: what it holds, or why that cannot be read. */
export type JsonLine =
  | { readonly line: number; readonly ok: true; readonly value: unknown }
  | { readonly line: number; readonly ok: false; readonly problem: string };

/** Longer than any record of a call; such a line is passed over without being kept. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

const NEWLINE = 0x0a;
const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * Reads a file of JSON lines, or one that gzip has made of it, holding one line at a time. Empty lines count and are passed
 * over. Where the file breaks off, or its compression is damaged, the last item says so.
 *
 * @param path Absolute.
 * @throws `ERR_RECORD_READ` when it cannot be opened, or is none that can be read from its start; `signal.reason`.
 */
export async function* jsonLines(path: string, signal: AbortSignal): AsyncGenerator<JsonLine> {
  await using file = await opened(path);
  const zipped = await isZipped(file, path);
  const raw = file.createReadStream({ start: 0, autoClose: false, signal });
  const bytes: Readable = zipped ? raw.pipe(createGunzip()) : raw;
  // A stream that is piped does not pass on what ends it.
  if (zipped) raw.once('error', (error) => bytes.destroy(error));
  const lines = new LineSplitter();
  try {
    for await (const chunk of bytes) yield* lines.split(chunk as Buffer);
  } catch (error) {
    signal.throwIfAborted();
    yield { line: lines.count + 1, ok: false, problem: `the file cannot be read further: ${errorMessage(error)}` };
    return;
  } finally {
    raw.destroy();
  }
  yield* lines.end();
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw new ConnectorError('ERR_RECORD_READ', `no call records: ${path}: ${fileProblem(error)}`, { cause: error });
  }
}

/** A directory can be opened, and a pipe too, but nothing can be read there. */
async function isZipped(file: FileHandle, path: string): Promise<boolean> {
  const head = Buffer.alloc(GZIP.length);
  try {
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return bytesRead === GZIP.length && head.equals(GZIP);
  } catch (error) {
    const message = `no call records: ${path} is no file to read from its start: ${fileProblem(error)}`;
    throw new ConnectorError('ERR_RECORD_READ', message, { cause: error });
  }
}

/** Cuts bytes at newlines. */
class LineSplitter {
  /** Lines that are over. */
  count = 0;
  #parts: Buffer[] = [];
  #bytes = 0;

  *split(chunk: Buffer): Generator<JsonLine> {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.#take(chunk.subarray(from, at));
      yield* this.#finish();
      from = at + 1;
    }
    // The stream may use its chunk again.
    this.#take(Buffer.from(chunk.subarray(from)));
  }

  *end(): Generator<JsonLine> {
    if (this.#bytes > 0) yield* this.#finish();
  }

  #take(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > MAX_LINE_BYTES) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  *#finish(): Generator<JsonLine> {
    const line = ++this.count;
    const tooLong = this.#bytes > MAX_LINE_BYTES;
    const text = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#bytes = 0;
    if (tooLong) yield { line, ok: false, problem: `longer than ${MAX_LINE_BYTES} bytes` };
    else if (text.trim() !== '') yield parsed(line, text);
  }
}

function parsed(line: number, text: string): JsonLine {
  try {
    return { line, ok: true, value: JSON.parse(text) as unknown };
  } catch {
    // What the parser says quotes the line, which may hold a number or what was said.
    return { line, ok: false, problem: 'no JSON' };
  }
}
