import deepgram from '../../../flavors/deepgram/index.js';
import type { ContractHarness, ScenarioName, ScenarioSetup } from '../../../src/flavor-testkit/index.js';
import { startFakeDeepgram } from '../../fakes/deepgram/index.js';
import { modelControl } from '../../fakes/language-model/provider-control.js';
import { toneVoice } from '../../fakes/openai-realtime/index.js';
import { type AskedQuestion, type ScriptedAnswer, startFakeOpenAiText } from '../../fakes/openai-text/index.js';

const API_KEY = 'dg-contract-canary-71c3';

const lookUp = {
  name: 'look_up',
  description: 'Looks up an order.',
  parameters: { type: 'object', properties: { order: { type: 'integer' } }, required: ['order'] },
};

const LONG_ANSWER =
  'A haircut with us takes about forty five minutes. First we wash your hair, then a stylist cuts it. Shall I book one?';

/** Fakes that do what the scenario of the moment wants, and the harness of the contract kit around them. */
export async function startDeepgramFakes(): Promise<
  AsyncDisposable & { harness(config?: Readonly<Record<string, unknown>>): ContractHarness }
> {
  let scenario: ScenarioName = 'conversation';
  const fake = await startFakeDeepgram({
    apiKey: API_KEY,
    synthesise: toneVoice,
    lines: ['What can you tell me about my order?'],
    endSilenceMs: 400,
  });
  const model = await startFakeOpenAiText({ apiKey: API_KEY, mind: (question) => answerTo(question, scenario) });
  return {
    harness: ({ stt = {}, ...config } = {}) => ({
      module: deepgram,
      validConfig: {
        apiKey: API_KEY,
        stt: { url: fake.url, answerTimeoutMs: 1_000, ...(stt as object) },
        llm: { provider: 'openai', apiKey: API_KEY, baseUrl: model.baseUrl, firstTokenTimeoutMs: 2_000 },
        tts: { url: fake.url, answerTimeoutMs: 2_000 },
        turns: { digitPauseMs: 300 },
        ...config,
      },
      badConfigs: [
        { apiKey: API_KEY },
        { apiKey: API_KEY, llm: { provider: 'openai', apiKey: 'k' }, stt: { model: 'nova-3', eotThreshold: 0.7 } },
        { apiKey: API_KEY, llm: { provider: 'openai', apiKey: 'k' }, stt: { language: 'de' } },
        { apiKey: API_KEY, llm: { provider: 'openai', apiKey: 'k' }, tts: { speed: 3 } },
      ],
      providers: [fake.control('listen'), modelControl(model), fake.control('speak')],
      // The fake lives on the clock of the audio, so that only what waits for time-outs takes its time.
      frameIntervalMs: 2,
      scenario: (name): ScenarioSetup => {
        scenario = name;
        return { tools: [lookUp] };
      },
    }),
    async [Symbol.asyncDispose]() {
      await fake.close();
      await model.close();
    },
  };
}

function answerTo({ dialogue }: AskedQuestion, scenario: ScenarioName): ScriptedAnswer {
  if (dialogue.at(-1)?.startsWith('tool') === true) return { text: 'Your order is on its way.' };
  const call = (order: number) => ({ name: lookUp.name, arguments: { order } });
  switch (scenario) {
    case 'conversation':
    case 'digits':
      return { text: 'Your order will come on Friday.' };
    case 'long-answer':
      return { text: LONG_ANSWER };
    case 'tool-call':
      return { toolCalls: [call(7)] };
    case 'parallel-tool-calls':
      return { toolCalls: [call(7), call(8)] };
  }
}
