import { ConnectorError } from '../../base/connector-error.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { parseSipUri } from '../message/sip-uri.js';
import type { ReferRequest } from '../port.js';
import { referTo } from './replaces.js';

/** Longest URI of a transfer, characters. */
const MAX_URI_LENGTH = 1_024;

const transferSchemes: ReadonlySet<string> = new Set(['sip', 'sips', 'tel']);

/**
 * Throws `ERR_SIP_STATE` unless both URIs may stand in Refer-To and Referred-By, the header fields may be sent, and the
 * call to be replaced is there. The message names none of them.
 */
export function checkReferRequest({ uri, referredBy, replaces, headers }: ReferRequest): void {
  if (!isTransferUri(uri)) throw new ConnectorError('ERR_SIP_STATE', 'nobody can be transferred to this URI');
  if (referredBy !== undefined && !isTransferUri(referredBy)) {
    throw new ConnectorError('ERR_SIP_STATE', 'this URI cannot stand in Referred-By');
  }
  checkHeaderFields(headers);
  referTo(uri, replaces);
}

/** Printable ASCII without blanks, quotes and angle brackets: nothing that could end the URI early. */
export function isTransferUri(uri: string): boolean {
  const parsed = uri.length <= MAX_URI_LENGTH && /^[\x21-\x7e]+$/.test(uri) ? parseSipUri(uri) : undefined;
  return parsed !== undefined && transferSchemes.has(parsed.scheme);
}
