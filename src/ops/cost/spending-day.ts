const SECOND_MS = 1_000;

/** Which day it is, in the time zone in which an operator counts. */
export class SpendingDay {
  readonly #format: Intl.DateTimeFormat;
  #day = '';
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** @param timeZone IANA name. */
  constructor(timeZone: string) {
    // Year, month and day in this order and in digits: days compare as texts.
    this.#format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  }

  /** Today, `YYYY-MM-DD`. @param wallTimeMs since the epoch; looked up at most once a second. */
  at(wallTimeMs: number): string {
    if (Math.abs(wallTimeMs - this.#readAtMs) < SECOND_MS && this.#day !== '') return this.#day;
    this.#readAtMs = wallTimeMs;
    this.#day = this.#format.format(wallTimeMs);
    return this.#day;
  }

  /** The same for any other time. */
  of(wallTimeMs: number): string {
    return this.#format.format(wallTimeMs);
  }

  /** Seconds until the next day begins, at least 1 and at most `maxSeconds`. */
  secondsLeft(wallTimeMs: number, maxSeconds: number): number {
    const today = this.#format.format(wallTimeMs);
    let [low, high] = [0, maxSeconds];
    while (low + 1 < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#format.format(wallTimeMs + middle * SECOND_MS) === today) low = middle;
      else high = middle;
    }
    return Math.max(1, high);
  }
}
