import { expect, test } from 'vitest';
import { createCascade } from '../../../src/cascade/index.js';
import { FlavorError } from '../../../src/flavor-api/index.js';
import { ScriptedLlm } from '../../fakes/cascade/scripted-llm.js';
import { ScriptedStt } from '../../fakes/cascade/scripted-stt.js';
import { ScriptedTts } from '../../fakes/cascade/scripted-tts.js';
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
