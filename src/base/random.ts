import { randomBytes, randomFillSync } from 'node:crypto';

/** Bytes fetched at once: each fetch costs a system call's time, and every tag, branch and id needs a few bytes. */
const POOL_BYTES = 4096;

/** Source of unpredictable values: tags, branches, SSRCs, ids. Injected, so that tests can repeat themselves. */
export interface Random {
  /** `bytes` random bytes as lower-case hexadecimal. */
  hex(bytes: number): string;
  /** An integer in `[0, limit)`; `limit` at most 2^32. */
  integer(limit: number): number;
}

/** Cryptographic randomness: RFC 3261 section 19.3 asks at least 32 bits of it in a tag. */
export function createSystemRandom(): Random {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  /** Where the next `bytes` of the pool begin; they are given out once. */
  const take = (bytes: number): number => {
    if (used + bytes > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    used += bytes;
    return used - bytes;
  };
  return {
    hex(bytes) {
      if (bytes > POOL_BYTES) return randomBytes(bytes).toString('hex');
      const start = take(bytes);
      return pool.toString('hex', start, start + bytes);
    },
    integer: (limit) => Math.floor((pool.readUInt32BE(take(4)) / 2 ** 32) * limit),
  };
}
