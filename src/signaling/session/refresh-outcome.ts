/** What becomes of a session after an UPDATE of ours that was to refresh it (RFC 4028 section 10, RFC 3311). */
export type RefreshOutcome =
  | { readonly type: 'refreshed' }
  /** 422: with a longer interval at once. */
  | { readonly type: 'too-brief' }
  /** The peer does not take UPDATE after all: by re-INVITE at once. */
  | { readonly type: 'no-update' }
  /** Refused for now; the session lives until its interval ends. */
  | { readonly type: 'later' }
  /** The peer does not know the dialog, or is silent. */
  | { readonly type: 'dead'; readonly by: 'peer' | 'transport'; readonly status: number };

/** @param result final status, or why there is none */
export function refreshOutcome(result: number | 'timeout' | 'transport'): RefreshOutcome {
  if (result === 'timeout') return { type: 'dead', by: 'transport', status: 408 };
  // RFC 3261 section 8.1.3.1: as a 503.
  if (result === 'transport') return { type: 'later' };
  if (result < 300) return { type: 'refreshed' };
  if (result === 422) return { type: 'too-brief' };
  if (result === 405 || result === 501) return { type: 'no-update' };
  if (result === 408 || result === 481) return { type: 'dead', by: 'peer', status: result };
  return { type: 'later' };
}
