import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { createSourceFilter } from '../../base/source-filter.js';
import { DigestServer } from '../digest/digest-server.js';
import type { SipRequest } from '../message/sip-message.js';

/** `signaling.embedded.auth` of the configuration. */
export interface PeerAuthenticationOptions {
  readonly realm: string;
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>;
  /** CIDR blocks of peers that cannot authenticate, such as trunks. */
  readonly except: readonly string[];
}

/** What becomes of a request outside any dialog. */
export type PeerVerdict =
  | { readonly type: 'admitted' }
  /** 401 with these values of WWW-Authenticate. `failed`: it had credentials, and they were wrong. */
  | { readonly type: 'challenge'; readonly challenges: readonly string[]; readonly failed: boolean };

/**
 * Methods that are not asked for credentials: ACK and CANCEL must not be (RFC 3261 section 22.1), and monitors that ping
 * with OPTIONS have none.
 */
const unchallenged: ReadonlySet<string> = new Set(['ACK', 'CANCEL', 'OPTIONS']);

/** Asks peers who they are (RFC 3261 section 22.2). Requests in a dialog are known by its tags. */
export class PeerAuthentication {
  readonly #server: DigestServer;
  readonly #isExcepted: (address: string) => boolean;

  /** Throws `ERR_CONFIG_INVALID` for a bad block. */
  constructor(options: PeerAuthenticationOptions, deps: { readonly clock: Clock; readonly random: Random }) {
    this.#server = new DigestServer(options, deps);
    this.#isExcepted = createSourceFilter(options.except);
  }

  /** Whether peers at this address have to say who they are. */
  asks(source: string): boolean {
    return !this.#isExcepted(source);
  }

  judge({ body, headers, method, uri }: SipRequest): PeerVerdict {
    if (unchallenged.has(method)) return { type: 'admitted' };
    const verdict = this.#server.check({ method, uri, body }, headers.getAll('Authorization'));
    if (verdict.type === 'ok') return { type: 'admitted' };
    const challenges = this.#server.challenges(verdict.type === 'stale');
    return { type: 'challenge', challenges, failed: verdict.type === 'wrong' };
  }
}
