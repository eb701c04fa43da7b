import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseWav } from '../../src/audio/wav-parse.js';
import { wavProblem } from '../../src/config/wav-check.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

interface Fields {
  readonly code?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  readonly extra?: Buffer;
}

function chunk(name: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 0, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

function format({ bits = 16, channels = 1, code = 1, extra = Buffer.alloc(0), rate = 8000 }: Fields = {}): Buffer {
  const fields = Buffer.alloc(16);
  fields.writeUInt16LE(code, 0);
  fields.writeUInt16LE(channels, 2);
  fields.writeUInt32LE(rate, 4);
  fields.writeUInt16LE(bits, 14);
  return chunk('fmt ', Buffer.concat([fields, extra]));
}

const samples = chunk('data', Buffer.alloc(160));
const riff = (...chunks: readonly Buffer[]): Buffer => {
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  return chunk('RIFF', body);
};
/** The end of WAVE_FORMAT_EXTENSIBLE: size, valid bits, channel mask, and the code at the head of a GUID. */
const extension = (code: number): Buffer => {
  const extra = Buffer.alloc(24);
  extra.writeUInt16LE(22, 0);
  extra.writeUInt16LE(code, 8);
  return extra;
};

async function problemOf(bytes: Buffer): Promise<{ found: string | undefined; path: string }> {
  const path = join(temporaryDirectory(), 'a.wav');
  writeFileSync(path, bytes);
  return { found: await wavProblem(path), path };
}

describe('what the player takes is taken here, and nothing else', () => {
  test.each<[string, Buffer, string | undefined]>([
    ['16-bit PCM', riff(format(), samples), undefined],
    ['A-law', riff(format({ code: 6, bits: 8 }), samples), undefined],
    ['mu-law, two channels', riff(format({ code: 7, bits: 8, channels: 2 }), samples), undefined],
    [
      'chunks before the samples',
      riff(chunk('LIST', Buffer.alloc(7)), format(), chunk('fact', Buffer.alloc(4)), samples),
      undefined,
    ],
    ['the extended form', riff(format({ code: 0xfffe, extra: extension(1) }), samples), undefined],
    [
      'an extended form of floats',
      riff(format({ code: 0xfffe, extra: extension(3) }), samples),
      'its samples are neither PCM nor G.711',
    ],
    ['an extended form cut short', riff(format({ code: 0xfffe }), samples), 'its "fmt " chunk is too short'],
    ['floats', riff(format({ code: 3, bits: 32 }), samples), 'its samples are neither PCM nor G.711'],
    ['24 bits', riff(format({ bits: 24 }), samples), 'its samples have 24 bits instead of 16'],
    ['six channels', riff(format({ channels: 6 }), samples), 'it has 6 channels instead of one or two'],
    ['a strange rate', riff(format({ rate: 10 }), samples), 'it has a sampling rate of 10 Hz'],
    ['no samples chunk', riff(format()), 'it has no "data" chunk'],
    ['no description', riff(), 'it has no "fmt " chunk'],
    ['samples first', riff(samples, format()), 'its samples come before their description ("fmt " chunk)'],
    ['a short description', riff(chunk('fmt ', Buffer.alloc(10)), samples), 'its "fmt " chunk is too short'],
    ['RIFF of another kind', chunk('RIFF', Buffer.from('AVI LIST')), 'it is no RIFF/WAVE file'],
    ['nothing', Buffer.alloc(0), 'it is no RIFF/WAVE file'],
  ])('%s', async (_name, bytes, problem) => {
    const { found, path } = await problemOf(bytes);
    expect(found).toBe(problem);
    if (problem === undefined) expect(parseWav(bytes, path).samples.length).toBeGreaterThan(0);
    else expect(() => parseWav(bytes, path)).toThrow();
  });
});

test('no samples at all', async () => {
  expect((await problemOf(riff(format(), chunk('data', Buffer.alloc(0))))).found).toBe('it has no samples');
});

test('a file of endless small chunks is given up', async () => {
  const chunks = Array.from({ length: 100 }, () => chunk('junk', Buffer.alloc(0)));
  expect((await problemOf(riff(...chunks, format(), samples))).found).toBe(
    'it has no "data" chunk among its first ones',
  );
});

test('what is not there, or is no file', async () => {
  const directory = temporaryDirectory();
  expect(await wavProblem(join(directory, 'missing.wav'))).toBe('there is no such file');
  mkdirSync(join(directory, 'folder.wav'));
  expect(await wavProblem(join(directory, 'folder.wav'))).toBe('it is a directory');
});
