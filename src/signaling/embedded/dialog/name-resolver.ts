import { lookup as systemLookup } from 'node:dns/promises';
import type { Clock, TimerHandle } from '../../../base/clock.js';
import { rememberNewest } from '../../../base/remember-newest.js';

export interface NameResolverOptions {
  /** The answer must be there by then, ms. */
  readonly timeoutMs: number;
  /** How long an answer is believed, ms. */
  readonly lifetimeMs: number;
  /** How long a failure is believed, ms. */
  readonly failureLifetimeMs: number;
  /** Names remembered; the oldest goes first. */
  readonly maxNames: number;
  /** Look-ups at once: each holds one of the four threads that Node does files and DNS on, whatever its time limit. */
  readonly maxLookups: number;
}

export const nameResolverDefaults = {
  timeoutMs: 2_000,
  lifetimeMs: 60_000,
  failureLifetimeMs: 10_000,
  maxNames: 256,
  maxLookups: 2,
} as const satisfies NameResolverOptions;

/** RFC 1035 section 2.3.4. */
const MAX_NAME_LENGTH = 255;

/** Asks for the addresses of a name, in the order of preference. Rejects when there are none. */
export type Lookup = (name: string) => Promise<readonly string[]>;

export interface NameResolverDeps {
  readonly clock: Clock;
  /** The system's resolver (hosts file, search domains, DNS) when absent. */
  readonly lookup?: Lookup;
}

interface Entry {
  /** Empty: the name does not resolve. */
  readonly addresses: readonly string[];
  readonly expiresAtMs: number;
}

/** Resolves host names out of SIP URIs: bounded in time, memory and threads, since the names come from the network. */
export class NameResolver {
  readonly #clock: Clock;
  readonly #lookup: Lookup;
  readonly #options: NameResolverOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Map<string, Set<(addresses: readonly string[]) => void>>();
  readonly #timers = new Set<TimerHandle>();
  #lookups = 0;
  #closed = false;

  constructor(deps: NameResolverDeps, options: NameResolverOptions = nameResolverDefaults) {
    this.#clock = deps.clock;
    this.#lookup = deps.lookup ?? lookupAll;
    this.#options = options;
  }

  /** How many wait for an answer. */
  get waiting(): number {
    let count = 0;
    for (const settlers of this.#waiting.values()) count += settlers.size;
    return count;
  }

  /**
   * Calls `done` once: with the IP addresses, or with none after a failure, after `timeoutMs`, or at once when too
   * many names are being looked up already. Never after {@link close}.
   */
  resolve(name: string, done: (addresses: readonly string[]) => void): void {
    if (this.#closed) return;
    const key = name.toLowerCase();
    const known = this.#entries.get(key);
    if (known !== undefined && known.expiresAtMs > this.#clock.now()) {
      done(known.addresses);
      return;
    }
    if (name.length > MAX_NAME_LENGTH) {
      done([]);
      return;
    }
    const settle = this.#once(key, done);
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) waiting.add(settle);
    else if (this.#lookups < this.#options.maxLookups) this.#start(key, settle);
    else settle([]);
  }

  /** Forgets everything; nobody who waits is called any more. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
    this.#waiting.clear();
    this.#entries.clear();
  }

  /** `done` with the time limit on it. */
  #once(key: string, done: (addresses: readonly string[]) => void): (addresses: readonly string[]) => void {
    let settled = false;
    const settle = (addresses: readonly string[]) => {
      if (settled) return;
      settled = true;
      this.#waiting.get(key)?.delete(settle);
      this.#timers.delete(timer);
      this.#clock.clearTimeout(timer);
      done(addresses);
    };
    const timer = this.#clock.setTimeout(() => settle([]), this.#options.timeoutMs);
    this.#timers.add(timer);
    return settle;
  }

  #start(key: string, settle: (addresses: readonly string[]) => void): void {
    this.#waiting.set(key, new Set([settle]));
    this.#lookups += 1;
    this.#lookup(key).then(
      (addresses) => this.#finish(key, addresses),
      () => this.#finish(key, []),
    );
  }

  #finish(key: string, addresses: readonly string[]): void {
    this.#lookups -= 1;
    if (this.#closed) return;
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    this.#remember(key, addresses);
    for (const settle of waiting) settle(addresses);
  }

  #remember(key: string, addresses: readonly string[]): void {
    const { lifetimeMs, failureLifetimeMs, maxNames } = this.#options;
    const livesMs = addresses.length > 0 ? lifetimeMs : failureLifetimeMs;
    rememberNewest(this.#entries, key, { addresses, expiresAtMs: this.#clock.now() + livesMs }, maxNames);
  }
}

async function lookupAll(name: string): Promise<readonly string[]> {
  const found = await systemLookup(name, { all: true });
  return found.map(({ address }) => address);
}
