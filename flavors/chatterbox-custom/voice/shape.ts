import { clausesOf } from 'sip-voice-connector/cascade';
import { wordStarts } from '../seam/pace.js';
import type { Tier } from '../tiers/tier.js';

/** Signs for the voice, such as `[laugh]`. */
const TAG = /\[[a-z][a-z ]{0,30}\]/gi;
/** A piece of its own has so many characters at least: less has no melody. */
const LEAST_CHARACTERS = 20;
/** The same where the caller hears nothing already. */
const LEAST_FRAGMENT = 12;
/** So much later than could be, and still nobody waits, ms. */
const TOLERATED_MS = 250;

/** What a tier is given of a text: tags only where they are acted. */
export function textFor(tier: Tier, text: string): string {
  const spoken = tier.backend.capabilities.tags ? text : text.replace(TAG, ' ');
  return spoken.replace(/\s+/gu, ' ').trim();
}

/** Something in it can be said: of bare punctuation models make noise, and servers make nothing. */
export function isSayable(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/**
 * What of a text is asked for first, and the rest. Where the answer comes whole, a long text is a long silence: as much
 * is asked for as is made while the caller listens to what was said before, a clause at least.
 *
 * @param aheadMs what the caller still has to hear
 * @param most characters of one request
 * @param leastMs speech that the first part must have, about: the place at which a rendering broke off must be in it. Where
 *   there is such a place the caller hears nothing: of a tier that answers as a whole no more is asked for than that
 */
export function firstPart(
  text: string,
  tier: Tier,
  aheadMs: number,
  most: number,
  leastMs = 0,
): readonly [string, string] {
  const limit = Math.min(most, tier.backend.capabilities.maxCharacters);
  const toleratedMs = leastMs > 0 ? 0 : TOLERATED_MS;
  const inTime = (part: string): boolean => tier.firstAudioAfterMs(part) <= aheadMs + toleratedMs;
  if (text.length <= limit && (tier.backend.capabilities.streaming || inTime(text))) return [text, ''];
  const [first = text, ...others] = clausesOf(text, LEAST_CHARACTERS);
  let part = first;
  for (const clause of others) {
    const longer = part + clause;
    const enough = tier.pace.durationMs(part) >= leastMs;
    if (longer.trim().length > limit || (enough && !tier.backend.capabilities.streaming && !inTime(longer))) break;
    part += clause;
  }
  if (leastMs > 0 && !tier.backend.capabilities.streaming && !inTime(part)) {
    part = wordsInTime(text, part, tier, aheadMs, leastMs);
  }
  if (part.trim().length > limit) {
    const blank = part.lastIndexOf(' ', limit);
    part = part.slice(0, blank > 0 ? blank : limit);
  }
  return [part.trim(), text.slice(part.length).trim()];
}

/** As many words of a part as are made in time; as few as have so much speech where those are not. */
function wordsInTime(text: string, part: string, tier: Tier, aheadMs: number, leastMs: number): string {
  const ends = wordStarts(part).filter(
    (start) =>
      start >= LEAST_FRAGMENT &&
      text.length - start >= LEAST_FRAGMENT &&
      tier.pace.durationMs(part.slice(0, start)) >= leastMs,
  );
  const end = ends.findLast((start) => tier.firstAudioAfterMs(part.slice(0, start)) <= aheadMs) ?? ends[0];
  return end === undefined ? part : part.slice(0, end);
}
