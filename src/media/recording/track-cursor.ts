/** When a track follows its media clock and when it goes back to the clock on the wall, samples. */
export interface TrackCursorOptions {
  /** Arrivals may stray this far from the media clock for good before the track is moved. */
  readonly driftSamples: number;
  /** So many packets in a row must stray to one side; the one that strayed least decides how far to move. */
  readonly driftPackets: number;
  /** When the least late of `creepPackets` strays by more than this, the track is moved after it sample by sample. */
  readonly creepSamples: number;
  readonly creepPackets: number;
  /** A single packet that is earlier than its place by more than this moves the track so as well. */
  readonly earlySamples: number;
  /** Beyond this, the media clock itself has jumped, and the track moves at once. */
  readonly jumpSamples: number;
  /**
   * A pause in the media of more than this ends a talk spurt. The next one stands where it arrived if that strays by more
   * than `driftSamples`: a phone that stops its clock while it is silent.
   */
  readonly spurtGapSamples: number;
}

/**
 * Decides where packets of one direction stand in a recording. Within a talk spurt they follow the media clock, so
 * arrival jitter does not tear the waveform. Where that clock runs faster or slower than ours, the track follows the
 * packets that were delayed least by single samples, which nobody hears, so that hours later it still stands right.
 */
export class TrackCursor {
  readonly #options: TrackCursorOptions;
  #begun = false;
  /** Track position of media time 0. */
  #offset = 0;
  /** End of the latest packet on the media clock. */
  #mediaEnd = 0;
  /** Packets in a row that strayed to the same side, and the smallest of their strayings. */
  #strayed = 0;
  #leastDrift = 0;
  /** Packets in the current window, the straying of the least late of them, and what the last window leaves to be moved. */
  #windowPackets = 0;
  #windowLeast = Number.POSITIVE_INFINITY;
  #creep = 0;

  constructor(options: TrackCursorOptions) {
    this.#options = options;
  }

  /**
   * Returns the track position of a packet's first sample.
   * @param arrival position where the packet would stand by its arrival alone
   * @param media its first sample on the media clock, unwrapped
   * @param length samples in the packet
   */
  place(arrival: number, media: number, length: number): number {
    const drift = arrival - (this.#offset + media);
    const gap = media - this.#mediaEnd;
    const newSpurt = gap > this.#options.spurtGapSamples;
    const strays = newSpurt && Math.abs(drift) > this.#options.driftSamples;
    if (!this.#begun || strays || Math.abs(drift) > this.#options.jumpSamples) {
      this.#begun = true;
      this.#move(drift);
      this.#mediaEnd = media + length;
    } else {
      this.#watch(drift);
      this.#follow(drift);
      this.#mediaEnd = Math.max(this.#mediaEnd, media + length);
    }
    return this.#offset + media;
  }

  #watch(drift: number): void {
    if (Math.abs(drift) <= this.#options.driftSamples) {
      this.#strayed = 0;
      return;
    }
    const sameSide = this.#strayed > 0 && drift > 0 === this.#leastDrift > 0;
    this.#strayed = sameSide ? this.#strayed + 1 : 1;
    this.#leastDrift = sameSide && Math.abs(drift) > Math.abs(this.#leastDrift) ? this.#leastDrift : drift;
    if (this.#strayed >= this.#options.driftPackets) this.#move(this.#leastDrift);
  }

  /** Jitter only ever delays: the least late packet shows how the clocks stand to each other, and an early one at once. */
  #follow(drift: number): void {
    if (drift < -this.#options.earlySamples && drift < this.#creep) {
      this.#creep = Math.round(drift);
      this.#forget();
    }
    if (this.#creep !== 0) {
      const step = Math.sign(this.#creep);
      this.#offset += step;
      this.#creep -= step;
      this.#windowLeast -= step;
    }
    this.#windowLeast = Math.min(this.#windowLeast, drift);
    this.#windowPackets += 1;
    if (this.#windowPackets < this.#options.creepPackets) return;
    this.#creep = Math.abs(this.#windowLeast) > this.#options.creepSamples ? Math.round(this.#windowLeast) : 0;
    this.#forget();
  }

  #move(samples: number): void {
    this.#offset += samples;
    this.#strayed = 0;
    this.#creep = 0;
    this.#forget();
  }

  #forget(): void {
    this.#windowPackets = 0;
    this.#windowLeast = Number.POSITIVE_INFINITY;
  }
}
