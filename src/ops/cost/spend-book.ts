import type { Clock } from '../../base/clock.js';
import { rememberNewest } from '../../base/remember-newest.js';
import type { Logger } from '../../flavor-api/index.js';
import type { PricedUsage, PriceList } from './price-list.js';
import { SpendingDay } from './spending-day.js';

/** What calls may cost. */
export interface SpendLimits {
  /** USD; `undefined`: no limit. */
  readonly perCallUsd: number | undefined;
  /** USD of all calls together, from midnight to midnight in `timeZone`. */
  readonly perDayUsd: number | undefined;
  /** IANA name. */
  readonly timeZone: string;
}

/** What a call used up, as its flavor reports it. */
export interface ReportedUsage extends PricedUsage {
  readonly quantity: number;
}

/** The meter of one call. */
export interface CallMeter {
  add(usage: ReportedUsage): void;
  /**
   * USD so far, of what has a price; `null` when nothing has, or nothing was reported. `unpriced`: what has none, as
   * `provider/model unit`.
   */
  readonly cost: { readonly usd: number | null; readonly unpriced: readonly string[] };
  /** The call is over. */
  close(): void;
}

/** Longest Retry-After while a day's money is spent, s: a reload may allow more before midnight. */
const MAX_RETRY_SECONDS = 3_600;
/** Days that a clock which was set may come back to. */
const REMEMBERED_DAYS = 4;
/** Kinds of usage without a price that are remembered, of the process and of one call. */
const REMEMBERED_KINDS = 100;

/**
 * What all calls cost. Turns usage into money, and says when a call, or the day, has cost as much as it may. The day's sum
 * is of this process, and what `carryOver` was told.
 */
export class SpendBook {
  /** The clock was set back to a day of which nothing was counted; records may say what it has cost (`carryOver`). */
  onSetBack: () => void = () => {};
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #meters = new Set<Meter>();
  readonly #reported = new Set<string>();
  #prices: PriceList;
  #limits: SpendLimits;
  #day: SpendingDay;
  #today = '';
  /** What other days have cost that were counted: the clock may be set back to one. */
  readonly #otherDays = new Map<string, number>();
  #spentUsd = 0;
  #unpricedReports = 0;

  constructor(prices: PriceList, limits: SpendLimits, deps: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#prices = prices;
    this.#limits = limits;
    this.#day = new SpendingDay(limits.timeZone);
  }

  /** After a reload. What was spent stays spent; what is over a lower limit ends now. */
  renew(prices: PriceList, limits: SpendLimits): void {
    this.#current();
    this.#prices = prices;
    this.#limits = limits;
    this.#day = new SpendingDay(limits.timeZone);
    // In another time zone it may be another day by now; that has cost what the day cost so far.
    this.#today = this.#day.at(this.#clock.wallTime());
    this.#review();
  }

  /** What calls of this day have cost before this process began. */
  carryOver(usd: number): void {
    this.#current();
    this.#spentUsd += usd;
  }

  /** Below 0 where a time, ms since the epoch, is of a day before the one that is being counted, 0 where it is of that one. */
  compareDay(wallTimeMs: number): number {
    const [day, today] = [this.#day.of(wallTimeMs), this.#current()];
    return day < today ? -1 : Number(day > today);
  }

  /** USD since midnight. */
  get spentTodayUsd(): number {
    this.#current();
    return this.#spentUsd;
  }

  /** Reports of usage that has no price, since the start. */
  get unpricedReports(): number {
    return this.#unpricedReports;
  }

  /** The day has cost as much as it may. */
  get exhausted(): boolean {
    const { perDayUsd } = this.#limits;
    return perDayUsd !== undefined && this.spentTodayUsd >= perDayUsd;
  }

  /** For Retry-After, while {@link exhausted}. */
  get retryAfterSeconds(): number {
    return this.#day.secondsLeft(this.#clock.wallTime(), MAX_RETRY_SECONDS);
  }

  /**
   * The meter of a call that begins. `onExhausted` is called when the call or the day has cost as much as it may, and
   * again with every report from then on: whoever is called decides whether the call can be ended by now.
   */
  open(onExhausted: () => void): CallMeter {
    const meter = new Meter((usage) => this.#price(usage), {
      onChanged: (changed) => this.#onChanged(changed),
      onClosed: (closed) => this.#meters.delete(closed),
      onExhausted,
    });
    this.#meters.add(meter);
    return meter;
  }

