/** Times of one call, ms. */
export interface CallLimits {
  /** Time a flavor may take to open before the INVITE is answered 503. */
  readonly openMs: number;
  /** Longest call, from the ACK. */
  readonly callMs: number;
  /** Time without a voiced caller frame or digit, the agent's own speech excluded. */
  readonly silenceMs: number;
  /** Time a session may take to end after its abort; the contract allows 500. */
  readonly abandonMs: number;
  /** Time the agent's last words may take before the call ends all the same. */
  readonly farewellMs: number;
  /** Time a goodbye that was announced may take to begin; then what is queued is all there is. */
  readonly farewellStartMs: number;
  /** Wait after the last packet of a goodbye, so that the phone's jitter buffer plays it out. */
  readonly farewellTailMs: number;
}

/** Those that no operator chooses. */
export const fixedCallLimits = {
  openMs: 5_000,
  abandonMs: 1_000,
  farewellMs: 15_000,
  farewellStartMs: 3_000,
  farewellTailMs: 200,
} as const satisfies Partial<CallLimits>;
