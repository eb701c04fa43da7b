import { Alarm } from '../../base/alarm.js';
import type { Clock } from '../../base/clock.js';

/** Keys collected at once; a caller who presses more is not typing a number. */
const MAX_DIGITS = 64;

/** Keys that the caller presses, brought together: a number is one thing to say, not ten. `#` ends it at once. */
export class DigitCollector {
  readonly #pauseMs: number;
  readonly #pause: Alarm;
  readonly #onDigits: (digits: string) => void;
  #digits = '';

  constructor(pauseMs: number, clock: Clock, onDigits: (digits: string) => void) {
    this.#pauseMs = pauseMs;
    this.#pause = new Alarm(clock);
    this.#onDigits = onDigits;
  }

  get pending(): boolean {
    return this.#pause.pending;
  }

  add(digits: string): void {
    for (const digit of digits) {
      this.#digits += digit;
      if (digit === '#' || this.#digits.length >= MAX_DIGITS) this.#flush();
      else this.#pause.set(this.#pauseMs, () => this.#flush());
    }
  }

  close(): void {
    this.#pause.clear();
    this.#digits = '';
  }

  #flush(): void {
    this.#pause.clear();
    const digits = this.#digits;
    this.#digits = '';
    this.#onDigits(digits);
  }
}
