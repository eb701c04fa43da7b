import { createHash } from 'node:crypto';

/** Hash functions of RFC 7616 section 3.2, by the names of `node:crypto`. */
const hashes = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' } as const;

export type DigestHash = keyof typeof hashes;

/** An `algorithm` parameter. `session`: the `-sess` form. */
export interface DigestAlgorithm {
  readonly hash: DigestHash;
  readonly session: boolean;
}

/** Everything that goes into a response (RFC 7616 section 3.4.1). */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly user: string;
  readonly realm: string;
  readonly password: string;
  readonly nonce: string;
  readonly method: string;
  /** `digest-uri`: in SIP the Request-URI. */
  readonly uri: string;
  /** Absent: the way of RFC 2069, without `nc` and `cnonce`. */
  readonly qop?: { readonly type: 'auth' | 'auth-int'; readonly nc: string; readonly cnonce: string };
  /** For `auth-int`. */
  readonly body?: Uint8Array;
  /** For a `-sess` algorithm without qop. */
  readonly cnonce?: string;
}

/** Reads an `algorithm` parameter; absent means MD5 (RFC 7616 section 3.3). `undefined` for one not known here. */
export function parseAlgorithm(text: string | undefined): DigestAlgorithm | undefined {
  if (text === undefined) return { hash: 'MD5', session: false };
  const name = text.toUpperCase();
  const session = name.endsWith('-SESS');
  const hash = session ? name.slice(0, -'-SESS'.length) : name;
  return isDigestHash(hash) ? { hash, session } : undefined;
}

function isDigestHash(name: string): name is DigestHash {
  return Object.hasOwn(hashes, name);
}

/** Whether it resists what MD5 does not. */
export function isStrong({ hash }: DigestAlgorithm): boolean {
  return hash !== 'MD5';
}

/** The `response` parameter, lower-case hexadecimal. */
export function digestResponse(input: DigestInput): string {
  const { algorithm, body, method, nonce, qop, uri } = input;
  const hash = (data: string | Uint8Array): string => createHash(hashes[algorithm.hash]).update(data).digest('hex');
  const secret = hash(`${input.user}:${input.realm}:${input.password}`);
  const cnonce = qop?.cnonce ?? input.cnonce ?? '';
  const key = algorithm.session ? hash(`${secret}:${nonce}:${cnonce}`) : secret;
  const act = qop?.type === 'auth-int' ? `${method}:${uri}:${hash(body ?? '')}` : `${method}:${uri}`;
  if (qop === undefined) return hash(`${key}:${nonce}:${hash(act)}`);
  return hash(`${key}:${nonce}:${qop.nc}:${qop.cnonce}:${qop.type}:${hash(act)}`);
}
