import { expect, it } from 'vitest';
import { parseIni } from '../../../src/config/avc/ini.js';

const values = (text: string, section = 's') =>
  Object.fromEntries([...(parseIni(text).file.get(section) ?? [])].map(([key, { value }]) => [key, value]));

it('reads what configparser reads', () => {
  const text =
    '[DEFAULT]\nvoice = a\n[s]\nKey= v = w\ncolon: x\n# comment\n; comment\nlong = one\n  two\n\n  three\nhash = # kept\n';
  expect(values(text)).toEqual({ voice: 'a', key: 'v = w', colon: 'x', long: 'one\ntwo\n\nthree', hash: '# kept' });
});

it('the section goes before [DEFAULT], and %(name)s stands for another option', () => {
  expect(values('[DEFAULT]\na = 1\nb = 2\n[s]\nb = %(a)s%%\n')).toEqual({ a: '1', b: '1%' });
});

it('a % that failed every call is kept and told', () => {
  const { issues } = parseIni('[s]\ninstructions = give 10% off\n');
  expect(values('[s]\ninstructions = give 10% off\n')).toEqual({ instructions: 'give 10% off' });
  expect(issues).toEqual([expect.objectContaining({ severity: 'warning', line: 2 })]);
});

it.each([
  ['a = 1\n', 1],
  ['[s]\nnothing\n', 2],
  ['[s]\na = 1\na = 2\n', 3],
  ['[s]\na = 1\n[s]\n', 3],
])('%j is refused with its line', (text, line) => {
  expect(parseIni(text).issues).toEqual([expect.objectContaining({ severity: 'error', line })]);
});

it('a loop of references ends', () => {
  expect(parseIni('[s]\na = %(b)s\nb = %(a)s\n').issues.length).toBeGreaterThan(0);
});
