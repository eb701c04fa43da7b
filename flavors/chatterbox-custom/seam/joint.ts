import {
  Aligner,
  FRAME_MS,
  type Frame,
  type Likeness,
  loudestOf,
  type Match,
  oneVoice,
  placeByLetters,
  SoundingTime,
  type Steps,
  twoVoices,
  VoiceMean,
  type WordPlace,
  wordPlaces,
} from 'sip-voice-connector/cascade';
import type { Tier } from '../tiers/tier.js';
import type { Part } from '../voice/handover.js';
import type { Rendering } from '../voice/rendering.js';
import { placeBeyond, type TailSearch, tailCost } from './beyond.js';
import { anchorByLetters } from './letters.js';
import { endOfPause, endOfSound, GAP_DB, lastGap, levelAt, nearestDip, quietest, quietestOf } from './levels.js';
import { type Anchor, anchorOf, wordUnderWay } from './pace.js';

/** Where one rendering is left and the other entered, in samples of each. */
export interface Joint {
  readonly leave: number;
  readonly enter: number;
  /** The sounds agree: what is on both sides of the joint may be faded into each other. */
  readonly matched: boolean;
  /** Hardly anything follows of what was asked for, and the place may lie behind its end, see {@link JointSearch.beyond}. */
  readonly atEnd?: boolean;
}

/** How much longer than the old rendering the new one may be before the search ends. */
const LONGEST_RATIO = 1.3;
const SEARCH_MS = 120;
/** The same where the best match so far ends with the last that has come: a better one may follow. */
const OPEN_RATIO = 1.7;
/** So much more than that may come before it is looked at, and no more of it is compared, ms. */
const MORE_MS = 500;
/** A shorter match is no proof, frames. */
const SURE_FRAMES = 60;
/** The tempo of another rendering is that of its voice, give or take so much; and where that is not known. */
const TEMPO_SPREAD = 0.15;
const TEMPO_SPREAD_UNKNOWN = 0.3;
/** One voice: a match is none that is worse where it is one, whatever it leaves out. */
const BELIEVED_OWN_COST = 0.62;
/** How far the beginning of a match is to be doubted, ms: of two voices, and of one that begins in mid-text. */
const UNSURE_MS = 400;
const UNSURE_OWN_MS = 300;
/** Of the old rendering, what of it may be left out for a good place, ms: farther back the match is less sure. */
const LAST_MS = 1_500;
/** Early rather than late: a word may be said twice, none is lost. Frames, of a good match and of a doubtful one. */
const EARLY = { plain: 4, doubtful: 16 } as const;
/**
 * How far past the place a rendering must go for that to be found, as a share of what both have in common, and ms; where the
 * pace of the voice is known, and where it is not.
 */
const PAST = { known: { ratio: 1.12, ms: 250 }, unknown: { ratio: 1.3, ms: 350 } } as const;
/** Who has sounded no longer is in the first word, however short the letters make it, ms. */
const FIRST_WORD_MS = 250;
/** Of a voice that was never heard, so much is heard first, ms. */
const LISTENED_MS = 600;
/** What is heard of the silence before a rendering's first sound, frames. */
const ONSET_FRAMES = 4;
/** Two voices: a match that is so much later than the letters say would lose words, ms; and one so much later contradicts them. */
const LATE_MS = 120;
const CONTRADICTED_MS = 300;
/** What two voices have in common by the letters, ms: where it is less, the pace of the text begins too late. */
const LEAST_COMMON_MS = 700;
/** So much sound is left of what was asked for where the place lies at its end, frames. */
const AT_END_FRAMES = 6;
/** Half a window: a frame speaks of what lies around its middle. */
const HALF_WINDOW_MS = 16;

/** Looks for the place at which a new rendering goes on where the old one broke off. */
export class JointSearch {
  #anchor: Anchor;
  /** It was begun farther back, since the first anchor was not to be found. */
  #widened = false;
  /** What the new rendering must have, where letters told the anchor, ms. */
  #leastMs: number | undefined;
  /** Where words begin in the old rendering; once they have been looked for. */
  #words: readonly WordPlace[] | undefined;
  readonly #old: Part;
  readonly #perMs: number;
  readonly #heard: SoundingTime;
  #new: Rendering | undefined;
  #aligner: Aligner | undefined;

