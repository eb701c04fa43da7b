import { parseDecimal } from './message/lexical.js';

/** An unreadable or absurd Expires counts as none: 2^32-1 s is RFC 3261's own limit (section 20.19). */
const MAX_EXPIRES_SECONDS = 2 ** 32 - 1;

/** How long an INVITE of the peer waits for its final response. */
export interface InviteLifetime {
  readonly delayMs: number;
  /** It is the caller that has lost interest by then (RFC 3261 section 13.3.1), and not we that give up. */
  readonly expires: boolean;
}

/** @param expires value of Expires; 0 is read as "no limit", as others do */
export function inviteLifetime(expires: string | undefined, maxPendingMs: number): InviteLifetime {
  const expiresMs = (parseDecimal(expires ?? '', MAX_EXPIRES_SECONDS) ?? 0) * 1000;
  return expiresMs > 0 && expiresMs <= maxPendingMs
    ? { delayMs: expiresMs, expires: true }
    : { delayMs: maxPendingMs, expires: false };
}
