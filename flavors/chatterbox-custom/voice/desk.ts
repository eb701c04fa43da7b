import type { Clock, Permit } from 'sip-voice-connector/cascade';
import { FlavorError } from 'sip-voice-connector/flavor';
import {
  chooseTiers,
  expectedWaitMs,
  type TierCandidate,
  type TierChoice,
  type TierDemands,
  type TierReason,
} from '../router.js';
import type { Lease } from '../tiers/slots.js';
import type { Tier } from '../tiers/tier.js';

/** Leave to ask a tier for one rendering. */
export interface Turn {
  readonly tier: Tier;
  readonly reason: TierReason;
  readonly lease: Lease;
  /** Absent: the tier is known to be down, and asked all the same. */
  readonly permit: Permit | undefined;
}

export interface DeskDeps {
  readonly clock: Clock;
}

/** Of all requests, one in so many may be asked twice; and so many in a row, after a quiet time. */
const HEDGES_PER_REQUEST = 0.1;
const HEDGES_IN_A_ROW = 3;

/** Where calls ask for a tier. One for all calls: what one finds out spares the others the wait. */
export class TierDesk {
  readonly tiers: readonly Tier[];
  readonly #clock: Clock;
  #hedges = HEDGES_IN_A_ROW;

  constructor(tiers: readonly Tier[], deps: DeskDeps) {
    this.tiers = tiers;
    this.#clock = deps.clock;
  }

  choose(demands: TierDemands): TierChoice {
    const views = this.tiers.map(({ view }) => view);
    return chooseTiers(views, demands, this.#clock.wallTime());
  }

  /**
   * Waits for a tier: for each in turn as long as its queue allows, without losing one's place in the queues before. Those
   * that are known to be down are asked only where nobody else may speak.
   *
   * @throws FlavorError `ERR_FLAVOR_UNSUPPORTED` where no tier may hear the call, `ERR_FLAVOR_QUOTA` where all are busy
   *   for too long; the signal's reason.
   */
  async turn(demands: TierDemands, signal: AbortSignal): Promise<Turn> {
    signal.throwIfAborted();
    const { order, excluded } = this.choose(demands);
    if (order.length === 0) throw nobody(excluded.map(({ obstacle }) => obstacle));
    this.#hedges = Math.min(HEDGES_IN_A_ROW, this.#hedges + HEDGES_PER_REQUEST);
    const failed = ({ name }: TierCandidate): boolean => demands.failed?.has(name) === true;
    const up = order.filter((candidate) => !failed(candidate) && this.#tier(candidate).standing === 'closed');
    const candidates = up.length > 0 ? up : order.filter((candidate) => !failed(candidate));
    if (candidates.length === 0) throw new FlavorError('ERR_FLAVOR_NETWORK', 'no tier is left to speak', true);
    return new Promise((resolve, reject) => {
      const wait = new TierWait(this.#clock, signal, resolve, reject);
      wait.begin(candidates.map((candidate) => ({ candidate, tier: this.#tier(candidate) })));
    });
  }

  /** A tier that is free now, to be asked beside one that is late. `undefined`: none, or there were too many of these. */
  second(demands: TierDemands): Turn | undefined {
    if (this.#hedges < 1) return undefined;
    for (const tier of this.#ready(demands)) {
      const lease = tier.slots.tryTake();
      if (lease === undefined) continue;
      this.#hedges -= 1;
      return { tier, reason: 'hedge', lease, permit: tier.admit() };
    }
    return undefined;
  }

  /** Whether a tier could speak about now: one that is known to be well and warm, and has not failed at this sentence. */
  couldSpeak(demands: TierDemands): boolean {
    return this.#ready(demands).some(({ view }) => expectedWaitMs(view) <= view.rules.queueMs);
  }

  #ready(demands: TierDemands): readonly Tier[] {
    return this.choose(demands)
      .order.map((candidate) => this.#tier(candidate))
      .filter(({ name, view: { seen } }) => {
        if (demands.failed?.has(name) === true || demands.left?.has(name) === true) return false;
        return seen.breaker === 'closed' && !seen.resting && seen.health !== 'cold' && seen.health !== 'starting';
      });
  }

  #tier({ name }: TierCandidate): Tier {
    const tier = this.tiers.find((each) => each.name === name);
    if (tier === undefined)
      throw new FlavorError('ERR_FLAVOR_CONFIG', 'the policy names a tier that there is not', false);
    return tier;
  }
}

interface Place {
  readonly candidate: TierCandidate;
  readonly tier: Tier;
}

/** One request that waits, in one queue after the other. */
class TierWait {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #resolve: (turn: Turn) => void;
  readonly #reject: (error: unknown) => void;
  readonly #leave: (() => void)[] = [];
  #over = false;
  readonly #onAbort = (): void => this.#fail(this.#signal.reason);

  constructor(clock: Clock, signal: AbortSignal, resolve: (turn: Turn) => void, reject: (error: unknown) => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(places: readonly Place[]): void {
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#leave.push(() => this.#signal.removeEventListener('abort', this.#onAbort));
    this.#stand(places, 0);
  }

  #stand(places: readonly Place[], index: number): void {
    const place = places[index];
    if (place === undefined) {
      this.#fail(new FlavorError('ERR_FLAVOR_QUOTA', 'every tier is busy', true));
      return;
    }
    const { slots, rules } = place.tier;
    // Whoever comes to a later tier has waited for an earlier one.
    const reason = index > 0 && place.candidate.reason === 'first' ? 'load' : place.candidate.reason;
    const take = (lease: Lease): void => {
      if (this.#over) {
        lease.release();
        return;
      }
      this.#end();
      this.#resolve({ tier: place.tier, reason, lease, permit: place.tier.admit() });
    };
    const lease = slots.tryTake();
    if (lease !== undefined) {
      take(lease);
      return;
    }
    this.#leave.push(slots.queue(take));
    const timer = this.#clock.setTimeout(() => this.#stand(places, index + 1), rules.queueMs);
    this.#leave.push(() => this.#clock.clearTimeout(timer));
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.#over = true;
    for (const leave of this.#leave) leave();
  }
}

function nobody(obstacles: readonly string[]): FlavorError {
  const why = [...new Set(obstacles)].sort().join(', ');
  return new FlavorError('ERR_FLAVOR_UNSUPPORTED', `no tier may speak in this call (${why})`, false);
}
