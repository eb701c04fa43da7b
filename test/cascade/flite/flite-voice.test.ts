import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { createFliteVoice, type FliteVoice, type FliteVoiceOptions } from '../../../src/cascade/index.js';
import { isAudible } from '../../support/audible.js';
import { bundle } from '../../support/bundle.js';
import { FakeClock } from '../../support/fake-clock.js';

const moodyWorker = new URL('./workers/moody-worker.mjs', import.meta.url);

function voiceFor(options: Partial<FliteVoiceOptions> = {}): FliteVoice {
  const voice = createFliteVoice({ voice: 'slt', ...options });
  onTestFinished(() => voice[Symbol.asyncDispose]());
  return voice;
}

test('a text of several sentences is spoken whole, with its words in time', async () => {
  const voice = voiceFor();
  const text = 'Hello, this is the salon. '.repeat(12).trim();
  const { pcm, sampleRate, words } = await voice.speak(text);
  expect(sampleRate).toBe(16_000);
  expect(words.map((word) => word.text).join(' ')).toBe(text);
  const startsMs = words.map(({ startMs }) => startMs);
  expect(startsMs).toEqual([...startsMs].sort((a, b) => a - b));
  expect(isAudible(pcm.subarray(0, 16_000), -30)).toBe(true);
  expect(isAudible(pcm.subarray(-16_000), -30)).toBe(true);
  const lastMs = startsMs.at(-1) ?? 0;
  expect(lastMs).toBeLessThan(pcm.length / 16);
  expect(lastMs).toBeGreaterThan(pcm.length / 16 - 1500);
});

test('nothing to say is no sound and no words', async () => {
  expect(await voiceFor().speak(' \n\u{1f600} ')).toEqual({ pcm: new Int16Array(0), sampleRate: 16_000, words: [] });
});

test('the main thread goes on while the voice speaks', async () => {
  const voice = voiceFor();
  let turns = 0;
  let done = false;
  const count = (): void => {
    turns += 1;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  await voice.speak('This is a sentence of some length, and another part of it, to keep the voice busy.');
  done = true;
  expect(turns).toBeGreaterThan(50);
});

test("what was said before comes from memory, which is the receiver's own", async () => {
  const voice = voiceFor();
  const first = await voice.speak('Good morning.');
  const copy = first.pcm.slice();
  first.pcm.fill(0);
  expect((await voice.speak('Good morning.')).pcm).toEqual(copy);
});

test('a phrase in memory needs no thread any more', async () => {
  const voice = createFliteVoice({ voice: 'slt', workerUrl: moodyWorker });
  expect((await voice.speak('hello')).pcm).toHaveLength(5);
  await voice[Symbol.asyncDispose]();
  expect((await voice.speak('hello')).pcm).toHaveLength(5);
  await expect(voice.speak('other')).rejects.toMatchObject({ code: 'ERR_SPEECH' });
});

test.each(['throw', 'exit', 'fail'])(
  'a thread that answers with "%s" is ERR_SPEECH, and the next request is served',
  async (mood) => {
    const voice = voiceFor({ workerUrl: moodyWorker });
    await expect(voice.speak(mood)).rejects.toMatchObject({ code: 'ERR_SPEECH' });
    expect((await voice.speak('hello')).pcm).toHaveLength(5);
  },
);

test('requests behind a crash are not lost', async () => {
  const voice = voiceFor({ workerUrl: moodyWorker });
  const results = await Promise.allSettled([voice.speak('throw'), voice.speak('one'), voice.speak('three')]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
});

test('a thread that cannot be started fails the request, and those behind it', async () => {
  // As where the system has no thread left, the constructor throws.
  const voice = voiceFor({ workerUrl: new URL('http://127.0.0.1/worker.mjs') });
  const results = await Promise.allSettled([voice.speak('One.'), voice.speak('Two.')]);
  expect(results).toMatchObject(Array(2).fill({ status: 'rejected', reason: { code: 'ERR_SPEECH' } }));
});

test('a thread that hangs is ended after the time-out', async () => {
  const clock = new FakeClock();
  const voice = voiceFor({ workerUrl: moodyWorker, clock, pieceTimeoutMs: 1000 });
  const hanging = voice.speak('hang');
  const next = voice.speak('hello');
  clock.advance(999);
  expect(clock.pendingTimers).toBe(1);
  clock.advance(1);
  await expect(hanging).rejects.toMatchObject({ code: 'ERR_SPEECH' });
  expect((await next).pcm).toHaveLength(5);
  expect(clock.pendingTimers).toBe(0);
});

test('an abort rejects at once with its reason, before, while waiting and at work', async () => {
  const voice = voiceFor({ workerUrl: moodyWorker });
  const reason = new Error('the caller hung up');
  await expect(voice.speak('hello', AbortSignal.abort(reason))).rejects.toBe(reason);
  const atWork = new AbortController();
  const waiting = new AbortController();
  const first = voice.speak('hang', atWork.signal);
  const second = voice.speak('hello', waiting.signal);
  waiting.abort(reason);
  await expect(second).rejects.toBe(reason);
  atWork.abort(reason);
  await expect(first).rejects.toBe(reason);
});

test('an aborted request at work runs out, and the next is served', async () => {
  const voice = voiceFor();
  const controller = new AbortController();
  const first = voice.speak('This one will not be heard by anybody at all.', controller.signal);
  const second = voice.speak('This one will.');
  controller.abort();
  await expect(first).rejects.toMatchObject({ name: 'AbortError' });
  expect((await second).pcm.length).toBeGreaterThan(8000);
});

test('disposing rejects what was still to be said, and can be done twice', async () => {
  const voice = createFliteVoice({ voice: 'slt', workerUrl: moodyWorker });
  const requests = [voice.speak('hang'), voice.speak('hello')];
  const results = Promise.allSettled(requests);
  await voice[Symbol.asyncDispose]();
  await voice[Symbol.asyncDispose]();
  for (const result of await results) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_SPEECH' } });
  }
});

test('a request aborted while it waits is never spoken', async () => {
  const voice = voiceFor({ workerUrl: moodyWorker });
  const controller = new AbortController();
  const requests = [voice.speak('one'), voice.speak('two', controller.signal), voice.speak('count')];
  controller.abort();
  const [, , last] = await Promise.allSettled(requests);
  expect(last).toMatchObject({ status: 'fulfilled', value: { pcm: new Int16Array(2) } });
});

test('a process of its own: nothing is printed, its options do not disturb the thread, and idleness ends it', async () => {
  const module = pathToFileURL(await bundle('src/cascade/index.ts')).href;
  const worker = new URL('../../../src/cascade/flite/flite-worker.mjs', import.meta.url).href;
  const script = `
    import { createFliteVoice } from ${JSON.stringify(module)};
    const voice = createFliteVoice({ voice: 'slt', workerUrl: new URL(${JSON.stringify(worker)}) });
    const { pcm } = await voice.speak('Hello.');
    console.log(pcm.length > 8000);`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { timeout: 100_000 });
  expect(await run).toEqual({ stdout: 'true\n', stderr: '' });
});
