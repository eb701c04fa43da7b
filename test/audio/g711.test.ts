import { expect, test } from 'vitest';
import { ALAW_SILENCE, decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw, MULAW_SILENCE } from '../../src/audio/g711.js';

const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
const everySample = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);

function decoded(decode: typeof decodeMulaw): Int16Array {
  const samples = new Int16Array(256);
  decode(codes, samples);
  return samples;
}

function encoded(encode: typeof encodeMulaw, samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  encode(samples, bytes);
  return bytes;
}

/** Where the quantiser's intervals end, by the Recommendation's tables, as magnitudes in 16 bits. */
interface Quantiser {
  /** Magnitude at which interval `n` begins; the last begins no other. */
  readonly decisions: readonly number[];
  /** Magnitude that interval `n` is decoded to. */
  readonly values: readonly number[];
}

/** G.711 table 2a: segments end at 31, 95, 223 … 8159 (14 bits); the very first interval has half a step. */
function mulawTable(): Quantiser {
  const decisions = [0, 1];
  const values = [0];
  for (const [segment, end] of [31, 95, 223, 479, 991, 2015, 4063, 8159].entries()) {
    const step = 2 ** (segment + 1);
    for (let last = decisions.at(-1) ?? 0; last < end; last = decisions.at(-1) ?? 0) {
      decisions.push(last + step);
      values.push(last + step / 2);
    }
  }
  return { decisions: decisions.slice(0, 128).map((value) => value * 4), values: values.map((value) => value * 4) };
}

/** G.711 table 1a: 32 steps of 2 up to 64 (13 bits), then segments of 16 steps, each twice as wide, up to 4096. */
function alawTable(): Quantiser {
  const decisions = [0];
  const values: number[] = [];
  for (const [segment, end] of [64, 128, 256, 512, 1024, 2048, 4096].entries()) {
    const step = 2 ** (segment + 1);
    for (let last = decisions.at(-1) ?? 0; last < end; last = decisions.at(-1) ?? 0) {
      decisions.push(last + step);
      values.push(last + step / 2);
    }
  }
  return { decisions: decisions.slice(0, 128).map((value) => value * 8), values: values.map((value) => value * 8) };
}

function interval(decisions: readonly number[], magnitude: number): number {
  return decisions.findLastIndex((start) => start <= magnitude);
}

test('mu-law codes decode to the 128 values of table 2, either sign', () => {
  const samples = decoded(decodeMulaw);
  const { values } = mulawTable();
  expect(values).toHaveLength(128);
  for (let n = 0; n < 128; n += 1) {
    expect(samples[0xff - n]).toBe(values[n]);
    expect((samples[0x7f - n] ?? 0) + (values[n] ?? 0)).toBe(0);
  }
});

test('A-law codes decode to the 128 values of table 1, either sign, even bits inverted', () => {
  const samples = decoded(decodeAlaw);
  const { values } = alawTable();
  expect(values).toHaveLength(128);
  for (let n = 0; n < 128; n += 1) {
    expect(samples[(0x80 | n) ^ 0x55]).toBe(values[n]);
    expect(samples[n ^ 0x55]).toBe(-(values[n] ?? 0));
  }
});

test('known codes: silence, the largest, and the digital milliwatt of G.711 tables 5 and 6', () => {
  const mulaw = decoded(decodeMulaw);
  const alaw = decoded(decodeAlaw);
  expect([mulaw[MULAW_SILENCE], mulaw[0x80], mulaw[0x00]]).toEqual([0, 32_124, -32_124]);
  expect([alaw[ALAW_SILENCE], alaw[0xaa], alaw[0x2a]]).toEqual([8, 32_256, -32_256]);
  // One period of 1000 Hz at 0 dBm0, 3.17 and 3.14 dB below the largest sine that the laws can carry.
  const power = (table: Int16Array, period: readonly number[]): number =>
    period.reduce((sum, code) => sum + (table[code] ?? 0) ** 2, 0) / period.length;
  const mulawDb =
    10 * Math.log10(power(mulaw, [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e]) / (8159 * 4) ** 2) + 3.01;
  const alawDb =
    10 * Math.log10(power(alaw, [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4]) / (4096 * 8) ** 2) + 3.01;
  expect(mulawDb).toBeCloseTo(-3.17, 1);
  expect(alawDb).toBeCloseTo(-3.14, 1);
});

test.each([
  { law: 'mu-law', encode: encodeMulaw, decode: decodeMulaw, table: mulawTable() },
  { law: 'A-law', encode: encodeAlaw, decode: decodeAlaw, table: alawTable() },
])('every one of 65,536 samples becomes the $law code of its interval', ({ encode, decode, table }) => {
  const linear = decoded(decode);
  const wrong: number[] = [];
  for (const [i, code] of encoded(encode, everySample).entries()) {
    const sample = everySample[i] ?? 0;
    // G.191 folds negative values by one's complement: -1 is the mirror image of 0.
    const magnitude = sample < 0 ? ~sample : sample;
    const value = table.values[interval(table.decisions, magnitude)] ?? Number.NaN;
    if (Math.abs(linear[code] ?? Number.NaN) !== value || (linear[code] ?? 0) * sample < 0) wrong.push(sample);
  }
  expect(wrong).toEqual([]);
});

test.each([
  { law: 'mu-law', encode: encodeMulaw, decode: decodeMulaw, exceptions: [0x7f] },
  { law: 'A-law', encode: encodeAlaw, decode: decodeAlaw, exceptions: [] },
])(
  "$law codes survive decoding and encoding; mu-law's negative zero becomes zero",
  ({ encode, decode, exceptions }) => {
    const again = encoded(encode, decoded(decode));
    expect(codes.filter((code) => again[code] !== code)).toEqual(Uint8Array.from(exceptions));
  },
);

test.each([
  { law: 'mu-law', encode: encodeMulaw, decode: decodeMulaw },
  { law: 'A-law', encode: encodeAlaw, decode: decodeAlaw },
])('$law never puts a larger sample below a smaller one', ({ encode, decode }) => {
  const there = encoded(encode, everySample);
  const back = new Int16Array(there.length);
  decode(there, back);
  expect(back.every((value, i) => i === 0 || value >= (back[i - 1] ?? 0))).toBe(true);
});

test('an output longer than the input keeps its rest', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  encodeMulaw(new Int16Array([0]), bytes);
  expect(bytes).toEqual(new Uint8Array([0xff, 2, 3]));
});
