import { cumulativeWeights, isWordEnd } from '../../base/text-weight.js';

/** Speech of one letter, ms, before a voice has been listened to: slow, since a word said twice is better than one lost. */
const LETTER_MS = 80;
/** So many letters of a voice count as much as what was assumed before: a short piece tells little. */
const ASSUMED_LETTERS = 6;
/** Words of a voice are so much slower or faster than its mean. */
const UNEVENNESS = 0.1;
/** Before its first voiced sample an engine may send silence of this length, ms: it is no word. */
const LEAD_MS = 120;

/** How fast a voice speaks, learned from what it has said. */
export class SpeechPace {
  #weight = 0;
  #durationMs = 0;

  /** A whole piece took this long. */
  learn(piece: string, durationMs: number): void {
    const weight = cumulativeWeights(piece)[piece.length] ?? 0;
    if (weight <= 0 || durationMs <= LEAD_MS) return;
    this.#weight += weight;
    this.#durationMs += durationMs - LEAD_MS;
  }

  /** How long it takes to say this, ms. */
  durationMs(piece: string): number {
    return LEAD_MS + (cumulativeWeights(piece)[piece.length] ?? 0) * this.letterMs;
  }

  /** Duration of one letter, ms. */
  get letterMs(): number {
    return (this.#durationMs + ASSUMED_LETTERS * LETTER_MS) / (this.#weight + ASSUMED_LETTERS);
  }
}

/**
 * What of a piece is still to be said after `spokenMs` of its audio. Cut before the word that was probably under way: a
 * word may be said twice, none is lost.
 *
 * @param piece Text of the piece.
 * @param spokenMs Audio of it that is on its way to the caller, ms.
 * @returns The rest from the beginning of a word on; the whole piece when next to nothing was said of it. Never empty:
 *   an engine that failed had not told the piece to its end.
 */
export function restOfPiece(piece: string, spokenMs: number, pace: SpeechPace): string {
  const weights = cumulativeWeights(piece);
  const spoken = (spokenMs - LEAD_MS) / (pace.letterMs * (1 + UNEVENNESS));
  let start = 0;
  for (let index = 1; index < piece.length; index += 1) {
    if ((weights[index] ?? 0) > spoken) break;
    if (isWordEnd(piece, index)) start = index;
  }
  return piece.slice(start).trimStart();
}
