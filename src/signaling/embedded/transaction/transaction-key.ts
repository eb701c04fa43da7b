import { fromTagOf } from '../../dialog-id.js';
import { parseCSeq } from '../../message/cseq.js';
import { splitList } from '../../message/lexical.js';
import type { SipRequest, SipResponse } from '../../message/sip-message.js';
import { topVia, type Via } from '../../message/via.js';

/** RFC 3261 section 8.1.1.7: a branch that starts so is unique. */
export const MAGIC_COOKIE = 'z9hG4bK';

/** Field separator; cannot occur in a header value. */
const SEPARATOR = '\n';

/**
 * What identifies a server transaction (RFC 3261 section 17.2.3), as if the request's method were `method`: an ACK and a
 * CANCEL find their INVITE so. To branch and sent-by come Call-ID and CSeq number, in which a retransmission never
 * differs: a peer that uses one branch for two requests gets two answers. Requests of RFC 2543 peers, without magic
 * cookie or with nothing behind it, are known by Request-URI, From tag and the whole topmost Via instead of the branch.
 * The To tag is left out: an ACK carries the one of our response, and the CSeq number tells INVITEs of one dialog apart
 * anyway. `undefined` when Via or CSeq is unusable.
 */
export function serverTransactionKey(request: SipRequest, method: string): string | undefined {
  const { headers } = request;
  const via = topVia(headers);
  const cseq = parseCSeq(headers.get('CSeq') ?? '');
  if (via === undefined || cseq === undefined) return undefined;
  const common = [headers.get('Call-ID'), cseq.number, method];
  if (isUnique(via)) return [via.branch, via.host.toLowerCase(), via.port, ...common].join(SEPARATOR);
  const firstVia = splitList(headers.get('Via') ?? '')[0];
  return [firstVia, request.uri, fromTagOf(request) ?? '', ...common].join(SEPARATOR);
}

/** RFC 3261 section 17.1.3: topmost branch and the method in CSeq. */
export function clientTransactionKey(branch: string, method: string): string {
  return branch + SEPARATOR + method;
}

/** The client transaction a response belongs to; `undefined` when it cannot be ours. */
export function responseTransactionKey(response: SipResponse): string | undefined {
  const branch = topVia(response.headers)?.branch;
  const cseq = parseCSeq(response.headers.get('CSeq') ?? '');
  return branch === undefined || cseq === undefined ? undefined : clientTransactionKey(branch, cseq.method);
}

function isUnique(via: Via): boolean {
  return via.branch?.startsWith(MAGIC_COOKIE) === true && via.branch.length > MAGIC_COOKIE.length;
}
