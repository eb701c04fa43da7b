import { cumulativeWeights, isWordEnd, type SoundingTime } from 'sip-voice-connector/cascade';
import { lastPauseOf } from './pauses.js';

/** Speech of one letter, ms, before a voice has been listened to. */
const LETTER_MS = 68;
/** Of a shorter text the pace is that of its last word, which is drawn out; letters. */
const LEAST_WEIGHT = 20;
/** Silence before the first word of a rendering, about. */
const LEAD_MS = 120;
/** Where the first sound of a rendering was heard: so much before at most, when it was faint, and so much behind, when it was noise. */
const LEAD_BEFORE_MS = 40;
const LEAD_SPREAD_MS = 100;
/** What a place is uncertain by: so much at once, and more with time; less once the voice is known. */
const UNCERTAIN_MS = 200;
const UNEVENNESS = 0.1;
const UNEVENNESS_UNHEARD = 0.25;
/** The same once a place was looked for too near. */
const UNEVENNESS_MOST = 0.45;
/** Where a pause tells the place, that is uncertain by so much, ms; the pace of a text counts beside that of its voice from so many letters. */
const UNCERTAIN_AT_PAUSE_MS = 100;
const VOICE_WEIGHT = 40;
/** A text is said no faster than its voice speaks, by so much. */
const FASTEST = 0.9;
/** Speech that two renderings must have in common to be matched. */
const OVERLAP_MS = 900;

/** How fast a voice speaks, learnt from what it has said. */
export class VoicePace {
  #weight = 0;
  #durationMs = 0;

  /** For a whole text it sounded so long, pauses left out. */
  learn(text: string, soundingMs: number): void {
    const weight = cumulativeWeights(text)[text.length] ?? 0;
    if (weight < LEAST_WEIGHT || soundingMs <= 0) return;
    // Half of what is old is forgotten once it outweighs a few minutes.
    if (this.#weight > 4_000) [this.#weight, this.#durationMs] = [this.#weight / 2, this.#durationMs / 2];
    this.#weight += weight;
    this.#durationMs += soundingMs;
  }

  get known(): boolean {
    return this.#weight >= 40;
  }

  /** Of one letter, ms. */
  get letterMs(): number {
    return this.known ? this.#durationMs / this.#weight : LETTER_MS;
  }

  /** How long it takes to say this without a pause, ms. */
  durationMs(text: string): number {
    return LEAD_MS + this.lettersMs(text);
  }

  /** The same without the silence before it. */
  lettersMs(text: string): number {
    return (cumulativeWeights(text)[text.length] ?? 0) * this.letterMs;
  }
}

/** Where in a text another voice begins again, so that its sound can be matched with what was heard. */
export interface Anchor {
  /** Index in the text of the word it begins with. */
  readonly index: number;
  /** Sound before it, pauses left out, ms. */
  readonly soundingMs: number;
  /** Where that word begins in the sound of the text, ms: most likely, at the earliest, and at the latest. */
  readonly expectedMs: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What a place is uncertain by that the pace of a text tells, so far from where it was known, ms. */
export function uncertainMs(distanceMs: number, pace: VoicePace): number {
  return UNCERTAIN_MS + distanceMs * (pace.known ? UNEVENNESS : UNEVENNESS_UNHEARD);
}

/** Indexes at which words begin. */
export function wordStarts(text: string): readonly number[] {
  const starts: number[] = [];
  for (let index = 0; index < text.length; index += 1) {
    if (/\s/u.test(text[index] as string)) continue;
    if (index === 0 || /\s/u.test(text[index - 1] as string) || isWordEnd(text, index)) starts.push(index);
  }
  return starts;
}

/**
 * The word to begin again with after what was heard of a text: far enough back that it was surely said, and that there is
 * something to compare; near enough that it does not take long to get past it.
 *
 * @param heardMs how long it was listened to, silence included
 * @param wide the place has been looked for in vain: far enough back for the most uneven text
 */
export function anchorOf(text: string, heard: SoundingTime, heardMs: number, pace: VoicePace, wide = false): Anchor {
  const weights = cumulativeWeights(text);
  const unevenness = wide ? UNEVENNESS_MOST : pace.known ? UNEVENNESS : UNEVENNESS_UNHEARD;
  const pause = wide || !pace.known ? undefined : lastPauseOf(text, heard, heardMs, pace.letterMs);
  const known = pause ?? { soundingMs: 0, weight: 0 };
  const ownMs = (pace.letterMs * VOICE_WEIGHT + known.soundingMs) / (VOICE_WEIGHT + known.weight);
  const letterMs = Math.max(pace.letterMs * FASTEST, ownMs);
  const startMs = (index: number): number => {
    const weight = weights[index] ?? 0;
    const passedMs = pause && weight < pause.weight ? pause.soundingMs / pause.weight : letterMs;
    return known.soundingMs + (weight - known.weight) * passedMs;
  };
  const uncertainMs = pause ? UNCERTAIN_AT_PAUSE_MS : UNCERTAIN_MS;
  const latestMs = heard.totalMs - (heard.totalMs - known.soundingMs) * unevenness - OVERLAP_MS - uncertainMs;
  const index = wordStarts(text).findLast((start) => startMs(start) <= latestMs) ?? 0;
  const expectedMs = heard.at(startMs(index));
  const spreadMs =
    index === 0 ? LEAD_SPREAD_MS : 2 * (UNCERTAIN_MS + Math.abs(startMs(index) - known.soundingMs) * unevenness);
  const lastMs = index === 0 ? expectedMs + heard.totalMs / 2 : heard.at(heard.totalMs) - OVERLAP_MS / 2;
  return {
    index,
    soundingMs: startMs(index),
    expectedMs,
    fromMs: Math.max(0, expectedMs - (index === 0 ? LEAD_BEFORE_MS : spreadMs)),
    untilMs: Math.min(expectedMs + spreadMs, lastMs),
  };
}

/**
 * Index in the text of the word that was under way after a voice has sounded for so long; where two renderings cannot be
 * compared. Early rather than late: a word may be said twice, none is lost.
 */
export function wordUnderWay(text: string, soundingMs: number, pace: VoicePace): number {
  const weights = cumulativeWeights(text);
  const said = soundingMs / (pace.letterMs * (1 + UNEVENNESS));
  return wordStarts(text).findLast((start) => (weights[start] ?? 0) <= said) ?? 0;
}
