import type { Steps } from '../../base/steps.js';
import { Aligner, type Match, VoiceMean } from './align.js';
import { twoVoices } from './likeness.js';
import { FRAME_MS, type Frame, FrameReader, loudestOf } from './spectrum.js';

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
/** Of the new voice, so much more than that may have come before it was looked at, ms. */
const MORE_MS = 500;
/** What is taken in at a step, ms. */
const PART_MS = 200;

/** A voice that broke off within a text: where it is left, and how it sounded up to there. */
export interface LeftVoice {
  /** It is left here, ms of its sound. */
  readonly leaveMs: number;
  /** Nothing sounds there: it is between two words, or in the stop within one. */
  readonly inGap: boolean;
  readonly frames: readonly Frame[];
  readonly mean: VoiceMean;
  /** The dip in which it is left. */
  readonly dip: Dip;
}

/**
 * Where a voice is left.
 *
 * @param samples what it said of the text that broke off; a multiple of 8000 Hz
 * @param saidMs so much of it cannot be taken back
 */
export function* leftVoice(samples: Int16Array, sampleRate: number, saidMs: number): Steps<LeftVoice> {
  const reader = new FrameReader(sampleRate);
  const part = (sampleRate * PART_MS) / 1_000;
  for (let at = 0; at < samples.length; at += part) {
    reader.push(samples.subarray(at, at + part));
    yield;
  }
  const { frames } = reader;
  const last = Math.max(0, frames.length - 1);
  const from = Math.min(last, frameAt(saidMs));
  const dip = dipAround(frames, bestPlace(frames, from), from);
  const leave = Math.min(dip.last, dip.first + INTO_DIP_FRAMES);
  const endMs = (samples.length * 1_000) / sampleRate;
  return {
    leaveMs: Math.min(endMs, Math.max(saidMs, msAt(leave))),
    inGap: levelAt(frames, Math.min(last, leave)) < loudestOf(frames) - GAP_DB,
    frames: frames.slice(0, dip.last + 1 + BEHIND_MS / FRAME_MS),
    mean: meanOf(frames),
    dip,
  };
}

/**
 * One voice broke off within a text, and another says the same text from its beginning: where the other is entered, so
 * that no word is heard twice and none is missing. The sounds are compared, not the text.
 */
export class TakeOver {
  readonly #left: LeftVoice;
  readonly #reader: FrameReader;
  #aligner: Aligner | undefined;
  /** Frames of the new voice of which its mean was learnt. */
  #learnt = 0;

  /** @param sampleRate of the new voice, a multiple of 8000 Hz */
  constructor(left: LeftVoice, sampleRate: number) {
    this.#left = left;
    this.#reader = new FrameReader(sampleRate);
  }

  /** Of the new voice so much is listened to at most, ms: the place is in it, or not to be found. */
  get mostMs(): number {
    return this.#longestMs + MORE_MS;
  }

  /** The new voice has come past the place for certain: before that a match may be one of sounds that come earlier. */
  get past(): boolean {
    return this.#reader.frames.length >= this.#left.frames.length * PAST_RATIO;
  }

  /** More of the new voice: a part of it, of no more than about {@link PART_MS}. */
  push(samples: Int16Array): void {
    this.#reader.push(samples);
  }

  /**
   * Where the new voice is to be entered, ms of its sound; `unlike` where the two cannot be compared; `undefined` as long
   * as more of it is needed.
   *
   * @param over nothing more of it comes
   */
  *find(over: boolean): Steps<number | 'unlike' | undefined> {
    const { frames } = this.#reader;
    if (!over && frames.length * FRAME_MS < LISTENED_MS) return undefined;
    const exhausted = over || frames.length * FRAME_MS >= this.#longestMs;
    const likely = frames.length >= this.#left.frames.length * SHORTEST_RATIO;
    const told = (match: Match | undefined): match is Match =>
      match !== undefined && ((match.settled && match.cost < twoVoices.plainCost && likely) || exhausted);
    let match = yield* this.#match(frames, RELEARN_RATIO);
    // What is believed rests on all that has been heard of the voice.
    if (told(match)) match = yield* this.#match(frames, 1);
    if (told(match)) return match.cost < twoVoices.believedCost ? this.#enterAt(frames, match) : 'unlike';
    return exhausted ? 'unlike' : undefined;
  }

  /** The same where there is no time to hear more of the new voice: what is no doubtful match is believed. */
  *findNow(): Steps<number | 'unlike'> {
    const { frames } = this.#reader;
    const match = this.past ? yield* this.#match(frames, 1) : undefined;
    return match !== undefined && match.cost < twoVoices.plainCost ? this.#enterAt(frames, match) : 'unlike';
  }

  get #longestMs(): number {
    return this.#left.frames.length * FRAME_MS * LONGEST_RATIO + SEARCH_MS;
  }

  /** @param ratio of the voice, so many times as much has come as when its mean was learnt: it is learnt again */
  *#match(frames: readonly Frame[], ratio: number): Steps<Match | undefined> {
    const anew = this.#learnt < MEAN_FRAMES && frames.length > ratio * this.#learnt;
    if (anew || this.#aligner === undefined) {
      this.#learnt = frames.length;
      this.#aligner = this.#align(frames);
    }
    for (let at = this.#aligner.frames; at < frames.length; at += 1) {
      this.#aligner.push(frames[at] as Frame);
      yield;
    }
    return this.#aligner.best();
  }

  #align(frames: readonly Frame[]): Aligner {
    const { frames: old, mean } = this.#left;
    const first = firstSound(old);
    const start = {
      from: 0,
      until: first + START_FRAMES,
      expected: first,
      spread: 20,
      loudestDb: loudestOf(frames),
    };
    return new Aligner(old, start, { old: mean, new: meanOf(frames) }, twoVoices);
  }

  /** The dip of the new voice that is that of the old one; in the middle of a sound, the same place of it. */
  #enterAt(frames: readonly Frame[], match: Match): number {
    const { dip: left } = this.#left;
    const [from, until] = [match.at(left.first), match.at(left.last)];
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

/** The first frame of a quiet place, and the last. */
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
