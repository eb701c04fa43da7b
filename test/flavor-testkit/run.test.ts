import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type ContractHarness,
  contractChecks,
  formatReport,
  runContractTests,
} from '../../src/flavor-testkit/index.js';
import { immediateHarness } from '../flavors/echo/echo-harness.js';
import { withFlavor, withSession } from './broken/breaking.js';
import { FakeProvider } from './reference/fake-provider.js';
import { referenceHarness } from './reference/reference-harness.js';

const deadlines = { answerMs: 3_000, faultMs: 4_000, settleMs: 100 };

let provider: FakeProvider;

beforeAll(async () => {
  provider = await FakeProvider.listen();
});

afterAll(async () => {
  await provider[Symbol.asyncDispose]();
});

async function statusOf(harness: ContractHarness, id: number): Promise<string> {
  const { results } = await runContractTests(harness, { only: [id], deadlines });
  const [result] = results;
  return `${result?.status}: ${result?.error?.message ?? result?.reason ?? ''}`;
}

test('a harness without providers excuses no flavor that opens connections', async () => {
  const { providers: _hidden, ...harness } = referenceHarness(provider);
  for (const id of [19, 20, 21]) {
    expect(await statusOf(harness, id)).toMatch(/^failed: the flavor reaches outside the process \(.*TCPCONNECTWRAP/);
  }
});

test('a harness that cannot show what the model is told excuses no truncation', async () => {
  const { providers: _hidden, ...harness } = referenceHarness(provider);
  expect(await statusOf(harness, 13)).toMatch(/^failed: capabilities\.truncation needs a harness with providers/);
});

test('a harness without a scenario excuses no capability', async () => {
  const harness = referenceHarness(provider);
  const without: ContractHarness = {
    ...harness,
    scenario(name) {
      if (name === 'parallel-tool-calls') throw new Error('not here');
      return harness.scenario(name);
    },
  };
  expect(await statusOf(without, 15)).toMatch(/^failed: the harness must offer the scenario 'parallel-tool-calls'/);
});

test('a greeting that a busy machine brings late is not taken for what speak() was asked to say', async () => {
  const late = withSession((session) => ({
    start: () => undefined,
    speak(request) {
      session.start();
      session.speak(request);
    },
  }));
  expect(await statusOf(referenceHarness(provider, late), 17)).toBe('passed: ');
});

test('nor is it so where what was asked for comes a good while after it', async () => {
  const late = withSession((session) => {
    let waits: Parameters<typeof session.speak>[0] | undefined;
    return {
      start: () => undefined,
      speak(request) {
        session.start();
        waits = request;
      },
      onPlayout(report) {
        session.onPlayout(report);
        const request = waits;
        if (report.state !== 'finished' || request === undefined) return;
        waits = undefined;
        setTimeout(() => session.speak(request), 1_000);
      },
    };
  });
  expect(await statusOf(referenceHarness(provider, late), 17)).toBe('passed: ');
});

test('a greeting that a busy machine brings late is no answer to the caller of another session', async () => {
  const module = withSession((session) => ({ start: () => void setTimeout(() => session.start(), 150) }));
  const late: typeof module = {
    manifest: module.manifest,
    async create(config, deps) {
      const flavor = await module.create(config, deps);
      return { ...flavor, capabilities: { ...flavor.capabilities, greets: true } };
    },
  };
  expect(await statusOf(referenceHarness(provider, late), 30)).toBe('passed: ');
});

test('a check that does not apply says why', async () => {
  expect(await statusOf(immediateHarness(), 16)).toBe('not-applicable: capabilities.dtmf is absent');
  expect(await statusOf(immediateHarness(), 19)).toMatch(/^not-applicable: the flavor works inside the process/);
});

test('a config that the schema refuses fails every check instead of the run', async () => {
  const harness = { ...immediateHarness(), validConfig: { mode: 'sideways' } };
  const report = await runContractTests(harness, { only: [1, 10], deadlines });
  expect(report.results.map(({ status }) => status)).toEqual(['failed', 'failed']);
});

test('an open() that never settles fails, and the run goes on', async () => {
  const harness = referenceHarness(
    provider,
    withFlavor(() => ({ open: () => new Promise(() => undefined) })),
  );
  expect(await statusOf(harness, 10)).toMatch(/^failed: open\(\) neither resolved nor rejected/);
});

test('a pool that grows once and stays as it is leaks nothing', async () => {
  let opened = 0;
  const pool: NodeJS.Timeout[] = [];
  const module = withFlavor((flavor) => ({
    async open(call) {
      opened += 1;
      // In the middle of the first 50 sessions, after those that warm up.
      if (opened === 30) pool.push(...Array.from({ length: 60 }, () => setTimeout(() => undefined, 600_000)));
      return flavor.open(call);
    },
  }));
  const harness = referenceHarness(provider, module);
  const { results } = await runContractTests(harness, { only: [22], deadlines: { ...deadlines, answerMs: 1_000 } });
  for (const timer of pool) clearTimeout(timer);
  expect(results).toMatchObject([{ id: 22, status: 'passed' }]);
});

test('selected checks never amount to conformity, and results are told as they come', async () => {
  const told: number[] = [];
  const report = await runContractTests(immediateHarness(), {
    only: [1, 16, 25],
    deadlines,
    onResult: (result) => told.push(result.id),
  });
  expect(report.conforms).toBe(false);
  expect(told).toEqual([1, 16, 25]);
  expect(formatReport(report).split('\n')).toEqual([
    'Flavor contract: echo',
    'ok   [1] the manifest is valid and its schema accepts its own defaults',
    'n/a  [16] digits reach the agent',
    '       capabilities.dtmf is absent',
    'ok   [25] no audio or text comes before start()',
    'echo does not conform: 2 passed, 0 failed, 1 not applicable',
  ]);
});

test('check titles are distinct sentences', () => {
  expect(new Set(contractChecks.map(({ title }) => title)).size).toBe(contractChecks.length);
});
