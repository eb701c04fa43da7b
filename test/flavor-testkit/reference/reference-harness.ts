import type { FlavorModule } from 'sip-voice-connector/flavor';
import type { ContractHarness, ScenarioSetup } from '../../../src/flavor-testkit/index.js';
import type { FakeProvider } from './fake-provider.js';
import { type ReferenceConfig, referenceModule } from './reference-flavor.js';

const lookUp = {
  name: 'look_up',
  description: 'Looks up an order.',
  parameters: { type: 'object', properties: { order: { type: 'integer' } }, required: ['order'] },
};

/** The harness of a flavor with a provider, as its author would write it. */
export function referenceHarness(
  provider: FakeProvider,
  module: FlavorModule<ReferenceConfig> = referenceModule,
): ContractHarness {
  return {
    module,
    validConfig: { server: provider.authority, apiKey: provider.key },
    badConfigs: [{ server: '', apiKey: 'key' }],
    providers: [provider],
    frameIntervalMs: 1,
    scenario(name): ScenarioSetup {
      provider.nextTurn = 'short-answer';
      if (name === 'long-answer') provider.nextTurn = 'long-answer';
      if (name === 'tool-call') provider.nextTurn = 'one-tool';
      if (name === 'parallel-tool-calls') provider.nextTurn = 'two-tools';
      return { tools: [lookUp] };
    },
  };
}
