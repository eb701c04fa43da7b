import { parseAuthHeader } from './auth-header.js';
import { type DigestAlgorithm, isStrong, parseAlgorithm } from './digest.js';

/** A Digest challenge that can be answered (RFC 7616 section 3.3). */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** The nonce of the last answer was too old; the answer itself was right. */
  readonly stale: boolean;
  readonly algorithm: DigestAlgorithm;
  /** As the server wrote it; absent where it wrote none. */
  readonly algorithmName: string | undefined;
  /** Absent: the server speaks RFC 2069. */
  readonly qop: 'auth' | 'auth-int' | undefined;
}

/** Reads one challenge; `undefined` for another scheme, an unknown algorithm or qop, and without realm or nonce. */
function parseChallenge(value: string): DigestChallenge | undefined {
  const header = parseAuthHeader(value);
  if (header?.scheme !== 'digest') return undefined;
  const { params } = header;
  const realm = params.get('realm');
  const nonce = params.get('nonce');
  const algorithmName = params.get('algorithm');
  const algorithm = parseAlgorithm(algorithmName);
  if (realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  const offered = params.get('qop');
  const qop = offered === undefined ? undefined : chooseQop(offered);
  if (offered !== undefined && qop === undefined) return undefined;
  const stale = params.get('stale')?.toLowerCase() === 'true';
  return { realm, nonce, opaque: params.get('opaque'), stale, algorithm, algorithmName, qop };
}

function chooseQop(list: string): 'auth' | 'auth-int' | undefined {
  const offered = list.split(',').map((name) => name.trim().toLowerCase());
  if (offered.includes('auth')) return 'auth';
  return offered.includes('auth-int') ? 'auth-int' : undefined;
}

/**
 * The challenges to answer: for each realm the strongest, among equals the topmost (RFC 8760 section 2.4 lets local
 * policy choose). Those that cannot be answered are left out.
 */
export function chooseChallenges(values: readonly string[]): readonly DigestChallenge[] {
  const chosen = new Map<string, DigestChallenge>();
  for (const value of values) {
    const challenge = parseChallenge(value);
    if (challenge === undefined) continue;
    const known = chosen.get(challenge.realm);
    const better = known === undefined || (isStrong(challenge.algorithm) && !isStrong(known.algorithm));
    if (better) chosen.set(challenge.realm, challenge);
  }
  return [...chosen.values()];
}
