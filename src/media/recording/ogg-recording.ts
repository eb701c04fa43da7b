import { type FileHandle, open } from 'node:fs/promises';
import { OggOpus, pairOf } from '../opus/ogg-opus.js';
import { MAX_PAYLOAD_BYTES } from '../opus/opus-codec.js';
import { type OpusEncoder, type OpusEncoding, type OpusLibrary, opusFormatDefaults } from '../opus/opus-library.js';
import type { CreateRecordingFile, RecordedBlock, RecordingFile } from './recording-file.js';
import { BLOCK_FRAMES, FRAME_BYTES, TIMELINE_HZ } from './stereo-timeline.js';
import { writeAll } from './write-all.js';

/** Of each side. */
const recordingEncoding = {
  bitrate: 16_000,
  complexity: 2,
} as const satisfies OpusEncoding;

/** One packet: 20 ms. */
const PACKET_FRAMES = TIMELINE_HZ / 50;
const BLOCK_PACKETS = BLOCK_FRAMES / PACKET_FRAMES;

/**
 * Recordings as Ogg with Opus, an eighth of the size of a WAVE file and less. Each page is half a second, whole in
 * itself: a file that ends anywhere can be played to the last of them.
 *
 * @param serial of the stream, 32 bits, another for each file
 */
export function oggRecordings(library: OpusLibrary, serial: () => number): CreateRecordingFile {
  return async (path) => {
    // Before the file: where there is no encoder, nothing is left behind.
    const encoders = encodersOf(library);
    try {
      return new OggRecording(await open(path, 'w', 0o600), encoders, serial());
    } catch (error) {
      for (const encoder of encoders) encoder.close();
      throw error;
    }
  };
}

type Encoders = readonly [caller: OpusEncoder, agent: OpusEncoder];

function encodersOf(library: OpusLibrary): Encoders {
  const encoder = (): OpusEncoder => library.createEncoder(opusFormatDefaults, recordingEncoding, TIMELINE_HZ);
  const first = encoder();
  try {
    return [first, encoder()];
  } catch (error) {
    first.close();
    throw error;
  }
}

class OggRecording implements RecordingFile {
  readonly #file: FileHandle;
  readonly #pages: OggOpus;
  readonly #encoders: Encoders;
  readonly #samples = new Int16Array(PACKET_FRAMES);
  readonly #payload = new Uint8Array(MAX_PAYLOAD_BYTES);
  readonly #silent = Buffer.alloc(BLOCK_FRAMES * FRAME_BYTES);
  /** The newest block, which waits: it may be the one that the sound ends in. */
  readonly #waiting = Buffer.alloc(BLOCK_FRAMES * FRAME_BYTES);
  #waitingIndex: number | undefined;
  /** Blocks in the file, and packets. */
  #written = 0;
  #fileBytes = 0;
  #closed = false;

  constructor(file: FileHandle, encoders: Encoders, serial: number) {
    this.#file = file;
    this.#pages = new OggOpus(serial, TIMELINE_HZ);
    this.#encoders = encoders;
  }

  begin(): Promise<void> {
    return this.#append(this.#pages.header());
  }

  async write({ index, bytes }: RecordedBlock): Promise<void> {
    await this.#writeWaiting();
    this.#waiting.set(bytes);
    this.#waitingIndex = index;
  }

  async settle(): Promise<void> {}

  async finish(frames: number): Promise<void> {
    if (this.#waitingIndex !== undefined) await this.#writeSilence(this.#waitingIndex);
    const durationMs = (frames * 1000) / TIMELINE_HZ;
    const count = OggOpus.packetsFor(durationMs) - this.#written * BLOCK_PACKETS;
    const sound = this.#waitingIndex === undefined ? this.#silent : this.#waiting;
    await this.#append(this.#pages.lastPage(this.#encode(sound, count), durationMs));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const encoder of this.#encoders) encoder.close();
    await this.#file.close();
  }

  async #writeWaiting(): Promise<void> {
    if (this.#waitingIndex === undefined) return;
    await this.#writeSilence(this.#waitingIndex);
    await this.#writePage(this.#encode(this.#waiting, BLOCK_PACKETS));
    this.#waitingIndex = undefined;
  }

  /** What was left out before that block. Behind half a second of silence all packets of it are alike. */
  async #writeSilence(end: number): Promise<void> {
    if (this.#written >= end) return;
    await this.#writePage(this.#encode(this.#silent, BLOCK_PACKETS));
    const [packet = Buffer.alloc(0)] = this.#encode(this.#silent, 1);
    const packets = new Array<Buffer>(BLOCK_PACKETS).fill(packet);
    while (this.#written < end) await this.#writePage(packets);
  }

  async #writePage(packets: readonly Buffer[]): Promise<void> {
    await this.#append(this.#pages.page(packets));
    this.#written += 1;
  }

  /** So many packets out of a block; behind its end is silence. */
  #encode(block: Buffer, count: number): readonly Buffer[] {
    return Array.from({ length: count }, (_, packet) => {
      const [left, right] = this.#encoders.map((encoder, side) => {
        for (let i = 0; i < PACKET_FRAMES; i += 1) {
          const at = (packet * PACKET_FRAMES + i) * FRAME_BYTES + 2 * side;
          this.#samples[i] = at < block.length ? block.readInt16LE(at) : 0;
        }
        return Buffer.from(this.#payload.subarray(0, encoder.encode(this.#samples, this.#payload)));
      });
      return pairOf(left ?? Buffer.alloc(1), right ?? Buffer.alloc(1));
    });
  }

  async #append(bytes: Buffer): Promise<void> {
    await writeAll(this.#file, bytes, this.#fileBytes);
    this.#fileBytes += bytes.length;
  }
}
