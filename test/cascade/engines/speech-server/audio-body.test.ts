import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RawBody, WavBody } from '../../../../src/cascade/engines/speech-server/audio-body.js';
import type { SampleEncoding } from '../../../../src/cascade/engines/speech-server/samples.js';
import { FlavorError } from '../../../../src/flavor-api/index.js';
import { wavOf } from '../../../fakes/speech-server/wav.js';

const samples = Int16Array.from({ length: 300 }, (_, i) => Math.round(20_000 * Math.sin(i / 7)));
const who = 'the speech server';

/** Pushes `bytes` in pieces that end at `cuts`. */
function read(body: WavBody | RawBody, bytes: Uint8Array, cuts: readonly number[] = []): Int16Array {
  const found: number[] = [];
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    found.push(...body.push(bytes.subarray(from, to)));
    from = to;
  }
  return Int16Array.from(found);
}

function failureOf(action: () => unknown): Partial<FlavorError> {
  try {
    action();
  } catch (error) {
    if (error instanceof FlavorError) return { code: error.code, message: error.message, retryable: error.retryable };
    throw error;
  }
  return {};
}

describe('WAV', () => {
  test.each<[SampleEncoding, number]>([
    ['u8', 256],
    ['s16', 0],
    ['s24', 0],
    ['s32', 0],
    ['f32', 1],
    ['f64', 1],
    ['mulaw', 700],
    ['alaw', 700],
  ])('%s is read as 16-bit samples', (encoding, tolerance) => {
    const body = new WavBody(who);
    const found = read(body, wavOf(samples, 24_000, { encoding }));
    body.end();
    expect(body.sampleRate).toBe(24_000);
    expect(found.length).toBe(samples.length);
    for (const [i, sample] of found.entries()) {
      expect(Math.abs(sample - (samples[i] ?? 0))).toBeLessThanOrEqual(tolerance);
    }
  });

  test('two channels become one', () => {
    const body = new WavBody(who);
    expect(read(body, wavOf(samples, 48_000, { channels: 2 }))).toEqual(samples);
    expect(body.sampleRate).toBe(48_000);
  });

  test('an extensible header says what it is in its extension', () => {
    const body = new WavBody(who);
    expect(read(body, wavOf(samples, 24_000, { encoding: 's24', extensible: true }))).toEqual(samples);
  });

  test.each([
    ['real sizes', {}],
    ['sizes of 0xFFFFFFFF', { sizes: 'unknown' as const }],
    ['sizes of 0', { sizes: 'zero' as const }],
    ['a LIST chunk of odd length before the samples and one behind', { list: true }],
    ['float samples', { encoding: 'f32' as const }],
  ])('cut at every byte it is the same: %s', (_name, options) => {
    const bytes = wavOf(samples.subarray(0, 40), 24_000, options);
    const whole = read(new WavBody(who), bytes);
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const body = new WavBody(who);
      expect(read(body, bytes, [cut])).toEqual(whole);
      body.end();
    }
  });

  test('cut into pieces of any sizes it is the same', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(700), { maxLength: 20 }), fc.constantFrom('s16', 's24', 'f32'), (cuts, encoding) => {
        const body = new WavBody(who);
        const bytes = wavOf(samples, 22_050, { encoding, channels: 2, sizes: 'unknown', list: true });
        const found = read(
          body,
          bytes,
          cuts.sort((a, b) => a - b).filter((cut) => cut < bytes.length),
        );
        expect(found.length).toBe(samples.length);
        expect(Math.abs((found[3] ?? 0) - (samples[3] ?? 0))).toBeLessThanOrEqual(1);
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  test('a server that streams is known by the size in its header', () => {
    const streamed = new WavBody(who);
    expect(streamed.streamed).toBeUndefined();
    streamed.push(wavOf(samples, 24_000, { sizes: 'unknown' }));
    expect(streamed.streamed).toBe(true);
    const whole = new WavBody(who);
    whole.push(wavOf(samples, 24_000));
    expect(whole.streamed).toBe(false);
  });

  test('titles behind the samples are no sound', () => {
    const body = new WavBody(who);
    expect(read(body, wavOf(samples, 24_000, { list: true })).length).toBe(samples.length);
    body.end();
  });

  test.each([
    ['nothing at all', 0, 'answered without any speech'],
    ['a part of the header', 30, 'broke off its answer'],
    ['the header and nothing else', 44, 'broke off its answer'],
    ['half of the samples', 344, 'broke off its answer'],
    ['all but one byte', 643, 'broke off its answer'],
  ])('%s is told from a whole answer', (_what, bytes, message) => {
    const body = new WavBody(who);
    body.push(wavOf(samples, 24_000).subarray(0, bytes));
    expect(failureOf(() => body.end())).toMatchObject({
      code: 'ERR_FLAVOR_NETWORK',
      message: `${who} ${message}`,
      retryable: true,
    });
  });

  test('a streamed header with nothing behind it is an answer without speech', () => {
    const body = new WavBody(who);
    body.push(wavOf(new Int16Array(0), 24_000, { sizes: 'unknown' }));
    expect(failureOf(() => body.end())).toMatchObject({ message: `${who} answered without any speech` });
  });

  test('streamed, half a sample at the end says that something is missing', () => {
    const body = new WavBody(who);
    body.push(wavOf(samples, 24_000, { sizes: 'unknown' }).subarray(0, 643));
    expect(failureOf(() => body.end())).toMatchObject({ message: `${who} broke off its answer` });
  });

  test.each([
    ['an error page', Buffer.from('<html><body>502 Bad Gateway</body></html>')],
    ['JSON', Buffer.from('{"detail":"no"}')],
    ['another RIFF', Buffer.from('RIFF\x20\x00\x00\x00AVI LIST')],
    ['MP3', Buffer.from('ID3\x04\x00\x00\x00\x00\x00\x00\x00\x00')],
    ['a rate that no voice has', wavOf(samples, 1_000_000)],
    ['no channels', wavOf(samples, 24_000, { channels: 0 })],
    ['samples of 20 bits', wavOf(samples, 24_000, { bits: 20 })],
  ])('%s is refused', (_what, bytes) => {
    expect(failureOf(() => new WavBody(who).push(bytes))).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL' });
  });

  test('a header without end is not collected', () => {
    const body = new WavBody(who);
    const head = wavOf(samples, 24_000, { list: true });
    head.writeUInt32LE(0x7000_0000, 40);
    body.push(head.subarray(0, 44));
    const feed = (): void => {
      for (let i = 0; i < 100; i += 1) body.push(new Uint8Array(1_000));
    };
    expect(failureOf(feed)).toMatchObject({ code: 'ERR_FLAVOR_PROTOCOL' });
  });
});

describe('raw PCM', () => {
  const format = { encoding: 's16', channels: 1, sampleRate: 24_000 } as const;
  const bytes = new Uint8Array(samples.buffer);

  test('odd pieces make the same samples', () => {
    for (const cut of [1, 2, 3, 299, 599]) expect(read(new RawBody(who, format), bytes, [cut])).toEqual(samples);
  });

  test('nothing, and half a sample, are told from a whole answer', () => {
    expect(failureOf(() => new RawBody(who, format).end())).toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
    const body = new RawBody(who, format);
    body.push(bytes.subarray(0, 7));
    expect(failureOf(() => body.end())).toMatchObject({ message: `${who} broke off its answer` });
  });
});

test('floats beyond full scale are clipped, and what is no number is silence', () => {
  const floats = Float32Array.from([2, -2, Number.NaN, 0.5]);
  const body = new RawBody(who, { encoding: 'f32', channels: 1, sampleRate: 24_000 });
  expect(body.push(new Uint8Array(floats.buffer))).toEqual(Int16Array.from([32_767, -32_768, 0, 16_384]));
});
