import type { CauseText } from '../ops/call-record.js';

/**
 * RFC 3326: the cause in words a peer's log can use. With 200 a CANCEL would say that the call was answered elsewhere
 * (section 3.1), and a phone would not list it as missed.
 */
export function reasonHeader(cause: CauseText, unanswered = false): string {
  return `SIP;cause=${unanswered ? 487 : 200};text="${cause}"`;
}
