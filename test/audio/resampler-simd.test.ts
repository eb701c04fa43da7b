import { afterEach, describe, expect, test, vi } from 'vitest';
import { createResampler, type Resampler } from '../../src/audio/resampler.js';
import { wasm } from '../../src/audio/web-assembly.js';
import { SeededRandom } from '../support/seeded-random.js';
import { assembled, committed } from '../tools/wasm.mjs';

const rates = [8000, 16_000, 24_000, 32_000, 48_000] as const;
const pairs = rates.flatMap((from) => rates.filter((to) => to !== from).map((to) => ({ from, to })));

/** Of full scale, so that much of it is cut off. */
function noise(samples: number, seed: number): Int16Array {
  const random = new SeededRandom(seed);
  return Int16Array.from({ length: samples }, () => random.integer(65_536) - 32_768);
}

/** How many samples differ, and by how much at most. */
function difference(a: Int16Array, b: Int16Array): { most: number; share: number } {
  expect(a).toHaveLength(b.length);
  let most = 0;
  let differing = 0;
  for (const [i, value] of a.entries()) {
    const off = Math.abs(value - (b[i] as number));
    most = Math.max(most, off);
    if (off > 0) differing += 1;
  }
  return { most, share: differing / a.length };
}

/** Pieces of uneven lengths, some of no sample and some of more than the memory holds at once. */
const lengths = [160, 1, 0, 479, 7, 1441, 333, 2, 480];

function inPieces(resamplers: readonly Resampler[], inputs: readonly Int16Array[]): readonly Int16Array[] {
  const outputs = inputs.map((): number[] => []);
  let at = 0;
  for (const length of lengths) {
    for (const [i, resampler] of resamplers.entries()) {
      outputs[i]?.push(...resampler.process((inputs[i] as Int16Array).subarray(at, at + length)));
    }
    at += length;
  }
  return outputs.map((output) => Int16Array.from(output));
}

test('the bytes in use are what the text assembles to', async () => {
  expect(committed()).toBe(await assembled());
});

describe.each(pairs)('$from to $to Hz', ({ from, to }) => {
  test('vectors of 32 bits give what 64-bit arithmetic gives, seldom one off', () => {
    const input = noise(from / 2, 1);
    const plain = createResampler(from, to, { arithmetic: 'plain' }).process(input);
    const { most, share } = difference(createResampler(from, to).process(input), plain);
    expect(most).toBeLessThanOrEqual(1);
    expect(share).toBeLessThan(0.003);
  });

  test('streams that take turns in one memory do not hear each other', () => {
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const inputs = [noise(total, 2), noise(total, 3), new Int16Array(total)];
    const alone = inputs.map((input) => createResampler(from, to).process(input));
    const resamplers = inputs.map(() => createResampler(from, to));
    expect(inPieces(resamplers, inputs)).toEqual(alone);
  });
});

class Refusing {
  constructor() {
    throw new RangeError('refused');
  }
}

describe('where vectors cannot be had', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  const input = noise(8000, 4);
  const plain = createResampler(8000, 24_000, { arithmetic: 'plain' }).process(input);

  async function convertedBy(webAssembly: unknown): Promise<Int16Array> {
    vi.stubGlobal('WebAssembly', webAssembly);
    vi.resetModules();
    const fresh = await import('../../src/audio/resampler.js');
    return fresh.createResampler(8000, 24_000).process(input);
  }

  test('they are used elsewhere: the two kinds of arithmetic can be told apart', async () => {
    expect(await convertedBy(wasm)).not.toEqual(plain);
  });

  test.each([
    ['no WebAssembly at all', undefined],
    ['a processor without them', { Module: Refusing, Instance: wasm.Instance }],
    ['no room for a memory', { Module: wasm.Module, Instance: Refusing }],
  ])('%s: JavaScript does the same', async (_, refused) => {
    expect(await convertedBy(refused)).toEqual(plain);
  });
});
