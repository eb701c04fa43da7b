import { type AudioFormat, bytesPerMs } from '../../flavor-api/index.js';

/** A frame with a peak below this is silence, of 32,768. Lines hum at a few hundred. */
export const VOICED_PEAK = 1_000;

/** Whether there is more than the hum of a line in it. Hot path. */
export function isVoiced(bytes: Uint8Array, format: AudioFormat): boolean {
  return peakOf(bytes, format) >= VOICED_PEAK;
}
/** Kept before the first voice of a stretch that is told again, ms. */
const LEAD_MS = 300;
const FRAME_MS = 20;

/** Caller audio of the last seconds, by its place since the call began: written once, read again after a loss. */
export class AudioTape {
  readonly #ring: Buffer;
  readonly #format: AudioFormat;
  #end = 0;

  constructor(format: AudioFormat, keepMs: number) {
    this.#format = format;
    // Whole milliseconds, so that it holds whole samples.
    this.#ring = Buffer.alloc(Math.floor(keepMs) * bytesPerMs(format));
  }

  /** All bytes ever written. */
  get end(): number {
    return this.#end;
  }

  /** The oldest byte that is still there. */
  get start(): number {
    return Math.max(0, this.#end - this.#ring.length);
  }

  /** Hot path: copies, allocates nothing. */
  write(data: Uint8Array): void {
    const size = this.#ring.length;
    let from = 0;
    // More than the tape holds: its end is what counts.
    if (data.length > size) from = data.length - size;
    this.#end += from;
    while (from < data.length) {
      const at = this.#end % size;
      const length = Math.min(data.length - from, size - at);
      this.#ring.set(from === 0 && length === data.length ? data : data.subarray(from, from + length), at);
      this.#end += length;
      from += length;
    }
  }

  /** Bytes from `at` on, at most `length` of them; good until the tape has gone round. Two pieces become one by a copy. */
  read(at: number, length: number): Uint8Array {
    const from = Math.max(at, this.start);
    const bytes = Math.min(length, this.#end - from);
    if (bytes <= 0) return this.#ring.subarray(0, 0);
    const index = from % this.#ring.length;
    const straight = Math.min(bytes, this.#ring.length - index);
    if (straight === bytes) return this.#ring.subarray(index, index + bytes);
    return Buffer.concat([this.#ring.subarray(index), this.#ring.subarray(0, bytes - straight)]);
  }

  /** Where to begin so that nothing voiced from `from` on is missed, and silence is not told again. */
  firstVoice(from: number): number {
    const frameBytes = FRAME_MS * bytesPerMs(this.#format);
    const leadBytes = LEAD_MS * bytesPerMs(this.#format);
    const begin = Math.max(from, this.start);
    for (let at = begin; at < this.#end; at += frameBytes) {
      if (!isVoiced(this.read(at, frameBytes), this.#format)) continue;
      return Math.max(begin, at - leadBytes);
    }
    return this.#end;
  }
}

/** The largest sample of whole samples in `format`, 0 to 32,767. */
export function peakOf(bytes: Uint8Array, { encoding }: AudioFormat): number {
  let peak = 0;
  if (encoding === 'pcm16') {
    for (let i = 0; i + 1 < bytes.length; i += 2) {
      const sample = (((bytes[i + 1] ?? 0) << 24) >> 16) | (bytes[i] ?? 0);
      peak = Math.max(peak, Math.abs(sample));
    }
    return peak;
  }
  // G.711: the larger the code without its sign and inversion, the larger the sample. ITU-T G.711 tables 1a and 2a.
  const mask = encoding === 'mulaw' ? 0xff : 0x55;
  for (const byte of bytes) peak = Math.max(peak, (byte ^ mask) & 0x7f);
  const exponent = peak >> 4;
  const mantissa = peak & 0x0f;
  if (encoding === 'mulaw') return (((mantissa << 3) + 132) << exponent) - 132;
  return exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 264) << (exponent - 1);
}
