import { dirname } from 'node:path';
import { type FileSystem, type OpenFile, PRIVATE_FILE_MODE, readAt, syncDirectory, writeAll } from './file-system.js';

/** What {@link repairTail} found at the end of the file, and what it did. */
export type TailRepair = 'whole' | 'completed' | 'moved';

/**
 * Makes a file of JSON lines end in a whole line again after a crash. A last line that only lacks its newline gets it.
 * One that cannot be read is moved to `<path>.torn`: appended and synced there before it is cut off here, so a crash in
 * between leaves it in both files and never in neither.
 *
 * @param file `path`, open for reading and appending.
 */
export async function repairTail(fs: FileSystem, path: string, file: OpenFile): Promise<TailRepair> {
  const { size } = await file.stat();
  if (size === 0) return 'whole';
  const tail = await lastLine(file, size);
  const ended = tail.at(-1) === 0x0a;
  if (isJson(tail)) {
    if (ended) return 'whole';
    await writeAll(file, Buffer.from('\n'));
    await file.datasync();
    return 'completed';
  }
  const torn = await fs.open(`${path}.torn`, 'a', PRIVATE_FILE_MODE);
  try {
    await writeAll(torn, ended ? tail : Buffer.concat([tail, Buffer.from('\n')]));
    await torn.datasync();
  } finally {
    await torn.close();
  }
  await syncDirectory(fs, dirname(path));
  await file.truncate(size - tail.length);
  await file.datasync();
  return 'moved';
}

/** The last line with its newline if it has one; the whole file when there is no newline before it. */
async function lastLine(file: OpenFile, size: number): Promise<Buffer> {
  const blockBytes = 64 * 1024;
  let tail: Buffer = Buffer.alloc(0);
  for (let start = size; start > 0; ) {
    const from = Math.max(start - blockBytes, 0);
    const block = await readAt(file, from, start - from);
    tail = Buffer.concat([block, tail]);
    // A newline at the very end closes the last line; the one that opens it lies before.
    const newline = tail.lastIndexOf(0x0a, tail.length - 2);
    if (tail.length >= 2 && newline >= 0) return tail.subarray(newline + 1);
    start = from;
  }
  return tail;
}

function isJson(line: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
