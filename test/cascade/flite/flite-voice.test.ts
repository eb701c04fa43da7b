import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { createFliteVoice, type FliteVoice, type FliteVoiceOptions } from '../../../src/cascade/index.js';
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

test('options of the process do not disturb the thread', async () => {
  process.execArgv.push('--input-type=module');
  onTestFinished(() => void process.execArgv.pop());
  expect((await voiceFor().speak('Hello.')).pcm.length).toBeGreaterThan(8000);
});

/** Runs a script in a process of its own on the thread's real code. */
async function run(script: string): Promise<{ stdout: string; stderr: string }> {
  const worker = new URL('../../../src/cascade/flite/flite-worker.mjs', import.meta.url);
  const prelude = `import { Worker } from 'node:worker_threads';
    const worker = new Worker(new URL(${JSON.stringify(worker.href)}), { execArgv: [] });`;
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', prelude + script], { timeout: 15_000 });
}

test('the thread prints nothing, and an idle one lets the process end', async () => {
  const { stdout, stderr } = await run(`
    worker.postMessage({ id: 1, voice: 'slt', text: 'Hello.' });
    worker.once('message', (reply) => { console.log(reply.id, reply.pcm.length > 8000); worker.unref(); });`);
  expect(stdout).toBe('1 true\n');
  expect(stderr).toBe('');
});
