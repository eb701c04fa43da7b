import { type FileHandle, open } from 'node:fs/promises';
import { WAV_HEADER_BYTES, wavHeader } from '../audio/wav-header.js';
import { parseWav, type WavAudio } from '../audio/wav-parse.js';
import { ConnectorError } from '../base/connector-error.js';
import { fileProblem } from '../base/file-problem.js';
import { writeAll } from './recording/write-all.js';

/** Larger files are refused: an announcement or a test recording has no business being longer. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

/**
 * Reads a RIFF/WAVE file as mono 16-bit PCM; see {@link parseWav} for what is understood. Throws `ERR_AUDIO_FILE`, with
 * path and reason, for anything else and for a file that cannot be read.
 */
export async function readWavFile(path: string): Promise<WavAudio> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw new ConnectorError('ERR_AUDIO_FILE', `${path}: larger than 512 MB`);
    return parseWav(await file.readFile(), path);
  } catch (error) {
    if (error instanceof ConnectorError) throw error;
    throw new ConnectorError('ERR_AUDIO_FILE', `${path}: ${fileProblem(error)}`, { cause: error });
  }
}

/** The shape of a file to be written: 16-bit PCM. */
export interface WavFormat {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
}

/** Writes a WAVE file from beginning to end. */
export class WavWriter implements AsyncDisposable {
  readonly path: string;
  readonly #format: WavFormat;
  readonly #file: FileHandle;
  #dataBytes = 0;
  #lastWrite: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(path: string, format: WavFormat, file: FileHandle) {
    this.path = path;
    this.#format = format;
    this.#file = file;
  }

  /** Creates the file, readable by its owner only, or empties an existing one. Throws `ERR_AUDIO_FILE`. */
  static async create(path: string, format: WavFormat): Promise<WavWriter> {
    return attempt(path, async () => {
      const file = await open(path, 'w', 0o600);
      const writer = new WavWriter(path, format, file);
      await writeAll(file, wavHeader({ ...format, dataBytes: 0 }), 0);
      return writer;
    });
  }

  /**
   * Appends samples, two channels interleaved. They are copied at once; the promise resolves when they are on file, the
   * header included, so that the file is whole after every write. Throws `ERR_AUDIO_FILE`.
   */
  write(samples: Int16Array): Promise<void> {
    if (this.#closed) {
      return Promise.reject(new ConnectorError('ERR_AUDIO_FILE', `${this.path}: written to after it was closed`));
    }
    const bytes = Buffer.allocUnsafe(samples.length * 2);
    for (let i = 0; i < samples.length; i += 1) bytes.writeInt16LE(samples[i] as number, 2 * i);
    const write = this.#lastWrite.then(() => attempt(this.path, () => this.#append(bytes)));
    // A failure is reported by this write and by `close`, and must not be unhandled between the two.
    write.catch(() => {});
    this.#lastWrite = write;
    return write;
  }

  /** Waits for what was written and closes the file. Idempotent. Throws `ERR_AUDIO_FILE` when a write had failed. */
  async close(): Promise<{ readonly path: string; readonly durationMs: number }> {
    try {
      await this.#lastWrite;
    } finally {
      if (!this.#closed) {
        this.#closed = true;
        await this.#file.close();
      }
    }
    const { sampleRate, channels } = this.#format;
    return { path: this.path, durationMs: (this.#dataBytes / 2 / channels / sampleRate) * 1000 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #append(bytes: Buffer): Promise<void> {
    await writeAll(this.#file, bytes, WAV_HEADER_BYTES + this.#dataBytes);
    this.#dataBytes += bytes.length;
    await writeAll(this.#file, wavHeader({ ...this.#format, dataBytes: this.#dataBytes }), 0);
  }
}

/** Writes a whole file at once. Throws `ERR_AUDIO_FILE`. */
export async function writeWavFile(path: string, samples: Int16Array, format: WavFormat): Promise<void> {
  await using writer = await WavWriter.create(path, format);
  await writer.write(samples);
}

async function attempt<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    const problem = fileProblem(error, 'there is no such directory');
    throw new ConnectorError('ERR_AUDIO_FILE', `${path}: ${problem}`, { cause: error });
  }
}
