import type { PriceList } from '../../ops/cost/price-list.js';
import type { ReportedCall } from '../record-source.js';
import { type CallProfile, profileDefaults } from './call-profile.js';

/** What calls of one flavor came to. */
export interface FlavorCosts {
  readonly flavor: string;
  /** Answered ones. */
  calls: number;
  minutes: number;
  /** By the prices of the report. */
  usd: number;
  /** As the records have it, by the prices of their time. */
  recordedUsd: number;
}

/** What was used up of one kind. */
export interface UsedUp {
  readonly provider: string;
  readonly model: string;
  readonly unit: string;
  quantity: number;
  /** `undefined` where it has no price. */
  usd: number | undefined;
}

/** Flavors and kinds of usage that are told apart; a file may hold anything. */
const MOST_FLAVORS = 100;
const MOST_KINDS = 500;
const OTHERS = 'others';
const MINUTE_MS = 60_000;

/** Adds up call records: minutes, usage and what that costs. */
export class RealCalls {
  readonly #prices: PriceList;
  readonly #flavors = new Map<string, FlavorCosts>();
  readonly #usage = new Map<string, UsedUp>();
  #agentMs = 0;
  #answers = 0;
  #firstDay: string | undefined;
  #lastDay: string | undefined;

  constructor(prices: PriceList) {
    this.#prices = prices;
  }

  add({ flavor, answeredAt, durationMs, startedAt, turns, usage, costUsd }: ReportedCall): void {
    const sum = this.#flavor(flavor ?? 'none');
    const day = startedAt.slice(0, 10);
    if (answeredAt !== null) {
      sum.calls += 1;
      sum.minutes += durationMs / MINUTE_MS;
      for (const { heardMs, v2vMs } of turns) {
        this.#agentMs += heardMs;
        if (v2vMs !== undefined) this.#answers += 1;
      }
      if (this.#firstDay === undefined || day < this.#firstDay) this.#firstDay = day;
      if (this.#lastDay === undefined || day > this.#lastDay) this.#lastDay = day;
    }
    sum.recordedUsd += costUsd ?? 0;
    // Calls that were not answered may have cost something too.
    for (const used of usage) sum.usd += this.#use(used, day);
  }

  /** By minutes, the most first. */
  get flavors(): readonly FlavorCosts[] {
    return [...this.#flavors.values()].toSorted((a, b) => b.minutes - a.minutes);
  }

  /** By cost, the dearest first; what has no price last. */
  get usage(): readonly UsedUp[] {
    return [...this.#usage.values()].toSorted((a, b) => (b.usd ?? -1) - (a.usd ?? -1));
  }

  /** Answered ones. */
  get calls(): number {
    return this.flavors.reduce((sum, { calls }) => sum + calls, 0);
  }

  get minutes(): number {
    return this.flavors.reduce((sum, { minutes }) => sum + minutes, 0);
  }

  get usd(): number {
    return this.flavors.reduce((sum, { usd }) => sum + usd, 0);
  }

  /** UTC, of answered calls; `undefined` where there are none. */
  get days(): { readonly first: string; readonly last: string } | undefined {
    if (this.#firstDay === undefined || this.#lastDay === undefined) return undefined;
    return { first: this.#firstDay, last: this.#lastDay };
  }

  /** What these calls are like on average; `undefined` where there is no minute of any. */
  get profile(): CallProfile | undefined {
    const { calls, minutes } = this;
    if (calls === 0 || minutes === 0) return undefined;
    const callMs = (minutes * MINUTE_MS) / calls;
    return {
      callMs,
      // Turns overlap the end of a call by what was still on its way.
      agentMs: Math.min(callMs, this.#agentMs / calls),
      answers: Math.max(1, this.#answers / calls),
      promptTokens: profileDefaults.promptTokens,
    };
  }

  #flavor(name: string): FlavorCosts {
    const key = this.#flavors.has(name) || this.#flavors.size < MOST_FLAVORS ? name : OTHERS;
    const known = this.#flavors.get(key) ?? { flavor: key, calls: 0, minutes: 0, usd: 0, recordedUsd: 0 };
    this.#flavors.set(key, known);
    return known;
  }

  /** USD. */
  #use(used: ReportedCall['usage'][number], day: string): number {
    const perUnit = this.#prices.usdPerUnit(used, day);
    const usd = perUnit === undefined ? undefined : perUnit * used.quantity;
    const sum = this.#kind(used);
    sum.quantity += used.quantity;
    if (usd !== undefined) sum.usd = (sum.usd ?? 0) + usd;
    return usd ?? 0;
  }

  #kind({ provider, model, unit }: Pick<UsedUp, 'provider' | 'model' | 'unit'>): UsedUp {
    const key = JSON.stringify([provider, model, unit]);
    const fits = this.#usage.has(key) || this.#usage.size < MOST_KINDS;
    const known = this.#usage.get(fits ? key : OTHERS);
    if (known !== undefined) return known;
    const source = fits ? { provider, model, unit } : { provider: OTHERS, model: OTHERS, unit: OTHERS };
    const added = { ...source, quantity: 0, usd: undefined };
    this.#usage.set(fits ? key : OTHERS, added);
    return added;
  }
}
