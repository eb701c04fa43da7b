import { expect, test } from 'vitest';
import type { ModelRequest, SpokenSpeech } from './provider-api.js';
import { spokenAnswers, toldOf } from './spoken-answers.js';

const tale = 'Once upon a time, there was a cat. It slept.';
const story = 'The ship sailed at noon. Nobody saw it again.';

function request(atMs: number, ...dialogue: readonly string[]): ModelRequest {
  return { atMs, firstTokenAtMs: atMs + 300, dialogue, system: '', aborted: false };
}

function speech(askedAtMs: number, text: string): SpokenSpeech {
  return { connection: 1, text, askedAtMs, firstAudioAtMs: undefined, cancelled: false };
}

test('pieces go to the request whose answer they begin, however late they are, and withdrawn requests have none', () => {
  const asked = [request(1000, 'user: a'), request(2000, 'user: a', 'user: b'), request(9000, 'user: c')];
  const texts = new Map([
    [asked[0], tale],
    [asked[1], story],
    [asked[2], tale],
  ]);
  const pieces = [
    speech(500, 'Good morning.'),
    speech(2900, 'The ship sailed at noon.'),
    speech(9400, 'Once upon a time,'),
    speech(9500, 'there was a cat.'),
  ];
  const found = spokenAnswers(asked, pieces, (each) => texts.get(each) ?? '');
  expect(found.map(({ request: { atMs }, pieces: own }) => [atMs, own.map(({ text }) => text)])).toEqual([
    [2000, ['The ship sailed at noon.']],
    [9000, ['Once upon a time,', 'there was a cat.']],
  ]);
});

test('the same answer twice in a row is two answers', () => {
  const asked = [request(1000, 'user: a'), request(5000, 'user: b')];
  const pieces = [
    speech(1400, 'Once upon a time,'),
    speech(5400, 'Once upon a time,'),
    speech(5500, 'there was a cat.'),
  ];
  const found = spokenAnswers(asked, pieces, () => tale);
  expect(found.map(({ request: { atMs }, pieces: own }) => [atMs, own.length])).toEqual([
    [1000, 1],
    [5000, 2],
  ]);
});

test('what was told of an answer is not taken from an earlier one with the same text', () => {
  const before = ['user: a', 'assistant: Once upon', 'user: b'];
  const answer = { request: request(1000, ...before), text: tale, pieces: [] };
  expect(toldOf(answer, request(2000, ...before, 'user: c'))).toBe('');
  expect(toldOf(answer, request(2000, ...before, 'assistant: Once', 'user: c'))).toBe('Once');
});
