import type { Stage } from '../../cascade/stages/stage.js';
import type { FlavorErrorCode } from '../../flavor-api/index.js';
import { type Deadlines, defaultDeadlines, expect, NotApplicable } from '../check.js';
import { flavorErrorOf } from '../checks/support.js';
import type { ProviderControl, ProviderFault } from '../harness.js';
import { outcome } from '../pacer.js';
import type { CheckResult, ContractReport } from '../report.js';

/** What the kit needs to put a stage to the test. */
export interface StageHarness<Engine extends Stage> {
  /** The stage as a flavor would make it; disposed of by the kit. Called once for each check. */
  create(): Engine | Promise<Engine>;
  /**
   * The stage's provider, or a fake of it that speaks its wire protocol. Leave out only for an engine that works inside
   * the process: what is about failures then does not apply.
   */
  readonly provider?: Omit<ProviderControl, 'requests'> & Partial<Pick<ProviderControl, 'requests'>>;
}

/** One promise of a stage. */
export interface StageCheck<Engine extends Stage, Harness extends StageHarness<Engine>> {
  /** Stable across releases. */
  readonly id: number;
  readonly title: string;
  /** Throws an error that says how the promise was broken. */
  run(work: StageWork<Engine, Harness>): Promise<void>;
}

/** What a check works with; everything is ended when it is over. */
export interface StageWork<Engine extends Stage, Harness extends StageHarness<Engine>> {
  readonly engine: Engine;
  readonly harness: Harness;
  readonly deadlines: Deadlines;
  /** Aborts at the end of the check. */
  readonly signal: AbortSignal;
  /** Waits for a condition; throws `no <what>` at the deadline (default `answerMs`). */
  until(condition: () => boolean, what: string, deadlineMs?: number): Promise<void>;
  /** Leaves the check: nothing that it is about happened. */
  notApplicable(reason: string): never;
}

/** How the checks of a stage are run. */
export interface StageRunOptions {
  /** Numbers of the checks to run. Default: all. A selection never conforms. */
  readonly only?: readonly number[];
  readonly deadlines?: Partial<Deadlines>;
}

/** Runs the checks of a stage, one after the other. Never rejects for what the stage does: that is in the report. */
export async function runStageChecks<Engine extends Stage, Harness extends StageHarness<Engine>>(
  kind: string,
  checks: readonly StageCheck<Engine, Harness>[],
  harness: Harness,
  options: StageRunOptions,
): Promise<ContractReport> {
  const deadlines = { ...defaultDeadlines, ...options.deadlines };
  const results: CheckResult[] = [];
  let name = kind;
  for (const check of checks) {
    if (options.only && !options.only.includes(check.id)) continue;
    const startedAtMs = performance.now();
    const { id, title } = check;
    const done = (rest: Pick<CheckResult, 'status' | 'error' | 'reason'>): void => {
      results.push({ id, title, ...rest, notes: [], durationMs: performance.now() - startedAtMs });
    };
    try {
      const engine = await inTime(Promise.resolve(harness.create()), 'create()', deadlines.faultMs);
      name = `${engine.identity.provider}/${engine.identity.model} (${kind})`;
      await runCheck(check, engine, harness, deadlines);
      done({ status: 'passed' });
    } catch (error) {
      if (error instanceof NotApplicable) done({ status: 'not-applicable', reason: error.message });
      else done({ status: 'failed', error: error instanceof Error ? error : new Error(String(error)) });
    }
  }
  const conforms = results.length === checks.length && results.every(({ status }) => status !== 'failed');
  return { flavor: name, results, conforms };
}

async function runCheck<Engine extends Stage, Harness extends StageHarness<Engine>>(
  check: StageCheck<Engine, Harness>,
  engine: Engine,
  harness: Harness,
  deadlines: Deadlines,
): Promise<void> {
  const controller = new AbortController();
  try {
    await check.run({
      engine,
      harness,
      deadlines,
      signal: controller.signal,
      until: (condition, what, deadlineMs = deadlines.answerMs) => until(condition, what, deadlineMs),
      notApplicable: (reason) => {
        throw new NotApplicable(reason);
      },
    });
  } finally {
    controller.abort();
    await harness.provider?.recover();
    await inTime(Promise.resolve(engine[Symbol.asyncDispose]()), 'dispose', deadlines.answerMs);
  }
}

/** What `promise` comes to; throws when it comes to nothing, which would hold up the run for good. */
async function inTime<Value>(promise: Promise<Value>, what: string, deadlineMs: number): Promise<Value> {
  const result = await outcome(promise, deadlineMs);
  if (result.state === 'resolved') return result.value;
  if (result.state === 'rejected') throw result.error;
  throw new Error(`${what} neither resolved nor rejected within ${deadlineMs} ms`);
}

