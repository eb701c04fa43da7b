import { Aligner, VoiceMean } from './align.js';
import { twoVoices } from './likeness.js';
import { FRAME_MS, type Frame, FrameReader } from './spectrum.js';

/** Half a window: a frame speaks of what lies around its middle, ms. */
const MIDDLE_MS = 16;
/** A level so far below the loudest is silence, dB; one that is a gap, whatever it is between; and one that is no `s`. */
const SILENCE_DB = 34;
const GAP_DB = 24;
const DEEP_DB = 50;
/** Silence that lasts so long is no stop within a word, frames; and what that is worth, dB. */
const PAUSE_FRAMES = 8;
const PAUSE_DB = 12;
/** The later the better, as long as it is no worse: what is left out must be bridged. dB a frame. */
const EARLY_DB = 0.08;
/** Sound behind the place that makes the match surer, ms. */
const BEHIND_MS = 300;
/** Of a voice that was never heard, so much is heard first, ms. */
const LISTENED_MS = 600;
/** The new voice may be so much slower before the search ends. */
const LONGEST_RATIO = 1.35;
const SEARCH_MS = 120;
/** The first sound may be so far from where it is seen, frames. */
const START_FRAMES = 6;
/** A dip is looked for so far before and behind the place, frames, and must be so much deeper for each, dB. */
const DIP_FRAMES = { before: 10, behind: 3 } as const;
const DIP_DB = { before: 0.3, behind: 0.8 } as const;
/** A word that was cut through begins up to so far back, frames. */
const WORD_FRAMES = 60;

/**
 * One voice broke off within a text, and another says the same text from its beginning: where the one is left, and where
 * the other is entered, so that no word is heard twice and none is missing. The sounds are compared, not the text.
 */
export class TakeOver {
  /** The old voice is left here, ms of its sound. */
  readonly leaveMs: number;
  readonly #old: readonly Frame[];
  readonly #leave: number;
  /** It is left in the middle of a word. */
  readonly #cutThrough: boolean;
  readonly #reader: FrameReader;
  #aligner: Aligner | undefined;

  /**
   * @param old what the voice said of the text that broke off; a multiple of 8000 Hz
   * @param saidMs so much of it cannot be taken back
   */
  constructor(old: Int16Array, sampleRate: number, saidMs: number) {
    const reader = new FrameReader(sampleRate);
    reader.push(old);
    this.#reader = new FrameReader(sampleRate);
    const { frames } = reader;
    const last = Math.max(0, frames.length - 1);
    this.#leave = bestPlace(frames, Math.min(last, frameAt(saidMs)));
    this.#cutThrough = frames.length === 0 || levelAt(frames, this.#leave) > loudestOf(frames) - GAP_DB;
    const endMs = (old.length * 1_000) / sampleRate;
    this.leaveMs = this.#cutThrough && this.#leave === last ? endMs : Math.max(saidMs, msAt(this.#leave));
    this.#old = frames.slice(0, this.#leave + 1 + BEHIND_MS / FRAME_MS);
  }

  /** More of the new voice. */
  push(samples: Int16Array): void {
    this.#reader.push(samples);
  }

  /**
   * Where the new voice is to be entered, ms of its sound; `unlike` where the two cannot be compared; `undefined` as long
   * as more of it is needed.
   *
   * @param over nothing more of it comes
   */
  find(over: boolean): number | 'unlike' | undefined {
    const { frames } = this.#reader;
    if (!over && frames.length * FRAME_MS < LISTENED_MS) return undefined;
    const aligner = this.#aligner ?? this.#align(frames);
    this.#aligner = aligner;
    for (let at = aligner.frames; at < frames.length; at += 1) aligner.push(frames[at] as Frame);
    const match = aligner.best();
    const longestMs = this.#old.length * FRAME_MS * LONGEST_RATIO + SEARCH_MS;
    const exhausted = over || frames.length * FRAME_MS >= longestMs;
    if (match && ((match.settled && match.cost < twoVoices.plainCost) || exhausted)) {
      return match.cost < twoVoices.believedCost ? this.#enterAt(frames, match.at(this.#leave)) : 'unlike';
    }
    return exhausted ? 'unlike' : undefined;
  }

  #align(frames: readonly Frame[]): Aligner {
    const first = firstSound(this.#old);
    const start = { from: 0, until: first + START_FRAMES, expected: first, spread: 20 };
    return new Aligner(this.#old, start, { old: meanOf(this.#old), new: meanOf(frames) }, twoVoices);
  }

  #enterAt(frames: readonly Frame[], matched: number): number {
    const [from, until] = this.#cutThrough
      ? [matched - WORD_FRAMES, matched]
      : [matched - DIP_FRAMES.before, matched + DIP_FRAMES.behind];
    const floor = loudestOf(frames) - DEEP_DB;
    let [best, least] = [matched, Number.POSITIVE_INFINITY];
    for (let at = Math.max(0, from); at <= Math.min(frames.length - 1, until); at += 1) {
      const away = at < matched ? (matched - at) * DIP_DB.before : (at - matched) * DIP_DB.behind;
      const cost = Math.max(floor, levelAt(frames, at)) + away;
      if (cost < least) [best, least] = [at, cost];
    }
    return msAt(best);
  }
}

/** Between two words if there is such a place, late rather than early. */
function bestPlace(frames: readonly Frame[], from: number): number {
  const loudest = loudestOf(frames);
  let [best, least] = [frames.length - 1, Number.POSITIVE_INFINITY];
  let silent = 0;
  for (let at = Math.max(0, from - PAUSE_FRAMES); at < frames.length; at += 1) {
    const level = levelAt(frames, at) - loudest;
    silent = level < -GAP_DB ? silent + 1 : 0;
    if (at < from) continue;
    const pause = silent >= PAUSE_FRAMES ? PAUSE_DB : 0;
    const cost = Math.max(-DEEP_DB, level) - pause + (frames.length - at) * EARLY_DB;
    if (cost <= least) [best, least] = [at, cost];
  }
  return Math.max(0, best);
}

function meanOf(frames: readonly Frame[]): VoiceMean {
  const mean = new VoiceMean();
  mean.learn(frames);
  return mean;
}

function firstSound(frames: readonly Frame[]): number {
  const loudest = loudestOf(frames);
  return Math.max(
    0,
    frames.findIndex(({ levelDb }) => levelDb > loudest - SILENCE_DB),
  );
}

function frameAt(ms: number): number {
  return Math.max(0, Math.ceil((ms - MIDDLE_MS) / FRAME_MS));
}

function msAt(frame: number): number {
  return frame * FRAME_MS + MIDDLE_MS;
}

function levelAt(frames: readonly Frame[], at: number): number {
  return frames[at]?.levelDb ?? 0;
}

function loudestOf(frames: readonly Frame[]): number {
  return frames.reduce((most, { levelDb }) => Math.max(most, levelDb), Number.NEGATIVE_INFINITY);
}
