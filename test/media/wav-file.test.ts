import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeAlaw, decodeMulaw } from '../../src/audio/g711.js';
import { WAV_HEADER_BYTES, wavHeader } from '../../src/audio/wav-header.js';
import { parseWav } from '../../src/audio/wav-parse.js';
import { errorCode } from '../../src/base/connector-error.js';
import { readWavFile, WavWriter, writeWavFile } from '../../src/media/wav-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

interface Fmt {
  readonly code?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  readonly extra?: Buffer;
}

function chunk(id: string, content: Uint8Array, size = content.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, 'latin1');
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

function fmt({ code = 1, channels = 1, rate = 8000, bits = 16, extra = Buffer.alloc(0) }: Fmt = {}): Buffer {
  const content = Buffer.alloc(16);
  content.writeUInt16LE(code, 0);
  content.writeUInt16LE(channels, 2);
  content.writeUInt32LE(rate, 4);
  content.writeUInt32LE((rate * channels * bits) / 8, 8);
  content.writeUInt16LE((channels * bits) / 8, 12);
  content.writeUInt16LE(bits, 14);
  return chunk('fmt ', Buffer.concat([content, extra]));
}

function wav(...chunks: readonly Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  return chunk('RIFF', body);
}

function pcm(...samples: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * samples.length);
  for (const [i, sample] of samples.entries()) bytes.writeInt16LE(sample, 2 * i);
  return bytes;
}

function refusal(bytes: Uint8Array): string {
  try {
    parseWav(bytes, 'greeting.wav');
  } catch (error) {
    if (errorCode(error) === 'ERR_AUDIO_FILE' && error instanceof Error) return error.message;
    throw error;
  }
  return 'accepted';
}

test('16-bit mono at any rate', () => {
  expect(parseWav(wav(fmt({ rate: 44_100 }), chunk('data', pcm(1, -2, 32_767, -32_768))), 'x')).toEqual({
    sampleRate: 44_100,
    samples: Int16Array.of(1, -2, 32_767, -32_768),
  });
});

test('two channels are averaged, full scale included', () => {
  const data = chunk('data', pcm(100, 200, 32_767, 32_767, -32_768, -32_768));
  expect(parseWav(wav(fmt({ channels: 2 }), data), 'x').samples).toEqual(Int16Array.of(150, 32_767, -32_768));
});

test.each([
  { code: 7, decode: decodeMulaw },
  { code: 6, decode: decodeAlaw },
])('G.711, encoding $code', ({ code, decode }) => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const expected = new Int16Array(256);
  decode(bytes, expected);
  expect(parseWav(wav(fmt({ code, bits: 8 }), chunk('data', bytes)), 'x').samples).toEqual(expected);
});

test('the extensible form of the header names its encoding further on', () => {
  const extra = Buffer.alloc(24);
  extra.writeUInt16LE(22, 0);
  extra.writeUInt16LE(1, 8);
  expect(parseWav(wav(fmt({ code: 0xfffe, extra }), chunk('data', pcm(5))), 'x').samples).toEqual(Int16Array.of(5));
});

test('other chunks are passed over, odd lengths with their padding', () => {
  const file = wav(
    chunk('LIST', Buffer.from('odd')),
    fmt(),
    chunk('fact', Buffer.alloc(4)),
    chunk('data', pcm(7)),
    chunk('id3 ', pcm(9)),
  );
  expect(parseWav(file, 'x').samples).toEqual(Int16Array.of(7));
});

test('a data chunk that promises more than there is gives what there is', () => {
  for (const size of [1000, 0xffff_ffff, 0x7fff_fffe]) {
    expect(parseWav(wav(fmt(), chunk('data', pcm(1, 2, 3), size)), 'x').samples).toEqual(Int16Array.of(1, 2, 3));
  }
  expect(parseWav(Buffer.concat([wav(fmt(), chunk('data', pcm(1, 2), 1000)), Buffer.of(9)]), 'x').samples).toHaveLength(
    2,
  );
});

