import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { createSystemRandom } from '../../../src/base/random.js';
import { loadOpus } from '../../../src/media/opus/load-opus.js';
import type { OpusLibrary } from '../../../src/media/opus/opus-library.js';
import { oggRecordings } from '../../../src/media/recording/ogg-recording.js';
import type { CreateRecordingFile } from '../../../src/media/recording/recording-file.js';
import { RecordingThread } from '../../../src/media/recording/recording-thread.js';
import { createStereoRecorder, type StereoRecorder } from '../../../src/media/recording/stereo-recorder.js';
import { bundle } from '../../support/bundle.js';
import { findPieces } from '../../support/correlation.js';
import { FakeClock } from '../../support/fake-clock.js';
import { type OggPage, playOggOpus, readOgg } from '../../support/ogg-reader.js';
import { speak8k } from '../../support/speech.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { rms } from '../../support/tones.js';

const SERIAL = 0x8000_0001;
const FRAME = 160;

let library: OpusLibrary;

beforeAll(async () => {
  const loaded = await loadOpus('@evan/opus');
  if (loaded === undefined) throw new Error('@evan/opus cannot be loaded');
  library = loaded;
});

interface Recorded {
  readonly bytes: Buffer;
  readonly pages: readonly OggPage[];
  readonly left: Int16Array;
  readonly right: Int16Array;
  readonly durationMs: number;
}

/** Records what `talk` says; the disk, which knows no fake clock, is waited for. */
const record = async (
  talk: (recorder: StereoRecorder, pass: (ms: number) => Promise<void>) => Promise<void>,
  createFile: CreateRecordingFile = oggRecordings(library, () => SERIAL),
) => {
  const path = join(temporaryDirectory(), 'call.ogg');
  const clock = new FakeClock();
  const recorder = createStereoRecorder({ path, originMs: 0, clock, createFile });
  await talk(recorder, async (ms) => {
    await clock.advanceAsync(ms);
    // The recorder's timer is set again when it has written.
    while (clock.pendingTimers === 0) await sleep(1);
  });
  const { durationMs } = await recorder.close();
  const bytes = await readFile(path);
  const pages = readOgg(bytes);
  const [left, right] = playOggOpus(pages, library);
  return { bytes, pages, left, right, durationMs, mode: (await stat(path)).mode & 0o777 };
};

/** The caller asks, the agent answers one second after the beginning of the question. */
const conversation = async (): Promise<Recorded & { readonly asked: Int16Array; readonly answered: Int16Array }> => {
  const asked = await speak8k('Do you have a chair for me on Thursday afternoon?');
  const answered = await speak8k('We have one by the window, at half past four.', 'rms');
  const recorded = await record(async (recorder, pass) => {
    for (let at = 0; at + FRAME <= asked.length; at += FRAME) {
      recorder.caller(asked.subarray(at, at + FRAME), (at + FRAME) / 8, at);
      if (at % 4_000 === 0) await pass(500);
    }
    for (let at = 0; at + FRAME <= answered.length; at += FRAME) {
      recorder.agent(answered.subarray(at, at + FRAME), (at + asked.length) / 8);
      if (at % 4_000 === 0) await pass(500);
    }
  });
  return { ...recorded, asked, answered };
};

test('both sides are heard where they spoke, the caller left and the agent right, and neither on the other', async () => {
  const { left, right, asked, answered, durationMs, bytes } = await conversation();
  const early = 80;
  const pieces = [
    ...findPieces(asked, Int16Array.from([...new Int16Array(early), ...left]), 8000, 20),
    ...findPieces(answered, right.subarray(asked.length - early), 8000, 20),
  ];
  expect(pieces.length).toBeGreaterThan(16);
  // A piece of a steady vowel may fit a period of its pitch away, but not most of them.
  const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
  expect(Math.abs(middle(pieces.map(({ lagMs }) => lagMs)) - early / 8)).toBeLessThan(0.5);
  expect(middle(pieces.map(({ correlation }) => correlation))).toBeGreaterThan(0.85);
  expect(rms(right.subarray(0, asked.length - 800))).toBeLessThan(2);
  expect(rms(left.subarray(asked.length + 800))).toBeLessThan(2);
  expect(left.length).toBe(durationMs * 8);
  expect(bytes.length).toBeLessThan((durationMs * 32) / 8);
});

test('the pages are those of RFC 7845: two of headers, half a second each, and an end that cuts the last packet', async () => {
  const { pages, durationMs } = await conversation();
  const [head, tags, ...audio] = pages;
  expect(head).toMatchObject({ kind: 2, granule: 0, serial: SERIAL });
  expect(head?.packets[0]?.toString('hex')).toBe(
    `4f70757348656164${'0102'}${'3801'}${'401f0000'}${'0000'}${'0102000001'}`,
  );
  expect(tags?.packets[0]?.toString('latin1', 0, 8)).toBe('OpusTags');
  expect(pages.map(({ sequence }) => sequence)).toEqual(pages.map((_, index) => index));
  expect(audio.slice(0, -1).map(({ granule }) => granule)).toEqual(audio.slice(0, -1).map((_, i) => (i + 1) * 24_000));
  expect(audio.at(-1)).toMatchObject({ kind: 4, granule: 312 + 48 * durationMs });
});

