import { brokenOff, noSpeech, protocolFault } from './failures.js';
import { frameBytes, MAX_CHANNELS, type SampleEncoding, type SampleFormat, SampleReader } from './samples.js';

/** An answer's body, read as it comes. */
export interface AudioBody {
  /** Hz, as soon as it is known: before the first sample. */
  readonly sampleRate: number | undefined;
  /** Mono samples, the receiver's own; none where none became whole. @throws FlavorError for what is no sound */
  push(bytes: Uint8Array): Int16Array;
  /** The body is over. @throws FlavorError unless speech has come, and all of it */
  end(): void;
}

/** Samples and nothing else. Where it ends too early cannot be seen, unless within a sample. */
export class RawBody implements AudioBody {
  readonly sampleRate: number;
  readonly #who: string;
  readonly #reader: SampleReader;
  #samples = 0;

  /** @param who The server in messages. */
  constructor(who: string, format: SampleFormat) {
    this.sampleRate = format.sampleRate;
    this.#who = who;
    this.#reader = new SampleReader(format);
  }

  push(bytes: Uint8Array): Int16Array {
    const samples = this.#reader.push(bytes);
    this.#samples += samples.length;
    return samples;
  }

  end(): void {
    if (this.#samples === 0) throw noSpeech(this.#who);
    if (this.#reader.restBytes > 0) throw brokenOff(this.#who);
  }
}

/** Codes of the `fmt ` chunk's first field. */
const PCM = 1;
const FLOAT = 3;
const ALAW = 6;
const MULAW = 7;
/** The true code begins the 16 bytes at the end of the chunk. */
const EXTENSIBLE = 0xfffe;

/** Sizes from here on are what programs write that cannot seek back: 0xFFFFFFFF, or the largest that fits somewhere. */
const UNKNOWN_SIZE = 0x7fff_0000;
/** Before the samples: titles, cue points, and what else some write. */
const MAX_HEAD_BYTES = 64 * 1024;

interface Chunk {
  readonly id: string;
  readonly size: number;
  /** Of its first byte. */
  readonly start: number;
}

/**
 * RIFF/WAVE while it comes, whatever the sizes of the pieces: PCM of 8 to 32 bits, float and G.711, headers with
 * chunks before the samples, and sizes that say nothing (0xFFFFFFFF, or 0 throughout) where the server streams.
 */
export class WavBody implements AudioBody {
  readonly #who: string;
  #head: Buffer | undefined = Buffer.alloc(0);
  #reader: SampleReader | undefined;
  #format: SampleFormat | undefined;
  #streamed = false;
  /** Bytes of samples that are still to come; infinite where the header does not say. */
  #remaining = Number.POSITIVE_INFINITY;
  #samples = 0;

  /** @param who The server in messages. */
  constructor(who: string) {
    this.#who = who;
  }

  get sampleRate(): number | undefined {
    return this.#format?.sampleRate;
  }

  /** The header was written before the length was known; `undefined` until it has come. */
  get streamed(): boolean | undefined {
    return this.#format === undefined ? undefined : this.#streamed;
  }

  push(bytes: Uint8Array): Int16Array {
    let data: Uint8Array = bytes;
    if (this.#head !== undefined) {
      const head = Buffer.concat([this.#head, bytes]);
      const start = this.#open(head);
      if (start === undefined) {
        if (head.length > MAX_HEAD_BYTES) throw protocolFault(this.#who, 'a WAV header without end');
        this.#head = head;
        return new Int16Array(0);
      }
      this.#head = undefined;
      data = head.subarray(start);
    }
    // What follows the samples is about them: titles, markers.
    if (data.length > this.#remaining) data = data.subarray(0, this.#remaining);
    this.#remaining -= data.length;
    const samples = this.#reader?.push(data) ?? new Int16Array(0);
    this.#samples += samples.length;
    return samples;
  }

  end(): void {
    if (this.#head !== undefined) throw this.#head.length === 0 ? noSpeech(this.#who) : brokenOff(this.#who);
    const finite = Number.isFinite(this.#remaining);
    if (finite && this.#remaining > 0) throw brokenOff(this.#who);
    if (this.#samples === 0) throw noSpeech(this.#who);
    if ((this.#reader?.restBytes ?? 0) > 0) throw brokenOff(this.#who);
  }

  /** Reads the header once it is there; returns where the samples begin. */
  #open(head: Buffer): number | undefined {
    const wrong = (): never => {
      throw protocolFault(this.#who, 'something that is no WAV');
    };
    // One wrong byte at the beginning is enough to know: an error page is not collected to its end.
    const magic = 'RIFF';
    if (!magic.startsWith(head.toString('latin1', 0, Math.min(4, head.length)))) return wrong();
    if (head.length < 12) return undefined;
    if (head.toString('latin1', 8, 12) !== 'WAVE') return wrong();
    const riffSize = head.readUInt32LE(4);
    let format: SampleFormat | undefined;
    for (let at = 12; at + 8 <= head.length; ) {
      const chunk: Chunk = { id: head.toString('latin1', at, at + 4), size: head.readUInt32LE(at + 4), start: at + 8 };
      if (chunk.id === 'data') {
        if (format === undefined) throw protocolFault(this.#who, 'a WAV that does not describe its samples');
        this.#begin(format, riffSize, chunk.size);
        return chunk.start;
      }
      if (chunk.id === 'fmt ') {
        if (chunk.start + chunk.size > head.length) return undefined;
        format = this.#described(head.subarray(chunk.start, chunk.start + chunk.size));
      }
      at = chunk.start + chunk.size + (chunk.size % 2);
    }
    return undefined;
  }

  #begin(format: SampleFormat, riffSize: number, dataSize: number): void {
    this.#streamed = riffSize >= UNKNOWN_SIZE || riffSize === 0;
    const unknown = dataSize >= UNKNOWN_SIZE || (dataSize === 0 && this.#streamed);
    this.#format = format;
    this.#reader = new SampleReader(format);
    // Half a frame at the end is nobody's.
    if (!unknown) this.#remaining = dataSize - (dataSize % frameBytes(format));
  }

  #described(fmt: Buffer): SampleFormat {
    if (fmt.length < 16) throw protocolFault(this.#who, 'a WAV that does not describe its samples');
    const tag = fmt.readUInt16LE(0);
    const code = tag === EXTENSIBLE && fmt.length >= 26 ? fmt.readUInt16LE(24) : tag;
    const channels = fmt.readUInt16LE(2);
    const sampleRate = fmt.readUInt32LE(4);
    const encoding = encodingOf(code, fmt.readUInt16LE(14));
    if (encoding === undefined || channels < 1 || channels > MAX_CHANNELS || !isSpeechRate(sampleRate)) {
      throw protocolFault(this.#who, 'a WAV of an unknown kind');
    }
    return { encoding, channels, sampleRate };
  }
}

/** A rate that a voice may have: what is beyond is a mistake, and costly. */
export function isSpeechRate(sampleRate: number): boolean {
  return Number.isInteger(sampleRate) && sampleRate >= 4_000 && sampleRate <= 192_000;
}

function encodingOf(code: number, bits: number): SampleEncoding | undefined {
  switch (code) {
    case PCM:
      return ({ 8: 'u8', 16: 's16', 24: 's24', 32: 's32' } as const)[bits];
    case FLOAT:
      return ({ 32: 'f32', 64: 'f64' } as const)[bits];
    case ALAW:
      return bits === 8 ? 'alaw' : undefined;
    case MULAW:
      return bits === 8 ? 'mulaw' : undefined;
    default:
      return undefined;
  }
}
