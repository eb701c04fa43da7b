import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../../base/connector-error.js';

const BLOCK_BYTES = 256 * 1024;
/** The end of the file that is read at most: some hundred thousand calls of a day. */
const MAX_BYTES = 128 * 1024 * 1024;
const NEWLINE = 0x0a;

/** Files that a day's records were rotated to, at most. */
const MAX_FILES = 100;

/**
 * What the calls of this day have cost by the records at the end of a file, USD: a process that starts anew goes on with
 * it. Where the whole file is of this day, those that it was rotated to come next, the latest first, as long as they are
 * not compressed. A file that is not there is an empty one. Records of later days, of a clock that was ahead, are passed over.
 *
 * @param compareDay Of a wall time, ms since the epoch, and the day: below 0 where it is of an earlier one, 0 where it is of the day.
 * @param onUnreadable Told of a file it was rotated to that cannot be read: the others count all the same.
 * @throws What the disk says of the file itself.
 */
export async function spentBefore(
  path: string,
  compareDay: (wallTimeMs: number) => number,
  onUnreadable: (error: unknown) => void,
): Promise<number> {
  const own = await spentIn(path, compareDay);
  if (own.earlierDay) return own.usd;
  let { usd } = own;
  for (const file of await rotatedFrom(path)) {
    try {
      const found = await spentIn(file, compareDay);
      usd += found.usd;
      if (found.earlierDay) break;
    } catch (error) {
      onUnreadable(error);
    }
  }
  return usd;
}

/** What logrotate and people call such files, the latest first: `cdr.jsonl.1`, `cdr.jsonl-20261129`. */
async function rotatedFrom(path: string): Promise<readonly string[]> {
  const [directory, name] = [dirname(path), basename(path)];
  const rotated = (await namesIn(directory))
    .filter((other) => other.startsWith(name) && /^[.-]\d[\d._-]*$/.test(other.slice(name.length)))
    .map((other) => join(directory, other));
  const dated = await Promise.all(
    rotated.map(async (file) => {
      // One that logrotate compresses just now, or a link that leads nowhere, is gone; a directory is something else.
      const found = await stat(file).catch(() => undefined);
      return found?.isFile() ? [{ file, atMs: found.mtimeMs }] : [];
    }),
  );
  return dated
    .flat()
    .sort((one, other) => other.atMs - one.atMs)
    .slice(0, MAX_FILES)
    .map(({ file }) => file);
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

interface Spent {
  readonly usd: number;
  /** A record of an earlier day came: files before this one have none of this day. */
  readonly earlierDay: boolean;
}

/** Reads backwards, up to the first record of an earlier day. */
async function spentIn(path: string, compareDay: (wallTimeMs: number) => number): Promise<Spent> {
  const file = await openToRead(path);
  if (file === undefined) return { usd: 0, earlierDay: false };
  try {
    const { size } = await file.stat();
    let usd = 0;
    let rest: Buffer = Buffer.alloc(0);
    for (let end = size; end > 0 && size - end < MAX_BYTES; ) {
      const start = Math.max(0, end - BLOCK_BYTES);
      const block = Buffer.alloc(end - start);
      await file.read(block, 0, block.length, start);
      const text = Buffer.concat([block, rest]);
      const first = start === 0 ? 0 : text.indexOf(NEWLINE) + 1;
      // A line longer than the block: more of it is needed.
      rest = start > 0 && first === 0 ? text : text.subarray(0, first);
      const whole = start > 0 && first === 0 ? '' : text.subarray(first).toString('utf8');
      for (const line of whole.split('\n').reverse()) {
        const record = costOf(line);
        if (record === undefined) continue;
        const day = compareDay(record.endedAtMs);
        if (day < 0) return { usd, earlierDay: true };
        if (day === 0) usd += record.usd;
      }
      end = start;
    }
    return { usd, earlierDay: false };
  } finally {
    await file.close();
  }
}

async function openToRead(path: string) {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** `undefined` for what is no record. */
function costOf(line: string): { readonly endedAtMs: number; readonly usd: number } | undefined {
  if (line.trim() === '') return undefined;
  try {
    const { endedAt, costUsd } = JSON.parse(line) as { readonly endedAt?: unknown; readonly costUsd?: unknown };
    const endedAtMs = typeof endedAt === 'string' ? Date.parse(endedAt) : Number.NaN;
    if (Number.isNaN(endedAtMs)) return undefined;
    return { endedAtMs, usd: typeof costUsd === 'number' && costUsd > 0 ? costUsd : 0 };
  } catch {
    return undefined;
  }
}
