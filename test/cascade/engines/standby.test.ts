import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createDeepgramSpeechToText,
  createDeepgramTextToSpeech,
  createLanguageModel,
  deepgramListenSchema,
  deepgramSpeakSchema,
  hastyIf,
  languageModelConfig,
  type SpeechToTextEvent,
  standbyConfig,
  type TextToSpeechEvent,
  withStandby,
} from '../../../src/cascade/index.js';
import { type FakeDeepgram, startFakeDeepgram } from '../../fakes/deepgram/index.js';
import { type FakeOpenAiText, startFakeOpenAiText } from '../../fakes/openai-text/index.js';

const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;
/** Nobody listens on the discard port of loopback. */
const nobody = { ws: 'ws://127.0.0.1:9', http: 'http://127.0.0.1:9/v1' };

let deepgram: FakeDeepgram;
let model: FakeOpenAiText;

beforeAll(async () => {
  deepgram = await startFakeDeepgram({ apiKey: 'second' });
  model = await startFakeOpenAiText({ variant: 'llama.cpp', mind: () => ({ text: 'We are open.' }) });
});

afterAll(async () => {
  await deepgram[Symbol.asyncDispose]();
  await model.close();
});

/** Stages whose providers are down. */
function stagesThatFail() {
  const reconnect = { attempts: 0 };
  const apiKey = 'first';
  return {
    stt: createDeepgramSpeechToText(deepgramListenSchema.parse({ url: nobody.ws, reconnect }), { apiKey }),
    tts: createDeepgramTextToSpeech(deepgramSpeakSchema.parse({ url: nobody.ws, reconnect }), { apiKey }),
    llm: createLanguageModel(
      languageModelConfig.parse({ provider: 'openai-compatible', baseUrl: nobody.http, model: 'm', retries: 0 }),
    ),
  };
}

const standby = () =>
  standbyConfig.parse({
    stt: [{ provider: 'deepgram', apiKey: 'second', url: deepgram.url, model: 'nova-3' }],
    tts: [{ provider: 'deepgram', apiKey: 'second', url: deepgram.url }],
    llm: [{ provider: 'openai-compatible', baseUrl: model.baseUrl, model: 'm' }],
  });

test('without anybody on standby the stages are what they were', () => {
  const stages = stagesThatFail();
  expect(withStandby(stages, standbyConfig.parse({}))).toEqual(stages);
});

test('where the first of a stage cannot be had, the one on standby does its work', async () => {
  const controller = new AbortController();
  const { stt, llm, tts } = withStandby(stagesThatFail(), standby());
  const ears = await stt.open({ input: mulaw }, controller.signal);
  ears.close();
  const heard: SpeechToTextEvent[] = [];
  for await (const event of ears.events) heard.push(event);
  expect(heard[0]).toMatchObject({ type: 'taken-over', identity: { provider: 'deepgram', model: 'nova-3' } });

  const question = { role: 'user', text: 'When are you open?' } as const;
  let said = '';
  for await (const event of llm.answer(
    { system: 's', messages: [question], tools: [], mayCallTools: true },
    controller.signal,
  )) {
    if (event.type === 'text') said += event.text;
  }
  expect(said).toBe('We are open.');

  const voice = await tts.open({ output: mulaw }, controller.signal);
  const utterance = voice.begin();
  utterance.append(said);
  utterance.finish();
  const spoken: TextToSpeechEvent[] = [];
  for await (const event of utterance.events) spoken.push(event);
  expect(spoken.some(({ type }) => type === 'audio')).toBe(true);
  expect(spoken.at(-1)).toEqual({ type: 'end', spokenPieces: 1 });

  controller.abort();
  for (const stage of [stt, llm, tts]) await stage[Symbol.asyncDispose]();
});

test('a provider that there is none of is refused', () => {
  expect(standbyConfig.safeParse({ stt: [{ provider: 'nobody' }] }).success).toBe(false);
});

test('an engine that somebody stands by for is not dialled again and again', () => {
  const config = deepgramListenSchema.parse({});
  expect(hastyIf(false, config)).toBe(config);
  expect(hastyIf(true, config)).toMatchObject({ connectTimeoutMs: 1_000, reconnect: { attempts: 1 } });
  expect(hastyIf(true, { ...config, reconnect: { ...config.reconnect, attempts: 0 } }).reconnect.attempts).toBe(0);
});

test('Azure stands by for Deepgram, in a format that both take', () => {
  const speech = { key: 'second', region: 'westeurope' };
  const { stt, tts } = withStandby(
    stagesThatFail(),
    standbyConfig.parse({ stt: [{ provider: 'azure', speech }], tts: [{ provider: 'azure', speech }] }),
  );
  expect(stt.capabilities.input).toContainEqual(mulaw);
  expect(tts.capabilities.output).toContainEqual(mulaw);
});
