import { Aligner, type Match, VoiceMean } from './align.js';
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
/** Sounds behind the place tell it: frames of them, and what it costs to have less, dB each. */
const BARE_FRAMES = 30;
const BARE_DB = 0.5;
/** Sound behind the place that makes the match surer, ms. */
const BEHIND_MS = 400;
/** Of a voice that was never heard, so much is heard first, ms. */
const LISTENED_MS = 600;
/** Its mean is learnt again when so many times as much has come, and no more when it was learnt of so many frames. */
const RELEARN_RATIO = 2;
const MEAN_FRAMES = 400;
/** The new voice may be so much faster: before that, no match is the true one. */
const SHORTEST_RATIO = 0.75;
/** From there on the true match is among those that are compared, whichever of the voices is the faster. */
const PAST_RATIO = 1.05;
/** The new voice may be so much slower before the search ends. */
const LONGEST_RATIO = 1.35;
const SEARCH_MS = 120;
/** The first sound may be so far from where it is seen, frames. */
const START_FRAMES = 6;
/** Frames that are louder than the quietest of a dip by no more are of it, dB. */
const DIP_DB = 6;
/** It is left so far behind its beginning, frames: the silence of a `k` or a `t` is the beginning of a word. */
const INTO_DIP_FRAMES = 2;
/** So far off the dip may lie in the new voice, frames, and must be so much deeper for each, dB. */
const OFF_FRAMES = 5;
const OFF_DB = 1;

/**
 * One voice broke off within a text, and another says the same text from its beginning: where the one is left, and where
 * the other is entered, so that no word is heard twice and none is missing. The sounds are compared, not the text.
 */
export class TakeOver {
  /** The old voice is left here, ms of its sound. */
  readonly leaveMs: number;
  /** Nothing sounds there: it is between two words, or in the stop within one. */
  readonly inGap: boolean;
  readonly #old: readonly Frame[];
  readonly #mean: VoiceMean;
  /** The dip of the old voice in which it is left: its first frame and its last. */
  readonly #dip: Dip;
  readonly #reader: FrameReader;
  #aligner: Aligner | undefined;
  /** Frames of the new voice of which its mean was learnt. */
  #learnt = 0;

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
    const from = Math.min(last, frameAt(saidMs));
    this.#dip = dipAround(frames, bestPlace(frames, from), from);
    const leave = Math.min(this.#dip.last, this.#dip.first + INTO_DIP_FRAMES);
    const endMs = (old.length * 1_000) / sampleRate;
    this.leaveMs = Math.min(endMs, Math.max(saidMs, msAt(leave)));
    this.inGap = levelAt(frames, Math.min(last, leave)) < loudestOf(frames) - GAP_DB;
    this.#mean = meanOf(frames);
    this.#old = frames.slice(0, this.#dip.last + 1 + BEHIND_MS / FRAME_MS);
  }

  /** The new voice has come past the place for certain: before that a match may be one of sounds that come earlier. */
  get past(): boolean {
    return this.#reader.frames.length >= this.#old.length * PAST_RATIO;
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
    const longestMs = this.#old.length * FRAME_MS * LONGEST_RATIO + SEARCH_MS;
    const exhausted = over || frames.length * FRAME_MS >= longestMs;
    const likely = frames.length >= this.#old.length * SHORTEST_RATIO;
    const told = (match: Match | undefined): match is Match =>
      match !== undefined && ((match.settled && match.cost < twoVoices.plainCost && likely) || exhausted);
    let match = this.#match(frames, RELEARN_RATIO);
    // What is believed rests on all that has been heard of the voice.
    if (told(match)) match = this.#match(frames, 1);
    if (told(match)) return match.cost < twoVoices.believedCost ? this.#enterAt(frames, match) : 'unlike';
    return exhausted ? 'unlike' : undefined;
  }

  /** The same where there is no time to hear more of the new voice: what is no doubtful match is believed. */
  findNow(): number | 'unlike' {
    const { frames } = this.#reader;
    const match = this.past ? this.#match(frames, 1) : undefined;
    return match !== undefined && match.cost < twoVoices.plainCost ? this.#enterAt(frames, match) : 'unlike';
  }

  /** @param ratio of the voice, so many times as much has come as when its mean was learnt: it is learnt again */
  #match(frames: readonly Frame[], ratio: number): Match | undefined {
    const anew = this.#learnt < MEAN_FRAMES && frames.length > ratio * this.#learnt;
    if (anew || this.#aligner === undefined) {
      this.#learnt = frames.length;
      this.#aligner = this.#align(frames);
    }
    for (let at = this.#aligner.frames; at < frames.length; at += 1) this.#aligner.push(frames[at] as Frame);
    return this.#aligner.best();
  }

  #align(frames: readonly Frame[]): Aligner {
    const first = firstSound(this.#old);
    const start = {
      from: 0,
      until: first + START_FRAMES,
      expected: first,
      spread: 20,
      loudestDb: loudestOf(frames),
    };
    return new Aligner(this.#old, start, { old: this.#mean, new: meanOf(frames) }, twoVoices);
  }

  /** The dip of the new voice that is that of the old one; in the middle of a sound, the same place of it. */
  #enterAt(frames: readonly Frame[], match: Match): number {
    const [from, until] = [match.at(this.#dip.first), match.at(this.#dip.last)];
    const floor = loudestOf(frames) - DEEP_DB;
    let [best, least] = [from, Number.POSITIVE_INFINITY];
    const last = Math.min(frames.length - 1, until + OFF_FRAMES);
    for (let at = Math.max(0, from - OFF_FRAMES); at <= last; at += 1) {
      const off = Math.max(0, from - at, at - until);
      const cost = Math.max(floor, levelAt(frames, at)) + off * OFF_DB;
      if (cost < least) [best, least] = [at, cost];
    }
    const dip = dipAround(frames, best, Math.max(0, from - OFF_FRAMES));
    return msAt(Math.min(dip.last, dip.first + INTO_DIP_FRAMES));
  }
}

interface Dip {
  readonly first: number;
  readonly last: number;
}

/** What is about as quiet around a frame, from another on; the frame alone where it is no gap. */
function dipAround(frames: readonly Frame[], at: number, from: number): Dip {
  const loudest = loudestOf(frames);
  const quiet = Math.min(loudest - GAP_DB, Math.max(loudest - DEEP_DB, levelAt(frames, at)) + DIP_DB);
  let [first, last] = [at, at];
  while (first > from && levelAt(frames, first - 1) < quiet) first -= 1;
  while (last < frames.length - 1 && levelAt(frames, last + 1) < quiet) last += 1;
  return { first, last };
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
    const bare = Math.max(0, BARE_FRAMES - (frames.length - at)) * BARE_DB;
    const cost = Math.max(-DEEP_DB, level) - pause + (frames.length - at) * EARLY_DB + bare;
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
