import { expect } from 'vitest';
import type { SpeechBackend } from '../../../../src/cascade/engines/speech-server/backend.js';
import { speechServerVoice } from '../../../../src/cascade/engines/speech-server/voice.js';
import { formatReport, runTextToSpeechChecks } from '../../../../src/flavor-testkit/index.js';
import { kitFaults, type SpeechFault, type SpeechFaultOptions } from '../../../fakes/speech-server/faults.js';

/** What the kit needs of a fake. */
interface KitFake {
  readonly openConnections: number;
  fail(name: SpeechFault, options?: SpeechFaultOptions): void;
  recover(): void;
  drop(): void;
}

/** Puts a backend to the test of the stages' contract, over its fake. */
export async function expectPromisesKept(fake: KitFake, create: () => SpeechBackend): Promise<void> {
  const report = await runTextToSpeechChecks({
    create: () => speechServerVoice(create(), { retries: 0 }),
    provider: {
      name: 'tts',
      drop: () => fake.drop(),
      fail: (fault) => fake.fail(kitFaults[fault]),
      recover: () => fake.recover(),
      malformNext: () => fake.fail('html', { times: 1 }),
      connections: () => fake.openConnections,
    },
  });
  expect(report.conforms, formatReport(report)).toBe(true);
}
