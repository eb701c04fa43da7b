import type { CircuitBreaker } from '../../base/circuit-breaker.js';
import type { Flavor } from '../../flavor-api/index.js';

/** A flavor that may answer a call. */
export interface FlavorChoice {
  /** As the configuration names it. */
  readonly name: string;
  readonly flavor: Flavor;
  readonly breaker: CircuitBreaker;
}

/** Sessions one call may open in all: a provider that answers once and breaks off, again and again, is no agent. */
const MAX_ATTEMPTS = 12;

/**
 * Whom a call asks for a session, in which order: the route's flavor, the same again as often as the route retries, then
 * the flavors it falls back on, each with retries of its own.
 */
export class FailOverPlan {
  readonly #choices: readonly FlavorChoice[];
  readonly #retries: number;
  #index = 0;
  /** Attempts made with the present choice since it last answered. */
  #tries = 0;
  #attempts = 0;

  /** @param choices the route's own flavor first; at least one */
  constructor(choices: readonly FlavorChoice[], retries: number) {
    this.#choices = choices;
    this.#retries = retries;
  }

  /** The route's own flavor. */
  get first(): FlavorChoice | undefined {
    return this.#choices[0];
  }

  /** Another attempt is allowed. */
  get hasNext(): boolean {
    return this.#attempts < MAX_ATTEMPTS && this.#peek() !== undefined;
  }

  /** Whom to ask now, and the count of this attempt from 1; `undefined` when nobody is left. */
  next(): { readonly choice: FlavorChoice; readonly attempt: number } | undefined {
    const choice = this.hasNext ? this.#peek() : undefined;
    if (!choice) return undefined;
    if (choice !== this.#choices[this.#index]) {
      this.#index += 1;
      this.#tries = 0;
    }
    this.#tries += 1;
    this.#attempts += 1;
    return { choice, attempt: this.#attempts };
  }

  /** The present choice has failed in a way that trying again does not mend. */
  giveUpPresent(): void {
    this.#tries = Number.POSITIVE_INFINITY;
  }

  /** The present choice has answered the caller: what fails later is a new failure. */
  succeeded(): void {
    this.#tries = 0;
  }

  #peek(): FlavorChoice | undefined {
    return this.#tries <= this.#retries ? this.#choices[this.#index] : this.#choices[this.#index + 1];
  }
}