  constructor(old: Part, perMs: number) {
    this.#old = old;
    this.#perMs = perMs;
    const { text, frames, tier } = old.rendering;
    this.#heard = new SoundingTime(frames.frames);
    this.#anchor = anchorOf(text, this.#heard, old.rendering.durationMs, tier.pace);
    const gap = lastGap(old.rendering.frames.frames, this.#frameAt(old.sent));
    if (gap !== undefined) old.limit = Math.max(old.sent, this.#sampleAt(gap));
    else old.limit = old.rendering.length;
  }

  /**
   * Hears what the letters say of the place, where the same voice goes on that answers as a whole: it need not begin so far
   * back then. Of one that streams what is said again is made in no time, and more of it makes a better match. Another voice
   * begins farther back where the letters say that the two would have hardly anything in common: sounds of two voices agree
   * somewhere, and what was not asked for is not missed by anybody but the caller.
   *
   * @param next who will be asked, most likely
   */
  *listen(next: Tier | undefined): Steps<void> {
    const { text, tier } = this.#old.rendering;
    if (next === undefined || this.anchor.index === 0) return;
    const own = next.voice === tier.voice;
    if (own && next.backend.capabilities.streaming) return;
    const words = yield* this.#wordsOfOld();
    const found = anchorByLetters(text, words, this.#heard, tier.pace, this.#anchor);
    if (found === undefined) return;
    if (own) [this.#anchor, this.#leastMs] = [found.anchor, found.leastMs];
    else if (found.anchor.index < this.#anchor.index && this.#commonMs(words) < LEAST_COMMON_MS) {
      this.#anchor = found.anchor;
    }
  }

  /** Sound of the old rendering from the anchor's word on, as the letters have it, ms; 0 where that was not begun. */
  #commonMs(words: readonly WordPlace[]): number {
    const first = words.find(({ index }) => index >= this.anchor.index);
    return first === undefined ? 0 : this.#heard.at(this.#heard.totalMs) - first.startMs;
  }

  get anchor(): Anchor {
    return this.#anchor;
  }

  /** What the new rendering is to say. */
  get text(): string {
    return this.#old.rendering.text.slice(this.anchor.index);
  }

  /** Speech of it that surely goes past the place where the old rendering broke off, ms. */
  get leastMs(): number {
    if (this.#leastMs !== undefined) return this.#leastMs;
    const { ratio, ms } = this.#old.rendering.tier.pace.known ? PAST.known : PAST.unknown;
    return this.#overlapMs * ratio + ms;
  }

  /** Whoever says it. */
  begin(rendering: Rendering): void {
    this.#new = rendering;
    this.#aligner = undefined;
  }

  /**
   * The joint, as soon as it can be told. A match that is not beyond doubt is believed only when the new rendering has come
   * past the place: before that, the true one is not among those it was compared with. `earlier`: the rendering begins too
   * late to be compared, perhaps behind the place; another one is to be made, of what `text` is now.
   */
  *find(): Steps<Joint | 'earlier' | undefined> {
    const rendering = this.#new;
    if (rendering === undefined) return undefined;
    // What comes while it is looked at is looked at the next time.
    const { durationMs, state, over } = rendering;
    const frames = rendering.frames.frames.slice();
    const listened = over || frames.length * FRAME_MS >= LISTENED_MS;
    this.#aligner ??= listened ? this.#align(rendering) : undefined;
    const aligner = this.#aligner;
    if (aligner === undefined) return undefined;
    const overlapMs = this.#old.rendering.durationMs - this.anchor.expectedMs;
    const most = (overlapMs * OPEN_RATIO + SEARCH_MS + MORE_MS) / FRAME_MS;
    for (let at = aligner.frames; at < Math.min(most, frames.length); at += 1) {
      aligner.push(frames[at] as Frame);
      yield;
    }
    const match = aligner.best();
    const { believedCost, sureCost } = this.#likeness(rendering);
    const heard = this.#old.rendering.frames.frames.length;
    if (match?.settled === true && match.ownCost < sureCost && heard - match.start >= SURE_FRAMES) {
      return yield* this.#joint(match, frames);
    }
    const pastMs = overlapMs * (match?.settled === true ? LONGEST_RATIO : OPEN_RATIO) + SEARCH_MS;
    if (state !== 'done' && durationMs < pastMs) return undefined;
    const believed = match !== undefined && match.cost < believedCost;
    if (this.#likeness(rendering) !== oneVoice) {
      return believed ? yield* this.#joint(match, frames) : this.#byText(frames);
    }
    // What is left out of a match makes its mean good, however bad the rest is.
    if (believed && (match.ownCost < BELIEVED_OWN_COST || this.anchor.index === 0)) {
      return yield* this.#joint(match, frames);
    }
    return this.#widen() ? 'earlier' : this.#byText(frames);
  }

  /**
   * Looks for the place again, once what follows the new rendering has come, see {@link placeBeyond}.
   *
   * @param next what follows, by the same voice
   * @returns the joint with `next`; `undefined` where it is not beyond doubt that the place is in there
   */
  *beyond(next: Rendering): Steps<Joint | undefined> {
    const [old, match] = [this.#old, this.#aligner?.best()];
    if (match === undefined) return undefined;
    const from = this.#frameAt(old.sent);
    const found = yield* placeBeyond({ ...this.#tail(match), from, second: next.frames.frames.slice() });
    if (found === undefined) return undefined;
    const leave = Math.max(old.sent, Math.min(old.rendering.length, this.#sampleAt(found.leave)));
    // The old one may have been handed on meanwhile; but for silence at its end, which is in neither.
    const later = Math.min(leave - this.#sampleAt(found.leave), FRAME_MS * this.#perMs);
    return { leave, enter: inside(this.#sampleAt(found.enter) + later, next), matched: true };
  }

  #tail(match: Match): TailSearch {
    const [old, rendering] = [this.#old.rendering, this.#new as Rendering];
    const [heard, first] = [old.frames.frames, rendering.frames.frames];
    return { heard, first, match, tempo: tempoOf(old, rendering), mean: meanOf(old) };
  }

  /** Begins farther back: the voice was slower than its text let expect. `false` where that was done, or it does not go. */
  #widen(): boolean {
    if (this.#widened || this.anchor.index === 0) return false;
    this.#widened = true;
    const { text, tier } = this.#old.rendering;
    const wide = anchorOf(text, this.#heard, this.#old.rendering.durationMs, tier.pace, true);
    if (wide.index >= this.anchor.index) return false;
    [this.#anchor, this.#leastMs] = [wide, undefined];
    this.#new = undefined;
    return true;
  }

  /** Speech that both renderings have, ms; without pauses, of which text tells nothing. */
  get #overlapMs(): number {
    const { frames } = this.#old.rendering.frames;
    return new SoundingTime(frames.slice(Math.round(this.anchor.expectedMs / FRAME_MS))).totalMs;
  }

  #align(rendering: Rendering): Aligner {
    const { expectedMs, fromMs, untilMs } = this.anchor;
    const start = {
      from: Math.floor(fromMs / FRAME_MS),
      until: Math.max(1, Math.ceil(untilMs / FRAME_MS)),
      expected: expectedMs / FRAME_MS,
      spread: Math.max(20, (untilMs - expectedMs) / FRAME_MS),
      loudestDb: loudestOf(rendering.frames.frames),
      tempo: tempoOf(this.#old.rendering, rendering),
    };
    const old = this.#old.rendering;
    const oldMean = meanOf(old);
    // Tiers of one voice have one colour.
    const likeness = this.#likeness(rendering);
    const newMean = likeness === oneVoice ? oldMean : meanOf(rendering);
    return new Aligner(old.frames.frames, start, { old: oldMean, new: newMean }, likeness);
  }

  #likeness({ tier }: Rendering): Likeness {
    return tier.voice === this.#old.rendering.tier.voice ? oneVoice : twoVoices;
  }

  /** @param frames of the new rendering */
  *#joint(match: Match, frames: readonly Frame[]): Steps<Joint> {
    const [old, rendering] = [this.#old, this.#new as Rendering];
    this.#learn(match);
    const heard = old.rendering.frames.frames;
    const own = this.#likeness(rendering) === oneVoice;
    // Where a match begins it is not yet sure of itself, unless both began with the same word.
    const ownUnsureMs = this.anchor.index === 0 ? 0 : UNSURE_OWN_MS;
    const sure = own
      ? match.start + ownUnsureMs / FRAME_MS
      : Math.max(match.start + UNSURE_MS / FRAME_MS, heard.length - LAST_MS / FRAME_MS);
    const best = quietestOf(match, heard, frames, Math.max(sure, this.#frameAt(old.sent)));
    const leave = Math.max(old.sent, Math.min(old.rendering.length, this.#sampleAt(best)));
    const enter = this.#sampleAt(match.at(best)) + (leave - this.#sampleAt(best));
    if (own) {
      const last = rendering.state === 'done' && endOfSound(frames) - match.at(best) < AT_END_FRAMES;
      // Where both end alike that is the place.
      const atEnd = last && (yield* tailCost(this.#tail(match))) >= oneVoice.sureCost;
      return { leave, enter: inside(enter, rendering), matched: true, atEnd };
    }
    // Half a word of one voice and half of another is no word.
    const open = levelAt(heard, best) > loudestOf(heard) - GAP_DB;
    const doubtful = match.cost >= this.#likeness(rendering).plainCost;
    const place = yield* this.#early(match.at(best), best, doubtful);
    const dip = nearestDip(frames, Math.max(0, place - (open && doubtful ? EARLY.doubtful : EARLY.plain)));
    const gap = open ? dip : Math.min(dip, endOfPause(frames, place) ?? dip);
    // The old one may have been handed on meanwhile.
    return { leave: Math.max(old.sent, leave), enter: inside(this.#sampleAt(gap), rendering), matched: false };
  }

  /**
   * Of a place in the new rendering and that which the letters say, the earlier one, where the two are far apart. Where they
   * contradict each other and the match is `doubtful`, the letters may be wrong by a word as well: from the one before.
   */
  *#early(place: number, leave: number, doubtful: boolean): Steps<number> {
    const [{ rendering: old }, rendering] = [this.#old, this.#new as Rendering];
    const words = yield* this.#wordsOf(rendering);
    const own = words.map((word) => ({ ...word, index: word.index + this.anchor.index }));
    const last = own.at(-1);
    // Of an answer that is whole the last word ends as well.
    if (last && rendering.state === 'done')
      own.push({ index: old.text.length, startMs: last.endMs, endMs: last.endMs });
    const byLetters = placeByLetters(yield* this.#wordsOfOld(), own, middleOf(leave));
    if (byLetters === undefined || byLetters >= middleOf(place) - LATE_MS) return place;
    const contradicted = doubtful && byLetters < middleOf(place) - CONTRADICTED_MS;
    const under = own.findLastIndex(({ startMs }) => startMs <= byLetters);
    const earlyMs = contradicted ? (own[under - 1]?.startMs ?? 0) : byLetters;
    return Math.max(0, Math.round((earlyMs - HALF_WINDOW_MS) / FRAME_MS));
  }

  *#wordsOfOld(): Steps<readonly WordPlace[]> {
    this.#words ??= yield* this.#wordsOf(this.#old.rendering);
    return this.#words;
  }

  *#wordsOf(rendering: Rendering): Steps<readonly WordPlace[]> {
    // More of it may come in the meantime.
    const samples = rendering.slice(0, rendering.length).slice();
    return yield* wordPlaces(rendering.text, samples, this.#perMs * 1_000, rendering.tier.pace.letterMs);
  }

  /** What was said before the match begins is known to the word: that tells how fast the voice speaks. */
  #learn({ start, ownCost }: Match): void {
    const { text, frames, tier } = this.#old.rendering;
    if (ownCost >= this.#likeness(this.#new as Rendering).sureCost) return;
    const said = frames.frames.slice(0, start);
    tier.pace.learn(text.slice(0, this.anchor.index), new SoundingTime(said).totalMs);
  }

  /** The sounds have nothing in common: by how fast the voices speak. */
  #byText(frames: readonly Frame[]): Joint {
    const [old, rendering] = [this.#old, this.#new as Rendering];
    const { text, tier } = old.rendering;
    const { totalMs } = this.#heard;
    const word = totalMs < FIRST_WORD_MS ? 0 : wordUnderWay(text, totalMs, tier.pace) - this.anchor.index;
    if (word <= 0) {
      // The silence before it has been heard.
      const onset = new SoundingTime(frames).at(0) / FRAME_MS - ONSET_FRAMES;
      return { leave: old.limit ?? old.sent, enter: inside(this.#sampleAt(onset), rendering), matched: false };
    }
    const wordMs = new SoundingTime(frames).at(rendering.tier.pace.lettersMs(this.text.slice(0, word)));
    const at = Math.floor(wordMs / FRAME_MS);
    const gap = quietest(frames, at - 15, at + 5);
    return { leave: old.limit ?? old.sent, enter: inside(this.#sampleAt(gap), rendering), matched: false };
  }

  #frameAt(sample: number): number {
    return Math.max(0, Math.ceil((sample / this.#perMs - HALF_WINDOW_MS) / FRAME_MS));
  }

  #sampleAt(frame: number): number {
    return Math.round((frame * FRAME_MS + HALF_WINDOW_MS) * this.#perMs);
  }
}

/** Of what the tier has said before; else of this. */
function meanOf({ tier, frames }: Rendering): VoiceMean {
  if (tier.mean.known) return tier.mean;
  const mean = new VoiceMean();
  mean.learn(frames.frames);
  return mean;
}

/** How much longer one rendering is than another of the same text. */
function tempoOf(old: Rendering, rendering: Rendering): { readonly ratio: number; readonly spread: number } {
  const [before, now] = [old.tier.pace, rendering.tier.pace];
  if (before === now) return { ratio: 1, spread: TEMPO_SPREAD };
  if (!before.known || !now.known) return { ratio: 1, spread: TEMPO_SPREAD_UNKNOWN };
  return { ratio: now.letterMs / before.letterMs, spread: TEMPO_SPREAD };
}

function middleOf(frame: number): number {
  return frame * FRAME_MS + HALF_WINDOW_MS;
}

function inside(sample: number, rendering: Rendering): number {
  return Math.max(0, Math.min(rendering.length, sample));
}
