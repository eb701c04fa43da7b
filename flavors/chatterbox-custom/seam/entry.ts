import type { WordPlace } from 'sip-voice-connector/cascade';

/** So much of a word must have been said, or it is lost; said again beyond this it is heard twice. */
const SAID = 0.75;
const AGAIN = 0.25;
/** A word that is lost is worth so many that are heard twice; the second word that is heard twice is worse than the first. */
const LOST_COST = 10;
const TWICE_MORE = 1.5;
/** Places that are looked at lie so far apart, ms; and so far beyond where the place is seen. */
const STEP_MS = 15;
const BEYOND_MS = 300;

/** Where the place may be, and by how much that is uncertain, ms. */
export interface PlaceHint {
  readonly ms: number;
  readonly spreadMs: number;
}

/**
 * The word with which another voice is entered: of those that may be under way at a place the one with which least is
 * expected to be lost or to be heard twice.
 *
 * @param words of the voice, ascending, as far as they are known
 * @param hints the other voice has said what this one has said up to there
 */
export function entryWord(words: readonly WordPlace[], hints: readonly PlaceHint[]): WordPlace | undefined {
  const from = Math.min(...hints.map(({ ms }) => ms)) - BEYOND_MS;
  const until = Math.max(...hints.map(({ ms }) => ms)) + BEYOND_MS;
  let [best, least] = [undefined as WordPlace | undefined, Number.POSITIVE_INFINITY];
  for (const [index, word] of words.entries()) {
    let cost = 0;
    for (let ms = from; ms <= until; ms += STEP_MS) {
      cost +=
        hints.reduce((product, hint) => product * likely(ms - hint.ms, hint.spreadMs), 1) * costOf(words, index, ms);
    }
    if (cost < least) [best, least] = [word, cost];
  }
  return best;
}

/** Of entering with this word, where the other voice has come to `placeMs`. */
function costOf(words: readonly WordPlace[], entry: number, placeMs: number): number {
  let [lost, twice] = [0, 0];
  for (const [index, { startMs, endMs }] of words.entries()) {
    const said = (placeMs - startMs) / Math.max(1, endMs - startMs);
    if (index < entry && said < SAID) lost += 1;
    if (index >= entry && said > AGAIN) twice += 1;
  }
  return lost * LOST_COST + twice ** TWICE_MORE;
}

/** Heavier at the ends than a normal distribution. */
function likely(offsetMs: number, spreadMs: number): number {
  return 1 / (1 + (offsetMs / spreadMs) ** 2);
}
