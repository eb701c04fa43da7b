import type { Clock } from '../../base/clock.js';
import { unmapped, withoutZone } from '../../base/ip-text.js';
import type { Random } from '../../base/random.js';
import { rememberNewest } from '../../base/remember-newest.js';
import { createSourceFilter } from '../../base/source-filter.js';
import type { SipRequest } from '../message/sip-message.js';
import { PeerAuthentication, type PeerAuthenticationOptions, type PeerVerdict } from './peer-authentication.js';

/** Addresses we have sent requests to that are remembered; the one unused for longest goes first. */
const MAX_CONTACTED = 1_024;

export interface PeersOptions {
  /** CIDR blocks of the peers that may call in. */
  readonly allow: readonly string[];
  readonly auth?: PeerAuthenticationOptions | undefined;
}

/**
 * Who may say what to us. Peers of the allow-list may call, authenticated where that is asked for; so may the registrars
 * that we are registered with. Whom we call may answer and speak in that call, and begin nothing.
 */
export class Peers {
  readonly #isAllowed: (address: string) => boolean;
  readonly #authentication: PeerAuthentication | undefined;
  readonly #registrars = new Set<string>();
  /** In order of last use. */
  readonly #contacted = new Map<string, true>();

  /** Throws `ERR_CONFIG_INVALID` for a bad CIDR block. */
  constructor({ allow, auth }: PeersOptions, deps: { readonly clock: Clock; readonly random: Random }) {
    this.#isAllowed = createSourceFilter(allow);
    this.#authentication = auth && new PeerAuthentication(auth, deps);
  }

  /** Whether anything from this address is read. */
  accepts(source: string): boolean {
    return this.mayBegin(source) || this.#contacted.has(plain(source));
  }

  /** Whether a request outside any dialog may come from it. */
  mayBegin(source: string): boolean {
    return this.#isAllowed(source) || this.#registrars.has(plain(source));
  }

  /** Whether its address is not enough. Registrars have been asked by us, and cannot be. */
  mustAuthenticate(source: string): boolean {
    return this.#asked(source) !== undefined;
  }

  /** Whether this request may begin something. */
  judge(request: SipRequest, source: string): PeerVerdict {
    return this.#asked(source)?.judge(request) ?? { type: 'admitted' };
  }

  #asked(source: string): PeerAuthentication | undefined {
    const authentication = this.#authentication;
    return authentication?.asks(source) && !this.#registrars.has(plain(source)) ? authentication : undefined;
  }

  /** Calls for our extension come from there. */
  addRegistrar(address: string): void {
    this.#registrars.add(plain(address));
  }

  /** A request of ours goes there, and its responses come back. Who may begin calls anyhow need not be remembered. */
  addContacted(address: string): void {
    if (this.mayBegin(address)) return;
    rememberNewest(this.#contacted, plain(address), true, MAX_CONTACTED);
  }
}

function plain(address: string): string {
  return unmapped(withoutZone(address)).toLowerCase();
}
