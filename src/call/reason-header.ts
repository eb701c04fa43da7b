import type { CauseText } from '../ops/call-record.js';

/** RFC 3326: the cause in words a peer's log can use. */
export function reasonHeader(cause: CauseText, status = 200): string {
  return `SIP;cause=${status};text="${cause}"`;
}
