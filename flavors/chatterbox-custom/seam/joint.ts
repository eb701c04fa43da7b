import {
  Aligner,
  FRAME_MS,
  type Frame,
  type Likeness,
  type Match,
  oneVoice,
  soundingPart,
  twoVoices,
  VoiceMean,
} from 'sip-voice-connector/cascade';
import type { Part } from '../voice/handover.js';
import type { Rendering } from '../voice/rendering.js';
import { type Anchor, anchorOf, wordUnderWay } from './pace.js';

/** Where one rendering is left and the other entered, in samples of each. */
export interface Joint {
  readonly leave: number;
  readonly enter: number;
  /** The sounds agree: what is on both sides of the joint may be faded into each other. */
  readonly matched: boolean;
}

/** How much longer than the old rendering the new one may be before the search ends. */
const LONGEST_RATIO = 1.3;
const SEARCH_MS = 120;
/** A dip of the level so far below the loudest is a gap between words, dB; and how long it must last, frames. */
const GAP_DB = 26;
const GAP_FRAMES = 4;
/** A fragment of a word at the end, up to so long, is better left out, ms. */
const FRAGMENT_MS = 450;
/** Another voice does not finish a word that this one began: it begins it again, from a dip up to so far back, ms. */
const WORD_MS = 600;
/** How much deeper a dip must be for each frame that it is farther off, dB; one so deep is silence. */
const DIP_DB_PER_FRAME = 0.8;
const DEEPEST_DB = 30;
/** How far the beginning of a match of two voices is to be doubted, ms. */
const UNSURE_MS = 400;
/** Of the old rendering, what of it may be left out for a good place, ms: farther back the match is less sure. */
const LAST_MS = 1_500;
/** Early rather than late: a word may be said twice, none is lost. Frames, of a good match and of a doubtful one. */
const EARLY = { plain: 4, doubtful: 16 } as const;
/** How far past the place a rendering must go for that to be found, ms. */
const PAST_MS = 350;
/** Of a voice that was never heard, so much is heard first, ms. */
const LISTENED_MS = 600;
/** Half a window: a frame speaks of what lies around its middle. */
const HALF_WINDOW_MS = 16;

/** Looks for the place at which a new rendering goes on where the old one broke off. */
export class JointSearch {
  readonly anchor: Anchor;
  readonly #old: Part;
  readonly #perMs: number;
  #new: Rendering | undefined;
  #aligner: Aligner | undefined;

