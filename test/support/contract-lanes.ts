import {
  type CheckResult,
  type ContractHarness,
  type ContractReport,
  contractChecks,
  runContractTests,
} from '../../src/flavor-testkit/index.js';

/** A flavor's harness, with fakes that nobody else uses. */
export interface OwnHarness extends AsyncDisposable {
  readonly harness: ContractHarness;
}

/** Checks that measure the whole process, memory, resources and time: nothing else may happen meanwhile. */
const ALONE: readonly number[] = [11, 22, 24];
/** Checks that look at one call that goes through everything: made once where they run together. */
const TOUR: readonly number[] = [4, 6, 7, 8, 9, 34];
/** Checks that take longest, which begin first. */
const LONG: readonly number[] = [23, 20, 21, 12];

/** The kit's checks but those that want the process for themselves, in portions for the lanes. */
function portions(): number[][] {
  const single = contractChecks.map(({ id }) => id).filter((id) => ![...ALONE, ...TOUR, ...LONG].includes(id));
  return [[...TOUR], ...LONG.map((id) => [id]), ...single.map((id) => [id])];
}

/**
 * The whole contract, several checks at a time: a flavor that waits for a provider's clock leaves the processor to
 * others. Each lane has a harness and fakes of its own. Tells what a run one after the other would tell.
 */
export async function runContractInLanes(start: () => Promise<OwnHarness>, lanes = 4): Promise<ContractReport> {
  const waiting = portions();
  const results: CheckResult[] = [];
  let flavor = '';
  const run = async (harness: ContractHarness, only: readonly number[]): Promise<void> => {
    const report = await runContractTests(harness, { only });
    flavor = report.flavor;
    results.push(...report.results);
  };
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      await using own = await start();
      for (let only = waiting.shift(); only; only = waiting.shift()) await run(own.harness, only);
    }),
  );
  await using own = await start();
  await run(own.harness, ALONE);
  results.sort((one, other) => one.id - other.id);
  const complete = contractChecks.every(({ id }, index) => results[index]?.id === id);
  return {
    flavor,
    results,
    conforms:
      complete && results.length === contractChecks.length && results.every(({ status }) => status !== 'failed'),
  };
}
