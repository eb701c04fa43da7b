import type { Clock } from '../base/clock.js';
import { errorMessage } from '../base/connector-error.js';
import type { Config } from '../config/config.js';
import { readBuiltInPriceSet } from '../config/price-sets.js';
import type { Logger } from '../flavor-api/index.js';
import { PriceList } from '../ops/cost/price-list.js';
import { SpendBook, type SpendLimits } from '../ops/cost/spend-book.js';
import { spentBefore } from '../ops/cost/spent-before.js';

/** The book of what calls cost, with the prices of the operator before those of the package. */
export function openSpendBook(config: Config, deps: { readonly clock: Clock; readonly log: Logger }): SpendBook {
  return new SpendBook(priceList(config), limitsOf(config), deps);
}

/** After a reload. */
export function renewSpendBook(book: SpendBook, config: Config): void {
  book.renew(priceList(config), limitsOf(config));
}

/**
 * Goes on with what the records of this day say; also of an earlier one to which the clock is set back later, having been
 * ahead at the start. Without them it begins at nothing, and says so. Never rejects.
 */
export async function carryOverSpending(book: SpendBook, path: string, log: Logger): Promise<void> {
  await readSpending(book, path, log);
  book.onSetBack = () => void readSpending(book, path, log);
}

async function readSpending(book: SpendBook, path: string, log: Logger): Promise<void> {
  const onUnreadable = (error: unknown): void => {
    const message = 'records that were rotated cannot be read: what their calls have cost this day is not counted';
    log.error({ problem: errorMessage(error) }, message);
  };
  try {
    book.carryOver(await spentBefore(path, (wallTimeMs) => book.compareDay(wallTimeMs), onUnreadable));
  } catch (error) {
    log.error(
      { problem: errorMessage(error) },
      'what the calls of this day have cost cannot be read: counted from now',
    );
  }
}

function priceList({ cost }: Config): PriceList {
  return new PriceList([cost.prices, readBuiltInPriceSet('today').prices]);
}

function limitsOf({ cost: { perCallUsd, perDayUsd, timeZone } }: Config): SpendLimits {
  return { perCallUsd, perDayUsd, timeZone };
}
