/** A single frame as periodic as this is enough: what coughs and knocks reach now and then, a vowel reaches at once. */
export const CERTAIN_PERIODICITY = 0.65;

/** It goes on as long as something stands out of the noise, and so long after, frames: coughs come in twos and threes. */
const LINGER_FRAMES = 10;

/**
 * The first sign that a caller may be about to speak, some 50 ms after the first sound: one clear frame of a vowel, two
 * less clear ones of three, or two of hissing in a row ("s", "f", "sh", which no vowel precedes). Wrong more often than
 * the voice detector's considered opinion, which comes later; meant for what can be undone.
 */
export class Stirring {
  /** From the first sign until the sound has been over for 200 ms. */
  active = false;
  #voicedBits = 0;
  #hissed = false;
  #quietFrames = 0;

  /**
   * Takes the verdicts on one frame.
   * @param voiced stands clear of the noise, has a pitch and is no machine's tone
   * @param periodicity 0 to 1
   * @param hissing stands out of the noise, mostly above 1500 Hz
   * @param standingOut might belong to speech at all
   */
  push(voiced: boolean, periodicity: number, hissing: boolean, standingOut: boolean): void {
    this.#voicedBits = ((this.#voicedBits << 1) | (voiced ? 1 : 0)) & 7;
    const again = voiced && (this.#voicedBits & 6) !== 0;
    if ((voiced && periodicity >= CERTAIN_PERIODICITY) || again || (hissing && this.#hissed)) this.active = true;
    this.#hissed = hissing;
    this.#quietFrames = standingOut ? 0 : this.#quietFrames + 1;
    if (this.#quietFrames >= LINGER_FRAMES) this.active = false;
  }

  reset(): void {
    this.active = false;
    this.#voicedBits = 0;
    this.#hissed = false;
    this.#quietFrames = 0;
  }
}