  /** USD, or `undefined`. */
  #price(usage: ReportedUsage): number | undefined {
    const day = new Date(this.#clock.wallTime()).toISOString().slice(0, 10);
    const usdPerUnit = this.#prices.usdPerUnit(usage, day);
    if (usdPerUnit === undefined) {
      this.#unpricedReports += 1;
      this.#complain(usage);
      return undefined;
    }
    const usd = usdPerUnit * usage.quantity;
    this.#current();
    this.#spentUsd += usd;
    return usd;
  }

  #onChanged(changed: Meter): void {
    if (this.exhausted) this.#review();
    else if (this.#isOver(changed)) changed.exhaust();
  }

  /** Tells every call that is over the limit. */
  #review(): void {
    const dayIsOver = this.exhausted;
    for (const meter of [...this.#meters]) if (dayIsOver || this.#isOver(meter)) meter.exhaust();
  }

  #isOver({ cost: { usd } }: Meter): boolean {
    const { perCallUsd } = this.#limits;
    return perCallUsd !== undefined && usd !== null && usd >= perCallUsd;
  }

  /** The day; at midnight the sum begins anew. One that the clock is set back to goes on. */
  #current(): string {
    const today = this.#day.at(this.#clock.wallTime());
    if (today !== this.#today) {
      rememberNewest(this.#otherDays, this.#today, this.#spentUsd, REMEMBERED_DAYS);
      const known = this.#otherDays.get(today);
      const isSetBack = today < this.#today;
      this.#today = today;
      this.#spentUsd = known ?? 0;
      if (isSetBack && known === undefined) this.onSetBack();
    }
    return today;
  }

  /** Once for each kind: an operator who has limits must know what they do not count. */
  #complain({ provider, model, unit }: PricedUsage): void {
    const kind = `${provider}/${model} ${unit}`;
    if (this.#reported.has(kind) || this.#reported.size >= REMEMBERED_KINDS) return;
    this.#reported.add(kind);
    this.#log.warn({ provider, model, unit }, 'usage without a price: costs leave it out (cost.prices)');
  }
}

interface MeterParts {
  onChanged(meter: Meter): void;
  onClosed(meter: Meter): void;
  onExhausted(): void;
}

class Meter implements CallMeter {
  readonly #price: (usage: ReportedUsage) => number | undefined;
  readonly #parts: MeterParts;
  #unpriced: Set<string> | undefined;
  #usd: number | null = null;
  #closed = false;

  constructor(price: (usage: ReportedUsage) => number | undefined, parts: MeterParts) {
    this.#price = price;
    this.#parts = parts;
  }

  get cost(): CallMeter['cost'] {
    const usd = this.#usd === null ? null : Math.round(this.#usd * 1e6) / 1e6;
    return { usd, unpriced: [...(this.#unpriced ?? [])] };
  }

  /** Also after the end: what a provider reports late was spent all the same. */
  add(usage: ReportedUsage): void {
    if (!Number.isFinite(usage.quantity) || usage.quantity <= 0) return;
    const usd = this.#price(usage);
    if (usd === undefined) {
      this.#unpriced ??= new Set();
      if (this.#unpriced.size < REMEMBERED_KINDS) this.#unpriced.add(`${usage.provider}/${usage.model} ${usage.unit}`);
      return;
    }
    this.#usd = (this.#usd ?? 0) + usd;
    this.#parts.onChanged(this);
  }

  exhaust(): void {
    if (!this.#closed) this.#parts.onExhausted();
  }

  close(): void {
    this.#closed = true;
    this.#parts.onClosed(this);
  }
}
