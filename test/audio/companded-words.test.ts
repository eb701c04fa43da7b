import { expect, test } from 'vitest';
import { alawWords, mulawWords } from '../../src/audio/companded-words.js';
import { decodeAlaw, decodeMulaw } from '../../src/audio/g711.js';

const laws = [
  { name: 'mu-law', words: mulawWords, decode: decodeMulaw },
  { name: 'A-law', words: alawWords, decode: decodeAlaw },
] as const;

const allCodes = Uint8Array.from({ length: 256 }, (_, code) => code);

for (const { name, words, decode } of laws) {
  const linear = new Int16Array(256);
  decode(allCodes, linear);
  const amplitudeOf = (code: number): number => Math.abs(linear[code] as number);
  const quietest = allCodes.toSorted((one, other) => amplitudeOf(one) - amplitudeOf(other))[0] as number;

  test(`of four codes of ${name}, one as loud as is asked for is found wherever it stands, and none that is not`, () => {
    const amplitudes = [...new Set([1, 9, 103.6, 30_000, ...linear].map(Math.abs))].filter(
      (amplitude) => amplitude > 0,
    );
    for (const amplitude of amplitudes.filter((one) => one > amplitudeOf(quietest))) {
      const rank = words.rankOf(amplitude);
      for (const code of allCodes) {
        for (let place = 0; place < 4; place += 1) {
          const codes = new Uint8Array(12).fill(quietest);
          codes[4 + place] = code;
          const found = words.reaches(rank, new Int32Array(codes.buffer), 1, 1);
          if (found !== amplitudeOf(code) >= amplitude) throw new Error(`${name} ${code} at ${place}, ${amplitude}`);
        }
      }
    }
  });

  test(`of ${name}, only the words that are named are looked at, and the loudest code reaches the highest rank`, () => {
    const loudest = allCodes.toSorted((one, other) => amplitudeOf(other) - amplitudeOf(one))[0] as number;
    const codes = new Uint8Array(16).fill(quietest);
    codes.fill(loudest, 8, 12);
    const four = new Int32Array(codes.buffer);
    const rank = words.rankOf(amplitudeOf(loudest));
    expect(rank).toBe(127);
    expect([0, 1, 2, 3].map((from) => words.reaches(rank, four, from, 1))).toEqual([false, false, true, false]);
    expect(words.reaches(words.rankOf(40_000), four, 0, 4)).toBe(false);
  });

  test(`${name} is expanded in words to what it is in bytes`, () => {
    const samples = new Int16Array(256);
    words.decode(new Int32Array(allCodes.slice().buffer), samples);
    expect(samples).toEqual(linear);
  });
}
