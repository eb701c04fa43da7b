import type { SipRequest, SipResponse } from './message/sip-message.js';
import type { HangUpOptions, LegEnd } from './port.js';

/** Length of `LegEnd.text`, characters. */
const MAX_TEXT_LENGTH = 200;

/** We ended it, and no response says how. */
export const ENDED_BY_US: LegEnd = { by: 'local', status: 0, text: '' };

/** Nobody has picked up in time: what the CANCEL says, or the BYE to who does in that moment (RFC 3326). */
export const NO_ANSWER: HangUpOptions = { reason: 'SIP;cause=487;text="no-answer"' };

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

/**
 * How a call ends because of what came of a request in it: the peer does not know the dialog (481), or it or a proxy before
 * it is silent (408, or nothing at all; RFC 3261 section 12.2.1.2). `undefined`: the call goes on. Of requests that belong
 * to the call: REFER and NOTIFY have a subscription of their own to end (RFC 5057 section 5.1).
 *
 * @param result final status, or why there is none
 */
export function deadDialogEnd(
  result: number | 'timeout' | 'transport',
  response: SipResponse | undefined,
): LegEnd | undefined {
  if (result === 'timeout') return { by: 'transport', status: 408, text: '' };
  return result === 481 || result === 408 ? { by: 'peer', status: result, text: endText(response) } : undefined;
}
