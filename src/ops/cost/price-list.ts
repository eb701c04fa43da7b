import { type Price, usdPerUnit } from './price.js';

/** Pairs of model and unit that are remembered; flavors name few, but they name them. */
const REMEMBERED = 1_000;

/** A date or a version of one behind a model's name: `-2025-04-14`, `-20251001`. */
const DATED = /-\d{4}-?\d{2}-?\d{2}$/;

/** What flavors report, as far as it has a price. */
export interface PricedUsage {
  readonly provider: string;
  readonly model: string;
  readonly unit: string;
}

/** A price that fits. */
export interface FoundPrice {
  readonly price: Price;
  /** USD. */
  readonly perUnit: number;
}

/** Prices of several sources: the first that has one for the model and the day counts. */
export class PriceList {
  readonly #sources: readonly (readonly Price[])[];
  readonly #known = new Map<string, FoundPrice | undefined>();

  /** @param sources Those of the operator come first. */
  constructor(sources: readonly (readonly Price[])[]) {
    this.#sources = sources;
  }

  /**
   * What one unit costs, USD; `undefined` where nothing is known.
   *
   * @param day UTC, `YYYY-MM-DD`.
   */
  usdPerUnit(usage: PricedUsage, day: string): number | undefined {
    return this.find(usage, day)?.perUnit;
  }

  /** The same with the price it comes from. */
  find({ provider, model, unit }: PricedUsage, day: string): FoundPrice | undefined {
    const key = JSON.stringify([provider, model, unit, day]);
    if (this.#known.has(key)) return this.#known.get(key);
    const found = this.#look(provider, model, unit, day);
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(key, found);
    return found;
  }

  #look(provider: string, model: string, unit: string, day: string): FoundPrice | undefined {
    for (const prices of this.#sources) {
      const fitting = prices
        .filter((price) => price.provider === provider && holds(price, day))
        .flatMap((price) => {
          const closeness = fits(price.model, model);
          const perUnit = closeness === 0 ? undefined : usdPerUnit(price, unit);
          return perUnit === undefined ? [] : [{ closeness, price, perUnit }];
        })
        .sort((a, b) => b.closeness - a.closeness);
      if (fitting[0] !== undefined) return fitting[0];
    }
    return undefined;
  }
}

function holds({ from, until }: Price, day: string): boolean {
  return (from === undefined || from <= day) && (until === undefined || day <= until);
}

/** 0: it is another model; otherwise the more, the closer. */
function fits(written: string, model: string): number {
  if (written === model) return Number.POSITIVE_INFINITY;
  if (written.endsWith('*')) return model.startsWith(written.slice(0, -1)) ? written.length : 0;
  if (written.startsWith('*')) return model.endsWith(written.slice(1)) ? written.length : 0;
  return written === model.replace(DATED, '') ? Number.MAX_SAFE_INTEGER : 0;
}
