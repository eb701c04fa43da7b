import { createHash } from 'node:crypto';

/** Digest authentication (RFC 7616) as the suite makes and checks it, apart from the product's own. */

export type DigestAlgorithm = 'MD5' | 'SHA-256';

export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
}

export interface Account {
  readonly user: string;
  readonly password: string;
}

function hash(algorithm: DigestAlgorithm, text: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');
}

/** The parameters of a challenge or of credentials; names in lower case. */
export function digestParameters(value: string): ReadonlyMap<string, string> {
  const pairs = value.replace(/^Digest\s+/i, '').matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g);
  return new Map([...pairs].map(([, name = '', quoted, plain]) => [name.toLowerCase(), quoted ?? plain ?? '']));
}

/** The challenge of that algorithm among the values of WWW-Authenticate; throws where there is none, or one without qop. */
export function challengeOf(values: readonly string[], algorithm: DigestAlgorithm): Challenge {
  const found = values.map(digestParameters).find((parameters) => (parameters.get('algorithm') ?? 'MD5') === algorithm);
  const [realm, nonce] = [found?.get('realm'), found?.get('nonce')];
  if (realm === undefined || nonce === undefined)
    throw new Error(`no challenge of ${algorithm}: ${values.join(' | ')}`);
  if (
    found
      ?.get('qop')
      ?.split(/\s*,\s*/)
      .includes('auth') !== true
  )
    throw new Error('a challenge without qop=auth');
  return { realm, nonce, algorithm };
}

export interface RequestFacts {
  readonly method: string;
  readonly uri: string;
}

/** Credentials for a request; `count` is nc. */
export function credentials(challenge: Challenge, account: Account, request: RequestFacts, count = 1): string {
  const { realm, nonce, algorithm } = challenge;
  const nc = count.toString(16).padStart(8, '0');
  const cnonce = 'c0ffee';
  const parts = [nonce, nc, cnonce, 'auth'];
  return `Digest username="${account.user}", realm="${realm}", nonce="${nonce}", uri="${request.uri}", response="${responseOf(algorithm, realm, account, request, parts)}", algorithm=${algorithm}, qop=auth, nc=${nc}, cnonce="${cnonce}"`;
}

/** Why credentials of the subject's are wrong; `undefined` when they are right. */
export function faultOf(
  value: string,
  challenge: Challenge,
  account: Account,
  request: RequestFacts,
): string | undefined {
  const given = digestParameters(value);
  const get = (name: string): string => given.get(name) ?? '';
  if (get('username') !== account.user) return `username ${get('username')}`;
  if (get('realm') !== challenge.realm || get('nonce') !== challenge.nonce) return 'another realm or nonce';
  if (get('uri') !== request.uri) return `uri ${get('uri')} of a request to ${request.uri}`;
  if ((given.get('algorithm') ?? 'MD5') !== challenge.algorithm) return `algorithm ${get('algorithm')}`;
  const parts = [challenge.nonce, get('nc'), get('cnonce'), get('qop')];
  const right = responseOf(challenge.algorithm, challenge.realm, account, request, parts);
  return get('response') === right ? undefined : 'a wrong response';
}

function responseOf(
  algorithm: DigestAlgorithm,
  realm: string,
  { user, password }: Account,
  { method, uri }: RequestFacts,
  parts: readonly string[],
): string {
  const one = hash(algorithm, `${user}:${realm}:${password}`);
  return hash(algorithm, [one, ...parts, hash(algorithm, `${method}:${uri}`)].join(':'));
}
