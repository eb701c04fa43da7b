import { parseNameAddr } from './message/name-addr.js';
import type { SipMessage, SipRequest } from './message/sip-message.js';

/** Identifies a dialog (RFC 3261 section 12). */
export interface DialogId {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
}

type HasHeaders = Pick<SipMessage, 'headers'>;

/** The tag in To; `undefined` where there is none, or none that can be read. */
export function toTagOf({ headers }: HasHeaders): string | undefined {
  return parseNameAddr(headers.get('To') ?? '')?.tag;
}

/** The tag in From, likewise. */
export function fromTagOf({ headers }: HasHeaders): string | undefined {
  return parseNameAddr(headers.get('From') ?? '')?.tag;
}

/** The dialog a request of the peer belongs to; `undefined` without To tag: it stands outside of any. */
export function dialogIdOf(request: SipRequest): DialogId | undefined {
  const localTag = toTagOf(request);
  if (localTag === undefined) return undefined;
  return { callId: request.headers.get('Call-ID') ?? '', localTag, remoteTag: fromTagOf(request) ?? '' };
}

/** The dialog as a key. */
export function dialogKey({ callId, localTag, remoteTag }: DialogId): string {
  return `${callId}\n${localTag}\n${remoteTag}`;
}

/** Equal for two copies of one request outside of a dialog that came over different paths (RFC 3261 section 8.2.2.2). */
export function mergeKeyOf(request: HasHeaders): string {
  const { headers } = request;
  return `${headers.get('Call-ID')}\n${fromTagOf(request) ?? ''}\n${headers.get('CSeq')}`;
}
