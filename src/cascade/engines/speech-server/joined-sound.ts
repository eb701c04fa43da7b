import { encodedSamples } from '../../../audio/linear-samples.js';
import { createResampler, type Resampler } from '../../../audio/resampler.js';
import type { AudioFormat } from '../../../flavor-api/index.js';
import { SmoothEdges } from './smooth-edges.js';

/** One piece of speech at one rate. */
interface Stretch {
  readonly sampleRate: number;
  readonly edges: SmoothEdges;
  readonly resampler: Resampler;
  /** Outputs that come before the first sample of the stretch does: the filter's delay. */
  early: number;
  readonly flushSamples: number;
  samples: number;
}

/**
 * Pieces of speech, each made for itself and at a rate of its own, as one sound in the format asked for: every piece
 * begins and ends at zero, and lasts as long as it did. Lengths are rounded over all pieces together, so that nothing
 * adds up.
 */
export class JoinedSound {
  readonly #format: AudioFormat;
  #stretch: Stretch | undefined;
  /** Length of the stretches that are over, s. */
  #overSeconds = 0;
  #emitted = 0;

  constructor(format: AudioFormat) {
    this.#format = format;
  }

  /**
   * Samples of the present piece at `sampleRate` Hz. What has become of them so far, in the format asked for.
   *
   * @throws RangeError for a rate that cannot be converted.
   */
  push(samples: Int16Array, sampleRate: number): Uint8Array {
    const before = this.#stretch !== undefined && this.#stretch.sampleRate !== sampleRate ? this.end() : undefined;
    this.#stretch ??= this.#begin(sampleRate);
    this.#stretch.samples += samples.length;
    const sound = this.#converted(this.#stretch, this.#stretch.edges.push(samples));
    return before === undefined ? sound : Buffer.concat([before, sound]);
  }

  /** The piece is over: what is left of it. */
  end(): Uint8Array {
    const stretch = this.#stretch;
    if (stretch === undefined) return new Uint8Array(0);
    this.#stretch = undefined;
    const tail = stretch.edges.end();
    const flushed = new Int16Array(tail.length + stretch.flushSamples);
    flushed.set(tail);
    this.#overSeconds += stretch.samples / stretch.sampleRate;
    const dueSamples = Math.round(this.#overSeconds * this.#format.sampleRate) - this.#emitted;
    return this.#converted(stretch, flushed, dueSamples);
  }

  #begin(sampleRate: number): Stretch {
    const resampler = createResampler(sampleRate, this.#format.sampleRate);
    const early = Math.round(resampler.delaySamples);
    return {
      sampleRate,
      edges: new SmoothEdges(sampleRate),
      resampler,
      early,
      // One more than the delay: rounding may ask for one sample more than the piece made by itself.
      flushSamples: Math.ceil(((early + 2) * sampleRate) / this.#format.sampleRate),
      samples: 0,
    };
  }

  #converted(stretch: Stretch, samples: Int16Array, mostSamples: number = Number.POSITIVE_INFINITY): Uint8Array {
    const resampled = stretch.resampler.process(samples);
    const skipped = Math.min(stretch.early, resampled.length);
    stretch.early -= skipped;
    const sound = resampled.subarray(skipped, skipped + Math.max(0, Math.min(mostSamples, resampled.length)));
    this.#emitted += sound.length;
    return encodedSamples(sound, this.#format.encoding);
  }
}
