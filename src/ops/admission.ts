import type { Clock } from '../base/clock.js';
import { SourceBuckets } from './source-buckets.js';
import { TokenBucket } from './token-bucket.js';

/** `limits` of the configuration, as far as new calls are concerned. */
export interface AdmissionLimits {
  /** Calls at once. */
  readonly calls: number;
  /** New calls a second, all sources together. */
  readonly callsPerSecond: number;
  /** New calls a second from one address (IPv6: from one /64). */
  readonly perSourcePerSecond: number;
}

/** Whether a call may come in; if not, which limit forbids it and what to write into Retry-After (RFC 3261 section 20.33). */
export type Admission =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: 'calls' | 'rate' | 'source-rate';
      readonly retryAfterSeconds: number;
    };

export const admissionDefaults = {
  /** Sources remembered at once. */
  maxSources: 10_000,
  /** Retry-After when all calls are taken: nobody knows when one ends, and RFC 3261 section 21.5.4 wants a number. */
  callsRetryAfterSeconds: 5,
} as const satisfies { maxSources: number; callsRetryAfterSeconds: number };

/**
 * Decides which INVITEs become calls. Both rates are token buckets one second deep, so a second's worth may come at
 * once. A refused call takes no token: a source over its own rate cannot use up everybody's.
 */
export class AdmissionControl {
  readonly #clock: Clock;
  #limits: AdmissionLimits;
  #overall: TokenBucket;
  #sources: SourceBuckets;

  constructor(limits: AdmissionLimits, deps: { readonly clock: Clock }) {
    this.#clock = deps.clock;
    this.#limits = limits;
    this.#overall = overallBucket(limits, deps.clock);
    this.#sources = sourceBuckets(limits);
  }

  /** New limits after a reload. The buckets start full again; calls that are up are not touched. */
  setLimits(limits: AdmissionLimits): void {
    this.#limits = limits;
    this.#overall = overallBucket(limits, this.#clock);
    this.#sources = sourceBuckets(limits);
  }

  /**
   * Asks for one more call. `source` is the peer's IP address, `activeCalls` the number of calls there are without it;
   * exactly `limits.calls` calls can be up when this is asked before each one.
   */
  admit(source: string, activeCalls: number): Admission {
    const nowMs = this.#clock.now();
    const own = this.#sources.of(source, nowMs);
    if (!own.has(nowMs)) return refused('source-rate', own.waitMs(nowMs));
    if (!this.#overall.has(nowMs)) return refused('rate', this.#overall.waitMs(nowMs));
    if (activeCalls >= this.#limits.calls) return refused('calls', admissionDefaults.callsRetryAfterSeconds * 1000);
    own.take(nowMs);
    this.#overall.take(nowMs);
    return { ok: true };
  }
}

function overallBucket(limits: AdmissionLimits, clock: Clock): TokenBucket {
  return new TokenBucket({ perSecond: limits.callsPerSecond, depth: limits.callsPerSecond }, clock.now());
}

function sourceBuckets(limits: AdmissionLimits): SourceBuckets {
  const rate = limits.perSourcePerSecond;
  return new SourceBuckets({ perSecond: rate, depth: rate }, admissionDefaults.maxSources);
}

function refused(reason: 'calls' | 'rate' | 'source-rate', waitMs: number): Admission {
  // Whole seconds are all that can be written; at most an hour, for a rate of next to nothing.
  return { ok: false, reason, retryAfterSeconds: Math.min(Math.ceil(waitMs / 1000), 3600) };
}
