import { ACCEPT_INVITE, SDP_TYPE } from '../capabilities.js';
import { type ContentType, parseContentType } from '../message/content-type.js';
import { splitList, unquote } from '../message/lexical.js';
import type { SipHeaders } from '../message/sip-headers.js';
import type { SipMessage } from '../message/sip-message.js';
import type { Refusal } from '../refusal.js';
import { splitMultipart } from './multipart.js';

/** The session description in a message, or why its body cannot be used. */
export type SessionBody =
  | { readonly type: 'sdp'; readonly sdp: string }
  | { readonly type: 'none' }
  | { readonly type: 'refused'; readonly refusal: Refusal };

const NONE: SessionBody = { type: 'none' };
const UNSUPPORTED: SessionBody = {
  type: 'refused',
  refusal: { status: 415, headers: [['Accept', ACCEPT_INVITE]] },
};
const ENCODED: SessionBody = {
  type: 'refused',
  refusal: { status: 415, headers: [['Accept-Encoding', 'identity']] },
};

/**
 * Reads the session description of an INVITE, its responses or its ACK, alone or as a part of a multipart body. A body
 * that the sender marked `handling=optional` and that is not understood counts as none (RFC 3261 section 20.11).
 */
export function readSessionBody(message: SipMessage): SessionBody {
  if (message.body.length === 0) return NONE;
  const { headers } = message;
  const optional = isOptional(headers.get('Content-Disposition'));
  if (isEncoded(headers)) return optional ? NONE : ENCODED;
  const type = parseContentType(headers.get('Content-Type') ?? '');
  const sdp = type === undefined ? undefined : sdpIn(type, message.body);
  if (sdp !== undefined) return { type: 'sdp', sdp };
  return optional ? NONE : UNSUPPORTED;
}

/** The session description of a message whose body nobody can refuse: a response or an ACK. */
export function sdpOf(message: SipMessage): string | undefined {
  const body = readSessionBody(message);
  return body.type === 'sdp' ? body.sdp : undefined;
}

/**
 * Whether the sender of an INVITE takes a session description in return (RFC 3261 section 20.1). Without Accept it
 * does; an empty Accept takes nothing.
 */
export function acceptsSdp(headers: SipHeaders): boolean {
  const values = headers.getAll('Accept');
  if (values.length === 0) return true;
  return values.flatMap((value) => splitList(value)).some((range) => rangeAdmitsSdp(range));
}

function rangeAdmitsSdp(range: string): boolean {
  const [media = '', ...params] = range.split(';').map((part) => part.trim().toLowerCase());
  if (media !== SDP_TYPE && media !== 'application/*' && media !== '*/*') return false;
  return !params.some((param) => /^q\s*=\s*0(?:\.0{0,3})?$/.test(param));
}

function sdpIn(type: ContentType, body: Buffer): string | undefined {
  if (type.mediaType === SDP_TYPE) return body.toString('utf8');
  if (!type.mediaType.startsWith('multipart/')) return undefined;
  const parts = splitMultipart(body, unquote(type.params.get('boundary') ?? ''));
  const part = parts.find(({ headers }) => parseContentType(headers.get('content-type') ?? '')?.mediaType === SDP_TYPE);
  return part?.body.toString('utf8');
}

/** Whether the body is packed in a way that is not undone here. */
export function isEncoded(headers: SipHeaders): boolean {
  const encodings = headers.getAll('Content-Encoding').flatMap((value) => splitList(value));
  return encodings.some((encoding) => encoding !== '' && encoding.toLowerCase() !== 'identity');
}

function isOptional(disposition: string | undefined): boolean {
  const params = disposition?.split(';').slice(1) ?? [];
  return params.some((param) => /^\s*handling\s*=\s*optional\s*$/i.test(param));
}
