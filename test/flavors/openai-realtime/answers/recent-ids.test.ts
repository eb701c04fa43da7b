import { expect, test } from 'vitest';
import { RecentIds } from '../../../../flavors/openai-realtime/answers/recent-ids.js';

test('an id is known until so many others have come after it', () => {
  const ids = new RecentIds(4);
  for (let index = 0; index < 4; index += 1) expect(ids.add(`event_${index}`)).toBe(true);
  for (let index = 0; index < 4; index += 1) expect(ids.add(`event_${index}`)).toBe(false);
  expect(ids.add('event_4')).toBe(true);
  expect(ids.add('event_1')).toBe(false);
  expect(ids.add('event_0')).toBe(true);
});

test('of a hundred thousand ids that differ in one place no two are taken for one', () => {
  const ids = new RecentIds(100);
  const taken = Array.from({ length: 100_000 }, (_, index) => ids.add(`event_CUPYt${index.toString(36)}kum0TJjMJ`));
  expect(taken).not.toContain(false);
});

test('ids of the same letters in another order are two', () => {
  const ids = new RecentIds(8);
  for (const id of ['ab', 'ba', 'a', 'aa', 'C#', 'Bb']) expect(ids.add(id)).toBe(true);
});
