import { expect, test } from 'vitest';
import { BLOCK_BYTES, StereoTimeline } from '../../../src/media/recording/stereo-timeline.js';

const BLOCK_FRAMES = BLOCK_BYTES / 4;

/** Fetches what is complete, as frames of [left, right] by block. */
function fetch(timeline: StereoTimeline): Map<number, Int16Array> {
  const blocks = new Map<number, Int16Array>();
  for (let block = timeline.takeReady(); block !== undefined; block = timeline.takeReady()) {
    const samples = Int16Array.from({ length: BLOCK_BYTES / 2 }, (_, i) => block.bytes.readInt16LE(2 * i));
    blocks.set(block.index, samples);
    timeline.release(block);
  }
  return blocks;
}

function ramp(from: number, length: number): Int16Array {
  return Int16Array.from({ length }, (_, i) => from + i);
}

test('both tracks land on their own side, across block borders', () => {
  const timeline = new StereoTimeline();
  timeline.put(0, BLOCK_FRAMES - 100, ramp(1, 200));
  timeline.put(1, BLOCK_FRAMES - 50, ramp(-300, 200));
  timeline.finish();
  const blocks = fetch(timeline);
  const frame = (n: number): (number | undefined)[] => {
    const block = blocks.get(Math.floor(n / BLOCK_FRAMES));
    return [block?.[2 * (n % BLOCK_FRAMES)], block?.[2 * (n % BLOCK_FRAMES) + 1]];
  };
  expect(frame(BLOCK_FRAMES - 101)).toEqual([0, 0]);
  expect(frame(BLOCK_FRAMES - 100)).toEqual([1, 0]);
  expect(frame(BLOCK_FRAMES - 1)).toEqual([100, -251]);
  expect(frame(BLOCK_FRAMES)).toEqual([101, -250]);
  expect(frame(BLOCK_FRAMES + 149)).toEqual([0, -101]);
  expect(timeline.endFrame).toBe(BLOCK_FRAMES + 150);
});

test('what lies before the origin is cut off', () => {
  const timeline = new StereoTimeline();
  timeline.put(0, -500, ramp(1, 160));
  timeline.put(0, -60, ramp(1, 160));
  timeline.finish();
  expect(fetch(timeline).get(0)?.[0]).toBe(61);
  expect(timeline.endFrame).toBe(100);
});

test('a block is complete when sound stands two blocks later, and late sound is counted instead of put', () => {
  const timeline = new StereoTimeline();
  timeline.put(0, 0, ramp(1, 160));
  timeline.put(0, 2 * BLOCK_FRAMES, ramp(1, 160));
  expect([...fetch(timeline).keys()]).toEqual([]);
  timeline.put(1, BLOCK_FRAMES, ramp(5, 160));
  timeline.put(0, 3 * BLOCK_FRAMES, ramp(1, 160));
  expect([...fetch(timeline).keys()]).toEqual([0]);
  timeline.put(1, 10, ramp(1, 160));
  expect(timeline.losses).toEqual({ blocks: 0, lateSamples: 160 });
  timeline.finish();
  expect([...fetch(timeline).keys()]).toEqual([1, 2, 3]);
});

test('an hour of silence on both tracks takes no memory and no blocks', () => {
  const timeline = new StereoTimeline();
  timeline.put(0, 0, ramp(1, 160));
  timeline.put(0, 8000 * 3600, ramp(1, 160));
  timeline.finish();
  expect([...fetch(timeline).keys()]).toEqual([0, 7200]);
});

test('a disk that does not keep up loses the oldest blocks, and memory stays bounded', () => {
  const timeline = new StereoTimeline();
  for (let block = 0; block < 100; block += 1) timeline.put(0, block * BLOCK_FRAMES, ramp(block, 160));
  const kept = [...fetch(timeline).keys()];
  expect(kept).toHaveLength(13);
  expect(kept.at(0)).toBe(84);
  expect(kept.at(-1)).toBe(96);
  expect(timeline.losses.blocks).toBe(84);
});

test('memory is used again, and comes back blank', () => {
  const timeline = new StereoTimeline();
  for (let block = 0; block < 40; block += 1) {
    timeline.put(0, block * BLOCK_FRAMES, new Int16Array(BLOCK_FRAMES).fill(7));
    fetch(timeline);
  }
  timeline.put(0, 40 * BLOCK_FRAMES, ramp(1, 1));
  timeline.finish();
  expect(fetch(timeline).get(40)?.slice(0, 4)).toEqual(Int16Array.of(1, 0, 0, 0));
});
