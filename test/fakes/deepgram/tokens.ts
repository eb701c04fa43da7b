import type { Clock } from '../../../src/base/clock.js';
import type { Credential } from './handshake.js';

/** How long a granted token connects, s. */
const EXPIRES_IN_SECONDS = 30;

/** Who is let in: the API key, and tokens granted for it. */
export class Tokens {
  readonly #clock: Clock;
  readonly #apiKey: string | undefined;
  readonly #expiries = new Map<string, number>();

  constructor(clock: Clock, apiKey: string | undefined) {
    this.#clock = clock;
    this.#apiKey = apiKey;
  }

  /** Without a key of its own, the fake takes any that is no token. */
  isKey({ scheme, text }: Credential): boolean {
    if (scheme !== 'token') return false;
    return this.#apiKey === undefined ? !text.startsWith('jwt-') : text === this.#apiKey;
  }

  admits(credential: Credential): boolean {
    const expiresAtMs = credential.scheme === 'bearer' ? this.#expiries.get(credential.text) : undefined;
    return this.isKey(credential) || (expiresAtMs !== undefined && this.#clock.now() < expiresAtMs);
  }

  grant(): { readonly access_token: string; readonly expires_in: number } {
    const token = `jwt-${this.#expiries.size + 1}`;
    this.#expiries.set(token, this.#clock.now() + EXPIRES_IN_SECONDS * 1000);
    return { access_token: token, expires_in: EXPIRES_IN_SECONDS };
  }
}
