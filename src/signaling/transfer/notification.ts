import { ALLOW_EVENTS, REFER_EVENT, SIPFRAG_TYPE } from '../capabilities.js';
import { parseContentType } from '../message/content-type.js';
import { TextCursor, takeParams } from '../message/lexical.js';
import type { SipRequest } from '../message/sip-message.js';
import { MAX_SIPFRAG_BYTES, sipfragStatus } from '../message/sipfrag.js';
import type { Refusal } from '../refusal.js';
import { isEncoded } from '../session/session-body.js';

/** What a NOTIFY says of a transfer. */
export interface ReferNews {
  /** `id` of Event: the CSeq number of the REFER; `undefined` when left out, which only the first REFER's may be. */
  readonly id: string | undefined;
  /** Status the target answered with; `undefined` when there is none yet. */
  readonly status: number | undefined;
  /** The peer will send no more; holds its reason, `''` for none. */
  readonly terminated: { readonly reason: string } | undefined;
}

/** What a NOTIFY means to us. */
export type NotifyMeaning =
  | { readonly type: 'news'; readonly news: ReferNews }
  | { readonly type: 'refused'; readonly refusal: Refusal };

/**
 * Reads a NOTIFY (RFC 6665 section 4.1.3, RFC 3515 section 2.4.4). Another event package gets 489, a body that is no
 * `message/sipfrag` 415, one too long 413, anything unreadable 400. A missing Subscription-State, which old phones leave
 * out, is read as `active`, and a NOTIFY without body as a sign of life.
 */
export function readNotify(request: SipRequest): NotifyMeaning {
  const { headers, body } = request;
  const event = readTokenWithParams(headers.get('Event') ?? '');
  if (event === undefined) return refused(400);
  if (event.token !== REFER_EVENT) return refused(489, ['Allow-Events', ALLOW_EVENTS]);
  const state = readTokenWithParams(headers.get('Subscription-State') ?? 'active');
  if (state === undefined) return refused(400);
  let status: number | undefined;
  if (body.length > 0) {
    if (isEncoded(headers)) return refused(415, ['Accept-Encoding', 'identity']);
    const mediaType = parseContentType(headers.get('Content-Type') ?? '')?.mediaType;
    if (mediaType !== SIPFRAG_TYPE) return refused(415, ['Accept', SIPFRAG_TYPE]);
    if (body.length > MAX_SIPFRAG_BYTES) return refused(413);
    status = sipfragStatus(body);
    if (status === undefined) return refused(400);
  }
  const reason = (state.params.get('reason') ?? '').toLowerCase();
  const terminated = state.token === 'terminated' ? { reason } : undefined;
  return { type: 'news', news: { id: event.params.get('id'), status, terminated } };
}

/** `token *(;name=value)`; the token in lower case. */
function readTokenWithParams(
  text: string,
): { readonly token: string; readonly params: ReadonlyMap<string, string> } | undefined {
  const cursor = new TextCursor(text);
  cursor.skipBlanks();
  const token = cursor.takeToken().toLowerCase();
  const params = takeParams(cursor);
  return token === '' || params === undefined ? undefined : { token, params };
}

function refused(status: number, ...headers: Refusal['headers']): NotifyMeaning {
  return { type: 'refused', refusal: { status, headers } };
}
