import { FRAME_MS, type SoundingTime, type WordPlace } from 'sip-voice-connector/cascade';
import { type Anchor, uncertainMs, type VoicePace } from './pace.js';

/** Speech that two renderings of one voice must have in common to be matched, and what the place of a word is uncertain by, ms. */
const OVERLAP_MS = 1_000;
const UNCERTAIN_MS = 100;
/** The word is looked for so far before and behind its place, ms: letters are seldom wrong, and then by a word. */
const SPREAD_MS = 500;
/** What is asked for goes past the place by so much, ms. */
const PAST_MS = 420;

/** Where in a text one voice begins again, by what the letters of what was heard sound like. */
export interface LettersAnchor {
  readonly anchor: Anchor;
  /** Speech of what is asked for that surely goes past the place where the old rendering broke off, ms. */
  readonly leastMs: number;
}

/**
 * The word to begin again with: known better by its letters than by the pace of the text, so that less is said that was heard
 * already. `undefined` at the beginning, and where the pace contradicts the letters and begins earlier: who begins behind the
 * place has to be asked again, and for more.
 *
 * @param places of the words that were begun
 * @param byPace the word to begin again with by the pace of the text
 */
export function anchorByLetters(
  text: string,
  places: readonly WordPlace[],
  heard: SoundingTime,
  pace: VoicePace,
  byPace: Anchor,
): LettersAnchor | undefined {
  const endMs = heard.at(heard.totalMs);
  const latestMs = heard.at(heard.totalMs - OVERLAP_MS - UNCERTAIN_MS);
  const word = places.findLast(({ startMs }) => startMs <= latestMs);
  const last = places.at(-1);
  if (word === undefined || last === undefined || word.index === 0) return undefined;
  const { index, startMs } = word;
  const fartherMs =
    index < byPace.index
      ? -pace.lettersMs(text.slice(index, byPace.index))
      : pace.lettersMs(text.slice(byPace.index, index));
  const paceMs = byPace.soundingMs + fartherMs;
  const contradicted = Math.abs(startMs - heard.at(paceMs)) > uncertainMs(paceMs, pace);
  if (contradicted && index > byPace.index) return undefined;
  // The same words, not the same time: a text has slow words and quick ones, and any rendering of it has them.
  const [lastWord = ''] = text.slice(last.index).split(/\s/u, 1);
  const ofLastMs = Math.min(pace.lettersMs(lastWord), endMs - last.startMs);
  return {
    anchor: {
      index,
      soundingMs: paceMs,
      expectedMs: startMs,
      fromMs: Math.max(0, startMs - SPREAD_MS),
      untilMs: Math.max(startMs + FRAME_MS, endMs - OVERLAP_MS / 2),
    },
    leastMs: pace.lettersMs(text.slice(index, last.index)) + ofLastMs + PAST_MS,
  };
}
