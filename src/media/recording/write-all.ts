import type { FileHandle } from 'node:fs/promises';

/**
 * Writes all of it: a disk that fills up takes a part without a word, and refuses only what comes next.
 *
 * @throws what the system says
 */
export async function writeAll(
  file: Pick<FileHandle, 'write'>,
  bytes: Uint8Array,
  position: number,
  length = bytes.length,
): Promise<void> {
  for (let written = 0; written < length; ) {
    const { bytesWritten } = await file.write(bytes, written, length - written, position + written);
    if (bytesWritten === 0) throw new Error('the file took no byte');
    written += bytesWritten;
  }
}
