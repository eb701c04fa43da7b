import type { ProviderControl, ProviderFault } from '../../../src/flavor-testkit/harness.js';
import type { ModelFault } from './faults.js';
import type { ModelService } from './service.js';

const kitFaults: Readonly<Record<ProviderFault, ModelFault>> = {
  unauthorized: '401',
  'rate-limited': '429',
  'server-error': '500',
  hang: 'stall-before-headers',
};

/** A fake of a language model in the hands of the contract tests. */
export function modelControl(service: ModelService, name = 'llm'): ProviderControl {
  return {
    name,
    drop: () => service.drop(),
    fail: (fault) => service.fail(kitFaults[fault]),
    recover: () => service.recover(),
    malformNext: () => service.fail('malformed-json', { times: 1 }),
    connections: () => service.openConnections,
    requests: () =>
      service.requests.filter(({ method }) => method === 'POST').map(({ body }) => ({ prompt: JSON.stringify(body) })),
  };
}