  constructor(old: Part, perMs: number) {
    this.#old = old;
    this.#perMs = perMs;
    const { text, durationMs, frames, tier } = old.rendering;
    this.anchor = anchorOf(text, durationMs, tier.pace, soundingPart(frames.frames).startMs);
    const gap = lastGap(old.rendering.frames.frames, this.#frameAt(old.sent));
    if (gap !== undefined) old.limit = Math.max(old.sent, this.#sampleAt(gap));
    else old.limit = old.rendering.length;
  }

  /** What the new rendering is to say. */
  get text(): string {
    return this.#old.rendering.text.slice(this.anchor.index);
  }

  /** Speech of it that surely goes past the place where the old rendering broke off, ms. */
  get leastMs(): number {
    return (this.#old.rendering.durationMs - this.anchor.expectedMs) * LONGEST_RATIO + PAST_MS;
  }

  /** Whoever says it. */
  begin(rendering: Rendering): void {
    this.#new = rendering;
    this.#aligner = undefined;
  }

  /**
   * The joint, as soon as it can be told.
   *
   * @param pressed the caller hears nothing already
   */
  find(pressed: boolean): Joint | undefined {
    const rendering = this.#new;
    if (rendering === undefined) return undefined;
    const { frames } = rendering.frames;
    const listened = rendering.over || frames.length * FRAME_MS >= LISTENED_MS;
    this.#aligner ??= listened ? this.#align(rendering) : undefined;
    const aligner = this.#aligner;
    if (aligner === undefined) return undefined;
    for (let at = aligner.frames; at < frames.length; at += 1) aligner.push(frames[at] as Frame);
    const match = aligner.best();
    const { believedCost, plainCost } = this.#likeness(rendering);
    const overlapMs = this.#old.rendering.durationMs - this.anchor.expectedMs;
    const exhausted = rendering.state === 'done' || rendering.durationMs >= overlapMs * LONGEST_RATIO + SEARCH_MS;
    if (match?.settled === true && (match.cost < plainCost || (pressed && match.cost < believedCost))) {
      return this.#joint(match);
    }
    if (!exhausted) return undefined;
    return match !== undefined && match.cost < believedCost ? this.#joint(match) : this.#byText();
  }

  #align(rendering: Rendering): Aligner {
    const { expectedMs, fromMs, untilMs } = this.anchor;
    const start = {
      from: Math.floor(fromMs / FRAME_MS),
      until: Math.max(1, Math.ceil(untilMs / FRAME_MS)),
      expected: expectedMs / FRAME_MS,
      spread: Math.max(20, (untilMs - expectedMs) / FRAME_MS),
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

  #joint(match: Match): Joint {
    const [old, rendering] = [this.#old, this.#new as Rendering];
    const heard = old.rendering.frames.frames;
    const frames = rendering.frames.frames;
    const own = this.#likeness(rendering) === oneVoice;
    // Where a match of two voices begins it is not yet sure of itself.
    const sure = own ? match.start : Math.max(match.start + UNSURE_MS / FRAME_MS, heard.length - LAST_MS / FRAME_MS);
    const first = Math.min(heard.length - 1, Math.max(sure, this.#frameAt(old.sent)));
    let best = first;
    let least = Number.POSITIVE_INFINITY;
    for (let at = first; at < heard.length; at += 1) {
      const level = levelAt(heard, at) + levelAt(frames, match.at(at));
      // Of places that are as quiet, the latest: what is there need not be said again.
      if (level <= least + 1) [best, least] = [at, Math.min(level, least)];
    }
    const leave = Math.max(old.sent, Math.min(old.rendering.length, this.#sampleAt(best)));
    const enter = this.#sampleAt(match.at(best)) + (leave - this.#sampleAt(best));
    if (own) return { leave, enter: inside(enter, rendering), matched: true };
    // Half a word of one voice and half of another is no word.
    const early = match.cost < this.#likeness(rendering).plainCost ? EARLY.plain : EARLY.doubtful;
    const gap = nearestDip(frames, Math.max(0, match.at(best) - early));
    const open = levelAt(heard, best) > loudestOf(heard) - GAP_DB;
    return { leave, enter: inside(open ? this.#sampleAt(gap) : enter, rendering), matched: false };
  }

  /** The sounds have nothing in common: by how fast the voices speak. */
  #byText(): Joint {
    const [old, rendering] = [this.#old, this.#new as Rendering];
    const saidMs = old.rendering.durationMs - this.anchor.expectedMs;
    const wordMs = wordUnderWay(this.text, saidMs, old.rendering.tier.pace, rendering.tier.pace);
    if (wordMs === 0) return { leave: old.limit ?? old.sent, enter: 0, matched: false };
    const at = Math.floor(wordMs / FRAME_MS);
    const gap = quietest(rendering.frames.frames, at - 15, at + 5);
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

function inside(sample: number, rendering: Rendering): number {
  return Math.max(0, Math.min(rendering.length, sample));
}

function levelAt(frames: readonly Frame[], at: number): number {
  return frames[at]?.levelDb ?? 0;
}

function loudestOf(frames: readonly Frame[]): number {
  return frames.reduce((most, { levelDb }) => Math.max(most, levelDb), Number.NEGATIVE_INFINITY);
}

function quietest(frames: readonly Frame[], from: number, until: number): number {
  let best = Math.max(0, Math.min(until, frames.length - 1));
  for (let at = best; at >= Math.max(0, from); at -= 1) if (levelAt(frames, at) < levelAt(frames, best)) best = at;
  return best;
}

/** The dip before a frame at which a word begins most likely: deep, and near. */
function nearestDip(frames: readonly Frame[], until: number): number {
  const silence = loudestOf(frames) - DEEPEST_DB;
  let [best, least] = [until, Number.POSITIVE_INFINITY];
  for (let at = until; at >= Math.max(0, until - WORD_MS / FRAME_MS); at -= 1) {
    const cost = Math.max(silence, levelAt(frames, at)) + (until - at) * DIP_DB_PER_FRAME;
    if (cost < least) [best, least] = [at, cost];
  }
  return best;
}

/** The middle of the last gap between words near the end, from frame `from` on. */
function lastGap(frames: readonly Frame[], from: number): number | undefined {
  const quiet = loudestOf(frames) - GAP_DB;
  let run = 0;
  for (let at = frames.length - 1; at >= Math.max(from, frames.length - FRAGMENT_MS / FRAME_MS); at -= 1) {
    run = levelAt(frames, at) < quiet ? run + 1 : 0;
    if (run === GAP_FRAMES) return at + 1;
  }
  return undefined;
}
