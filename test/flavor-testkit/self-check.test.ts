import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contractChecks, runContractTests } from '../../src/flavor-testkit/index.js';
import type { BrokenFlavor } from './broken/breaking.js';
import { FakeProvider } from './reference/fake-provider.js';

const folder = new URL('./broken/', import.meta.url);

/** Short: a broken flavor often breaks its promise by doing nothing. */
const deadlines = { answerMs: 3_000, faultMs: 4_000, settleMs: 100 };
/** On a busy machine the flavor may be too late for what is not asked of it. */
const patient = { answerMs: 15_000, faultMs: 20_000, settleMs: 500 };

const names = (await readdir(folder)).filter((name) => /^\d/.test(name)).toSorted();
const brokenFlavors = await Promise.all(
  names.map(async (name) => {
    const { default: flavor }: { default: BrokenFlavor } = await import(new URL(name, folder).href);
    return { name, flavor };
  }),
);

let provider: FakeProvider;

beforeAll(async () => {
  provider = await FakeProvider.listen();
});

afterAll(async () => {
  await provider[Symbol.asyncDispose]();
});

test('the checks are numbered 1 to 24, as the contract numbers them, and on without a gap', () => {
  expect(contractChecks.map(({ id }) => id)).toEqual(contractChecks.map((_, index) => index + 1));
  expect(contractChecks.length).toBeGreaterThanOrEqual(24);
});

test('every check has a flavor that breaks its promise, named by its number', () => {
  for (const { name, flavor } of brokenFlavors) expect(Number.parseInt(name, 10), name).toBe(flavor.check);
  const caught = new Set(brokenFlavors.map(({ flavor }) => flavor.check));
  expect([...caught]).toEqual(contractChecks.map(({ id }) => id));
});

describe('the kit finds out', () => {
  test.each(brokenFlavors)('$name', { timeout: 240_000 }, async ({ flavor }) => {
    const check = { only: [flavor.check] };
    let report = await runContractTests(flavor.harness(provider), { ...check, deadlines });
    if (!flavor.complaint.test(report.results[0]?.error?.message ?? '')) {
      report = await runContractTests(flavor.harness(provider), { ...check, deadlines: patient });
    }
    expect(report.conforms).toBe(false);
    expect(report.results).toHaveLength(1);
    const [result] = report.results;
    expect(result?.status, JSON.stringify(result)).toBe('failed');
    expect(result?.error?.message).toMatch(flavor.complaint);
  });
});
