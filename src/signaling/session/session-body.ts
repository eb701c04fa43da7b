import { ACCEPT_INVITE, SDP_TYPE } from '../capabilities.js';
import { parseContentType } from '../message/content-type.js';
import { splitList, unquote } from '../message/lexical.js';
import type { SipHeaders } from '../message/sip-headers.js';
import type { SipMessage } from '../message/sip-message.js';
import type { Refusal } from '../refusal.js';
import { type BodyPart, splitMultipart } from './multipart.js';

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
 * Reads the session description of an INVITE or UPDATE, alone or as a part of a multipart body. A body that the sender
 * marked `handling=optional` and that is not understood counts as none (RFC 3261 section 20.11). A part beside the session
 * description is passed over unless its sender wrote `handling=required`: by that section it need not say so, but PBXes
 * leave it out of parts that nobody needs.
 */
export function readSessionBody(message: SipMessage): SessionBody {
  if (message.body.length === 0) return NONE;
  const { headers } = message;
  const optional = handlingOf(headers.get('Content-Disposition')) === 'optional';
  if (isEncoded(headers)) return optional ? NONE : ENCODED;
  const { sdp, demanding } = describedIn(message);
  if (sdp !== undefined && !demanding) return { type: 'sdp', sdp };
  return optional ? NONE : UNSUPPORTED;
}

/** The session description of a message whose body nobody can refuse: a response or an ACK. */
export function sdpOf(message: SipMessage): string | undefined {
  return message.body.length === 0 || isEncoded(message.headers) ? undefined : describedIn(message).sdp;
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

interface Described {
  readonly sdp: string | undefined;
  /** There is a part beside it that must be understood, and is not. */
  readonly demanding: boolean;
}

function describedIn({ headers, body }: SipMessage): Described {
  const type = parseContentType(headers.get('Content-Type') ?? '');
  if (type?.mediaType === SDP_TYPE) return { sdp: body.toString('utf8'), demanding: false };
  if (!type?.mediaType.startsWith('multipart/')) return { sdp: undefined, demanding: false };
  const parts = splitMultipart(body, unquote(type.params.get('boundary') ?? ''));
  const described = parts.find(isSession);
  // Of alternatives one is enough (RFC 2046 section 5.1.4).
  const demanding =
    type.mediaType !== 'multipart/alternative' && parts.some((part) => part !== described && isRequired(part));
  return { sdp: described?.body.toString('utf8'), demanding };
}

/** A session description, and not that of an early session beside it (RFC 3959 section 4). */
function isSession({ headers }: BodyPart): boolean {
  const type = parseContentType(headers.get('content-type') ?? '');
  return type?.mediaType === SDP_TYPE && !/^\s*early-session\s*(?:;|$)/i.test(headers.get('content-disposition') ?? '');
}

function isRequired({ headers }: BodyPart): boolean {
  return handlingOf(headers.get('content-disposition')) === 'required';
}

/** Whether the body is packed in a way that is not undone here. */
export function isEncoded(headers: SipHeaders): boolean {
  const encodings = headers.getAll('Content-Encoding').flatMap((value) => splitList(value));
  return encodings.some((encoding) => encoding !== '' && encoding.toLowerCase() !== 'identity');
}

/** What is said of a body that is not understood; lower case, `undefined` where nothing is. */
function handlingOf(disposition: string | undefined): string | undefined {
  for (const param of disposition?.split(';').slice(1) ?? []) {
    const value = /^\s*handling\s*=\s*([a-z]+)\s*$/i.exec(param)?.[1];
    if (value !== undefined) return value.toLowerCase();
  }
  return undefined;
}
