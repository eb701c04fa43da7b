import { rememberNewest } from '../../../base/remember-newest.js';
import type { DigestCredentials } from '../../digest/digest-client.js';

/** Addresses that are remembered: those of registrars, and of what their names led to before. */
const MAX_ADDRESSES = 256;

/**
 * Whom registrars know us as, by the address that they answered from: what a challenge in a call of theirs is answered with
 * (RFC 3261 section 22.2). Only there, and only in requests that go there: a caller whose Contact leads past a proxy would
 * get to see an answer made with the extension's password, and could guess at that. A proxy that stays in the path passes a
 * caller's challenge on, as it does in calls of ours.
 */
export class ExtensionCredentials {
  readonly #known = new Map<string, Map<string, DigestCredentials>>();

  /** @param user extension; `address`: of the registrar, as an IP literal */
  set(user: string, address: string, credentials: DigestCredentials): void {
    const users = this.#known.get(address) ?? new Map<string, DigestCredentials>();
    users.set(user, credentials);
    rememberNewest(this.#known, address, users, MAX_ADDRESSES);
  }

  /** Those of a call from that address to `user`: the extension itself, or a number that leads to the only one there. */
  for(user: string, address: string): DigestCredentials | undefined {
    const users = this.#known.get(address);
    if (users === undefined) return undefined;
    const [only] = users.values();
    return users.get(user) ?? (users.size === 1 ? only : undefined);
  }
}
