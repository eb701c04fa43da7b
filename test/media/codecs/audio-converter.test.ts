import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../../src/audio/g711.js';
import { createResampler } from '../../../src/audio/resampler.js';
import { type AudioFormat, bytesPerSample } from '../../../src/flavor-api/index.js';
import { createAudioConverter } from '../../../src/media/codecs/audio-converter.js';

const encodings = ['pcm16', 'mulaw', 'alaw'] as const;
const rates = [8000, 16_000, 24_000, 48_000] as const;
const formats: readonly AudioFormat[] = encodings.flatMap((encoding) =>
  rates.map((sampleRate) => ({ encoding, sampleRate })),
);
const pairs = formats.flatMap((from) => formats.map((to) => ({ from, to, name: `${label(from)} to ${label(to)}` })));

function label({ encoding, sampleRate }: AudioFormat): string {
  return `${encoding}/${sampleRate}`;
}

function sound(rate: number, ms: number): Int16Array {
  return Int16Array.from({ length: (rate * ms) / 1000 }, (_, i) =>
    Math.round(9000 * Math.sin((2 * Math.PI * 440 * i) / rate)),
  );
}

function toBytes(samples: Int16Array, encoding: AudioFormat['encoding']): Uint8Array {
  const bytes = new Uint8Array(samples.length * bytesPerSample(encoding));
  if (encoding === 'mulaw') encodeMulaw(samples, bytes);
  else if (encoding === 'alaw') encodeAlaw(samples, bytes);
  else for (const [i, sample] of samples.entries()) new DataView(bytes.buffer).setInt16(2 * i, sample, true);
  return bytes;
}

function toSamples(bytes: Uint8Array, encoding: AudioFormat['encoding']): Int16Array {
  const samples = new Int16Array(bytes.length / bytesPerSample(encoding));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (encoding === 'mulaw') decodeMulaw(bytes, samples);
  else if (encoding === 'alaw') decodeAlaw(bytes, samples);
  else for (let i = 0; i < samples.length; i += 1) samples[i] = view.getInt16(2 * i, true);
  return samples;
}

test.each(pairs)('$name: decode, resample, encode', ({ from, to }) => {
  const input = toBytes(sound(from.sampleRate, 200), from.encoding);
  const output = createAudioConverter(from, to).convert(input);
  const linear = createResampler(from.sampleRate, to.sampleRate).process(toSamples(input, from.encoding));
  expect(output).toEqual(toBytes(linear, to.encoding));
});

test.each(pairs)('$name: a chunk of 20 ms is answered in the same memory, the input apart', ({ from, to }) => {
  const converter = createAudioConverter(from, to);
  const frame = toBytes(sound(from.sampleRate, 20), from.encoding);
  const first = converter.convert(frame);
  expect(first).toHaveLength((to.sampleRate / 50) * bytesPerSample(to.encoding));
  expect(converter.convert(frame)).toBe(first);
});

test.each(pairs)('$name: what one stream was given stays as it is while another one converts', ({ from, to }) => {
  const given = createAudioConverter(from, to).convert(toBytes(sound(from.sampleRate, 20), from.encoding));
  const kept = given.slice();
  createAudioConverter(from, to).convert(toBytes(new Int16Array(from.sampleRate / 50), from.encoding));
  expect(given).toEqual(kept);
});

test.each(formats.map((format) => ({ format, name: label(format) })))(
  '$name to itself is the input, untouched',
  ({ format }) => {
    const frame = toBytes(sound(format.sampleRate, 20), format.encoding);
    expect(createAudioConverter(format, format).convert(frame)).toBe(frame);
  },
);

const pcm24: AudioFormat = { encoding: 'pcm16', sampleRate: 24_000 };
const mulaw8: AudioFormat = { encoding: 'mulaw', sampleRate: 8000 };

test.each([
  { from: pcm24, to: mulaw8 },
  { from: pcm24, to: pcm24 },
])('chunks that cut samples in two give the same bytes as one chunk', ({ from, to }) => {
  const input = toBytes(sound(24_000, 60), 'pcm16');
  const whole = createAudioConverter(from, to).convert(input).slice();
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 999 }), { maxLength: 12 }), (lengths) => {
      const converter = createAudioConverter(from, to);
      const output: number[] = [];
      let at = 0;
      for (const length of [...lengths, input.length]) {
        const piece = converter.convert(input.subarray(at, at + length));
        expect(piece.length % bytesPerSample(to.encoding)).toBe(0);
        output.push(...piece);
        at = Math.min(at + length, input.length);
      }
      expect(Uint8Array.from(output)).toEqual(whole);
    }),
  );
});

test('bytes at an odd offset of their buffer are read as well as any', () => {
  const aligned = toBytes(sound(24_000, 20), 'pcm16');
  const shifted = new Uint8Array(aligned.length + 1).subarray(1);
  shifted.set(aligned);
  expect(createAudioConverter(pcm24, mulaw8).convert(shifted)).toEqual(
    createAudioConverter(pcm24, mulaw8).convert(aligned),
  );
});

test('a chunk of two seconds is taken at once', () => {
  const output = createAudioConverter(pcm24, mulaw8).convert(toBytes(sound(24_000, 2000), 'pcm16'));
  expect(output).toHaveLength(16_000);
});

test('nothing in, nothing out', () => {
  expect(createAudioConverter(pcm24, mulaw8).convert(new Uint8Array(0))).toHaveLength(0);
});
