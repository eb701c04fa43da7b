import { FRAME_MS } from '../../media/engine.js';

/** How long a caller has been speaking, by several measures; fed frame by frame. All ms. */
export class SpeechMeasure {
  /** Voiced time of the present stretch, and the same with its short gaps. */
  voicedMs = 0;
  activeMs = 0;
  /** Voice without a gap above `runGapMs`; 0 when there was none lately. */
  runMs = 0;
  /** Time since that run began, gaps included. */
  runAgeMs = 0;
  /** Time since the last voiced frame. */
  gapMs = 0;
  readonly #runGapMs: number;

  /** @param runGapMs unvoiced time that ends a run. Bridges the stops inside words. */
  constructor(runGapMs: number) {
    this.#runGapMs = runGapMs;
  }

  /** A stretch of speech began `onsetMsAgo` ago: what came since then, and perhaps was not seen as voice, counts. */
  begin(onsetMsAgo: number): void {
    this.voicedMs = onsetMsAgo;
    this.activeMs = onsetMsAgo;
  }

  /** The stretch that has begun was found to be under way for `onsetMsAgo`, at the least. */
  atLeast(onsetMsAgo: number): void {
    this.voicedMs = Math.max(this.voicedMs, onsetMsAgo);
    this.activeMs = Math.max(this.activeMs, onsetMsAgo);
  }

  /** One 20 ms frame. */
  push(voiced: boolean): void {
    if (this.runMs > 0) this.runAgeMs += FRAME_MS;
    if (voiced) {
      if (this.runMs === 0) this.runAgeMs = FRAME_MS;
      this.runMs += FRAME_MS;
      this.voicedMs += FRAME_MS;
      this.activeMs += FRAME_MS + (this.gapMs <= this.#runGapMs ? this.gapMs : 0);
      this.gapMs = 0;
      return;
    }
    this.gapMs += FRAME_MS;
    if (this.gapMs > this.#runGapMs) this.resetRun();
  }

  resetRun(): void {
    this.runMs = 0;
    this.runAgeMs = 0;
  }
}
