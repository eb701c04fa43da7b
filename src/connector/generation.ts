import type { Config } from '../config/config.js';
import type { Router } from '../config/router.js';
import type { Flavor } from '../flavor-api/index.js';

/**
 * One configuration with the flavors made from it. A reload brings a new generation; calls that are up keep theirs, and
 * its flavors are closed when the last of them has ended.
 */
export class Generation {
  readonly config: Config;
  readonly router: Router;
  readonly flavors: ReadonlyMap<string, Flavor>;
  #calls = 0;
  #retired = false;
  #disposing: Promise<void> | undefined;
  readonly #onDisposeError: (error: unknown) => void;

  constructor(
    config: Config,
    router: Router,
    flavors: ReadonlyMap<string, Flavor>,
    onDisposeError: (error: unknown) => void,
  ) {
    this.config = config;
    this.router = router;
    this.flavors = flavors;
    this.#onDisposeError = onDisposeError;
  }

  /** A call starts to use this generation. */
  retain(): void {
    this.#calls += 1;
  }

  /** That call is over. */
  release(): void {
    this.#calls -= 1;
    if (this.#retired && this.#calls === 0) void this.#dispose();
  }

  /** No new call will come. Resolves when the flavors are closed, which waits for the calls there are. */
  async retire(): Promise<void> {
    this.#retired = true;
    if (this.#calls === 0) await this.#dispose();
  }

  #dispose(): Promise<void> {
    this.#disposing ??= this.#disposeFlavors();
    return this.#disposing;
  }

  async #disposeFlavors(): Promise<void> {
    // Each within a function of its own: one that throws at once must not keep the others open.
    const results = await Promise.allSettled(
      [...this.flavors.values()].map(async (flavor) => await flavor[Symbol.asyncDispose]()),
    );
    for (const result of results) if (result.status === 'rejected') this.#onDisposeError(result.reason);
  }
}
