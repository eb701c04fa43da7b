import { open, rename, stat } from 'node:fs/promises';
import { makeDirectory } from '../base/make-directory.js';

/** What `stat` must tell. */
export interface FileFacts {
  /** Bytes. */
  readonly size: number;
  readonly ino: number;
  readonly dev: number;
  isFile(): boolean;
}

/** An open file, as much of it as the record log needs. A `FileHandle` of node:fs/promises is one. */
export interface OpenFile {
  write(data: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  datasync(): Promise<void>;
  truncate(lengthBytes: number): Promise<void>;
  stat(): Promise<FileFacts>;
  close(): Promise<void>;
}

/** The file system as the record log uses it; tests put another in front of it that fails like a full or broken disk. */
export interface FileSystem {
  mkdir(path: string, options: { readonly recursive: true; readonly mode: number }): Promise<unknown>;
  open(path: string, flags: string, mode?: number): Promise<OpenFile>;
  stat(path: string): Promise<FileFacts>;
  rename(from: string, to: string): Promise<void>;
}

/** That of this machine. */
export const diskFileSystem: FileSystem = {
  mkdir: (path, { mode }) => makeDirectory(path, mode),
  open,
  stat,
  rename,
};

/** Owner reads and writes, nobody else: records name callers. */
export const PRIVATE_FILE_MODE = 0o600;
/** The same for directories. */
export const PRIVATE_DIRECTORY_MODE = 0o700;

/**
 * Makes names created in `directory` survive a power cut. What refuses it (some network file systems do) is left as it
 * is: the names are there all the same unless power fails.
 */
export async function syncDirectory(fs: FileSystem, directory: string): Promise<void> {
  try {
    const handle = await fs.open(directory, 'r');
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
  } catch {
    return;
  }
}

/** Writes all of `data`, in as many writes as the file system makes of it. */
export async function writeAll(file: OpenFile, data: Uint8Array): Promise<void> {
  for (let sent = 0; sent < data.length; ) {
    const { bytesWritten } = await file.write(data, sent, data.length - sent);
    if (bytesWritten === 0) throw new Error('the file took no byte');
    sent += bytesWritten;
  }
}

/** Reads `lengthBytes` bytes from `position`, fewer where the file ends. */
export async function readAt(file: OpenFile, position: number, lengthBytes: number): Promise<Buffer> {
  const into = Buffer.alloc(lengthBytes);
  let filled = 0;
  while (filled < lengthBytes) {
    const { bytesRead } = await file.read(into, filled, lengthBytes - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return into.subarray(0, filled);
}

/** The lines of `file` from `position` on, without their newlines; the last one may be torn. */
export async function* readLines(file: OpenFile, position: number): AsyncGenerator<string, void, undefined> {
  const chunkBytes = 256 * 1024;
  let rest: Buffer = Buffer.alloc(0);
  for (let at = position; ; ) {
    const chunk = await readAt(file, at, chunkBytes);
    if (chunk.length === 0) break;
    at += chunk.length;
    const text: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = text.indexOf(0x0a); end >= 0; end = text.indexOf(0x0a, start)) {
      yield text.toString('utf8', start, end);
      start = end + 1;
    }
    rest = text.subarray(start);
  }
  if (rest.length > 0) yield rest.toString('utf8');
}
