import { ALLOW, supportedField } from '../capabilities.js';
import { serializeNameAddr } from '../message/name-addr.js';
import type { HeaderList } from '../message/sip-headers.js';
import type { OutboundRequest } from '../port.js';
import { encodeUser, oneLine } from '../rejection.js';
import { supportedTags } from './own-tags.js';

export interface OutboundInviteParts {
  readonly request: OutboundRequest;
  readonly callId: string;
  /** Of From. */
  readonly tag: string;
  readonly cseq: number;
  /** What it says of session timers (RFC 4028). */
  readonly sessionHeaders: HeaderList;
  readonly authorization: HeaderList;
}

/** Header fields of an INVITE of ours. Contact the server writes whole, with the transport it takes. */
export function outboundInvite(parts: OutboundInviteParts): HeaderList {
  const { request, callId, tag, cseq, sessionHeaders, authorization } = parts;
  return [
    ['From', from(request, tag)],
    ['To', `<${request.uri}>`],
    ['Call-ID', callId],
    ['CSeq', `${cseq} INVITE`],
    ['Allow', ALLOW],
    supportedField(supportedTags),
    ...sessionHeaders,
    ...authorization,
    ...(request.headers ?? []),
  ];
}

/** `localhost` is what the server replaces by its own address. */
function from({ fromUser, fromDisplayName = '', fromDomain = 'localhost' }: OutboundRequest, tag: string): string {
  const userPart = fromUser === '' ? '' : `${encodeUser(fromUser)}@`;
  const params = new Map([['tag', tag]]);
  return serializeNameAddr({ displayName: oneLine(fromDisplayName), uri: `sip:${userPart}${fromDomain}`, params });
}
