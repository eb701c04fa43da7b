import { expect, test } from 'vitest';
import { chooseFormats } from '../../../src/call/session/session-formats.js';
import type { AudioFormat } from '../../../src/flavor-api/index.js';
import { agentCapabilities } from '../../support/fake-flavor.js';

/** `mulaw 8000, pcm16 24000` as formats. */
const formats = (text: string): AudioFormat[] =>
  text === ''
    ? []
    : text.split(', ').map((format) => {
        const [encoding, sampleRate] = format.split(' ');
        return { encoding, sampleRate: Number(sampleRate) } as AudioFormat;
      });
const name = ({ encoding, sampleRate }: AudioFormat): string => `${encoding} ${sampleRate}`;

test.each([
  [
    'the phone’s own where both take it',
    'pcmu',
    'pcm16 16000, mulaw 8000',
    'pcm16 16000, mulaw 8000',
    'mulaw 8000',
    'mulaw 8000',
  ],
  ['A-law for an A-law phone', 'pcma', 'mulaw 8000, alaw 8000', 'mulaw 8000, alaw 8000', 'alaw 8000', 'alaw 8000'],
  [
    'not a like one: another rate',
    'pcmu',
    'mulaw 16000, pcm16 8000',
    'mulaw 16000, pcm16 8000',
    'mulaw 16000',
    'mulaw 16000',
  ],
  [
    'one and the same for both before pass-through in one',
    'pcmu',
    'mulaw 8000, pcm16 24000',
    'pcm16 24000',
    'pcm16 24000',
    'pcm16 24000',
  ],
  [
    'the first of those shared',
    'pcmu',
    'pcm16 48000, pcm16 24000, pcm16 16000',
    'pcm16 16000, pcm16 24000',
    'pcm16 24000',
    'pcm16 24000',
  ],
  ['each its own where none is shared', 'pcmu', 'pcm16 16000, mulaw 8000', 'pcm16 24000', 'mulaw 8000', 'pcm16 24000'],
  [
    'the first where the phone’s is not among them',
    'pcmu',
    'pcm16 16000, alaw 8000',
    'pcm16 24000, pcm16 48000',
    'pcm16 16000',
    'pcm16 24000',
  ],
  ['wideband as it is', 'g722', 'mulaw 8000, pcm16 16000', 'pcm16 16000, pcm16 24000', 'pcm16 16000', 'pcm16 16000'],
  [
    'the nearest rate that loses nothing of a wideband phone',
    'g722',
    'mulaw 8000, pcm16 48000, pcm16 24000',
    'mulaw 8000, pcm16 24000, pcm16 48000',
    'pcm16 24000',
    'pcm16 24000',
  ],
  [
    'the highest where all lose something',
    'opus',
    'mulaw 8000, pcm16 16000',
    'pcm16 8000, pcm16 16000',
    'pcm16 16000',
    'pcm16 16000',
  ],
] as const)('%s', (_name, codec, input, output, expectedInput, expectedOutput) => {
  const chosen = chooseFormats(codec, { ...agentCapabilities, input: formats(input), output: formats(output) });
  expect([name(chosen.input), name(chosen.output)]).toEqual([expectedInput, expectedOutput]);
});

test.each([
  ['', 'mulaw 8000'],
  ['mulaw 8000', ''],
])('a flavor without a format for a direction cannot talk (%j, %j)', (input, output) => {
  const capabilities = { ...agentCapabilities, input: formats(input), output: formats(output) };
  expect(() => chooseFormats('pcmu', capabilities)).toThrow(TypeError);
});
