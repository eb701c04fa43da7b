import { expect, test } from 'vitest';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../src/flavor-testkit/g711.js';
import { decodeSamples, encodeSamples, isVoiced, silenceOctet, speechLike } from '../../src/flavor-testkit/sound.js';

const formats = [
  { encoding: 'mulaw', sampleRate: 8000 },
  { encoding: 'alaw', sampleRate: 8000 },
  { encoding: 'pcm16', sampleRate: 24000 },
] as const;

test('G.711 has the code words of the recommendation', () => {
  expect([0, -1, 32_635, -32_635].map(encodeMulaw)).toEqual([0xff, 0x7f, 0x80, 0x00]);
  expect([0x80, 0x00, 0xff].map(decodeMulaw)).toEqual([32_124, -32_124, 0]);
  expect([0, 32_767, -32_768].map(encodeAlaw)).toEqual([0xd5, 0xaa, 0x2a]);
  expect([0xd5, 0xaa, 0x2a].map(decodeAlaw)).toEqual([8, 32_256, -32_256]);
});

test('every code word survives decoding and encoding', () => {
  for (let octet = 0; octet < 256; octet += 1) {
    expect(encodeAlaw(decodeAlaw(octet)), `alaw ${octet}`).toBe(octet);
    // Mu-law has two zeros.
    if (octet !== 0x7f) expect(encodeMulaw(decodeMulaw(octet)), `mulaw ${octet}`).toBe(octet);
  }
});

test('speech is voiced and silence is not, in every format', () => {
  for (const format of formats) {
    expect(isVoiced(speechLike(format, 200), format)).toBe(true);
    const silence = new Uint8Array(320).fill(silenceOctet(format.encoding));
    expect(isVoiced(silence, format), format.encoding).toBe(false);
  }
});

test('samples survive pcm16, at odd offsets too', () => {
  const samples = Int16Array.of(1, -2, 32_767, -32_768);
  const bytes = encodeSamples(samples, 'pcm16');
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  expect(decodeSamples(shifted.subarray(1), 'pcm16')).toEqual(samples);
});
