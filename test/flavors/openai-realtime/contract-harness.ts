import realtime from '../../../flavors/openai-realtime/index.js';
import type { ContractHarness, ScenarioName, ScenarioSetup } from '../../../src/flavor-testkit/index.js';
import {
  type FakeOpenAiRealtime,
  type MindTurn,
  type Reply,
  type Script,
  startFakeOpenAiRealtime,
  toneVoice,
} from '../../fakes/openai-realtime/index.js';

export const API_KEY = 'sk-contract-canary-5f81';

const lookUp = {
  name: 'look_up',
  description: 'Looks up an order.',
  parameters: { type: 'object', properties: { order: { type: 'integer' } }, required: ['order'] },
};

const LONG_ANSWER =
  'A haircut with us takes about forty five minutes. First we wash your hair, then a stylist cuts it.';

/** A fake whose model does what the scenario of the moment wants, and the harness of the contract kit around it. */
export async function startContractFake(): Promise<{
  readonly fake: FakeOpenAiRealtime;
  harness(config?: Readonly<Record<string, unknown>>): ContractHarness;
}> {
  let scenario: ScenarioName = 'conversation';
  const script: Script = () => ({
    guess: () => 'What can you tell me about my order?',
    reply: (turn) => replyTo(turn, scenario),
  });
  const fake = await startFakeOpenAiRealtime({ apiKey: API_KEY, synthesise: toneVoice, transcriptDelayMs: 60, script });
  return {
    fake,
    harness: (config = {}) => ({
      module: realtime,
      validConfig: {
        apiKey: API_KEY,
        url: fake.url,
        connectTimeoutMs: 5_000,
        responseTimeoutMs: 2_000,
        digitPauseMs: 300,
        ...config,
      },
      badConfigs: [
        { apiKey: API_KEY, url: 'ftp://example.com' },
        { apiKey: API_KEY, temperature: 0.8 },
        { apiKey: API_KEY, azure: { deployment: 'phone' } },
        { apiKey: API_KEY, appendMs: 30 },
      ],
      providers: [fake],
      scenario: (name): ScenarioSetup => {
        scenario = name;
        return { tools: [lookUp] };
      },
    }),
  };
}

function replyTo({ cause }: MindTurn, scenario: ScenarioName): Reply {
  if (cause === 'tool-result') return { text: 'Your order is on its way.' };
  const call = (order: number): { name: string; arguments: Record<string, unknown> } => {
    return { name: lookUp.name, arguments: { order } };
  };
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
