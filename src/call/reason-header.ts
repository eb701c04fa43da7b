import type { CauseText } from '../ops/call-record.js';

/** RFC 3326: the cause in words a peer's log can use. */
export function reasonHeader(cause: CauseText): string {
  return `SIP;cause=200;text="${cause}"`;
}
