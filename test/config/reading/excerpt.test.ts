import { expect, test } from 'vitest';
import { lineAround, ShownLine, type TextRange } from '../../../src/config/reading/excerpt.js';

const text = 'first\n\tkey: open sesame, more: x\r\nlast';
const rangeOf = (part: string): TextRange => ({ start: text.indexOf(part), end: text.indexOf(part) + part.length });
const excerptOf = (whole: string, range: TextRange, secrets: readonly TextRange[]) =>
  new ShownLine(whole, lineAround(whole, range.start), secrets).excerptOf(range);
const show = (part: string, ...secrets: string[]): string => {
  const excerpt = excerptOf(text, rangeOf(part), secrets.map(rangeOf));
  return `${excerpt.text}|${excerpt.text.slice(excerpt.start, excerpt.start + excerpt.length)}`;
};

test('the line around an offset', () => {
  expect(text.slice(lineAround(text, 0).start, lineAround(text, 0).end)).toBe('first');
  expect(text.slice(lineAround(text, text.length).start)).toBe('last');
  expect(lineAround('a\n\nb', 2)).toEqual({ start: 2, end: 2 });
});

test.each([
  ['more', [], ' key: open sesame, more: x|more'],
  ['more', ['open sesame'], ' key: [redacted], more: x|more'],
  ['key', ['open sesame'], ' key: [redacted], more: x|key'],
  ['open sesame', ['open sesame'], ' key: [redacted], more: x|[redacted]'],
  ['more', ['open', 'open sesame', 'sesame, '], ' key: [redacted]more: x|more'],
  ['more', ['open', 'sesame', 'x\r\nlast'], ' key: [redacted] [redacted], more: [redacted]|more'],
  ['more: x\r\nlast', [], ' key: open sesame, more: x|more: x'],
])('%j with %j hidden', (part, secrets, expected) => {
  expect(show(part, ...secrets)).toBe(expected);
});

test('an empty range still underlines something', () => {
  expect(excerptOf('', { start: 0, end: 0 }, [])).toEqual({ text: '', start: 0, length: 1 });
  expect(excerptOf('ab', { start: 2, end: 2 }, [])).toEqual({ text: 'ab', start: 2, length: 1 });
});

test('of a file that a program wrote in one line, with thousands of passwords, they are made at once', () => {
  const entry = '"user": "sesame-sesame", ';
  const long = entry.repeat(8_000);
  const secrets = Array.from({ length: 8_000 }, (_, index) => {
    const start = index * entry.length + '"user": '.length;
    return { start, end: start + '"sesame-sesame"'.length };
  });
  const { user } = process.cpuUsage();
  const shown = new ShownLine(long, lineAround(long, 0), secrets);
  const middle = long.length / 2;
  const excerpt = shown.excerptOf({ start: middle + 1, end: middle + 5 });
  for (const { start } of secrets) shown.excerptOf({ start: start - 7, end: start - 3 });
  // Letter by letter, with a look at all secrets for each, it took seconds, in which no call was served.
  expect(process.cpuUsage().user - user).toBeLessThan(400_000);
  expect(excerpt.text).toMatch(/^… .*"user": \[redacted\], .* …$/);
  expect(excerpt.text.slice(excerpt.start, excerpt.start + excerpt.length)).toBe('user');
});
