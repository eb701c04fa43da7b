import { expect, test } from 'vitest';
import { SpokenText, type TextCue } from '../../../src/cascade/text/spoken-text.js';

const joined = (cues: readonly TextCue[]): string => cues.map(({ text }) => text).join('');

test('a piece is told as it was written, at the moment its audio begins', () => {
  const text = new SpokenText(false);
  text.append('It costs **$5**. ', 'It costs five dollars.');
  text.append('Fine?', 'Fine?');
  expect(text.onPiece(0)).toEqual([{ text: 'It costs **$5**. ', atMs: 0 }]);
  expect(text.onAudio(1_200)).toEqual([]);
  expect(text.onPiece(1)).toEqual([{ text: 'Fine?', atMs: 1_200 }]);
  expect(text.end()).toEqual([]);
});

test('words are told one by one where the voice says when each begins', () => {
  const text = new SpokenText(true);
  text.append('Your order, sir, ', 'Your order, sir,');
  text.append('is here.', 'is here.');
  expect(text.onPiece(0)).toEqual([]);
  expect(text.onWord('your', 0)).toEqual([{ text: 'Your ', atMs: 0 }]);
  expect(text.onWord('order', 300)).toEqual([{ text: 'order, ', atMs: 300 }]);
  expect(text.onWord('is', 900)).toEqual([{ text: 'sir, ' }, { text: 'is ', atMs: 900 }]);
  expect(joined(text.end())).toBe('here.');
});

test('a piece that is spoken otherwise than written is not followed word by word', () => {
  const text = new SpokenText(true);
  text.append('Call 555 now.', 'Call five five five now.');
  expect(text.onWord('five', 300)).toEqual([]);
  expect(text.onPiece(0)).toEqual([{ text: 'Call 555 now.', atMs: 0 }]);
});

test('a piece whose beginning nobody names is told before its end can have been heard', () => {
  const text = new SpokenText(false);
  text.append('Ten chars. ', 'Ten chars.');
  text.append('And more.', 'And more.');
  expect(joined(text.onAudio(500))).toBe('Ten chars. ');
  expect(text.onAudio(500)).toEqual([]);
  expect(joined(text.onAudio(500))).toBe('And more.');
});

test('a piece left out is told, without a moment, before the next one that is named', () => {
  const text = new SpokenText(false);
  for (const piece of ['One. ', 'Two. ', 'Three.']) text.append(piece, piece);
  expect(text.onPiece(0)).toEqual([{ text: 'One. ', atMs: 0 }]);
  text.onAudio(400);
  expect(text.onPiece(2)).toEqual([{ text: 'Two. ' }, { text: 'Three.', atMs: 400 }]);
});
