import { CircuitBreaker, type CircuitBreakerOptions, type Permit } from '../../base/circuit-breaker.js';
import type { Clock } from '../../base/clock.js';
import { FlavorError, type Logger } from '../../flavor-api/index.js';
import type { Stage } from '../stages/stage.js';
import { asFlavorError } from '../stages/stage-error.js';

export const candidateDefaults = { failures: 3, openMs: 20_000 } as const satisfies CircuitBreakerOptions;

/** How long an engine that broke off in the middle of its work comes after all others, ms. */
const REST_MS = 20_000;

/** What engines that stand in for each other are lent. */
export interface FailOverDeps {
  readonly clock: Clock;
  /** `check` tells it of engines that do not work while another one does. */
  readonly log?: Pick<Logger, 'warn'> | undefined;
}

/** An engine that may be tried now. */
export interface Candidate<Engine extends Stage> {
  readonly engine: Engine;
  /** To be told what came of it, once. */
  readonly permit: Permit;
  /** Nobody is left behind it. */
  readonly last: boolean;
}

interface Entry<Engine extends Stage> {
  readonly engine: Engine;
  readonly breaker: CircuitBreaker;
  restsUntilMs: number;
}

/**
 * Engines that stand in for each other, the preferred one first. Shared by all calls of a flavor: what one call has found
 * out spares the others the wait.
 */
export class Candidates<Engine extends Stage> {
  readonly #entries: readonly Entry<Engine>[];
  readonly #clock: Pick<Clock, 'now'>;

  /** @param engines at least one */
  constructor(
    engines: readonly Engine[],
    clock: Pick<Clock, 'now'>,
    options: CircuitBreakerOptions = candidateDefaults,
  ) {
    if (engines.length === 0) throw new FlavorError('ERR_FLAVOR_CONFIG', 'a stage needs an engine', false);
    this.#clock = clock;
    this.#entries = engines.map((engine) => ({
      engine,
      breaker: new CircuitBreaker(options, clock),
      restsUntilMs: Number.NEGATIVE_INFINITY,
    }));
  }

  /** The engines in order of preference. */
  get engines(): readonly Engine[] {
    return this.#entries.map(({ engine }) => engine);
  }

  /** An engine stopped in the middle of its work: for a while the others are preferred, in every call. */
  brokeOff(engine: Engine): void {
    const entry = this.#entries.find((candidate) => candidate.engine === engine);
    if (entry) entry.restsUntilMs = this.#clock.now() + REST_MS;
  }

  /** Whether there is somebody beside it who is well, as far as is known. */
  hasOther(engine: Engine): boolean {
    const nowMs = this.#clock.now();
    return this.#entries.some(
      (entry) => entry.engine !== engine && entry.restsUntilMs <= nowMs && entry.breaker.state === 'closed',
    );
  }

  /**
   * The engines to try, in order, each at most once. Those that are known to be down are left out, unless that leaves
   * nobody: then the preferred one is tried after all, since silence is certain otherwise. Permits that are not reported
   * on are released when the iteration ends, or is left.
   */
  *inTurn(): Generator<Candidate<Engine>, void, undefined> {
    const nowMs = this.#clock.now();
    const rests = ({ restsUntilMs }: Entry<Engine>): boolean => restsUntilMs > nowMs;
    const entries = [...this.#entries.filter((entry) => !rests(entry)), ...this.#entries.filter(rests)];
    const acquired = entries.flatMap(({ engine, breaker }) => {
      const permit = breaker.acquire();
      return permit ? [{ engine, permit }] : [];
    });
    const [preferred] = entries;
    if (acquired.length === 0 && preferred) acquired.push({ engine: preferred.engine, permit: untold });
    try {
      for (const [index, { engine, permit }] of acquired.entries()) {
        yield { engine, permit, last: index === acquired.length - 1 };
      }
    } finally {
      for (const { permit } of acquired) permit.released();
    }
  }

  /**
   * Asks every engine; resolves when one of them works.
   *
   * @param log told of those that do not while another does
   * @throws FlavorError of the preferred engine when none works.
   */
  async check(signal: AbortSignal, log?: Pick<Logger, 'warn'>): Promise<void> {
    const outcomes = await Promise.allSettled(this.#entries.map(({ engine }) => engine.check(signal)));
    const [first] = outcomes;
    if (first?.status === 'rejected' && outcomes.every(({ status }) => status === 'rejected')) throw first.reason;
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue;
      const { code, message: detail } = asFlavorError(outcome.reason);
      log?.warn({ ...this.#entries[index]?.engine.identity, code, detail }, 'one of several engines does not work');
    }
  }

  /** Warms all of them up; one that cannot be is found out when it is needed. */
  async warmup(signal: AbortSignal): Promise<void> {
    await Promise.allSettled(this.#entries.map(({ engine }) => engine.warmup?.(signal)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#entries.map(({ engine }) => engine[Symbol.asyncDispose]()));
  }
}

/** A permit of nobody's: an engine tried although it is known to be down teaches nothing. */
const untold: Permit = { succeeded: () => {}, failed: () => {}, released: () => {} };
