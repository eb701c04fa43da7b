import { expect, test } from 'vitest';
import { createCascade } from '../../../src/cascade/index.js';
import { FlavorError, type FlavorErrorCode } from '../../../src/flavor-api/index.js';
import { ScriptedLlm } from '../../fakes/cascade/scripted-llm.js';
import { ScriptedStt } from '../../fakes/cascade/scripted-stt.js';
import { ScriptedTts } from '../../fakes/cascade/scripted-tts.js';
import { FakeClock } from '../../support/fake-clock.js';
import { contextOf } from './cascade-scene.js';

test('a wrong key of one stage is told at once, and the other is closed when it has opened', async () => {
  const stt = new ScriptedStt({ manual: true });
  const tts = new ScriptedTts();
  let letOpen: () => void = () => {};
  const slow = new Promise<void>((resolve) => {
    letOpen = resolve;
  });
  const openAtOnce = stt.open.bind(stt);
  stt.open = async (request, signal) => {
    await slow;
    return await openAtOnce(request, signal);
  };
  tts.open = async () => {
    throw new FlavorError('ERR_FLAVOR_AUTH', 'no', false);
  };
  const flavor = createCascade({ stt, llm: new ScriptedLlm(), tts }, { greeting: '' }, { now: () => 0 });
  await expect(flavor.open(contextOf(new AbortController().signal))).rejects.toMatchObject({ code: 'ERR_FLAVOR_AUTH' });
  letOpen();
  await expect.poll(() => stt.streams.length).toBe(1);
  await expect.poll(() => stt.listening.length).toBe(0);
});

test('a check names every stage that cannot be had, and does not wait for one that hangs', async () => {
  const [stt, llm, tts] = [new ScriptedStt(), new ScriptedLlm(), new ScriptedTts()];
  const clock = new FakeClock();
  const flavor = createCascade({ stt, llm, tts }, {}, { now: () => 0, clock: () => clock });
  const check = (): Promise<void> => Promise.resolve(flavor.check(new AbortController().signal));
  await check();
  const wrong = (code: FlavorErrorCode, text: string) => () => Promise.reject(new FlavorError(code, text, false));
  stt.check = wrong('ERR_FLAVOR_AUTH', 'the key is wrong');
  await expect(check()).rejects.toMatchObject({ code: 'ERR_FLAVOR_AUTH', message: 'the key is wrong' });
  tts.check = wrong('ERR_FLAVOR_CONFIG', 'no such voice');
  const both = {
    code: 'ERR_FLAVOR_AUTH',
    message: 'the key is wrong (ERR_FLAVOR_AUTH); no such voice (ERR_FLAVOR_CONFIG)',
  };
  await expect(check()).rejects.toMatchObject(both);
  llm.check = () => new Promise(() => {});
  const asked = expect(check()).rejects.toMatchObject(both);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(2_000);
  await asked;
  expect(clock.pendingTimers).toBe(0);
});
