import { afterEach, expect, test } from 'vitest';
import { SherpaProcess } from '../../../../src/cascade/engines/sherpa/sherpa-process.js';
import { FakeClock } from '../../../support/fake-clock.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

const { signal } = new AbortController();
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function processOf(module = 'willing') {
  const clock = new FakeClock();
  const setup = { module, kind: 'tts', config: {} } as const;
  const child = new URL('./mute-child.mjs', import.meta.url);
  const limits = { loadTimeoutMs: 60_000, jobTimeoutMs: 20_000 };
  const made = new SherpaProcess({ setup, folder: '/m', clock, child, ...limits });
  open.push(made);
  const say = (text: string, each = signal) => made.run({ text, sid: 0, speed: 1 }, each);
  return { clock, made, say };
}

test('a model that is not loaded in time is given up', async () => {
  const { clock, made } = processOf('mute');
  let failure: unknown;
  const loading = made.load(signal).catch((error: unknown) => {
    failure = error;
  });
  clock.advance(59_999);
  await settle();
  expect(failure).toBeUndefined();
  clock.advance(1);
  await loading;
  expect(failure).toMatchObject({ code: 'ERR_FLAVOR_TIMEOUT', message: expect.stringContaining('to load /m') });
  expect(clock.pendingTimers).toBe(0);
});

test('work that takes too long ends the process, and with it what waits; the next work starts another', async () => {
  const { clock, made, say } = processOf();
  await made.load(signal);
  expect(clock.pendingTimers).toBe(0);
  const both = Promise.allSettled([say('never'), say('behind it')]);
  await settle();
  clock.advance(19_999);
  expect(clock.pendingTimers).toBe(1);
  clock.advance(1);
  const late = { status: 'rejected', reason: { code: 'ERR_FLAVOR_TIMEOUT', retryable: true } };
  expect(await both).toMatchObject([late, late]);
  expect(await say('again')).toEqual({ text: 'again' });
});

test('work that is cancelled while it waits is never begun', async () => {
  const { made, say } = processOf();
  await made.load(signal);
  const controller = new AbortController();
  const first = say('late');
  const second = say('unwanted', controller.signal);
  const third = say('last');
  await settle();
  controller.abort(new Error('hung up'));
  await expect(second).rejects.toThrow('hung up');
  expect([await first, await third]).toEqual([{ text: 'late' }, { text: 'late last' }]);
});
