import { type FileHandle, open } from 'node:fs/promises';
import { fileProblem } from '../base/file-problem.js';

/** A saying is kept in memory while the connector runs. Ten minutes of stereo at 16 kHz are 38 MB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Chunks before the samples; files have two or three. */
const MAX_CHUNKS = 32;

/** Codes of the `fmt ` chunk: PCM, A-law, mu-law. */
const BITS_BY_CODE: ReadonlyMap<number, number> = new Map([
  [1, 16],
  [6, 8],
  [7, 8],
]);
const EXTENSIBLE = 0xfffe;

/**
 * Why a file is no recording the connector can play; `undefined` when it is one. Reads the chunk headers and `fmt ` of
 * RIFF/WAVE, never the samples. Takes what `audio/wav-parse.ts` takes: 16-bit PCM or G.711, one or two channels.
 */
export async function wavProblem(file: string): Promise<string | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const status = await handle.stat();
    if (!status.isFile()) return status.isDirectory() ? 'it is a directory' : 'it is no regular file';
    if (status.size > MAX_FILE_BYTES) return `it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB`;
    return await problemOfChunks(handle);
  } catch (error) {
    return fileProblem(error);
  } finally {
    await handle?.close();
  }
}

async function problemOfChunks(handle: FileHandle): Promise<string | undefined> {
  const riff = await read(handle, 0, 12);
  if (riff.length < 12 || tag(riff, 0) !== 'RIFF' || tag(riff, 8) !== 'WAVE') return 'it is no RIFF/WAVE file';
  let isDescribed = false;
  let at = 12;
  for (let chunk = 0; chunk < MAX_CHUNKS; chunk += 1) {
    const head = await read(handle, at, 8);
    if (head.length < 8) return isDescribed ? 'it has no "data" chunk' : 'it has no "fmt " chunk';
    const size = head.readUInt32LE(4);
    if (tag(head, 0) === 'data') {
      if (!isDescribed) return 'its samples come before their description ("fmt " chunk)';
      return size === 0 ? 'it has no samples' : undefined;
    }
    if (tag(head, 0) === 'fmt ') {
      const problem = problemOfFormat(await read(handle, at + 8, Math.min(size, 40)));
      if (problem !== undefined) return problem;
      isDescribed = true;
    }
    at += 8 + size + (size % 2);
  }
  return 'it has no "data" chunk among its first ones';
}

function problemOfFormat(fields: Buffer): string | undefined {
  if (fields.length < 16) return 'its "fmt " chunk is too short';
  const first = fields.readUInt16LE(0);
  if (first === EXTENSIBLE && fields.length < 26) return 'its "fmt " chunk is too short';
  const bits = BITS_BY_CODE.get(first === EXTENSIBLE ? fields.readUInt16LE(24) : first);
  if (bits === undefined) return 'its samples are neither PCM nor G.711';
  if (fields.readUInt16LE(14) !== bits) return `its samples have ${fields.readUInt16LE(14)} bits instead of ${bits}`;
  const channels = fields.readUInt16LE(2);
  if (channels !== 1 && channels !== 2) return `it has ${channels} channels instead of one or two`;
  const sampleRate = fields.readUInt32LE(4);
  return sampleRate < 1000 || sampleRate > 384_000 ? `it has a sampling rate of ${sampleRate} Hz` : undefined;
}

async function read(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function tag(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 4);
}
