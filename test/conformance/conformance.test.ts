import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transport } from './peer/sip-socket.js';
import { type Run, runScenarios } from './runner.js';
import type { Verdict } from './scenario.js';
import { scenarios } from './scenarios/index.js';
import { type StartedSubject, startPartner, startSubject } from './subjects.js';

/** The wire contract, row by row, against a connector of its own process: see README.md. */

const over: readonly Transport[] = ['udp', 'tcp', 'tls'];
/** A partner is one more connector for each transport: `npm run conformance` has the time for all of them. */
const partnerOver: readonly Transport[] = ['udp'];
const options = { scenarios, transports: over, beside: 10, partner: startPartner, partnerOver, maxSeconds: 3 };

let subject: StartedSubject;
let runs: readonly Run[];

beforeAll(async () => {
  subject = await startSubject({ driver: 'embedded' });
  runs = runScenarios(subject, options);
});

afterAll(async () => {
  await subject[Symbol.asyncDispose]();
});

describe.each(over)('embedded, %s', (transport) => {
  test.each(scenarios.map((scenario) => [scenario.row, scenario.title, scenario] as const))(
    'row %i: %s',
    async (_row, _title, scenario) => {
      const run = runs.find((candidate) => candidate.scenario === scenario && candidate.transport === transport);
      const verdict: Verdict | undefined = await run?.verdict;
      if (verdict?.result !== 'left-out') expect(verdict).toEqual({ result: 'pass' });
    },
    120_000,
  );
});

test('after all of them nothing was complained of', () => {
  expect(subject.complaints()).toEqual([]);
});
