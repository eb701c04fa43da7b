import { CircuitBreaker, type CircuitBreakerState } from '../base/circuit-breaker.js';
import type { Clock } from '../base/clock.js';
import { errorCode } from '../base/connector-error.js';
import type { FlavorChoice } from '../call/session/fail-over-plan.js';
import type { Announcer } from '../call/speech/announcement.js';
import type { Config } from '../config/config.js';
import type { Router } from '../config/router.js';
import type { Flavor, Logger } from '../flavor-api/index.js';
import type { GuardedFetch } from '../http/guarded-fetch.js';
import type { ToolSet } from '../tools/tool-set.js';
import { CallSettings } from './settings/call-settings.js';
import type { BackgroundSounds } from './sound/background-sounds.js';

export interface GenerationDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly announcer: Announcer & AsyncDisposable;
  /** HTTP as this configuration allows it. */
  readonly fetch: GuardedFetch;
  readonly tools: ToolSet;
  readonly sounds: BackgroundSounds;
  /** A flavor of the configuration with other options, for one call. */
  createVariant(name: string, options: Readonly<Record<string, unknown>>): Promise<Flavor>;
  onDisposeError(error: unknown): void;
}

/**
 * One configuration with the flavors made from it. A reload brings a new generation; calls that are up keep theirs, and
 * its flavors are closed when the last of them has ended.
 */
export class Generation {
  readonly config: Config;
  readonly router: Router;
  readonly announcer: Announcer;
  readonly settings: CallSettings;
  readonly tools: ToolSet;
  readonly sounds: BackgroundSounds;
  /** By the name routes use. */
  readonly flavors: ReadonlyMap<string, FlavorChoice>;
  readonly #closing: readonly AsyncDisposable[];
  #calls = 0;
  #retired = false;
  #disposing: Promise<void> | undefined;
  readonly #onDisposeError: (error: unknown) => void;
  readonly #choose: (name: string, flavor: Flavor) => FlavorChoice;
  readonly #createVariant: GenerationDeps['createVariant'];

  constructor(config: Config, router: Router, flavors: ReadonlyMap<string, Flavor>, deps: GenerationDeps) {
    const { announcer, clock, fetch, log, sounds, tools } = deps;
    this.config = config;
    this.router = router;
    this.announcer = announcer;
    this.settings = new CallSettings({ clock, fetch });
    this.tools = tools;
    this.sounds = sounds;
    this.#closing = [...flavors.values(), announcer, inTurn(tools, fetch)];
    this.#onDisposeError = (error) => deps.onDisposeError(error);
    const { failures, openSeconds } = config.breaker;
    const breakerOptions = { failures, openMs: openSeconds * 1000 };
    this.#choose = (name, flavor) => {
      const tell = (state: CircuitBreakerState): void => log.warn({ flavor: name, state }, 'circuit breaker');
      return { name, flavor, breaker: new CircuitBreaker(breakerOptions, clock, tell) };
    };
    this.#createVariant = (name, options) => deps.createVariant(name, options);
    this.flavors = new Map([...flavors].map(([name, flavor]) => [name, this.#choose(name, flavor)]));
  }

  /**
   * The flavor of that name with options of one call's own, to be closed by {@link discard} when the call is over.
   * `undefined`: the options do not fit, which `log`, the call's, is told. Never rejects.
   */
  async variant(
    name: string,
    options: Readonly<Record<string, unknown>>,
    log: Pick<Logger, 'error'>,
  ): Promise<FlavorChoice | undefined> {
    try {
      return this.#choose(name, await this.#createVariant(name, options));
    } catch (error) {
      // Its message may repeat what was given.
      log.error({ code: errorCode(error) ?? 'ERR_UNEXPECTED' }, 'the options of a call do not fit');
      return undefined;
    }
  }

  /** Closes a variant. Never rejects. */
  async discard({ flavor }: FlavorChoice): Promise<void> {
    try {
      await flavor[Symbol.asyncDispose]();
    } catch (error) {
      this.#onDisposeError(error);
    }
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
      this.#closing.map(async (resource) => await resource[Symbol.asyncDispose]()),
    );
    for (const result of results) if (result.status === 'rejected') this.#onDisposeError(result.reason);
  }
}

/** MCP servers are told goodbye over the HTTP that is closed after them. */
function inTurn(...resources: readonly AsyncDisposable[]): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      for (const resource of resources) await resource[Symbol.asyncDispose]();
    },
  };
}
