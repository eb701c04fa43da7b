import { cumulativeWeights, isWordEnd } from '../../base/text-weight.js';
import { ASSUMED_RATE, HeardText } from '../../heard/heard-text.js';
import type { Sound } from './piece-sound.js';

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
  #rate = ASSUMED_RATE;
  /** Of the piece that tells it: the longest so far. */
  #rateWeight = 0;

  /**
   * A whole piece took this long.
   *
   * @param sound of it; nothing of it is kept
   */
  learn(piece: string, durationMs: number, sound?: Sound): void {
    const weight = cumulativeWeights(piece)[piece.length] ?? 0;
    if (weight <= 0 || durationMs <= LEAD_MS) return;
    this.#weight += weight;
    this.#durationMs += durationMs - LEAD_MS;
    const samples = weight > this.#rateWeight ? sound?.samples() : undefined;
    const rate = sound && samples && spokenText(piece, samples, sound, ASSUMED_RATE, true).rate;
    if (rate !== undefined) [this.#rate, this.#rateWeight] = [rate, weight];
  }

  /** How long it takes to say this, ms. */
  durationMs(piece: string): number {
    return LEAD_MS + (cumulativeWeights(piece)[piece.length] ?? 0) * this.letterMs;
  }

  /** Letters per millisecond of speech, pauses left out. */
  get rate(): number {
    return this.#rate;
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

/** Text that is left: of which of some texts, and what of it. */
export interface Rest {
  readonly index: number;
  readonly text: string;
}

/** What of some texts, said one after the other, is still to be said after `spokenMs` of their audio: see {@link restOfPiece}. */
export function restByPace(texts: readonly string[], spokenMs: number, pace: SpeechPace): Rest {
  let [index, leftMs] = [0, spokenMs];
  for (; index < texts.length - 1; index += 1) {
    const lastsMs = pace.durationMs(texts[index] ?? '');
    if (leftMs <= lastsMs) break;
    leftMs -= lastsMs;
  }
  return { index, text: restOfPiece(texts[index] ?? '', leftMs, pace) };
}

/** A word in the middle of which a voice was left counts as said once so much of it was heard; in a gap the nearest is it. */
const SAID_SHARE = 0.6;
const GAP_SHARE = 0.5;

/**
 * What of some texts, said one after the other, is still to be said: told by the sound as far as it has come. A word in
 * the middle of which the voice was left is said again.
 *
 * @param leave where the voice is left, ms of its sound; in a gap, or in the middle of a sound
 * @returns never empty, see {@link restOfPiece}
 */
export function restBySound(
  texts: readonly string[],
  samples: Int16Array,
  { sampleRate }: Pick<Sound, 'sampleRate'>,
  { leaveMs, inGap }: { readonly leaveMs: number; readonly inGap: boolean },
  pace: SpeechPace,
): Rest {
  const heard = spokenText(texts.join(' '), samples, { sampleRate }, pace.rate, false);
  let left = heard.heardAt(leaveMs, inGap ? GAP_SHARE : SAID_SHARE).chars;
  for (const [index, text] of texts.entries()) {
    const rest = text.slice(left).trimStart();
    if (rest !== '') return { index, text: rest };
    left = Math.max(0, left - text.length - 1);
  }
  const last = texts.at(-1) ?? '';
  return { index: texts.length - 1, text: last.trimEnd().split(/\s/u).at(-1) ?? last };
}

function spokenText(
  text: string,
  samples: Int16Array,
  { sampleRate }: Pick<Sound, 'sampleRate'>,
  rate: number,
  complete: boolean,
): HeardText {
  const heard = new HeardText({ encoding: 'pcm16', sampleRate }, rate);
  heard.addText(text, 0);
  heard.addAudio(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
  if (complete) heard.complete();
  return heard;
}
