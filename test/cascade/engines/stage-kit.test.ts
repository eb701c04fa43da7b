import { expect, test } from 'vitest';
import { createLanguageModel } from '../../../src/cascade/engines/create-language-model.js';
import { languageModelConfig } from '../../../src/cascade/engines/language-model-config.js';
import {
  formatReport,
  type LanguageModelHarness,
  type LanguageModelScenario,
  type ProviderFault,
  runLanguageModelChecks,
} from '../../../src/flavor-testkit/index.js';
import { startFakeAnthropic } from '../../fakes/anthropic/index.js';
import type { ModelFault } from '../../fakes/language-model/faults.js';
import type { Mind, ScriptedAnswer } from '../../fakes/language-model/scripted-answer.js';
import type { ModelService } from '../../fakes/language-model/service.js';
import { startFakeOpenAiText } from '../../fakes/openai-text/index.js';

const answers: Readonly<Record<LanguageModelScenario, ScriptedAnswer>> = {
  words: { text: 'Your order is on its way.' },
  long: { text: 'word '.repeat(100), tokenMs: 50 },
  'tool-call': { toolCalls: [{ name: 'look_up', arguments: { order: 7 } }] },
};

const faults: Readonly<Record<ProviderFault, ModelFault>> = {
  unauthorized: '401',
  'rate-limited': '429',
  'server-error': '500',
  hang: 'stall-before-headers',
};

type Started = ModelService & { readonly baseUrl: string };

/** @param section Of the configuration, without key and address. */
function harness(fake: Started, section: object, scene: { now: LanguageModelScenario }): LanguageModelHarness {
  return {
    create: () =>
      createLanguageModel(
        languageModelConfig.parse({
          apiKey: 'k',
          baseUrl: fake.baseUrl,
          firstTokenTimeoutMs: 1_000,
          retries: 0,
          ...section,
        }),
      ),
    scenario: (name) => {
      scene.now = name;
    },
    provider: {
      name: 'llm',
      drop: () => fake.drop(),
      fail: (fault) => fake.fail(faults[fault]),
      recover: () => fake.recover(),
      malformNext: () => fake.fail('malformed-json', { times: 1 }),
      connections: () => fake.openRequests,
      requests: () =>
        fake.requests
          .filter(({ method }) => method === 'POST')
          .map(({ body }) => ({ prompt: JSON.stringify(body).replaceAll('\\"', '"') })),
    },
  };
}

test.each([
  ['OpenAI chat', startFakeOpenAiText, { provider: 'openai', api: 'chat' }],
  ['OpenAI responses', startFakeOpenAiText, { provider: 'openai', api: 'responses' }],
  ['Anthropic', startFakeAnthropic, { provider: 'anthropic' }],
  [
    'llama.cpp',
    (options: { readonly mind: Mind }) => startFakeOpenAiText({ ...options, variant: 'llama.cpp' }),
    { provider: 'openai-compatible', model: 'llama' },
  ],
])('%s keeps the promises of a language model', async (_name, start, section) => {
  const scene: { now: LanguageModelScenario } = { now: 'words' };
  await using fake = await start({ mind: () => answers[scene.now] });
  const ready = harness(fake, section, scene);
  // The SDK is loaded with the first question, which may take longer than an answer.
  const first = await ready.create();
  await first.warmup?.(new AbortController().signal);
  await first[Symbol.asyncDispose]();
  const report = await runLanguageModelChecks(ready);
  expect(report.conforms, formatReport(report)).toBe(true);
});
