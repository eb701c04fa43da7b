import { describe, expect, test } from 'vitest';
import { decodeMulaw, encodeMulaw } from '../../../src/audio/g711.js';
import { speak8k } from '../../support/speech.js';
import { findRuns, heardPart } from './audio-search.js';

/** Speech as a mu-law line leaves it. */
async function spoken(text: string): Promise<Int16Array> {
  const samples = await speak8k(text);
  const codes = new Uint8Array(samples.length);
  encodeMulaw(samples, codes);
  const decoded = new Int16Array(codes.length);
  decodeMulaw(codes, decoded);
  return decoded;
}

function joined(...parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const silence = (samples: number): Int16Array => new Int16Array(samples);
const item = await spoken('Your parcel will be delivered tomorrow, between nine and eleven, by our own driver.');
const other = await spoken('Please hold the line while I look for your parcel and the driver.');
/** First sample of the item that is no silence. */
const firstSound = item.findIndex((sample) => sample !== 0);

describe('looking for an item in what was heard', () => {
  test('an item heard whole is one run', () => {
    const heard = joined(silence(1234), item, silence(500));
    const part = heardPart(item, heard);
    expect(part?.runs).toHaveLength(1);
    expect(part?.lost).toEqual({ before: 0, within: 0, after: 0 });
    expect(part?.latestEndSample).toBe(item.length);
  });

  test.each([4000, 9120, 16_000, 24_160])('an item cut at sample %i ends there', (cut) => {
    const part = heardPart(item, joined(silence(800), item.subarray(0, cut), silence(8000)));
    expect(part?.soundEndSample).toBeLessThanOrEqual(cut);
    expect(part?.latestEndSample).toBeGreaterThanOrEqual(cut);
    const soundsAtCut = item[cut - 1] !== 0 && item[cut] !== 0;
    if (soundsAtCut) expect(part).toMatchObject({ soundEndSample: cut, latestEndSample: cut });
  });

  test('a cut within silence of the item lies between the end of the sound and the next', () => {
    const gapped = joined(item.subarray(firstSound, firstSound + 3000), silence(1600), item.subarray(6000, 12_000));
    const part = heardPart(gapped, joined(gapped.subarray(0, 4000), silence(9000)));
    expect(part?.soundEndSample).toBeLessThanOrEqual(3000);
    expect(part?.soundEndSample).toBeGreaterThan(2900);
    expect(part?.latestEndSample).toBeGreaterThanOrEqual(4600);
  });

  test('pauses that were put in do not move the end', () => {
    const heard = joined(item.subarray(0, 5000), silence(4800), item.subarray(5000, 9000), silence(160), silence(4000));
    const part = heardPart(item, heard);
    expect(part?.runs.length).toBeGreaterThanOrEqual(2);
    expect(part?.lost.within).toBe(0);
    expect(part?.latestEndSample).toBeGreaterThanOrEqual(9000);
    expect(part?.soundEndSample).toBeLessThanOrEqual(9000);
    expect(part?.soundEndSample).toBeGreaterThan(8900);
  });

  test('a pause within the silence between two sentences does not end the item', () => {
    const spokenEnd = item.length - 800;
    const two = joined(item.subarray(0, spokenEnd), silence(2000), other);
    const heard = joined(two.subarray(0, spokenEnd + 700), silence(7000), two.subarray(spokenEnd + 700));
    expect(heardPart(two, heard)?.latestEndSample).toBe(two.length);
  });

  test('silence at the beginning that was left out is no loss, sound that was left out is', () => {
    const led = joined(silence(1600), item);
    const trimmed = heardPart(led, joined(silence(333), led.subarray(1600 + firstSound - 100), silence(10)));
    expect(trimmed).toMatchObject({ soundStartSample: 1600 + firstSound, lost: { before: 0, within: 0, after: 0 } });
    const clipped = heardPart(led, joined(silence(333), led.subarray(1600 + firstSound + 4800), silence(10)));
    expect(clipped?.soundStartSample).toBeGreaterThanOrEqual(1600 + firstSound + 4800);
    expect(clipped?.lost.before).toBeGreaterThan(1000);
  });

  test('sound that was lost on the way is counted', () => {
    const lost = joined(item.subarray(0, 8000), silence(160), item.subarray(8160));
    const sounding = item.subarray(8000, 8160).filter((sample) => Math.abs(sample) >= 104).length;
    expect(sounding).toBeGreaterThan(100);
    const within = heardPart(item, lost)?.lost.within ?? 0;
    expect(within).toBeGreaterThanOrEqual(sounding - 16);
    expect(within).toBeLessThanOrEqual(sounding);
  });

  test('another sentence in the same voice is not taken for it', () => {
    const found = findRuns(item, other).reduce((sum, { length }) => sum + length, 0);
    expect(found).toBeLessThan(item.length / 20);
  });

  test('what the same voice says before and after does not move beginning and end', () => {
    const heard = joined(other, silence(4000), item.subarray(0, 16_000), silence(4000), other, silence(800), other);
    const part = heardPart(item, heard);
    expect(part?.latestEndSample).toBeGreaterThanOrEqual(16_000);
    expect(part?.soundEndSample).toBeLessThanOrEqual(16_000);
    expect(part?.soundEndSample).toBeGreaterThan(15_900);
    expect(part?.lost).toMatchObject({ before: 0, within: 0 });
  });

  test('an item that was played twice is found where it begins first, or where it is looked for', () => {
    const first = joined(silence(800), item.subarray(0, 12_000), silence(4000));
    const heard = joined(first, item.subarray(0, 20_000), silence(4000));
    expect(heardPart(item, heard)?.soundEndSample).toBeLessThanOrEqual(12_000);
    expect(heardPart(item, heard, first.length - 2000)?.latestEndSample).toBeGreaterThanOrEqual(20_000);
  });

  test('nothing is found in silence', () => {
    expect(heardPart(item, silence(20_000))).toBeUndefined();
  });
});
