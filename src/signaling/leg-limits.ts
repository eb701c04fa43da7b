/** What bounds the calls of a driver in number and in time, whoever keeps their dialogs. */
export interface LegLimits {
  /** Legs alive; an INVITE beyond is answered 503. */
  readonly maxLegs: number;
  /** An inbound INVITE that nobody answers is refused with 480 after this, ms. */
  readonly maxPendingMs: number;
  /** A provisional response is repeated so often that proxies keep waiting (RFC 3261 section 13.3.1.1), ms. */
  readonly ringRepeatMs: number;
  /** Retry-After of a 503, seconds. */
  readonly retryAfterSeconds: number;
  /** `OutboundRequest.answerTimeoutMs` when absent. */
  readonly answerTimeoutMs: number;
  /** `OutboundRequest.failOverMs` when absent. */
  readonly failOverMs: number;
  /** From the first NOTIFY of a transfer to its result; longer, it has failed, ms. */
  readonly transferTimeoutMs: number;
}

export const legLimitDefaults = {
  maxLegs: 10_000,
  maxPendingMs: 200_000,
  ringRepeatMs: 60_000,
  retryAfterSeconds: 10,
  answerTimeoutMs: 180_000,
  failOverMs: 4_000,
  transferTimeoutMs: 120_000,
} as const satisfies LegLimits;
