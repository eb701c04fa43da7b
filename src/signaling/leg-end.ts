import type { SipRequest, SipResponse } from './message/sip-message.js';
import type { LegEnd } from './port.js';

/** Length of `LegEnd.text`, characters. */
const MAX_TEXT_LENGTH = 200;

/** We ended it, and no response says how. */
export const ENDED_BY_US: LegEnd = { by: 'local', status: 0, text: '' };

/** The connection or the server that the dialog lived on is gone. */
export const ENDED_BY_LOSS: LegEnd = { by: 'transport', status: 0, text: '' };

/** The Reason header field of a BYE or CANCEL, bounded. */
export function reasonText(request: SipRequest): string {
  return (request.headers.get('Reason') ?? '').slice(0, MAX_TEXT_LENGTH);
}

/** The Reason header field of a final response, or its phrase, bounded; `''` where none came. */
export function endText(response: SipResponse | undefined): string {
  return response === undefined ? '' : (response.headers.get('Reason') ?? response.phrase).slice(0, MAX_TEXT_LENGTH);
}
