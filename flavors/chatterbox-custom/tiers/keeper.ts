import { type Clock, Deadline, orAborted, type Random, type TimerHandle } from 'sip-voice-connector/cascade';
import type { Logger } from 'sip-voice-connector/flavor';
import type { Tier } from './tier.js';

export interface KeeperOptions {
  /** A tier that has not spoken for so long is asked how it is, ms. */
  readonly probeMs: number;
  /** For an answer, and for a start, ms. */
  readonly probeTimeoutMs: number;
  readonly wakeTimeoutMs: number;
}

export const keeperDefaults = {
  probeMs: 15_000,
  probeTimeoutMs: 3_000,
  wakeTimeoutMs: 180_000,
} as const satisfies KeeperOptions;

/** What is to be done about a tier now. */
export type TierCare = 'nothing' | 'probe' | 'wake';

/**
 * What is to be done about a tier: it is asked how it is where it has not shown that lately, or where its breaker lets
 * somebody try; it is started where it is cold and should not be. A tier at work is left alone: many a server answers
 * nothing while it speaks, which must not be held against it. Pure.
 *
 * @param calls calls that are up @param quietMs since it last proved that it can speak
 */
export function careFor(
  { view, allowed, keepWarm }: Pick<Tier, 'view' | 'allowed' | 'keepWarm'>,
  calls: number,
  quietMs: number,
  options: KeeperOptions,
): TierCare {
  const { seen } = view;
  if (!allowed || seen.busy > 0 || seen.breaker === 'open') return 'nothing';
  const wanted = keepWarm === 'always' || (keepWarm === 'calls' && calls > 0);
  if (seen.health === 'cold' && wanted) return 'wake';
  if (calls === 0 && keepWarm !== 'always') return 'nothing';
  if (seen.breaker === 'half-open' || seen.health !== 'ready') return 'probe';
  return quietMs >= options.probeMs ? 'probe' : 'nothing';
}

/** Looks after tiers while there are calls, and after those that are to be warm always. */
export class TierKeeper {
  readonly #tiers: readonly Tier[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger | undefined;
  readonly #options: KeeperOptions;
  readonly #controller = new AbortController();
  readonly #working = new Set<Tier>();
  readonly #work = new Set<Promise<void>>();
  #timer: TimerHandle | undefined;
  #calls = 0;

  constructor(
    tiers: readonly Tier[],
    deps: { readonly clock: Clock; readonly random: Random; readonly log?: Logger },
    options: KeeperOptions = keeperDefaults,
  ) {
    this.#tiers = tiers;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#log = deps.log;
    this.#options = options;
  }

  /** A call is up. Returns what tells that it is over. */
  enter(): () => void {
    this.#calls += 1;
    this.look();
    let up = true;
    return () => {
      if (up) this.#calls -= 1;
      up = false;
      if (!this.#needed) this.#rest();
    };
  }

  /** Looks after all tiers now, and from here on. */
  look(): void {
    if (this.#controller.signal.aborted) return;
    for (const tier of this.#tiers) this.#care(tier);
    this.#rest();
    if (!this.#needed) return;
    const { probeMs } = this.#options;
    const delayMs = probeMs / 4 + this.#random.integer(Math.floor(probeMs / 8) + 1);
    this.#timer = this.#clock.setTimeout(() => this.look(), delayMs);
  }

  /** Asks all of them once, and waits for the answers. */
  async askAll(): Promise<void> {
    await Promise.all(this.#tiers.filter(({ allowed }) => allowed).map((tier) => this.#begin(tier, 'probe')));
  }

  async stop(): Promise<void> {
    this.#controller.abort();
    this.#rest();
    await Promise.all(this.#work);
  }

  get #needed(): boolean {
    return this.#calls > 0 || this.#tiers.some(({ keepWarm }) => keepWarm === 'always');
  }

  #rest(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #care(tier: Tier): void {
    const care = careFor(tier, this.#calls, this.#clock.now() - tier.provedAtMs, this.#options);
    if (care !== 'nothing') void this.#begin(tier, care);
  }

  #begin(tier: Tier, care: 'probe' | 'wake'): Promise<void> {
    if (this.#working.has(tier)) return Promise.resolve();
    this.#working.add(tier);
    const work = (care === 'wake' ? this.#wake(tier) : this.#probe(tier)).finally(() => {
      this.#working.delete(tier);
      this.#work.delete(work);
    });
    this.#work.add(work);
    return work;
  }

  async #probe(tier: Tier): Promise<void> {
    const permit = tier.breaker.acquire();
    if (permit === undefined) return;
    try {
      const health = await this.#within(this.#options.probeTimeoutMs, (signal) => tier.backend.probe(signal));
      permit.succeeded();
      tier.onHealth(health);
    } catch (error) {
      // Whoever began to speak meanwhile keeps the server from answering.
      if (tier.slots.busy > 0 || this.#controller.signal.aborted) permit.released();
      else permit.failed();
      this.#log?.debug({ tier: tier.name, code: codeOf(error) }, 'a tier does not answer');
    }
  }

  async #wake(tier: Tier): Promise<void> {
    const { backend } = tier;
    if (backend.wake === undefined) {
      await this.#probe(tier);
      return;
    }
    tier.onStarting();
    try {
      await this.#within(this.#options.wakeTimeoutMs, (signal) => backend.wake?.(signal) ?? Promise.resolve());
      tier.onHealth({ state: 'ready' });
      this.#log?.info({ tier: tier.name }, 'a tier has been started');
    } catch (error) {
      tier.onHealth({ state: 'cold' });
      if (!this.#controller.signal.aborted) tier.breaker.acquire()?.failed();
      this.#log?.warn({ tier: tier.name, code: codeOf(error) }, 'a tier cannot be started');
    }
  }

  async #within<T>(limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    using limit = new Deadline(this.#clock, limitMs, () => new Error('no answer in time'), this.#controller.signal);
    return await orAborted(work(limit.signal), limit.signal);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'ERR_FLAVOR_TIMEOUT';
}
