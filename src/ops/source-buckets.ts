import { dropOldest } from '../base/drop-oldest.js';
import { sourceKey } from './source-key.js';
import { TokenBucket, type TokenBucketOptions } from './token-bucket.js';

/**
 * One token bucket for each network peer, in bounded memory: beyond `maxSources` the one unused for longest is
 * forgotten, which gives it a full bucket should it come back. A bucket that nobody uses fills up anyway, so for all but
 * a flood from many addresses this changes nothing; such a flood is what an overall limit is for.
 */
export class SourceBuckets {
  readonly #options: TokenBucketOptions;
  readonly #maxSources: number;
  /** In order of last use: a map keeps the order of insertion. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: TokenBucketOptions, maxSources: number) {
    this.#options = options;
    this.#maxSources = maxSources;
  }

  /** Peers remembered at the moment. */
  get size(): number {
    return this.#buckets.size;
  }

  /** The bucket of the peer at `address`, now the most recently used. */
  of(address: string, nowMs: number): TokenBucket {
    const key = sourceKey(address);
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#options, nowMs);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    dropOldest(this.#buckets, this.#maxSources);
    return bucket;
  }
}
