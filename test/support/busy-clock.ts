import { vi } from 'vitest';
import { FakeClock } from './fake-clock.js';

/** Time that is told to move, and moves by itself while work is done: so much at each call of what is said to be work. */
export class BusyClock extends FakeClock {
  #busyMs = 0;
  #longestMs = 0;

  override now(): number {
    return super.now() + this.#busyMs;
  }

  /** The longest that was worked in one turn of the event loop, ms. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** All that was worked, ms. */
  get busyMs(): number {
    return this.#busyMs;
  }

  /** @param part a class's prototype, of which each call of `method` takes so long; see `vi.restoreAllMocks` */
  takes<Part extends object>(part: Part, method: keyof Part & string, eachMs: number): void {
    const real = part[method] as (...given: unknown[]) => unknown;
    const busy = (): void => {
      this.#busyMs += eachMs;
    };
    vi.spyOn(part as Record<string, (...given: unknown[]) => unknown>, method).mockImplementation(function (
      this: Part,
      ...given
    ) {
      busy();
      return real.apply(this, given);
    });
  }

  /** Looks at each turn of the event loop, until what it returns is called. */
  watch(): () => void {
    let [lastMs, watching] = [this.#busyMs, true];
    const look = (): void => {
      this.#longestMs = Math.max(this.#longestMs, this.#busyMs - lastMs);
      lastMs = this.#busyMs;
      if (watching) setImmediate(look);
    };
    setImmediate(look);
    return () => {
      watching = false;
    };
  }
}
