import { parseNameAddr } from './message/name-addr.js';
import { keyOf } from './message/sip-headers.js';
import type { SipRequest } from './message/sip-message.js';
import { decodedUser, parseSipUri } from './message/sip-uri.js';
import type { InviteRequest, SipSource } from './port.js';

/** An INVITE as it came in. */
export interface ReceivedInvite {
  readonly request: SipRequest;
  readonly source: SipSource;
  /** {@link Clock.now} at its arrival. */
  readonly receivedAtMs: number;
}

/** What the connector sees of an INVITE. Fields that a malformed one lacks are empty. */
export function inviteRequestOf({ request, source, receivedAtMs }: ReceivedInvite, sdp?: string): InviteRequest {
  const headers = new Map<string, string[]>();
  for (const [name, value] of request.headers) {
    const key = keyOf(name);
    const values = headers.get(key);
    if (values === undefined) headers.set(key, [value]);
    else values.push(value);
  }
  const from = parseNameAddr(request.headers.get('From') ?? '');
  const to = parseNameAddr(request.headers.get('To') ?? '');
  return {
    callId: request.headers.get('Call-ID') ?? '',
    requestUser: userOf(request.uri),
    requestUri: request.uri,
    toUser: userOf(to?.uri),
    fromUser: userOf(from?.uri),
    fromDisplayName: from?.displayName ?? '',
    headers,
    source,
    receivedAtMs,
    sdp,
  };
}

/** User of the From URI, percent-decoded; empty when malformed. */
export function fromUserOf({ headers }: SipRequest): string {
  return userOf(parseNameAddr(headers.get('From') ?? '')?.uri);
}

function userOf(uri: string | undefined): string {
  const parsed = uri === undefined ? undefined : parseSipUri(uri);
  return parsed === undefined ? '' : decodedUser(parsed);
}
