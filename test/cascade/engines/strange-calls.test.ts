import { afterEach, expect, test } from 'vitest';
import { createLanguageModel } from '../../../src/cascade/engines/create-language-model.js';
import { languageModelConfig } from '../../../src/cascade/engines/language-model-config.js';
import type { LanguageModelRequest, ModelMessage } from '../../../src/cascade/stages/language-model.js';
import { startFakeAnthropic } from '../../fakes/anthropic/index.js';
import { startFakeOpenAiText } from '../../fakes/openai-text/index.js';
import { ask, question, textOf } from './ask.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

const apis = {
  chat: { start: startFakeOpenAiText, section: { provider: 'openai', api: 'chat' } },
  responses: { start: startFakeOpenAiText, section: { provider: 'openai', api: 'responses' } },
  messages: { start: startFakeAnthropic, section: { provider: 'anthropic' } },
} as const;

/** What the model says after a call of a tool and its result; refused, if the service would refuse it. */
async function answerAfter(api: keyof typeof apis, calls: readonly (readonly [id: string, name: string])[]) {
  const { start, section } = apis[api];
  const fake = await start({ mind: () => ({ text: 'At ten.' }) });
  const model = createLanguageModel(languageModelConfig.parse({ ...section, apiKey: 'key', baseUrl: fake.baseUrl }));
  open.push(fake, model);
  const messages = calls.flatMap(([id, name]): readonly ModelMessage[] => [
    { role: 'assistant', text: '', toolCalls: [{ id, name, arguments: {} }] },
    { role: 'tool', results: [{ id, name, output: 'There is no tool of that name.', failed: true }] },
  ]);
  const request: LanguageModelRequest = { ...question, messages: [...question.messages, ...messages] };
  return textOf(await ask(model, request));
}

test.each([
  ['chat', 'functions.find_slot'],
  ['responses', 'functions.find_slot'],
  ['messages', 'functions.find_slot'],
  ['chat', ''],
  ['responses', 'x'.repeat(65)],
  ['messages', 'find slot 日'],
] as const)('%s goes on after a call of a tool that cannot be named so: "%s"', async (api, name) => {
  expect(await answerAfter(api, [['call_1', name]])).toBe('At ten.');
});

test.each(['chat', 'responses', 'messages'] as const)(
  '%s: a call that must have another id never gets that of another',
  async (api) => {
    const calls = ['an id with blanks', 'call_1', 'another with blanks'].map((id) => [id, 'find_slot'] as const);
    expect(await answerAfter(api, calls)).toBe('At ten.');
  },
);
