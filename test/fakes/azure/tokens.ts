import type { Clock } from '../../../src/base/clock.js';
import type { Credentials } from './handshake.js';

/** How long a token is good for, ms. */
const TOKEN_MS = 600_000;

/** Who is let in: the key, and tokens issued for it. */
export class Tokens implements Credentials {
  readonly #clock: Clock;
  readonly #key: string | undefined;
  readonly #expiries = new Map<string, number>();

  constructor(clock: Clock, key: string | undefined) {
    this.#clock = clock;
    this.#key = key;
  }

  isKey(key: string): boolean {
    return this.#key === undefined ? key !== '' : key === this.#key;
  }

  isToken(token: string): boolean {
    return this.#clock.now() < (this.#expiries.get(token) ?? Number.NEGATIVE_INFINITY);
  }

  issue(): string {
    const token = `token-${this.#expiries.size + 1}`;
    this.#expiries.set(token, this.#clock.now() + TOKEN_MS);
    return token;
  }
}