async function until(condition: () => boolean, what: string, deadlineMs: number): Promise<void> {
  const endAtMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endAtMs) throw new Error(`no ${what} within ${deadlineMs} ms`);
    await sleep(2);
  }
}

/** Lets `ms` of the wall pass; 0: one turn of the event loop. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}

/** Reads a stream at once and keeps what came. */
export class StreamLog<Event extends { readonly type: string }> {
  readonly events: Event[] = [];
  /** Set when the iteration is over: `true`, or what it threw. */
  finished: unknown;

  constructor(stream: AsyncIterable<Event>) {
    void this.#read(stream);
  }

  of<Type extends Event['type']>(type: Type): readonly Extract<Event, { readonly type: Type }>[] {
    return this.events.filter((event): event is Extract<Event, { readonly type: Type }> => event.type === type);
  }

  /** Exactly one of `type`, and nothing behind it. */
  requireLast(type: Event['type']): void {
    const count = this.events.filter((event) => event.type === type).length;
    expect(count === 1, `${count} events of type '${type}' instead of one`);
    expect(this.events.at(-1)?.type === type, `'${String(this.events.at(-1)?.type)}' came after '${type}'`);
    expect(this.finished === true, `the iteration threw after '${type}': ${String(this.finished)}`);
  }

  async #read(stream: AsyncIterable<Event>): Promise<void> {
    try {
      for await (const event of stream) this.events.push(event);
      this.finished = true;
    } catch (error) {
      this.finished = error ?? new Error('nothing in particular');
    }
  }
}

/** How each fault must be named, and whether trying again later can help. `undefined`: either. */
const faults: readonly (readonly [ProviderFault, FlavorErrorCode, boolean | undefined])[] = [
  ['unauthorized', 'ERR_FLAVOR_AUTH', false],
  ['rate-limited', 'ERR_FLAVOR_QUOTA', undefined],
  ['server-error', 'ERR_FLAVOR_NETWORK', true],
];

/** The checks that all stages share: who they say they are, and what they say of a provider that refuses. */
export function commonChecks<Engine extends Stage, Harness extends StageHarness<Engine>>(
  firstId: number,
  /** Has the stage do its work under a fault; resolves to the error it reports. */
  failure: (work: StageWork<Engine, Harness>) => Promise<unknown>,
): readonly StageCheck<Engine, Harness>[] {
  return [
    {
      id: firstId,
      title: 'the stage says whose engine it is, as a price list would',
      async run({ engine }) {
        const { provider, model } = engine.identity;
        expect(/^[a-z0-9][a-z0-9.-]*$/.test(provider), `identity.provider is '${provider}', not a name in lower case`);
        expect(model.trim() !== '', 'identity.model is empty');
      },
    },
    {
      id: firstId + 1,
      title: 'check() resolves on good credentials and rejects with ERR_FLAVOR_AUTH on bad ones',
      async run({ engine, harness, deadlines, notApplicable }) {
        const signal = AbortSignal.timeout(deadlines.faultMs);
        const good = await outcome(engine.check(signal), deadlines.faultMs);
        expect(good.state === 'resolved', `check() with good credentials: ${good.state}`);
        if (!harness.provider) return notApplicable('no provider that could refuse');
        await harness.provider.fail('unauthorized');
        const bad = await outcome(engine.check(signal), deadlines.faultMs);
        expect(bad.state === 'rejected', `check() with bad credentials: ${bad.state}`);
        requireError(bad.error, 'ERR_FLAVOR_AUTH', false, 'check() with bad credentials');
      },
    },
    {
      id: firstId + 2,
      title: 'a provider that refuses, is busy or out of order is reported with the right code',
      async run(work) {
        const { harness, notApplicable } = work;
        if (!harness.provider) return notApplicable('no provider that could refuse');
        for (const [fault, code, retryable] of faults) {
          await harness.provider.fail(fault);
          requireError(await failure(work), code, retryable, `a provider failing with '${fault}'`);
          await harness.provider.recover();
        }
      },
    },
  ];
}

/** Throws unless `error` is a `FlavorError` with that code. `retryable` `undefined`: either. */
function requireError(error: unknown, code: FlavorErrorCode, retryable: boolean | undefined, what: string): void {
  const shape = flavorErrorOf(error);
  expect(shape !== undefined, `${what}: expected a FlavorError with ${code}, got ${String(error)}`);
  expect(shape.code === code, `${what}: expected ${code}, got ${shape.code}`);
  const fits = retryable === undefined || shape.retryable === retryable;
  expect(fits, `${what}: the error must ${retryable ? '' : 'not '}be retryable`);
}
