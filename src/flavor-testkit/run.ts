import type { FlavorCapabilities } from '../flavor-api/index.js';
import type { CallLog } from './call-log.js';
import { type CheckNeed, type ContractCheck, type Deadlines, defaultDeadlines, NotApplicable } from './check.js';
import { contractChecks } from './checks/index.js';
import { REAL_TIME_MS, RunContext } from './context.js';
import type { ContractHarness } from './harness.js';
import { Patience } from './patience.js';
import { watchResources } from './process-probe.js';
import type { CheckResult, ContractReport } from './report.js';
import { makeTour } from './tour.js';

/** How contract tests are run. */
export interface RunOptions {
  /** Numbers of the checks to run. Default: all. A selection never yields a report that `conforms`. */
  readonly only?: readonly number[];
  readonly deadlines?: Partial<Deadlines>;
  /** Told each result as it comes, for progress. */
  onResult?(result: CheckResult): void;
}

/**
 * Runs the contract checks on a flavor, one after the other, in this process. Never rejects for what the flavor or the
 * harness does: that is in the report. Uses no test framework, so it runs from any.
 */
export async function runContractTests(harness: ContractHarness, options: RunOptions = {}): Promise<ContractReport> {
  const run = new ContractRun(harness, { ...defaultDeadlines, ...options.deadlines });
  const results: CheckResult[] = [];
  for (const check of contractChecks) {
    if (options.only && !options.only.includes(check.id)) continue;
    const result = await run.check(check);
    results.push(result);
    options.onResult?.(result);
  }
  return {
    flavor: harness.module.manifest.id,
    results,
    conforms: results.length === contractChecks.length && results.every(({ status }) => status !== 'failed'),
  };
}

/** What the checks of one run share: the deadlines, the flavor's capabilities and the tour, each found out once. */
class ContractRun {
  readonly #harness: ContractHarness;
  readonly #deadlines: Deadlines;
  readonly #patience: Patience;
  #capabilities: Promise<FlavorCapabilities> | undefined;
  #tour: Promise<{ readonly log: CallLog; readonly outgoing: readonly string[] }> | undefined;

  constructor(harness: ContractHarness, deadlines: Deadlines) {
    this.#harness = harness;
    this.#deadlines = deadlines;
    this.#patience = new Patience(deadlines.settleMs, (harness.frameIntervalMs ?? REAL_TIME_MS) < REAL_TIME_MS);
  }

  async check(check: ContractCheck): Promise<CheckResult> {
    const startedAtMs = performance.now();
    const context = this.#context();
    const result = async (): Promise<Pick<CheckResult, 'status' | 'error' | 'reason'>> => {
      try {
        const reason = await this.#whyNot(check.needs);
        if (reason !== undefined) return { status: 'not-applicable', reason };
        await check.run(this.#harness, context);
        return { status: 'passed' };
      } catch (error) {
        if (error instanceof NotApplicable) return { status: 'not-applicable', reason: error.message };
        return { status: 'failed', error: error instanceof Error ? error : new Error(String(error)) };
      } finally {
        await context.close();
      }
    };
    return {
      id: check.id,
      title: check.title,
      ...(await result()),
      notes: context.notes,
      durationMs: performance.now() - startedAtMs,
    };
  }

  /** Why a check with these needs does not apply, or `undefined`. Throws when the harness hides what it must show. */
  async #whyNot(needs: readonly CheckNeed[]): Promise<string | undefined> {
    for (const need of needs) {
      if (need === 'providers') {
        if ((this.#harness.providers ?? []).length > 0) continue;
        const { outgoing } = await this.#makeTour();
        if (outgoing.length === 0)
          return 'the flavor works inside the process: it opened no connection in a whole call';
        throw new Error(
          `the flavor reaches outside the process (${outgoing.join(', ')}): the harness must bring providers`,
        );
      }
      const capabilities = await this.#knownCapabilities();
      if (capabilities[need] !== true) return `capabilities.${need} is ${String(capabilities[need] ?? 'absent')}`;
    }
    return undefined;
  }

  async #knownCapabilities(): Promise<FlavorCapabilities> {
    this.#capabilities ??= (async () => {
      const context = this.#context();
      try {
        return (await context.flavor()).capabilities;
      } finally {
        await context.close();
      }
    })();
    return this.#capabilities;
  }

  async #makeTour(): Promise<{ readonly log: CallLog; readonly outgoing: readonly string[] }> {
    this.#tour ??= (async () => {
      const context = this.#context();
      const watch = watchResources();
      try {
        const log = await makeTour(context);
        return { log, outgoing: watch.outgoing() };
      } finally {
        watch.stop();
        await context.close();
      }
    })();
    return this.#tour;
  }

  #context(): RunContext {
    return new RunContext({
      harness: this.#harness,
      deadlines: this.#deadlines,
      patience: this.#patience,
      tour: async () => (await this.#makeTour()).log,
    });
  }
}
