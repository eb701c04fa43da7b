import agent from '../../../flavors/deepgram-agent/index.js';
import type { ContractHarness, ScenarioName, ScenarioSetup } from '../../../src/flavor-testkit/index.js';
import { type FakeDeepgram, startFakeDeepgram } from '../../fakes/deepgram/index.js';
import { type MindTurn, type Reply, toneVoice } from '../../fakes/openai-realtime/index.js';

const API_KEY = 'dg-agent-canary-83d1';

const lookUp = {
  name: 'look_up',
  description: 'Looks up an order.',
  parameters: { type: 'object', properties: { order: { type: 'integer' } }, required: ['order'] },
};

const LONG_ANSWER =
  'A haircut with us takes about forty five minutes. First we wash your hair, then a stylist cuts it.';

/** A fake whose agent does what the scenario of the moment wants, and the harness of the contract kit around it. */
export async function startAgentFake(): Promise<{
  readonly fake: FakeDeepgram;
  harness(): ContractHarness;
}> {
  let scenario: ScenarioName = 'conversation';
  const fake = await startFakeDeepgram({
    apiKey: API_KEY,
    synthesise: toneVoice,
    leadingSilenceMs: 0,
    lines: ['What can you tell me about my order?'],
    script: () => ({ guess: () => '', reply: (turn) => replyTo(turn, scenario) }),
  });
  return {
    fake,
    harness: () => ({
      module: agent,
      validConfig: {
        apiKey: API_KEY,
        url: fake.url,
        connectTimeoutMs: 2_000,
        answerTimeoutMs: 2_000,
        digitPauseMs: 300,
      },
      badConfigs: [
        { apiKey: API_KEY, url: 'ftp://example.com' },
        { apiKey: API_KEY, listen: { language: 'de' } },
        { apiKey: API_KEY, listen: { model: 'nova-3', eotThreshold: 0.7 } },
        { apiKey: API_KEY, listen: { eotThreshold: 0.5, eagerEotThreshold: 0.6 } },
      ],
      providers: [fake.control('agent')],
      // The fake lives on the clock of the audio, so that only what waits for time-outs takes its time.
      frameIntervalMs: 2,
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
