import { randomBytes } from 'node:crypto';

/** Source of unpredictable values: tags, branches, SSRCs, ids. Injected, so that tests can repeat themselves. */
export interface Random {
  /** `bytes` random bytes as lower-case hexadecimal. */
  hex(bytes: number): string;
  /** An integer in `[0, limit)`; `limit` at most 2^32. */
  integer(limit: number): number;
}

/** Cryptographic randomness: RFC 3261 section 19.3 asks at least 32 bits of it in a tag. */
export function createSystemRandom(): Random {
  return {
    hex: (bytes) => randomBytes(bytes).toString('hex'),
    integer: (limit) => Math.floor((randomBytes(4).readUInt32BE(0) / 2 ** 32) * limit),
  };
}
