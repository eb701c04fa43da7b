import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { parseAuthHeader, quoteAuthValue } from './auth-header.js';
import { type DigestHash, digestResponse, parseAlgorithm } from './digest.js';
import type { AuthorizedRequest } from './digest-client.js';
import { NonceUses } from './nonce-uses.js';

/** Whom we know. */
export interface DigestServerOptions {
  readonly realm: string;
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>;
  readonly limits?: DigestServerLimits;
}

export interface DigestServerLimits {
  /** How long a nonce may be used, ms. */
  readonly nonceLifetimeMs: number;
  /** Nonces in use that are remembered, so that none of their counts comes twice. */
  readonly maxNonces: number;
}

export const digestServerDefaults = {
  nonceLifetimeMs: 300_000,
  maxNonces: 10_000,
} as const satisfies DigestServerLimits;

/** What the credentials of a request are worth. */
export type DigestVerdict =
  | { readonly type: 'ok'; readonly user: string }
  /** None for our realm, or none that could be read. */
  | { readonly type: 'absent' }
  /** Right, but for a nonce that has had its time or its count: the peer repeats them with the new nonce, unasked. */
  | { readonly type: 'stale' }
  | { readonly type: 'wrong' };

/** Offered in this order: the strongest first (RFC 8760 section 2.3), MD5 for those who know nothing else. */
const offered = ['SHA-256', 'MD5'] as const satisfies readonly DigestHash[];

/**
 * Authenticates peers (RFC 7616, RFC 8760, RFC 3261 section 22.4). A nonce is its own proof: it carries the time it was
 * made and a signature, so strangers who are challenged leave nothing behind. Only the counts of nonces with right
 * answers are remembered. Whether a user exists shows neither in the answer nor in the time it takes.
 */
export class DigestServer {
  readonly #realm: string;
  readonly #users: ReadonlyMap<string, string>;
  readonly #limits: DigestServerLimits;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #key: string;
  readonly #nobodysPassword: string;
  readonly #uses: NonceUses;

  constructor(options: DigestServerOptions, deps: { readonly clock: Clock; readonly random: Random }) {
    this.#realm = options.realm;
    this.#users = new Map(Object.entries(options.users));
    this.#limits = options.limits ?? digestServerDefaults;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#key = deps.random.hex(32);
    this.#nobodysPassword = deps.random.hex(32);
    this.#uses = new NonceUses(this.#limits.maxNonces);
  }

  /** Values of WWW-Authenticate, one header field each. */
  challenges(stale: boolean): readonly string[] {
    const nonce = this.#createNonce();
    return offered.map((algorithm) => {
      const params = [
        `realm=${quoteAuthValue(this.#realm)}`,
        `nonce="${nonce}"`,
        `algorithm=${algorithm}`,
        'qop="auth"',
        ...(stale ? ['stale=true'] : []),
      ];
      return `Digest ${params.join(', ')}`;
    });
  }

  /** @param authorization all values of the Authorization header field */
  check(request: AuthorizedRequest, authorization: readonly string[]): DigestVerdict {
    for (const value of authorization) {
      const header = parseAuthHeader(value);
      if (header?.scheme === 'digest' && header.params.get('realm') === this.#realm) {
        return this.#judge(request, header.params);
      }
    }
    return { type: 'absent' };
  }

  #judge({ body, method, uri }: AuthorizedRequest, params: ReadonlyMap<string, string>): DigestVerdict {
    const user = params.get('username');
    const nonce = params.get('nonce');
    const response = params.get('response');
    const algorithm = parseAlgorithm(params.get('algorithm'));
    const qop = params.get('qop')?.toLowerCase();
    const count = parseCount(params.get('nc'));
    const cnonce = params.get('cnonce');
    if (user === undefined || nonce === undefined || response === undefined || algorithm === undefined) {
      return { type: 'absent' };
    }
    const counted = qop !== undefined;
    if (counted && (qop !== 'auth' || count === undefined || cnonce === undefined)) return { type: 'wrong' };
    const known = this.#users.get(user);
    const expected = digestResponse({
      algorithm,
      user,
      realm: this.#realm,
      password: known ?? this.#nobodysPassword,
      nonce,
      method,
      uri: params.get('uri') ?? '',
      body,
      ...(cnonce !== undefined && { cnonce }),
      ...(counted && { qop: { type: 'auth' as const, nc: params.get('nc') ?? '', cnonce: cnonce ?? '' } }),
    });
    const right = equal(response.toLowerCase(), expected) && known !== undefined;
    const madeAtMs = this.#madeAt(nonce);
    if (!right || !coversRequest(params.get('uri'), uri) || madeAtMs === undefined) return { type: 'wrong' };
    if (this.#clock.now() - madeAtMs > this.#limits.nonceLifetimeMs) return { type: 'stale' };
    // Without a count a nonce is good for one request (RFC 2069 had none). One without qop is not part of what was hashed.
    const use = counted ? (count ?? 1) : 1;
    return this.#uses.take(nonce, madeAtMs, use) ? { type: 'ok', user } : { type: 'stale' };
  }

  #createNonce(): string {
    const text = `${Math.floor(this.#clock.now()).toString(36)}.${this.#random.hex(8)}`;
    return `${text}.${this.#sign(text)}`;
  }

  /** When a nonce of ours was made, {@link Clock.now}; `undefined` for anybody else's. */
  #madeAt(nonce: string): number | undefined {
    const end = nonce.lastIndexOf('.');
    const text = nonce.slice(0, Math.max(end, 0));
    if (!equal(nonce.slice(end + 1), this.#sign(text))) return undefined;
    return Number.parseInt(text, 36);
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('hex').slice(0, 32);
  }
}

/** RFC 7616 section 3.4: eight hexadecimal digits, above 0. */
function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9a-f]{8}$/i.test(text)) return undefined;
  const count = Number.parseInt(text, 16);
  return count === 0 ? undefined : count;
}

/**
 * Whether the answer was made for this request: proxies change host and parameters of a Request-URI on the way, whom it
 * names should stay.
 */
function coversRequest(answered: string | undefined, uri: string): boolean {
  return answered !== undefined && userOf(answered) === userOf(uri);
}

/** The number of a `tel:` URI, without its parameters, is what the user of a `sip:` URI is. */
function userOf(uri: string): string {
  const start = uri.indexOf(':') + 1;
  if (/^tel:/i.test(uri)) return uri.slice(start).split(';', 1)[0] ?? '';
  const at = uri.indexOf('@');
  return at < 0 ? '' : uri.slice(start, at);
}

/** In a time that depends on the lengths alone. */
function equal(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given, 'latin1'), Buffer.from(expected, 'latin1')];
  return left.length === right.length && timingSafeEqual(left, right);
}
