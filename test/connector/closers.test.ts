import { expect, test } from 'vitest';
import { Closers } from '../../src/connector/closers.js';

test('closes what was opened last first, each once, whatever the others do', async () => {
  const closers = new Closers();
  const closed: string[] = [];
  const complaints: unknown[] = [];
  closers.add(async () => void closed.push('first'));
  closers.add(async () => {
    throw new Error('stuck');
  });
  closers.add(async () => void closed.push('last'));
  await closers.closeAll((error) => complaints.push(error));
  await closers.closeAll((error) => complaints.push(error));
  expect(closed).toEqual(['last', 'first']);
  expect(complaints).toMatchObject([{ message: 'stuck' }]);
});
