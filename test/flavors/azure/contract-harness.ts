import azure from '../../../flavors/azure/index.js';
import type { ContractHarness, ScenarioName, ScenarioSetup } from '../../../src/flavor-testkit/index.js';
import { startFakeAzure } from '../../fakes/azure/index.js';
import { modelControl } from '../../fakes/language-model/provider-control.js';
import { toneVoice } from '../../fakes/openai-realtime/index.js';
import { type AskedQuestion, type ScriptedAnswer, startFakeOpenAiText } from '../../fakes/openai-text/index.js';

const KEY = 'azure-contract-canary-52d8';

const lookUp = {
  name: 'look_up',
  description: 'Looks up an order.',
  parameters: { type: 'object', properties: { order: { type: 'integer' } }, required: ['order'] },
};

const LONG_ANSWER =
  'A haircut with us takes about forty five minutes. First we wash your hair, then a stylist cuts it. Shall I book one?';

/** Fakes that do what the scenario of the moment wants, and the harness of the contract kit around them. */
export async function startAzureFakes(): Promise<AsyncDisposable & { readonly harness: ContractHarness }> {
  let scenario: ScenarioName = 'conversation';
  const fake = await startFakeAzure({
    key: KEY,
    synthesise: toneVoice,
    lines: ['What can you tell me about my order?'],
    audioRate: 8,
    leadingSilenceMs: 100,
  });
  const model = await startFakeOpenAiText({ apiKey: KEY, mind: (question) => answerTo(question, scenario) });
  const speech = { key: KEY, endpoint: fake.url };
  const llm = { provider: 'openai', apiKey: KEY, baseUrl: model.baseUrl, firstTokenTimeoutMs: 2_000 };
  return {
    harness: {
      module: azure,
      validConfig: {
        speech,
        stt: { answerTimeoutMs: 1_000 },
        llm,
        tts: { answerTimeoutMs: 2_000 },
        turns: { digitPauseMs: 300 },
      },
      badConfigs: [
        { speech },
        { speech: { key: KEY }, llm },
        { speech: { ...speech, region: 'westeurope' }, llm },
        { speech, llm, stt: { languages: [] } },
        { speech, llm, tts: { voice: 'nobody"/>' } },
      ],
      providers: [fake.control('stt'), modelControl(model), fake.control('tts')],
      // The fake lives on the clock of the audio, so that only what waits for time-outs takes its time.
      frameIntervalMs: 4,
      scenario: (name): ScenarioSetup => {
        scenario = name;
        return { tools: [lookUp] };
      },
    },
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
