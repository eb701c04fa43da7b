import chatterboxCustom from '../../../flavors/chatterbox-custom/index.js';
import type {
  ContractHarness,
  ProviderControl,
  ScenarioName,
  ScenarioSetup,
} from '../../../src/flavor-testkit/index.js';
import { FakeDevnen } from '../../fakes/chatterbox/devnen.js';
import { modelControl } from '../../fakes/language-model/provider-control.js';
import { toneVoice } from '../../fakes/openai-realtime/index.js';
import { type AskedQuestion, type ScriptedAnswer, startFakeOpenAiText } from '../../fakes/openai-text/index.js';
import { kitFaults } from '../../fakes/speech-server/faults.js';
import { startFakeWhisper } from '../../fakes/whisper/index.js';

const KEY = 'own-contract-canary-52d8';

const lookUp = {
  name: 'look_up',
  description: 'Looks up an order.',
  parameters: { type: 'object', properties: { order: { type: 'integer' } }, required: ['order'] },
};

const LONG_ANSWER =
  'A haircut with us takes about forty five minutes. First we wash your hair, then a stylist cuts it. Shall I book one?';

/** Servers of one's own that do what the scenario of the moment wants, and the harness of the contract kit around them. */
export async function startOwnServers(): Promise<
  AsyncDisposable & { harness(config?: Readonly<Record<string, unknown>>): ContractHarness }
> {
  let scenario: ScenarioName = 'conversation';
  const voice = { synthesise: toneVoice };
  const servers = [await FakeDevnen.start({ token: KEY, voice }), await FakeDevnen.start({ token: KEY, voice })];
  const ears = await startFakeWhisper({ apiKey: KEY, lines: ['What can you tell me about my order?'] });
  const model = await startFakeOpenAiText({ apiKey: KEY, mind: (question) => answerTo(question, scenario) });
  const backend = (server: FakeDevnen | undefined) => ({
    provider: 'chatterbox',
    server: 'devnen',
    url: server?.url,
    token: KEY,
    answerTimeoutMs: 1_000,
    retries: 0,
  });
  return {
    harness: (config = {}) => ({
      module: chatterboxCustom,
      validConfig: {
        stt: { provider: 'whisper', url: ears.url, apiKey: KEY, answerTimeoutMs: 1_000, retries: 1 },
        llm: {
          provider: 'openai-compatible',
          apiKey: KEY,
          model: 'qwen3:8b',
          baseUrl: model.baseUrl,
          firstTokenTimeoutMs: 1_000,
        },
        tiers: [
          { name: 'desk', kind: 'local', backend: backend(servers[0]) },
          { name: 'rack', kind: 'local', backend: backend(servers[1]) },
        ],
        policy: { firstAudioMs: 1_000 },
        turns: { digitPauseMs: 300 },
        ...config,
      },
      badConfigs: [
        { tts: backend(servers[0]), tiers: [{ name: 'desk', kind: 'local', backend: backend(servers[0]) }] },
        { tiers: [{ name: 'Desk 1', kind: 'local', backend: backend(servers[0]) }] },
        { profile: 'private', llm: { provider: 'anthropic', apiKey: 'k' } },
        {
          tiers: [
            {
              name: 'far',
              kind: 'dedicated',
              private: true,
              backend: { ...backend(servers[0]), url: 'http://203.0.113.7' },
            },
          ],
        },
        { allowedHosts: ['10.0.0.0/40'] },
      ],
      providers: [ears, modelControl(model), allOf('tts', servers)],
      frameIntervalMs: 2,
      scenario: (name): ScenarioSetup => {
        scenario = name;
        return { tools: [lookUp] };
      },
    }),
    async [Symbol.asyncDispose]() {
      await ears.close();
      await model.close();
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
}

/** What befalls one server befalls all of them: a tier that is left would speak. */
function allOf(name: string, servers: readonly FakeDevnen[]): ProviderControl {
  return {
    name,
    drop: () => {
      for (const server of servers) server.drop();
    },
    fail: (fault) => {
      for (const server of servers) server.fail(kitFaults[fault]);
    },
    recover: () => {
      for (const server of servers) server.recover();
    },
    malformNext: () => {
      servers[0]?.fail('html', { times: 1 });
    },
    connections: () => servers.reduce((sum, { openConnections }) => sum + openConnections, 0),
    requests: () => [],
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
