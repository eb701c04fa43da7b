import type { Clock } from './clock.js';
import type { Random } from './random.js';

/** When a provider that fails is left alone, and for how long. */
export interface CircuitBreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How long it stays open before one session may try, ms. */
  readonly openMs: number;
  /**
   * Each trial that fails doubles how long it stays open, up to this, with jitter: up to a quarter less, so that a crowd
   * does not come back all at once. Absent: always `openMs`.
   */
  readonly backOff?: { readonly maxOpenMs: number; readonly random: Random };
}

/** `closed`: everybody may try. `open`: nobody. `half-open`: one may try, and its fate decides. */
export type CircuitBreakerState = 'closed' | 'open' | 'half-open';

/** Leave to try a provider once. The first report counts. */
export interface Permit {
  /** It answered. */
  succeeded(): void;
  /** It did not. */
  failed(): void;
  /** Nothing was learnt: the caller hung up first. */
  released(): void;
}

/**
 * Spares callers the wait for a provider that is known to be down, and the provider a storm of attempts. One for each
 * configured flavor: the same provider with other credentials or another address is another one.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #onChange: (state: CircuitBreakerState) => void;
  #state: CircuitBreakerState = 'closed';
  #failures = 0;
  #openUntilMs = 0;
  /** Trials in a row that failed. */
  #failedTrials = 0;
  #probing = false;

  /** @param onChange told every new state; must not throw */
  constructor(
    options: CircuitBreakerOptions,
    clock: Pick<Clock, 'now'>,
    onChange: (state: CircuitBreakerState) => void = () => {},
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get state(): CircuitBreakerState {
    return this.#state === 'open' && this.#clock.now() >= this.#openUntilMs ? 'half-open' : this.#state;
  }

  /** Leave to try, or `undefined`: go elsewhere. */
  acquire(): Permit | undefined {
    const state = this.state;
    if (state === 'open' || (state === 'half-open' && this.#probing)) return undefined;
    const probe = state === 'half-open';
    if (probe) {
      this.#probing = true;
      this.#enter('half-open');
    }
    let reported = false;
    const report = (fate: () => void) => (): void => {
      if (reported) return;
      reported = true;
      if (probe) this.#probing = false;
      fate();
    };
    return {
      succeeded: report(() => this.#onSuccess()),
      failed: report(() => this.#onFailure(probe)),
      released: report(() => {}),
    };
  }

  /** An answer is an answer, also one that was asked for before it opened. */
  #onSuccess(): void {
    this.#failures = 0;
    this.#failedTrials = 0;
    this.#enter('closed');
  }

  #onFailure(probe: boolean): void {
    this.#failures += 1;
    if (this.#state === 'open') return;
    if (!probe && this.#failures < this.#options.failures) return;
    this.#failedTrials += probe ? 1 : 0;
    this.#openUntilMs = this.#clock.now() + this.#openMs();
    this.#enter('open');
  }

  #openMs(): number {
    const { openMs, backOff } = this.#options;
    if (!backOff) return openMs;
    const fullMs = Math.max(openMs, Math.min(backOff.maxOpenMs, openMs * 2 ** this.#failedTrials));
    return fullMs - backOff.random.integer(Math.floor(fullMs / 4) + 1);
  }

  #enter(state: CircuitBreakerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#onChange(state);
  }
}
