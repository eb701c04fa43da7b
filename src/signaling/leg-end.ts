import type { SipRequest, SipResponse } from './message/sip-message.js';
import type { LegEnd } from './port.js';

/** Length of `LegEnd.text`, characters. */
const MAX_TEXT_LENGTH = 200;

/** We ended it, and no response says how. */
export const ENDED_BY_US: LegEnd = { by: 'local', status: 0, text: '' };

/** The connection or the server that the dialog lived on is gone. */
export const ENDED_BY_LOSS: LegEnd = { by: 'transport', status: 0, text: '' };

/** What a BYE of ours gives as Reason (RFC 3326) where nobody else has one. */
export const byeReasons = {
  ackTimeout: 'SIP;cause=408;text="ack-timeout"',
  /** Nobody has refreshed the session (RFC 4028 section 10). */
  sessionExpired: 'SIP;cause=408;text="session-expired"',
  /** Somebody else has taken the peer's place (RFC 3891). */
  replaced: 'SIP;cause=200;text="replaced"',
} as const;

/** The Reason header field of a BYE or CANCEL, bounded. */
export function reasonText(request: SipRequest): string {
  return (request.headers.get('Reason') ?? '').slice(0, MAX_TEXT_LENGTH);
}

/** The Reason header field of a final response, or its phrase, bounded; `''` where none came. */
export function endText(response: SipResponse | undefined): string {
  return response === undefined ? '' : (response.headers.get('Reason') ?? response.phrase).slice(0, MAX_TEXT_LENGTH);
}
