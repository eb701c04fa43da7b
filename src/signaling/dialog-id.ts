import { parseNameAddr } from './message/name-addr.js';
import type { SipRequest } from './message/sip-message.js';

/** Identifies a dialog (RFC 3261 section 12). */
export interface DialogId {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
}

/** The dialog a request of the peer belongs to; `undefined` without To tag: it stands outside of any. */
export function dialogIdOf(request: SipRequest): DialogId | undefined {
  const localTag = parseNameAddr(request.headers.get('To') ?? '')?.tag;
  if (localTag === undefined) return undefined;
  const remoteTag = parseNameAddr(request.headers.get('From') ?? '')?.tag ?? '';
  return { callId: request.headers.get('Call-ID') ?? '', localTag, remoteTag };
}

/** The dialog as a key. */
export function dialogKey({ callId, localTag, remoteTag }: DialogId): string {
  return `${callId}\n${localTag}\n${remoteTag}`;
}
