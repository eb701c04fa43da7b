import { parseNameAddr } from '../message/name-addr.js';
import { decodedUser, parseSipUri } from '../message/sip-uri.js';
import type { InviteRequest } from '../port.js';
import type { ReceivedRequest } from './transaction/server-transaction.js';

/** What the connector sees of an INVITE. Fields that a malformed one lacks are empty. */
export function inviteRequestOf({ request, source, receivedAtMs }: ReceivedRequest, sdp?: string): InviteRequest {
  const headers = new Map<string, string[]>();
  for (const [name, value] of request.headers) {
    const key = name.toLowerCase();
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
    source: { protocol: source.protocol, address: source.remote.address, port: source.remote.port },
    receivedAtMs,
    sdp,
  };
}

function userOf(uri: string | undefined): string {
  const parsed = uri === undefined ? undefined : parseSipUri(uri);
  return parsed === undefined ? '' : decodedUser(parsed);
}
