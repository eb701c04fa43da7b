import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { failOverLanguageModels } from '../../../src/cascade/fail-over/language-model.js';
import { failOverSpeechToText } from '../../../src/cascade/fail-over/speech-to-text.js';
import { failOverTextToSpeech } from '../../../src/cascade/fail-over/text-to-speech.js';
import { EventStream } from '../../../src/cascade/stages/event-stream.js';
import type { LanguageModel, LanguageModelEvent } from '../../../src/cascade/stages/language-model.js';
import type { SpeechToText, SpeechToTextEvent } from '../../../src/cascade/stages/speech-to-text.js';
import { FakeClock } from '../../support/fake-clock.js';
import { lost, mulaw, ScriptedVoice } from './scripted-voice.js';

/** Of a call that lasts: what was left must not wait for its end. */
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('a recogniser that was left for another no longer listens to the end of the call', async () => {
  const clock = new FakeClock();
  const streams: EventStream<SpeechToTextEvent>[] = [];
  const ears = (model: string): SpeechToText => ({
    identity: { provider: 'scripted', model },
    capabilities: {
      input: [mulaw],
      endOfTurn: false,
      eagerEndOfTurn: false,
      wordTimes: false,
      finalize: true,
      interim: true,
    },
    check: async () => {},
    open: async () => {
      const events = new EventStream<SpeechToTextEvent>();
      streams.push(events);
      return { events, write() {}, finalize() {}, close: () => events.push({ type: 'end' }) };
    },
    [Symbol.asyncDispose]: async () => {},
  });
  const { signal } = new AbortController();
  const stream = await failOverSpeechToText([ears('one'), ears('two')], { clock }).open({ input: mulaw }, signal);
  const atFirst = listeners(signal);
  for (let failure = 0; failure < 6; failure += 1) {
    clock.advance(30_000);
    streams.at(-1)?.push({ type: 'end', error: lost });
    await settle();
  }
  expect(streams).toHaveLength(7);
  expect(listeners(signal)).toBe(atFirst);
  stream.close();
  await settle();
  expect(listeners(signal)).toBe(0);
});

test('a voice that was left for another no longer listens to the end of the call, and the one that speaks does', async () => {
  const clock = new FakeClock();
  const signals: AbortSignal[] = [];
  class Listening extends ScriptedVoice {
    override open(...given: unknown[]) {
      signals.push(given[1] as AbortSignal);
      return super.open({ output: mulaw });
    }
  }
  const voices = [new Listening({ failsAfterWords: 1 }), new Listening()];
  const controller = new AbortController();
  const session = await failOverTextToSpeech(voices, { clock }).open({ output: mulaw }, controller.signal);
  const utterance = session.begin();
  utterance.append('We are open until six.');
  utterance.finish();
  for await (const { type } of utterance.events) if (type === 'end') break;
  controller.abort();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
});

test('a model that failed no longer listens to the end of the call', async () => {
  const clock = new FakeClock();
  const model = (name: string, fails: boolean): LanguageModel => ({
    identity: { provider: 'scripted', model: name },
    parallelTools: true,
    check: async () => {},
    async *answer(): AsyncGenerator<LanguageModelEvent, void, undefined> {
      if (fails) throw lost;
      yield { type: 'text', text: 'Yes.' };
      yield { type: 'done', reason: 'completed' };
    },
    [Symbol.asyncDispose]: async () => {},
  });
  const models = failOverLanguageModels([model('one', true), model('two', false)], { clock });
  const { signal } = new AbortController();
  const request = { system: '', messages: [{ role: 'user', text: 'Hello' }], tools: [], mayCallTools: false } as const;
  for await (const _ of models.answer(request, signal));
  expect(listeners(signal)).toBe(0);
});
