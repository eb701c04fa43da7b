/** Retry-After of a refusal that a moment may mend, s. */
export const RETRY_AFTER_SECONDS = 5;

/**
 * The status of an INVITE that is ended from outside before its answer. 503 has the proxy try the next server, which is
 * what a drain wants and an operator who hangs up does not.
 */
export function statusWhenTold(by: 'admin' | 'drain'): 480 | 503 {
  return by === 'drain' ? 503 : 480;
}
