import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take long, the slowest first: one that began last would keep everybody waiting. */
const slowest = [
  'test/package/tarball.test.ts',
  'test/flavor-testkit/self-check.test.ts',
  'test/flavors/openai-realtime/contract.test.ts',
  'test/flavor-testkit/write-a-flavor.test.ts',
  'test/flavors/openai-realtime/faults.test.ts',
  'test/e2e/demo-chatterbox.test.ts',
  'test/e2e/demo-openai.test.ts',
  'test/e2e/endings.test.ts',
  'test/e2e/demo.test.ts',
  'test/media/engines.test.ts',
  'test/flavors/azure/contract.test.ts',
  'test/flavors/chatterbox-custom/contract.test.ts',
  'test/flavors/deepgram/contract.test.ts',
  'test/flavors/deepgram-agent/contract.test.ts',
  'test/fakes/main.test.ts',
  'test/connector/assistant-call.test.ts',
  'test/call/caller-corpus.test.ts',
  'test/flavor-testkit/reference.test.ts',
  'test/flavors/echo/contract.test.ts',
  'test/flavors/chatterbox-custom/private-calls.test.ts',
  'test/flavors/echo/real-voice.test.ts',
];

/** The order of vitest, but for files that are known to be slow. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = slowest.findIndex((path) => moduleId.endsWith(path));
      return index === -1 ? slowest.length : index;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}
