import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AudioFormat, bytesPerMs } from '../../../src/flavor-api/index.js';
import { createLeadingSilenceTrim } from '../../../src/media/playout/silence-trim.js';

const pcm: AudioFormat = { encoding: 'pcm16', sampleRate: 24_000 };
const mulaw: AudioFormat = { encoding: 'mulaw', sampleRate: 8000 };
const alaw: AudioFormat = { encoding: 'alaw', sampleRate: 8000 };

/** Silence of `silentMs`, then 100 ms of sound. */
function response(format: AudioFormat, silentMs: number): Uint8Array {
  const silent = silentMs * bytesPerMs(format);
  const bytes = new Uint8Array(silent + 100 * bytesPerMs(format));
  if (format.encoding === 'pcm16') bytes.fill(0x20, silent);
  else bytes.fill(format.encoding === 'mulaw' ? 0xff : 0xd5, 0, silent).fill(0x90, silent);
  return bytes;
}

function trimmed(
  format: AudioFormat,
  audio: Uint8Array,
  chunkBytes: readonly number[],
): { audio: Buffer; trimmedMs: number } {
  const trim = createLeadingSilenceTrim(format);
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const length of [...chunkBytes, audio.length]) {
    pieces.push(trim.process(audio.subarray(at, at + length)).audio.slice());
    at = Math.min(at + length, audio.length);
  }
  const last = trim.finish();
  return { audio: Buffer.concat([...pieces, last.audio]), trimmedMs: last.trimmedMs };
}

test.each([pcm, mulaw, alaw])('$encoding: leading silence goes but for the last 15 ms', (format) => {
  const audio = response(format, 300);
  const result = trimmed(format, audio, []);
  expect(result.trimmedMs).toBe(285);
  expect(result.audio).toEqual(Buffer.from(audio.subarray(285 * bytesPerMs(format))));
});

test('however the response is cut, the same is left, and nothing is lost or repeated', () => {
  for (const silentMs of [0, 10, 15, 300, 999, 1000, 1014, 1015, 1400]) {
    const audio = response(pcm, silentMs);
    const whole = trimmed(pcm, audio, []);
    expect(whole.audio.length + whole.trimmedMs * bytesPerMs(pcm)).toBe(audio.length);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9999 }), { maxLength: 15 }), (chunks) => {
        expect(trimmed(pcm, audio, chunks)).toEqual(whole);
      }),
      { numRuns: 10 },
    );
  }
});

test('a response that begins with sound is handed on as it is', () => {
  const chunk = response(mulaw, 0);
  const trim = createLeadingSilenceTrim(mulaw);
  expect(trim.process(chunk)).toEqual({ audio: chunk, trimmedMs: 0 });
  expect(trim.process(chunk).audio).toBe(chunk);
});

test('silence within a response stays', () => {
  const trim = createLeadingSilenceTrim(mulaw);
  trim.process(response(mulaw, 40));
  const pause = new Uint8Array(1600).fill(0xff);
  expect(trim.process(pause).audio).toBe(pause);
});

test('no more than a second goes: longer silence is meant', () => {
  expect(trimmed(pcm, response(pcm, 3000), []).trimmedMs).toBe(1000);
});

test('after a second of silence in chunks, everything passes at once', () => {
  const trim = createLeadingSilenceTrim(mulaw);
  const chunk = new Uint8Array(160).fill(0xff);
  for (let i = 0; i < 50; i += 1) expect(trim.process(chunk).audio).toHaveLength(0);
  expect(trim.process(chunk)).toEqual({ audio: new Uint8Array(160).fill(0xff), trimmedMs: 1000 });
});

test('a response of nothing but silence gives its last 15 ms back in the end', () => {
  const trim = createLeadingSilenceTrim(mulaw);
  expect(trim.process(new Uint8Array(800).fill(0xff)).audio).toHaveLength(0);
  expect(trim.finish()).toEqual({ audio: new Uint8Array(120).fill(0xff), trimmedMs: 85 });
  expect(trim.finish().audio).toHaveLength(0);
});

test('noise below the threshold is silence, above it is not', () => {
  const options = { thresholdDb: -40, keepMs: 0 };
  const quiet = Uint8Array.from({ length: 960 }, (_, i) => (i % 2 === 0 ? 0x40 : 0x01)); // 320 = -40.2 dBFS
  const loud = quiet.map((byte, i) => (i % 2 === 0 ? 0x50 : byte)); // 336 = -39.8 dBFS
  expect(createLeadingSilenceTrim(pcm, options).process(quiet).audio).toHaveLength(0);
  expect(createLeadingSilenceTrim(pcm, options).process(loud).audio).toEqual(loud);
});

test('a keep that falls between two samples still cuts between two samples', () => {
  const trim = createLeadingSilenceTrim(pcm, { keepMs: 10.03 });
  const { audio } = trim.process(response(pcm, 300));
  expect(audio.length % 2).toBe(0);
  expect(audio.length).toBe(4800 + 2 * 241);
});
