import { expect, test } from 'vitest';
import { CallerFeed } from '../../../src/cascade/engines/shared/caller-feed.js';
import { DeafWatch } from '../../../src/cascade/engines/shared/deaf-watch.js';
import { FakeClock } from '../../support/fake-clock.js';

const format = { encoding: 'mulaw', sampleRate: 8_000 } as const;
const FRAME_MS = 20;
/** Codes of G.711 mu-law: nothing, and a loud sample. */
const quiet = new Uint8Array(FRAME_MS * 8).fill(0xff);
const loud = new Uint8Array(FRAME_MS * 8).fill(0x00);

/** A feed that keeps `keepMs` and was given `frames`, the first at `positionMs`. */
function fed(frames: readonly Uint8Array[], keepMs = 1_000, positionMs = 0): CallerFeed {
  const feed = new CallerFeed(format, keepMs);
  for (const [index, data] of frames.entries())
    feed.write({ data, positionMs: positionMs + index * FRAME_MS, concealed: false });
  return feed;
}

test('while the caller speaks another stream hears all that is needed, their pauses too; else no silence', () => {
  const frames = [...new Array<Uint8Array>(40).fill(quiet), loud];
  const speaking = fed(frames);
  speaking.begin(true);
  expect(speaking.waitingBytes).toBe(41 * quiet.length);
  const silent = fed(frames);
  silent.begin(false);
  // The voice, and 300 ms before it.
  expect(silent.waitingBytes).toBe(16 * quiet.length);
});

test('where audio was lost before it was sent, the times of what follows are those of the call', () => {
  const feed = fed([], 100, 0);
  feed.begin(true);
  for (let index = 0; index < 10; index += 1)
    feed.write({ data: loud, positionMs: 500 + index * FRAME_MS, concealed: false });
  expect(feed.take(loud.length)).toHaveLength(loud.length);
  // Of 200 ms the first 100 are gone.
  expect(feed.positionOf(0)).toBe(600);
});

test('a word of speech may stay without an answer for any time, a second of it may not', () => {
  const clock = new FakeClock();
  const watch = new DeafWatch(clock, 5_000);
  expect(watch.sent(900)).toBe(false);
  clock.advance(60_000);
  expect([watch.sent(0), watch.sent(100)]).toEqual([false, true]);
});
