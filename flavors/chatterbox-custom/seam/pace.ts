import { cumulativeWeights, isWordEnd } from 'sip-voice-connector/cascade';

/** Speech of one letter, ms, before a voice has been listened to. */
const LETTER_MS = 68;
/** Of a shorter text the pace is that of its last word, which is drawn out; letters. */
const LEAST_WEIGHT = 20;
/** Silence before the first word of a rendering, about. */
const LEAD_MS = 120;
/** What a place is uncertain by: so much at once, and more with time; less once the voice is known. */
const UNCERTAIN_MS = 200;
const UNEVENNESS = 0.1;
const UNEVENNESS_UNHEARD = 0.25;
/** Speech that two renderings must have in common to be matched. */
const OVERLAP_MS = 900;

/** How fast a voice speaks, learnt from what it has said. */
export class VoicePace {
  #weight = 0;
  #durationMs = 0;

  /** A whole text took this long, from its first sound to its last: of a short one the silence around it is half. */
  learn(text: string, spokenMs: number): void {
    const weight = cumulativeWeights(text)[text.length] ?? 0;
    if (weight < LEAST_WEIGHT || spokenMs <= 0) return;
    // Half of what is old is forgotten once it outweighs a few minutes.
    if (this.#weight > 4_000) [this.#weight, this.#durationMs] = [this.#weight / 2, this.#durationMs / 2];
    this.#weight += weight;
    this.#durationMs += spokenMs;
  }

  get known(): boolean {
    return this.#weight >= 40;
  }

  /** Of one letter, ms. */
  get letterMs(): number {
    return this.known ? this.#durationMs / this.#weight : LETTER_MS;
  }

  /** How long it takes to say this, ms. */
  durationMs(text: string): number {
    return LEAD_MS + (cumulativeWeights(text)[text.length] ?? 0) * this.letterMs;
  }
}

/** Where in a text another voice begins again, so that its sound can be matched with what was heard. */
export interface Anchor {
  /** Index in the text of the word it begins with. */
  readonly index: number;
  /** Where that word begins in the sound of the text, ms: most likely, at the earliest, and at the latest. */
  readonly expectedMs: number;
  readonly fromMs: number;
  readonly untilMs: number;
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
 * The word to begin again with after `heardMs` of a text: far enough back that it was surely said, and that there is
 * something to compare; near enough that it does not take long to get past it.
 *
 * @param leadMs silence before the first sound of it
 */
export function anchorOf(text: string, heardMs: number, pace: VoicePace, leadMs = LEAD_MS): Anchor {
  const weights = cumulativeWeights(text);
  const startMs = (index: number): number => leadMs + (weights[index] ?? 0) * pace.letterMs;
  const uncertainMs = UNCERTAIN_MS + heardMs * (pace.known ? UNEVENNESS : UNEVENNESS_UNHEARD);
  const latestMs = heardMs - OVERLAP_MS - uncertainMs;
  const index = wordStarts(text).findLast((start) => startMs(start) <= latestMs) ?? 0;
  if (index === 0) return { index, expectedMs: LEAD_MS, fromMs: 0, untilMs: LEAD_MS + UNCERTAIN_MS };
  const expectedMs = startMs(index);
  const spreadMs = 2 * (UNCERTAIN_MS + expectedMs * (pace.known ? UNEVENNESS : UNEVENNESS_UNHEARD));
  const untilMs = Math.min(expectedMs + spreadMs, heardMs - OVERLAP_MS / 2);
  return { index, expectedMs, fromMs: Math.max(0, expectedMs - spreadMs), untilMs };
}

/**
 * Where in the sound of `text` the word begins that was under way after `heardMs` of the text before; where the two cannot
 * be compared. Early rather than late: a word may be said twice, none is lost.
 *
 * @param heardMs of the old rendering, from the beginning of `text` on
 */
export function wordUnderWay(text: string, heardMs: number, old: VoicePace, voice: VoicePace): number {
  const weights = cumulativeWeights(text);
  const said = Math.max(0, heardMs - LEAD_MS) / (old.letterMs * (1 + UNEVENNESS));
  const index = wordStarts(text).findLast((start) => (weights[start] ?? 0) <= said) ?? 0;
  return index === 0 ? 0 : LEAD_MS + (weights[index] ?? 0) * voice.letterMs;
}
