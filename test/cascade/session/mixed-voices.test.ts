import { expect, test } from 'vitest';
import { createCascade, failOverTextToSpeech } from '../../../src/cascade/index.js';
import { ScriptedLlm } from '../../fakes/cascade/scripted-llm.js';
import { ScriptedStt } from '../../fakes/cascade/scripted-stt.js';
import { ScriptedTts } from '../../fakes/cascade/scripted-tts.js';
import { dropped } from '../../fakes/cascade/stage-fault.js';
import { FakeClock } from '../../support/fake-clock.js';
import { contextOf } from './cascade-scene.js';

const greeting = 'One is here. Two is there. Three is far. Four is near. Five is gone.';
const all = ['One is here.', 'Two is there.', 'Three is far.', 'Four is near.', 'Five is gone.'];

/** A call whose voice is one of two. */
async function greet(voices: readonly ScriptedTts[]) {
  const clock = new FakeClock();
  const tts = failOverTextToSpeech(voices, { clock });
  const stages = { stt: new ScriptedStt({ manual: true }), llm: new ScriptedLlm(), tts };
  const flavor = createCascade(stages, { greeting }, { now: () => clock.now(), clock: () => clock });
  const controller = new AbortController();
  const session = await flavor.open(contextOf(controller.signal));
  const types: string[] = [];
  void (async () => {
    for await (const { type } of session.events) types.push(type);
  })();
  session.start();
  const pass = async (ms: number): Promise<void> => {
    for (const endMs = clock.now() + ms; clock.now() < endMs; clock.advance(50)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { pass, types, hangUp: () => controller.abort() };
}

test('a voice that takes text as it comes, and does not say where a piece begins, is given all of it beside one of requests', async () => {
  const [first, second] = [new ScriptedTts({ nameless: true }), new ScriptedTts({ text: 'sentence' })];
  const { pass, types, hangUp } = await greet([first, second]);
  await pass(6_000);
  expect([first.pieces, second.pieces]).toEqual([all, []]);
  expect(types).toContain('audio-done');
  hangUp();
});

test('so is one that takes over in the middle of a piece', async () => {
  const [first, second] = [new ScriptedTts({ text: 'sentence', manual: true }), new ScriptedTts({ nameless: true })];
  const { pass, types, hangUp } = await greet([first, second]);
  await pass(100);
  first.utterances[0]?.speakNext(0.5);
  first.utterances[0]?.end(dropped);
  await pass(8_000);
  expect(second.pieces.slice(-4)).toEqual(all.slice(1));
  expect(types).toContain('audio-done');
  hangUp();
});
