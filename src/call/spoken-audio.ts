import { type AudioFormat, bytesPerMs } from '../flavor-api/index.js';
import { phoneCodings } from '../media/phone-codec.js';

/** A silence between words, on the sample clock of a response, ms. */
export interface Pause {
  readonly fromMs: number;
  readonly toMs: number;
}

const BLOCK_MS = 20;
/** A block is silent so far below the loudest, dB, or below this power of 16-bit samples, dB. */
const BELOW_PEAK_DB = 35;
const FLOOR_DB = 25;
/** The stops inside words are shorter, blocks. */
const MIN_PAUSE_BLOCKS = 5;
/** Levels kept: an hour. What comes later counts as speech. */
const MAX_BLOCKS = 180_000;

/** The sound of one response, as far as it has come: how long it is, and where nothing is said in it. */
export class SpokenAudio {
  readonly #format: AudioFormat;
  readonly #blockSamples: number;
  readonly #levelsDb: number[] = [];
  #bytes = 0;
  #power = 0;
  #samples = 0;

  /** @param format of what is pushed. */
  constructor(format: AudioFormat) {
    this.#format = format;
    this.#blockSamples = (format.sampleRate * BLOCK_MS) / 1000;
  }

  /** Milliseconds so far. */
  get durationMs(): number {
    return this.#bytes / bytesPerMs(this.#format);
  }

  /** Takes whole samples. */
  push(data: Uint8Array): void {
    this.#bytes += data.byteLength;
    if (this.#levelsDb.length >= MAX_BLOCKS) return;
    if (this.#format.encoding === 'pcm16') this.#pushPcm(data);
    else this.#pushCodes(data, powersOf[this.#format.encoding]);
  }

  /** Silences of 100 ms and more, and those at either end, in order. None where all is silent. */
  pauses(): readonly Pause[] {
    const levels = this.#levelsDb;
    const threshold = Math.max(levels.reduce((peak, level) => Math.max(peak, level), 0) - BELOW_PEAK_DB, FLOOR_DB);
    const pauses: Pause[] = [];
    let from = 0;
    for (let block = 0; block <= levels.length; block += 1) {
      const level = levels[block];
      if (level !== undefined && level < threshold) continue;
      const atEdge = from === 0 || block === levels.length;
      if (block - from >= (atEdge ? 1 : MIN_PAUSE_BLOCKS)) {
        pauses.push({ fromMs: from * BLOCK_MS, toMs: Math.min(block * BLOCK_MS, this.durationMs) });
      }
      from = block + 1;
    }
    const [only] = pauses;
    return only?.fromMs === 0 && only.toMs >= levels.length * BLOCK_MS ? [] : pauses;
  }

  #pushPcm(data: Uint8Array): void {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at + 1 < data.byteLength; at += 2) this.#add(view.getInt16(at, true) ** 2);
  }

  #pushCodes(data: Uint8Array, powers: Float64Array): void {
    for (let at = 0; at < data.length; ) {
      const end = Math.min(data.length, at + this.#blockSamples - this.#samples);
      this.#samples += end - at;
      let power = this.#power;
      for (; at < end; at += 1) power += powers[data[at] as number] as number;
      this.#power = power;
      if (this.#samples >= this.#blockSamples) this.#endBlock();
    }
  }

  #add(power: number): void {
    this.#power += power;
    this.#samples += 1;
    if (this.#samples >= this.#blockSamples) this.#endBlock();
  }

  #endBlock(): void {
    this.#levelsDb.push(10 * Math.log10(this.#power / this.#samples + 1));
    this.#power = 0;
    this.#samples = 0;
  }
}

/** Power of a sample, by its code. */
const powersOf = { mulaw: codePowers('pcmu'), alaw: codePowers('pcma') } as const;

function codePowers(codec: keyof typeof phoneCodings): Float64Array {
  const samples = new Int16Array(256);
  phoneCodings[codec].decode(
    Uint8Array.from({ length: 256 }, (_, code) => code),
    samples,
  );
  return Float64Array.from(samples, (sample) => sample * sample);
}
