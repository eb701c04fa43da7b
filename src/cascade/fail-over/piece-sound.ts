import { readSamples } from '../../audio/linear-samples.js';
import { type AudioFormat, bytesPerMs } from '../../flavor-api/index.js';

/** Of a longer piece nothing is kept: to say it again would take too long, ms. */
const MOST_MS = 10_000;
/** Sounds are compared at this rate, Hz. */
const BASE_RATE = 8_000;

/** Samples that are linear when somebody asks for them; `undefined` where there are too many, or they cannot be compared. */
export interface Sound {
  readonly sampleRate: AudioFormat['sampleRate'];
  samples(): Int16Array | undefined;
}

/** What has come of the piece under way: another voice that says it is held against it. */
export class PieceSound implements Sound {
  readonly #format: AudioFormat;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(format: AudioFormat) {
    this.#format = format;
  }

  get sampleRate(): AudioFormat['sampleRate'] {
    return this.#format.sampleRate;
  }

  /** Another piece begins. Returns the one that is over. */
  restart(): Sound {
    const before = new PieceSound(this.#format);
    before.#chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    return before;
  }

  /** Takes a copy: what is handed on belongs to others. */
  add(data: Uint8Array): void {
    this.#bytes += data.length;
    if (this.#bytes <= MOST_MS * bytesPerMs(this.#format)) this.#chunks.push(new Uint8Array(data));
    else this.#chunks = [];
  }

  samples(): Int16Array | undefined {
    if (this.#chunks.length === 0 || this.#format.sampleRate % BASE_RATE !== 0) return undefined;
    return samplesOf(Buffer.concat(this.#chunks), this.#format);
  }
}

/** Linear samples of audio in any format of a call. */
export function samplesOf(data: Uint8Array, { encoding }: AudioFormat): Int16Array {
  const samples = new Int16Array(encoding === 'pcm16' ? data.length >> 1 : data.length);
  readSamples(data, encoding, samples);
  return samples;
}
