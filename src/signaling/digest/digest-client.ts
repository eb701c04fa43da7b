import type { Random } from '../../base/random.js';
import { rememberNewest } from '../../base/remember-newest.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipResponse } from '../message/sip-message.js';
import { parseAuthHeader, quoteAuthValue } from './auth-header.js';
import { chooseChallenges, type DigestChallenge } from './challenge.js';
import { digestResponse } from './digest.js';

/** Who we are to a registrar, proxy or trunk. */
export interface DigestCredentials {
  readonly user: string;
  readonly password: string;
}

/** Who asks: the far end with 401, or a proxy on the way with 407 (RFC 3261 sections 22.2 and 22.3). */
export type Challenger = 'server' | 'proxy';

/** What an answer covers. */
export interface AuthorizedRequest {
  readonly method: string;
  /** The Request-URI. */
  readonly uri: string;
  readonly body: Uint8Array;
}

/** The challenges of one response: WWW-Authenticate and Proxy-Authenticate values, top to bottom. */
export interface ReceivedChallenges {
  readonly server: readonly string[];
  readonly proxy: readonly string[];
}

export function isChallenge({ status }: SipResponse): boolean {
  return status === 401 || status === 407;
}

/** Realms of one call or registration that are remembered; more are a mistake, or an attack. */
const MAX_REALMS = 8;
/** Answers to one request: a proxy and the far end, each with a nonce that may be stale once, and one more proxy. */
const MAX_ROUNDS = 5;

/** One realm that has asked, and how often its nonce was used. */
interface Space {
  readonly challenger: Challenger;
  readonly challenge: DigestChallenge;
  readonly cnonce: string;
  uses: number;
}

/**
 * Answers Digest challenges with one user's credentials (RFC 7616, RFC 8760, RFC 3261 section 22). Remembers the last
 * challenge of each realm, so that later requests carry credentials at once, with a rising `nc`.
 */
export class DigestClient {
  readonly #credentials: DigestCredentials;
  readonly #random: Random;
  readonly #spaces = new Map<string, Space>();

  constructor(credentials: DigestCredentials, random: Random) {
    this.#credentials = credentials;
    this.#random = random;
  }

  /** A request is about to be sent, perhaps several times: each challenge is answered once. */
  begin(): DigestExchange {
    return new DigestExchange(this);
  }

  /** The header fields that authorize a request with what is known: none before the first challenge. */
  authorize(request: AuthorizedRequest): readonly HeaderField[] {
    return [...this.#spaces.values()].map((space) => {
      const name = space.challenger === 'proxy' ? 'Proxy-Authorization' : 'Authorization';
      return [name, this.#answer(space, request)] as const;
    });
  }

  /** From now on this challenge is answered. */
  remember(key: string, challenger: Challenger, challenge: DigestChallenge): void {
    const space = { challenger, challenge, cnonce: this.#random.hex(16), uses: 0 };
    rememberNewest(this.#spaces, key, space, MAX_REALMS);
  }

  /**
   * A 2xx may name the nonce for what comes next (RFC 7616 section 3.5, RFC 7615), and spares a round trip. It says neither
   * realm nor algorithm: where several have asked it could be anybody's, and is left alone.
   */
  renew({ headers, status }: SipResponse): void {
    if (status < 200 || status >= 300) return;
    this.#renew('server', headers.get('Authentication-Info'));
    this.#renew('proxy', headers.get('Proxy-Authentication-Info'));
  }

  #renew(challenger: Challenger, info: string | undefined): void {
    const nonce = info === undefined ? undefined : parseAuthHeader(`Digest ${info}`)?.params.get('nextnonce');
    const [space, ...others] = [...this.#spaces].filter(([, each]) => each.challenger === challenger);
    if (nonce === undefined || space === undefined || others.length > 0) return;
    // The same once more, by a server that keeps it or in a 2xx that comes again: `nc` must not fall back.
    if (nonce === space[1].challenge.nonce) return;
    this.remember(space[0], challenger, { ...space[1].challenge, nonce });
  }

  /** It does not take our answer. */
  forget(key: string): void {
    this.#spaces.delete(key);
  }

  #answer(space: Space, { body, method, uri }: AuthorizedRequest): string {
    const { challenge, cnonce } = space;
    const { algorithm, algorithmName, nonce, opaque, qop, realm } = challenge;
    space.uses += 1;
    const nc = space.uses.toString(16).padStart(8, '0');
    const response = digestResponse({
      ...this.#credentials,
      algorithm,
      realm,
      nonce,
      method,
      uri,
      body,
      cnonce,
      ...(qop !== undefined && { qop: { type: qop, nc, cnonce } }),
    });
    const params = [
      `username=${quoteAuthValue(this.#credentials.user)}`,
      `realm=${quoteAuthValue(realm)}`,
      `nonce=${quoteAuthValue(nonce)}`,
      `uri=${quoteAuthValue(uri)}`,
      `response="${response}"`,
      ...(algorithmName === undefined ? [] : [`algorithm=${algorithmName}`]),
      ...(opaque === undefined ? [] : [`opaque=${quoteAuthValue(opaque)}`]),
      ...(qop === undefined ? [] : [`qop=${qop}`, `nc=${nc}`]),
      ...(qop === undefined && !algorithm.session ? [] : [`cnonce="${cnonce}"`]),
    ];
    return `Digest ${params.join(', ')}`;
  }
}

/** One request and its repetitions after challenges. */
export class DigestExchange {
  readonly #client: DigestClient;
  /** Realms that were answered since the exchange began, with the nonce. */
  readonly #answered = new Map<string, string>();
  #rounds = 0;

  constructor(client: DigestClient) {
    this.#client = client;
  }

  /** {@link challenged} by a response; any other than a 401 or 407 asks for nothing. */
  challengedBy(response: SipResponse): boolean {
    const { headers } = response;
    const [server, proxy] = [headers.getAll('WWW-Authenticate'), headers.getAll('Proxy-Authenticate')];
    return isChallenge(response) && this.challenged({ server, proxy });
  }

  /**
   * Takes the challenges of a 401 or 407. True: the request is to be sent again with `DigestClient.authorize`. False: it
   * makes no sense, since nothing here can be answered, or our answer was seen and not taken (wrong user or password).
   */
  challenged({ proxy, server }: ReceivedChallenges): boolean {
    this.#rounds += 1;
    if (this.#rounds > MAX_ROUNDS) return false;
    const asked = [
      ...chooseChallenges(server).map((challenge) => ({ challenger: 'server' as const, challenge })),
      ...chooseChallenges(proxy).map((challenge) => ({ challenger: 'proxy' as const, challenge })),
    ];
    let refused = false;
    for (const { challenger, challenge } of asked) {
      const key = `${challenger} ${challenge.realm}`;
      const answeredNonce = this.#answered.get(key);
      if (answeredNonce !== undefined && (!challenge.stale || challenge.nonce === answeredNonce)) {
        this.#client.forget(key);
        refused = true;
        continue;
      }
      this.#answered.set(key, challenge.nonce);
      this.#client.remember(key, challenger, challenge);
    }
    return asked.length > 0 && !refused;
  }
}
