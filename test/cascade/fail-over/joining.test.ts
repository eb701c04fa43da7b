import { expect, test } from 'vitest';
import { Joining } from '../../../src/cascade/fail-over/joining.js';
import { SpeechPace } from '../../../src/cascade/fail-over/seam.js';
import { mulaw } from './scripted-voice.js';

test('a voice that floods with words while it says a piece again is given the rest of the piece instead', () => {
  const broken = { texts: ['a'], samples: new Int16Array(16_000), saidMs: 1_000, startMs: 0, pace: new SpeechPace() };
  const joining = new Joining(broken, mulaw);
  for (let atMs = 0; atMs < 4_999; atMs += 1) joining.push({ type: 'word', text: 'a', atMs });
  expect(joining.find(false)).toBeUndefined();
  joining.push({ type: 'word', text: 'a', atMs: 4_999 });
  expect(joining.full).toBe(true);
  expect(joining.find(false)).toBe('unlike');
});
