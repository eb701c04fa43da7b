import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.js';
import { dropOldest } from '../../base/drop-oldest.js';
import { SourceBuckets } from '../source-buckets.js';
import type { TokenBucketOptions } from '../token-bucket.js';

/** What to answer a request, as far as its token is concerned. */
export type AuthenticationResult =
  | { readonly ok: true }
  /** `challenge`: the value of WWW-Authenticate (RFC 6750 section 3). `guessed`: a token came, and it was a new wrong one. */
  | { readonly ok: false; readonly status: 401; readonly challenge: string; readonly guessed: boolean }
  | { readonly ok: false; readonly status: 429; readonly retryAfterSeconds: number };

export const authenticationDefaults = {
  /** Wrong tokens that one address may send at once, and how many a second come back. */
  guesses: { perSecond: 0.5, depth: 10 },
  /** The same for all whom a reverse proxy speaks for: it may hand on whatever addresses they make up. */
  proxied: { perSecond: 2, depth: 100 },
  /** Addresses remembered. */
  maxSources: 1000,
  /** Wrong tokens remembered. */
  maxTokens: 1000,
} as const satisfies {
  guesses: TokenBucketOptions;
  proxied: TokenBucketOptions;
  maxSources: number;
  maxTokens: number;
};

const REALM = 'Bearer realm="voice-connector"';

/**
 * Checks bearer tokens. Both sides are hashed before they are compared in constant time, so neither length nor content
 * shows in the time it takes. An address that has guessed too often is refused without looking at its token. The same
 * wrong token again is no guess: a dashboard with an old one must not lock out who else comes from its address.
 */
export class Authentication {
  readonly #expected: Buffer;
  readonly #clock: Clock;
  readonly #guesses = new SourceBuckets(authenticationDefaults.guesses, authenticationDefaults.maxSources);
  readonly #proxied = new SourceBuckets(authenticationDefaults.proxied, authenticationDefaults.maxSources);
  /** Hashes of wrong tokens, in the order in which they were first tried. */
  readonly #tried = new Set<string>();

  constructor(token: string, clock: Clock) {
    this.#expected = hash(token);
    this.#clock = clock;
  }

  /**
   * @param authorization The header's value, if there is one.
   * @param address The client's IP address.
   * @param connected The address of the connection, which may be a proxy's.
   */
  check(authorization: string | undefined, address: string, connected = address): AuthenticationResult {
    const nowMs = this.#clock.now();
    const buckets = [this.#guesses.of(address, nowMs)];
    if (connected !== address) buckets.push(this.#proxied.of(connected, nowMs));
    const empty = buckets.find((bucket) => !bucket.has(nowMs));
    if (empty !== undefined) {
      return { ok: false, status: 429, retryAfterSeconds: Math.max(Math.ceil(empty.waitMs(nowMs) / 1000), 1) };
    }
    if (!authorization) return { ok: false, status: 401, challenge: REALM, guessed: false };
    const token = /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1] ?? '';
    const hashed = hash(token);
    if (timingSafeEqual(hashed, this.#expected)) return { ok: true };
    const guessed = this.#isNew(hashed.toString('base64'));
    if (guessed) for (const bucket of buckets) bucket.take(nowMs);
    return { ok: false, status: 401, challenge: `${REALM}, error="invalid_token"`, guessed };
  }

  #isNew(hashed: string): boolean {
    if (this.#tried.has(hashed)) return false;
    this.#tried.add(hashed);
    dropOldest(this.#tried, authenticationDefaults.maxTokens);
    return true;
  }
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