test.each([
  ['an empty file', Buffer.alloc(0), 'not a RIFF/WAVE file'],
  ['an MP3 file', Buffer.from('ID3\u0004 and so on, long enough'), 'not a RIFF/WAVE file'],
  [
    'a RIFF file of pictures',
    Buffer.concat([Buffer.from('RIFF\u0000\u0000\u0000\u0000AVI LIST')]),
    'not a RIFF/WAVE file',
  ],
  ['no format', wav(), 'no "fmt " chunk'],
  ['a cut header', wav(fmt()).subarray(0, 30), 'the "fmt " chunk has 10 bytes instead of 16 or more'],
  ['no data', wav(fmt()), 'no "data" chunk'],
  ['data first', wav(chunk('data', pcm(1)), fmt()), 'the samples come before their description ("fmt " chunk)'],
  ['24 bits', wav(fmt({ bits: 24 }), chunk('data', pcm(1))), '24 bits a sample instead of 16'],
  ['floating point', wav(fmt({ code: 3, bits: 32 })), 'encoding 0x3 instead of PCM (1), A-law (6) or mu-law (7)'],
  ['six channels', wav(fmt({ channels: 6 })), '6 channels instead of one or two'],
  ['no channel', wav(fmt({ channels: 0 })), '0 channels instead of one or two'],
  ['no rate', wav(fmt({ rate: 0 })), 'a sampling rate of 0 Hz'],
  ['16-bit mu-law', wav(fmt({ code: 7 })), '16 bits a sample instead of 8'],
  ['a short extensible header', wav(fmt({ code: 0xfffe })), 'the extended "fmt " chunk is too short'],
])('%s is refused with the reason', (_, bytes, reason) => {
  expect(refusal(bytes)).toBe(`greeting.wav: ${reason}`);
});

test('any bytes whatever are read or refused, nothing else', () => {
  const valid = wav(fmt({ channels: 2 }), chunk('LIST', Buffer.from('abc')), chunk('data', pcm(1, 2, 3, 4)));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.nat(valid.length),
      (changes, length) => {
        const bytes = Buffer.from(valid);
        for (const [at, value] of changes) bytes[at] = value;
        expect(refusal(bytes.subarray(0, length))).toBeTypeOf('string');
      },
    ),
    { numRuns: 2000 },
  );
});

test('a file that is not there names itself', async () => {
  const path = join(temporaryDirectory(), 'missing.wav');
  await expect(readWavFile(path)).rejects.toMatchObject({
    code: 'ERR_AUDIO_FILE',
    message: expect.stringContaining(path),
  });
});

test('what was written is read back', async () => {
  const path = join(temporaryDirectory(), 'a.wav');
  const samples = Int16Array.from({ length: 1000 }, (_, i) => i * 60 - 30_000);
  await writeWavFile(path, samples, { sampleRate: 16_000, channels: 1 });
  expect(await readWavFile(path)).toEqual({ sampleRate: 16_000, samples });
});

test('a recording can be read after every write, before it is closed, and by its owner only', async () => {
  const path = join(temporaryDirectory(), 'a.wav');
  const writer = await WavWriter.create(path, { sampleRate: 8000, channels: 1 });
  expect((await readWavFile(path)).samples).toHaveLength(0);
  for (let n = 1; n <= 3; n += 1) {
    await writer.write(new Int16Array(160).fill(n));
    expect((await readWavFile(path)).samples).toHaveLength(160 * n);
  }
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await writer.close()).toEqual({ path, durationMs: 60 });
});

test('samples handed to write may change at once, and order is kept without awaiting', async () => {
  const path = join(temporaryDirectory(), 'a.wav');
  const writer = await WavWriter.create(path, { sampleRate: 8000, channels: 2 });
  const samples = new Int16Array(2);
  const writes = Array.from({ length: 50 }, (_, n) => {
    samples.fill(n);
    return writer.write(samples);
  });
  await Promise.all(writes);
  expect(await writer.close()).toEqual({ path, durationMs: 50 / 8 });
  expect(await writer.close()).toEqual({ path, durationMs: 50 / 8 });
  expect((await readWavFile(path)).samples).toEqual(Int16Array.from({ length: 50 }, (_, n) => n));
  await expect(writer.write(samples)).rejects.toMatchObject({ code: 'ERR_AUDIO_FILE' });
});

test('an unwritable path is ERR_AUDIO_FILE with the path', async () => {
  const path = join(temporaryDirectory(), 'no', 'such', 'a.wav');
  await expect(writeWavFile(path, new Int16Array(1), { sampleRate: 8000, channels: 1 })).rejects.toMatchObject({
    code: 'ERR_AUDIO_FILE',
    message: expect.stringContaining(path),
  });
});

test('the header is byte for byte what RIFF asks', async () => {
  const path = join(temporaryDirectory(), 'a.wav');
  await writeWavFile(path, Int16Array.of(1, 2, 3, 4), { sampleRate: 8000, channels: 2 });
  expect(await readFile(path)).toEqual(wav(fmt({ channels: 2 }), chunk('data', pcm(1, 2, 3, 4))));
});

test('sizes beyond 32 bits saturate', () => {
  const header = wavHeader({ sampleRate: 8000, channels: 2, dataBytes: 2 ** 33 });
  expect(header.readUInt32LE(40)).toBe(0xffff_ffff - WAV_HEADER_BYTES);
  expect(header.readUInt32LE(4)).toBe(0xffff_ffff - 8);
});

test('a directory is no audio file', async () => {
  const directory = temporaryDirectory();
  await writeFile(join(directory, 'x'), '');
  await expect(readWavFile(directory)).rejects.toMatchObject({ code: 'ERR_AUDIO_FILE' });
});
