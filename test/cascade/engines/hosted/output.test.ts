import { expect, test } from 'vitest';
import { jobOutput } from '../../../../src/cascade/engines/hosted/output.js';

const bytes = Buffer.from('RIFF and so on');
const base64 = bytes.toString('base64');

test.each([
  ['an address', 'https://example.com/a.wav', { type: 'url', url: 'https://example.com/a.wav' }],
  ['a list of addresses', ['https://example.com/a.wav', 'https://example.com/b.wav'], { type: 'url' }],
  ['an object with an address', { audio_url: 'https://example.com/a.wav', cost: 1 }, { type: 'url' }],
  ['base64', base64, { type: 'bytes', bytes }],
  ['a data URI', `data:audio/wav;base64,${base64}`, { type: 'bytes', bytes }],
  ['an object with base64 and a rate', { audio_base64: base64, sample_rate: 22_050 }, { bytes, sampleRate: 22_050 }],
  ['an output in an output', { output: [{ audio: base64 }] }, { type: 'bytes', bytes }],
])('%s is speech', (_name, output, expected) => {
  expect(jobOutput(output)).toMatchObject(expected);
});

test.each([
  ['nothing', null],
  ['prose', 'no speech today, sorry'],
  ['a number', 7],
  ['an empty list', []],
  ['another scheme', 'file:///etc/passwd'],
  ['depth without end', { output: { output: { output: { output: base64 } } } }],
])('%s is none', (_name, output) => {
  expect(jobOutput(output)).toBeUndefined();
});
