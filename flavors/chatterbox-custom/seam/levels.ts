import { FRAME_MS, type Frame, loudestOf, type Match } from 'sip-voice-connector/cascade';

/** A dip of the level so far below the loudest is a gap between words, dB; and how long it must last, frames. */
export const GAP_DB = 26;
const GAP_FRAMES = 4;
/** One so long is a pause. */
const PAUSE_FRAMES = 12;
/** A fragment of a word at the end, up to so long, is better left out, ms. */
const FRAGMENT_MS = 450;
/** Another voice does not finish a word that this one began: it begins it again, from a dip up to so far back, ms. */
const WORD_MS = 600;
/** How much deeper a dip must be for each frame that it is farther off, dB; one so deep is silence. */
const DIP_DB_PER_FRAME = 0.8;
const DEEPEST_DB = 30;
/** Silence between two texts, so far below the loudest, dB. */
const SILENCE_DB = 32;

/** Of the places in what was heard from a frame on, where both renderings are the most quiet. */
export function quietestOf(match: Match, heard: readonly Frame[], frames: readonly Frame[], from: number): number {
  const first = Math.min(heard.length - 1, from);
  let best = first;
  let least = Number.POSITIVE_INFINITY;
  for (let at = first; at < heard.length; at += 1) {
    const level = levelAt(heard, at) + levelAt(frames, match.at(at));
    // Of places that are as quiet, the latest: what is there need not be said again.
    if (level <= least + 1) [best, least] = [at, Math.min(level, least)];
  }
  return best;
}

export function levelAt(frames: readonly Frame[], at: number): number {
  return frames[at]?.levelDb ?? 0;
}

export function quietest(frames: readonly Frame[], from: number, until: number): number {
  let best = Math.max(0, Math.min(until, frames.length - 1));
  for (let at = best; at >= Math.max(0, from); at -= 1) if (levelAt(frames, at) < levelAt(frames, best)) best = at;
  return best;
}

/** The dip before a frame at which a word begins most likely: deep, and near. */
export function nearestDip(frames: readonly Frame[], until: number): number {
  const silence = loudestOf(frames) - DEEPEST_DB;
  let [best, least] = [until, Number.POSITIVE_INFINITY];
  for (let at = until; at >= Math.max(0, until - WORD_MS / FRAME_MS); at -= 1) {
    const cost = Math.max(silence, levelAt(frames, at)) + (until - at) * DIP_DB_PER_FRAME;
    if (cost < least) [best, least] = [at, cost];
  }
  return best;
}

/** Where this voice pauses shortly before a frame, the last frame of that: what is quiet in between is within a word. */
export function endOfPause(frames: readonly Frame[], until: number): number | undefined {
  const quiet = loudestOf(frames) - GAP_DB;
  let run = 0;
  for (let at = Math.min(until, frames.length - 1); at >= Math.max(0, until - WORD_MS / FRAME_MS); at -= 1) {
    run = levelAt(frames, at) < quiet ? run + 1 : 0;
    if (run === PAUSE_FRAMES) return at + PAUSE_FRAMES - 1;
  }
  return undefined;
}

/** The middle of the last gap between words near the end, from frame `from` on. */
export function lastGap(frames: readonly Frame[], from: number): number | undefined {
  const quiet = loudestOf(frames) - GAP_DB;
  let run = 0;
  for (let at = frames.length - 1; at >= Math.max(from, frames.length - FRAGMENT_MS / FRAME_MS); at -= 1) {
    run = levelAt(frames, at) < quiet ? run + 1 : 0;
    if (run === GAP_FRAMES) return at + 1;
  }
  return undefined;
}

/** Frames up to the last sound. */
export function endOfSound(frames: readonly Frame[]): number {
  const quiet = loudestOf(frames) - SILENCE_DB;
  return frames.findLastIndex(({ levelDb }) => levelDb > quiet) + 1;
}

/** Frames before the first sound. */
export function beginOfSound(frames: readonly Frame[]): number {
  const quiet = loudestOf(frames) - SILENCE_DB;
  return Math.max(
    0,
    frames.findIndex(({ levelDb }) => levelDb > quiet),
  );
}
