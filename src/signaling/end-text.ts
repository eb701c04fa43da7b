import type { SipRequest, SipResponse } from './message/sip-message.js';

/** Length of `LegEnd.text`, characters. */
const MAX_TEXT_LENGTH = 200;

/** The Reason header field of a BYE or CANCEL, bounded. */
export function reasonText(request: SipRequest): string {
  return (request.headers.get('Reason') ?? '').slice(0, MAX_TEXT_LENGTH);
}

/** The Reason header field of a final response, or its phrase, bounded. */
export function endText(response: SipResponse): string {
  return (response.headers.get('Reason') ?? response.phrase).slice(0, MAX_TEXT_LENGTH);
}
