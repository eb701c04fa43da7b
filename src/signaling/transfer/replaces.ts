import { ConnectorError } from '../../base/connector-error.js';
import type { DialogId } from '../dialog-id.js';
import { splitParams, trimBlanks } from '../message/lexical.js';
import type { SipRequest } from '../message/sip-message.js';
import { parseSipUri } from '../message/sip-uri.js';
import type { SipLeg } from '../port.js';

/** Reason (RFC 3326) of the BYE to a peer whose place somebody else has taken. */
export const REPLACED = 'SIP;cause=200;text="replaced"';

/** A leg of this driver. */
export interface ReplaceableLeg extends SipLeg {
  /** Its dialog, once there is an established call in it and until somebody ends it. */
  readonly replaceableDialog: DialogId | undefined;
}

/**
 * URI for Refer-To: `uri`, and where `leg` is given with an escaped Replaces of its dialog (RFC 3891 section 6.1). The
 * tags are turned round: to-tag is the one that the far end of `leg`, who will read it, put into the dialog. Throws
 * `ERR_SIP_STATE` where `leg` is none of this driver's or has no established call, or the URI takes no header fields.
 */
export function referTo(uri: string, leg: SipLeg | undefined): string {
  if (leg === undefined) return uri;
  const dialog = isReplaceable(leg) ? leg.replaceableDialog : undefined;
  if (dialog === undefined) throw new ConnectorError('ERR_SIP_STATE', 'the leg to be replaced has no established call');
  const parsed = parseSipUri(uri);
  if (parsed === undefined || parsed.scheme === 'tel') {
    throw new ConnectorError('ERR_SIP_STATE', 'a call can be replaced at a sip: or sips: URI only');
  }
  const { callId, remoteTag, localTag } = dialog;
  const replaces = encodeURIComponent(`${callId};to-tag=${remoteTag};from-tag=${localTag}`);
  return `${uri}${parsed.headers === undefined ? '?' : '&'}Replaces=${replaces}`;
}

function isReplaceable(leg: SipLeg): leg is ReplaceableLeg {
  return 'replaceableDialog' in leg;
}

/** What an INVITE says about a call it is to take over. `refused`: nothing that RFC 3891 allows. */
export type Replacement =
  | { readonly type: 'none' }
  | { readonly type: 'dialog'; readonly id: DialogId; readonly earlyOnly: boolean }
  | { readonly type: 'refused' };

/** Reads Replaces (RFC 3891 section 6.1). The tags are as we see the dialog: to-tag is ours. */
export function readReplaces({ headers }: SipRequest): Replacement {
  const [value, ...others] = headers.getAll('Replaces');
  if (value === undefined) return { type: 'none' };
  // Section 3: more than one, or a Join beside it, is nothing that anybody could mean.
  if (others.length > 0 || headers.has('Join')) return { type: 'refused' };
  const semicolon = value.indexOf(';');
  const callId = trimBlanks(semicolon < 0 ? value : value.slice(0, semicolon));
  const params = semicolon < 0 ? undefined : splitParams(value.slice(semicolon));
  const [localTag, remoteTag] = [params?.get('to-tag'), params?.get('from-tag')];
  if (callId === '' || !params || !localTag || !remoteTag) return { type: 'refused' };
  return { type: 'dialog', id: { callId, localTag, remoteTag }, earlyOnly: params.has('early-only') };
}
