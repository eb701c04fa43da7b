import type { Price } from '../../ops/cost/price.js';

/** Whose, and which: as call records and prices name it. */
export interface Source {
  readonly provider: string;
  readonly model: string;
}

/** A machine that makes speech, paid by its time. */
export interface Machine extends Source {
  /**
   * For what time: `calls`, while calls last; `answers`, while it makes speech; `hours`, so many a month, whether anybody
   * calls or not.
   */
  readonly billed: 'calls' | 'answers' | 'hours';
  /** A month. With `hours` alone. */
  readonly hours?: number | undefined;
  /** Of a month's hours that are not 24 a day, so that somebody may ask for others. */
  readonly partTime?: boolean | undefined;
  /** From nothing to ready, s, once in each call. Not with `hours`. */
  readonly startSeconds?: number | undefined;
  /** Paid after the work is done before it stops, s: after each call, or after each answer. Not with `hours`. */
  readonly idleSeconds?: number | undefined;
  /** Time to make speech, in lengths of that speech. Absent: as long as it lasts. */
  readonly realtimeFactor?: number | undefined;
}

/** A way to answer calls, and what it is made of. What it does not need is absent. */
export interface Way {
  readonly name: string;
  /** What it takes for granted, in a few words. */
  readonly note?: string | undefined;
  /** A model that hears and speaks. */
  readonly realtime?: Source | undefined;
  readonly recogniser?: Source | undefined;
  readonly languageModel?: Source | undefined;
  /** A voice that is paid by what it says. */
  readonly voice?: Source | undefined;
  readonly machine?: Machine | undefined;
  /** Telephone line. */
  readonly line?: (Source & { readonly wholeMinutes?: boolean | undefined }) | undefined;
}

/** What a provider lets one have for nothing every month. */
interface Credit {
  readonly provider: string;
  readonly usdPerMonth: number;
  readonly source?: string | undefined;
}

/** Prices of a day, and the ways to compare by them. */
export interface PriceSet {
  /** `YYYY-MM-DD`: the day it tells of. */
  readonly date: string;
  readonly prices: readonly Price[];
  readonly credits: readonly Credit[];
  /** The first one is what the others are compared with. */
  readonly ways: readonly Way[];
}
