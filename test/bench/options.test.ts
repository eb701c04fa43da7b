import { expect, test } from 'vitest';
import { parseOptions, UsageError } from './options.js';

test('all sections, three rounds on cores 0 and 1 are measured unless something else is asked for', () => {
  expect(parseOptions([])).toMatchObject({ rounds: 3, windowSeconds: 5, serverCpu: 0, loadCpu: 1, calls: undefined });
});

test('one cell can be asked for', () => {
  const options = parseOptions(['--only', 'echo', '--calls', '400', '--rounds', '1', '--cores', '1,0']);
  expect(options).toMatchObject({ sections: ['echo'], calls: [400], rounds: 1, serverCpu: 1, loadCpu: 0 });
});

test('--quick measures once and more shortly', () => {
  expect(parseOptions(['--quick'])).toMatchObject({ rounds: 1, windowSeconds: 4, warmupSeconds: 2 });
});

test.each([
  [['--only', 'nothing'], 'no section nothing'],
  [['--calls', '0'], '0 is no number of at least 1'],
  [['--calls', 'many'], 'many is no number'],
  [['--rounds', '1,2'], 'one number is enough'],
  [['--cores', '0,0'], 'two different cores'],
  [['--window', '0'], '0 is no number of seconds'],
  [['--unknown'], '--unknown'],
])('%j is refused', (args, message) => {
  expect(() => parseOptions(args)).toThrow(UsageError);
  expect(() => parseOptions(args)).toThrow(message);
});
