import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HostAnnouncer } from '../../../src/connector/sound/announcer.js';
import { WavWriter } from '../../../src/media/wav-file.js';
import { FakeClock } from '../../support/fake-clock.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

function setUp() {
  const clock = new FakeClock(0);
  const spoken: string[] = [];
  const voices = { made: 0, disposed: 0, fails: false };
  const announcer = new HostAnnouncer({ voice: 'slt' }, clock, ({ voice }) => {
    voices.made += 1;
    return {
      voice,
      speak: async (text) => {
        if (voices.fails) throw new Error('no breath');
        spoken.push(text);
        return { pcm: new Int16Array(160), sampleRate: 16_000, words: [] };
      },
      [Symbol.asyncDispose]: async () => {
        voices.disposed += 1;
      },
    };
  });
  return { announcer, clock, spoken, voices };
}

test('a text is spoken once, however often it is asked for', async () => {
  const { announcer, spoken } = setUp();
  const [one, other] = await Promise.all([
    announcer.prepare({ text: 'Sorry.' }),
    announcer.prepare({ text: 'Sorry.' }),
  ]);
  expect(one).toBe(other);
  expect(one).toMatchObject({ text: 'Sorry.', sampleRate: 16_000 });
  expect(spoken).toEqual(['Sorry.']);
});

test('what failed is tried again', async () => {
  const { announcer, voices } = setUp();
  voices.fails = true;
  await expect(announcer.prepare({ text: 'Sorry.' })).rejects.toThrow('no breath');
  voices.fails = false;
  await expect(announcer.prepare({ text: 'Sorry.' })).resolves.toMatchObject({ text: 'Sorry.' });
});

test('a recording is brought to one rate, and keeps its transcript', async () => {
  const { announcer, voices } = setUp();
  const path = join(temporaryDirectory(), 'greeting.wav');
  await using file = await WavWriter.create(path, { sampleRate: 8000, channels: 1 });
  await file.write(Int16Array.from({ length: 800 }, (_, i) => Math.round(8000 * Math.sin(i / 4))));
  const announcement = await announcer.prepare({ wav: path, text: 'Hello.' });
  expect(announcement).toMatchObject({ text: 'Hello.', sampleRate: 16_000 });
  expect(announcement.samples.length).toBe(1600);
  expect(voices.made).toBe(0);
});

test('a file that is no recording rejects with its path', async () => {
  const { announcer } = setUp();
  await expect(announcer.prepare({ wav: '/nowhere/hello.wav' })).rejects.toMatchObject({
    code: 'ERR_AUDIO_FILE',
    message: expect.stringContaining('/nowhere/hello.wav'),
  });
});

test('a voice that is idle gives its thread back, and another speaks when there is something to say', async () => {
  const { announcer, clock, voices } = setUp();
  await announcer.prepare({ text: 'one' });
  clock.advance(29_999);
  expect(voices.disposed).toBe(0);
  clock.advance(1);
  expect(voices).toMatchObject({ made: 1, disposed: 1 });
  await announcer.prepare({ text: 'two' });
  await announcer[Symbol.asyncDispose]();
  expect(voices).toMatchObject({ made: 2, disposed: 2 });
  clock.advance(60_000);
  expect(voices).toMatchObject({ made: 2, disposed: 2 });
});

test('disposed of while it speaks it leaves no timer, and speaks no more', async () => {
  const { announcer, clock, voices } = setUp();
  const speaking = announcer.prepare({ text: 'Sorry.' });
  await announcer[Symbol.asyncDispose]();
  await speaking;
  expect(clock.pendingTimers).toBe(0);
  await expect(announcer.prepare({ text: 'Hello.' })).rejects.toMatchObject({ code: 'ERR_SPEECH' });
  expect(voices).toMatchObject({ made: 1, disposed: 1 });
});