test('where nobody spoke for longer than is kept in memory is silence of that length', async () => {
  const voice = (await speak8k('Yes.')).subarray(0, 2 * FRAME);
  const { left, durationMs, bytes } = await record(async (recorder, pass) => {
    recorder.caller(voice, 40, 0);
    await pass(1_000);
    recorder.caller(voice, 20_000, 19_960 * 8);
    await pass(1_000);
  });
  expect(durationMs).toBe(20_000);
  expect(left.length).toBe(160_000);
  expect(rms(left.subarray(1_600, 159_000))).toBeLessThan(2);
  expect(rms(left.subarray(-2 * FRAME))).toBeGreaterThan(20);
  expect(bytes.length).toBeLessThan(20_000);
});

test('a call without a sound is a file without a sound', async () => {
  const { left, durationMs, mode } = await record(async () => {});
  expect([left.length, durationMs, mode]).toEqual([0, 0, 0o600]);
});

test('a file that is cut off anywhere can be played up to its last whole page', async () => {
  const { bytes, pages } = await conversation();
  let whole = 0;
  for (let end = 0; end < bytes.length; end += 97) {
    const cut = readOgg(bytes.subarray(0, end));
    expect(cut.length).toBeGreaterThanOrEqual(whole);
    whole = cut.length;
  }
  expect(whole).toBeGreaterThanOrEqual(pages.length - 1);
});

test('kill -9 in the middle of a call: the recording can be played, whole but for its last seconds', async () => {
  const module = await bundle('test/media/fixtures/recorder-writer.ts');
  const path = join(temporaryDirectory(), 'call.ogg');
  const NODE_PATH = fileURLToPath(new URL('../../../node_modules', import.meta.url));
  const child = spawn(process.execPath, [module, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_PATH },
  });
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  child.kill('SIGKILL');
  await closed;
  const pages = readOgg(await readFile(path));
  const [left, right] = playOggOpus(pages, library);
  expect(left.length).toBeGreaterThan(8_000);
  expect(right.length).toBe(left.length);
  expect(rms(left)).toBeGreaterThan(100);
});

/** A library that counts the encoders it has made and not got back, and makes so many of them. */
const countedLibrary = (most: number): { readonly library: OpusLibrary; readonly open: () => number } => {
  let made = 0;
  let open = 0;
  const createEncoder: OpusLibrary['createEncoder'] = (...settings) => {
    if (made === most) throw new Error('no memory');
    const encoder = library.createEncoder(...settings);
    made += 1;
    open += 1;
    const close = (): void => {
      open -= 1;
      encoder.close();
    };
    return { encode: encoder.encode.bind(encoder), close };
  };
  return { library: { createDecoder: () => library.createDecoder(), createEncoder }, open: () => open };
};

test('without an encoder for each side there is no recording, no file and no encoder left over', async () => {
  for (const most of [0, 1]) {
    const counted = countedLibrary(most);
    const path = join(temporaryDirectory(), 'call.ogg');
    await expect(oggRecordings(counted.library, () => SERIAL)(path)).rejects.toThrow('no memory');
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(counted.open()).toBe(0);
  }
});

test('a file that cannot be made leaves no encoder over', async () => {
  const counted = countedLibrary(2);
  const path = join(temporaryDirectory(), 'missing', 'call.ogg');
  await expect(oggRecordings(counted.library, () => SERIAL)(path)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(counted.open()).toBe(0);
});

describe('in a thread of its own', () => {
  test('the file is the same, byte for byte', async () => {
    await using thread = new RecordingThread({ ...createSystemRandom(), integer: () => SERIAL });
    const voice = await speak8k('Yes, please.');
    const say = async (recorder: StereoRecorder): Promise<void> => {
      for (let at = 0; at + FRAME <= voice.length; at += FRAME) recorder.agent(voice.subarray(at, at + FRAME), at / 8);
    };
    const here = await record(say);
    const there = await record(say, thread.createFile);
    expect(there.durationMs).toBeGreaterThan(500);
    expect(there.bytes.equals(here.bytes)).toBe(true);
  });

  test('what the disk refuses is told at the end of the call, and the next call is recorded', async () => {
    await using thread = new RecordingThread(createSystemRandom());
    const path = temporaryDirectory();
    const { createFile } = thread;
    const recorder = createStereoRecorder({ path, originMs: 0, clock: new FakeClock(), createFile });
    await expect(recorder.close()).rejects.toMatchObject({ code: 'ERR_RECORDING_WRITE' });
    expect((await record(async () => {}, createFile)).durationMs).toBe(0);
  });

  test('a thread that ends leaves nobody waiting', async () => {
    const thread = new RecordingThread(createSystemRandom());
    const { createFile } = thread;
    const path = join(temporaryDirectory(), 'call.ogg');
    const recorder = createStereoRecorder({ path, originMs: 0, clock: new FakeClock(), createFile });
    await thread[Symbol.asyncDispose]();
    await expect(recorder.close()).rejects.toMatchObject({ code: 'ERR_RECORDING_WRITE' });
  });
});
