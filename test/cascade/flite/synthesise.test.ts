import { beforeAll, expect, test } from 'vitest';
import { compileFlite, synthesise } from '../../../src/cascade/flite/synthesise.mjs';
import { fliteVoices } from '../../../src/cascade/index.js';

let flite: Awaited<ReturnType<typeof compileFlite>>;
beforeAll(async () => {
  flite = await compileFlite();
});

function rms(pcm: Int16Array): number {
  return Math.sqrt(pcm.reduce((sum, value) => sum + value * value, 0) / pcm.length);
}

test.each(fliteVoices)('%s tells the time at 16 kHz, with the times of its sounds', (voice) => {
  const { pcm, utterances } = synthesise(flite, voice, 'The time is now, a little after ten, in the morning.');
  expect(pcm.length / 16_000).toBeGreaterThan(1.5);
  expect(pcm.length / 16_000).toBeLessThan(6);
  expect(rms(pcm)).toBeGreaterThan(300);
  expect(utterances.flat().length).toBeGreaterThan(20);
  const endMs = utterances.reduce((sum, segments) => sum + (segments.at(-1)?.endMs ?? 0), 0);
  expect(Math.abs(endMs - pcm.length / 16)).toBeLessThan(200);
});

test('a voice recorded at 8 kHz is no lower at 16 kHz', () => {
  const narrow = synthesise(flite, 'kal', 'Hello there, how are you today?');
  const wide = synthesise(flite, 'kal16', 'Hello there, how are you today?');
  expect(Math.abs(narrow.pcm.length / wide.pcm.length - 1)).toBeLessThan(0.02);
  // What doubling the rate added above 4 kHz is little: a plain repetition of samples would add a quarter.
  const high = narrow.pcm.map((value, i) => value - (narrow.pcm[i - 1] ?? 0));
  expect(rms(high)).toBeLessThan(rms(narrow.pcm));
});

test.each(['', ' ', '... !!', '?'])('nothing to say: %j', (text) => {
  for (const voice of ['slt', 'kal16', 'awb'] as const)
    expect(synthesise(flite, voice, text).pcm.length).toBeLessThan(16_000);
});

test('options in the text are only text', () => {
  const spoken = synthesise(flite, 'kal16', '-voice slt -o /tmp/x hello');
  expect(spoken.pcm.length).toBeGreaterThan(16_000);
});

test('the same text is the same speech, and leaves no trace in the next', () => {
  const first = synthesise(flite, 'slt', 'Good morning.');
  synthesise(flite, 'slt', 'Something else entirely, and much longer than that.');
  expect(synthesise(flite, 'slt', 'Good morning.')).toEqual(first);
});

test('a text that makes the program grow its memory is spoken', () => {
  const { pcm } = synthesise(flite, 'slt', 'x '.repeat(400));
  expect(pcm.length / 16_000).toBeGreaterThan(60);
});

test('an unknown voice does not bring anything down', () => {
  expect(synthesise(flite, 'nobody', 'Hello.')).toBeDefined();
});
