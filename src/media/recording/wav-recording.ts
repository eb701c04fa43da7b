import { type FileHandle, open } from 'node:fs/promises';
import { MAX_WAV_DATA_BYTES, WAV_HEADER_BYTES, wavHeader } from '../../audio/wav-header.js';
import type { RecordedBlock, RecordingFile } from './recording-file.js';
import { BLOCK_BYTES, FRAME_BYTES, TIMELINE_HZ } from './stereo-timeline.js';
import { writeAll } from './write-all.js';

/** A recording as 16-bit WAVE. What was left out is a hole in the file, which reads as silence and takes no room. */
export async function createWavRecording(path: string): Promise<RecordingFile> {
  return new WavRecording(await open(path, 'w', 0o600));
}

class WavRecording implements RecordingFile {
  readonly #file: FileHandle;
  #endBytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  begin(): Promise<void> {
    return this.settle();
  }

  async write({ index, bytes }: RecordedBlock): Promise<void> {
    const start = index * BLOCK_BYTES;
    if (start + BLOCK_BYTES > MAX_WAV_DATA_BYTES) return;
    await writeAll(this.#file, bytes, WAV_HEADER_BYTES + start, BLOCK_BYTES);
    this.#endBytes = start + BLOCK_BYTES;
  }

  /** Writes a header that vouches for what is there. */
  async settle(): Promise<void> {
    const header = wavHeader({ sampleRate: TIMELINE_HZ, channels: 2, dataBytes: this.#endBytes });
    await writeAll(this.#file, header, 0);
  }

  async finish(frames: number): Promise<void> {
    this.#endBytes = Math.min(frames * FRAME_BYTES, MAX_WAV_DATA_BYTES);
    await this.#file.truncate(WAV_HEADER_BYTES + this.#endBytes);
    await this.settle();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
