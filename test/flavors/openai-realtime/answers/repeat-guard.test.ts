import { expect, test } from 'vitest';
import { RepeatGuard } from '../../../../flavors/openai-realtime/answers/repeat-guard.js';
import { SeededRandom } from '../../../support/seeded-random.js';

/** 60 ms at 24 kHz, as base64. */
const sound = (sampleAt: (index: number) => number): string => {
  const bytes = Buffer.alloc(2880);
  for (let index = 0; index < 1440; index += 1) bytes.writeInt16LE(Math.round(sampleAt(index)), 2 * index);
  return bytes.toString('base64');
};
const tone = (hertz: number, amplitude: number): string =>
  sound((index) => amplitude * Math.sin((2 * Math.PI * hertz * (index % (24_000 / hertz))) / 24_000));
const noise = (seed: number): string => {
  const random = new SeededRandom(seed);
  return sound(() => random.integer(2_000) - 1_000);
};

/** How many of three equal messages are taken for a repetition. */
function repeatedOf(audio: string): number {
  const guard = new RepeatGuard();
  return [1, 2, 3].filter((each) => guard.isRepeated(`event_${each}`, 'item', audio)).length;
}

test.each([
  ['digital silence', sound(() => 0)],
  ['silence of mu-law', Buffer.alloc(480, 0xff).toString('base64')],
  ['silence that is not zero', sound(() => 8)],
  ['a faint tone of 4 kHz', tone(4_000, 8)],
  ['a tone of 1 kHz', tone(1_000, 6_000)],
  ['a tone of 400 Hz', tone(400, 6_000)],
  ['no audio', ''],
  ['a few bytes', 'AAEC'],
])('%s may repeat itself', (_what, audio) => {
  expect(repeatedOf(audio)).toBe(0);
});

test('anything else that comes twice is a repetition, but in another item', () => {
  expect(repeatedOf(noise(1))).toBe(2);
  const guard = new RepeatGuard();
  expect(guard.isRepeated('event_1', 'item', noise(1))).toBe(false);
  expect(guard.isRepeated('event_2', 'item', noise(2))).toBe(false);
  expect(guard.isRepeated('event_3', 'item', noise(2))).toBe(true);
  expect(guard.isRepeated('event_4', 'another item', noise(2))).toBe(false);
  expect(guard.isRepeated('event_4', 'another item', noise(3))).toBe(true);
});

test('a tone that would go on otherwise does not come twice by itself', () => {
  // 1440 samples are no whole number of 14.
  expect(repeatedOf(sound((index) => 6_000 * Math.sin((2 * Math.PI * (index % 14)) / 14)))).toBe(2);
});

test('a long message that almost repeats itself is judged at once, not place by place', () => {
  const audio = `${'A'.repeat(4_000_000)}BBBB${'A'.repeat(1_000_000)}`;
  expect(repeatedOf(audio)).toBe(2);
});
