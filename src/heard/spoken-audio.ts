import { decodeAlaw, decodeMulaw } from '../audio/g711.js';
import { type AudioFormat, bytesPerMs } from '../flavor-api/index.js';
import type { SpeechBlock } from './speech-alignment.js';

/** A silence between words, on the sample clock of a response, ms. */
export interface Pause {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Of what is looked at as one sound. */
export const BLOCK_MS = 20;
/** A block is silent so far below the loudest, dB, or below this power of 16-bit samples, dB. */
const BELOW_PEAK_DB = 35;
const FLOOR_DB = 25;
/** The stops inside words are shorter, blocks. */
const MIN_PAUSE_BLOCKS = 5;
/** Share of the blocks that the loud ones are above. */
const LOUD = 0.95;
/** Blocks kept: ten minutes, 240 kB. What comes later counts as speech. */
const MAX_BLOCKS = 30_000;
/** Blocks that there is room for at first, 640 ms; it doubles where more come. */
const FIRST_BLOCKS = 32;

/** The sound of one response, as far as it has come: how long it is, and where nothing is said in it. */
export class SpokenAudio {
  readonly #format: AudioFormat;
  readonly #blockSamples: number;
  /** Two numbers of each block, its level in dB and its brightness in Hz. */
  #figures = new Float32Array(2 * FIRST_BLOCKS);
  #blocks = 0;
  #bytes = 0;
  #power = 0;
  /** Power of the difference to the sample before. */
  #slope = 0;
  #last = 0;
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
    if (this.#blocks >= MAX_BLOCKS) return;
    if (this.#format.encoding === 'pcm16') this.#pushPcm(data);
    else this.#pushCodes(data, samplesOf[this.#format.encoding]);
  }

  /** Silences of 100 ms and more, and those at either end, in order. None where all is silent. */
  pauses(): readonly Pause[] {
    const count = this.#blocks;
    let peak = 0;
    for (let block = 0; block < count; block += 1) peak = Math.max(peak, this.#levelDb(block));
    const threshold = Math.max(peak - BELOW_PEAK_DB, FLOOR_DB);
    const pauses: Pause[] = [];
    let from = 0;
    for (let block = 0; block <= count; block += 1) {
      if (block < count && this.#levelDb(block) < threshold) continue;
      const atEdge = from === 0 || block === count;
      if (block - from >= (atEdge ? 1 : MIN_PAUSE_BLOCKS)) {
        pauses.push({ fromMs: from * BLOCK_MS, toMs: Math.min(block * BLOCK_MS, this.durationMs) });
      }
      from = block + 1;
    }
    const [only] = pauses;
    return only?.fromMs === 0 && only.toMs >= count * BLOCK_MS ? [] : pauses;
  }

  /**
   * What is said in the blocks of speech from index `from` to `to`, counted with `pauses` left out; levels are below the
   * loud parts of the whole.
   */
  speech(pauses: readonly Pause[], from: number, to: number): readonly SpeechBlock[] {
    const sorted = Float32Array.from({ length: this.#blocks }, (_, block) => this.#levelDb(block)).sort();
    const loud = sorted[Math.floor(LOUD * sorted.length)] ?? 0;
    const blocks: SpeechBlock[] = [];
    let next = 0;
    let counted = 0;
    for (let index = 0; index < this.#blocks && counted < to; index += 1) {
      const atMs = index * BLOCK_MS;
      while (next < pauses.length && (pauses[next]?.toMs ?? 0) <= atMs) next += 1;
      if ((pauses[next]?.fromMs ?? Number.POSITIVE_INFINITY) <= atMs) continue;
      counted += 1;
      if (counted <= from) continue;
      blocks.push({ levelDb: this.#levelDb(index) - loud, brightnessHz: this.#figures[2 * index + 1] as number });
    }
    return blocks;
  }

  #levelDb(block: number): number {
    return this.#figures[2 * block] as number;
  }

  #pushPcm(data: Uint8Array): void {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const samples = data.byteLength >> 1;
    for (let at = 0; at < samples; ) {
      const end = Math.min(samples, at + this.#blockSamples - this.#samples);
      const even = at + ((end - at) & ~1);
      this.#samples += end - at;
      // Two sums of each, so that no addition waits for the one before; of whole numbers, in whatever order.
      let [power, power1, slope, slope1, last] = [this.#power, 0, this.#slope, 0, this.#last];
      for (; at < even; at += 2) {
        const sample = view.getInt16(2 * at, true);
        const next = view.getInt16(2 * at + 2, true);
        power += sample * sample;
        power1 += next * next;
        slope += (sample - last) * (sample - last);
        slope1 += (next - sample) * (next - sample);
        last = next;
      }
      if (at < end) {
        const sample = view.getInt16(2 * at, true);
        power += sample * sample;
        slope += (sample - last) * (sample - last);
        last = sample;
        at = end;
      }
      this.#take(power + power1, slope + slope1, last);
    }
  }

  /** The same, with samples by a table: looking them up in the loop is cheaper than writing them down before it. */
  #pushCodes(data: Uint8Array, samples: Float64Array): void {
    for (let at = 0; at < data.length; ) {
      const end = Math.min(data.length, at + this.#blockSamples - this.#samples);
      const even = at + ((end - at) & ~1);
      this.#samples += end - at;
      let [power, power1, slope, slope1, last] = [this.#power, 0, this.#slope, 0, this.#last];
      for (; at < even; at += 2) {
        const sample = samples[data[at] as number] as number;
        const next = samples[data[at + 1] as number] as number;
        power += sample * sample;
        power1 += next * next;
        slope += (sample - last) * (sample - last);
        slope1 += (next - sample) * (next - sample);
        last = next;
      }
      if (at < end) {
        const sample = samples[data[at] as number] as number;
        power += sample * sample;
        slope += (sample - last) * (sample - last);
        last = sample;
        at = end;
      }
      this.#take(power + power1, slope + slope1, last);
    }
  }

  #take(power: number, slope: number, last: number): void {
    this.#power = power;
    this.#slope = slope;
    this.#last = last;
    if (this.#samples >= this.#blockSamples) this.#endBlock();
  }

  #endBlock(): void {
    const at = 2 * this.#blocks;
    if (at === this.#figures.length) this.#grow();
    this.#figures[at] = 10 * Math.log10(this.#power / this.#samples + 1);
    // Of a tone it is its frequency: the difference of two samples grows with it.
    const ratio = Math.min(4, this.#slope / (this.#power + this.#samples));
    this.#figures[at + 1] = (Math.acos(1 - ratio / 2) / (2 * Math.PI)) * this.#format.sampleRate;
    this.#blocks += 1;
    this.#power = 0;
    this.#slope = 0;
    this.#samples = 0;
  }

  #grow(): void {
    const figures = new Float32Array(2 * this.#figures.length);
    figures.set(this.#figures);
    this.#figures = figures;
  }
}

/** Samples by their codes. */
const samplesOf = { mulaw: codeSamples(decodeMulaw), alaw: codeSamples(decodeAlaw) } as const;

/** In floating point, in which they are summed up. */
function codeSamples(decode: typeof decodeMulaw): Float64Array {
  const samples = new Int16Array(256);
  decode(
    Uint8Array.from({ length: 256 }, (_, code) => code),
    samples,
  );
  return Float64Array.from(samples);
}

/** How much speech there is before each of the pauses, ms. */
export function speechBefore(pauses: readonly Pause[]): readonly number[] {
  let silentMs = 0;
  return pauses.map(({ fromMs, toMs }) => {
    const speechMs = fromMs - silentMs;
    silentMs += toMs - fromMs;
    return speechMs;
  });
}
