import { errorCode, errorMessage } from '../base/connector-error.js';
import { toHeaderValue } from '../base/header-fields.js';
import { quote } from '../signaling/message/lexical.js';
import type { OfferReply, RejectOptions } from '../signaling/port.js';

/** Of the text of a Warning, characters. */
const MAX_WARNING_LENGTH = 256;

/** What a 488 says of its reason (RFC 3261 sections 13.3.1.3 and 20.43): our message, which quotes the offer alone. */
export function warningOf(error: unknown): RejectOptions {
  if (errorCode(error) !== 'ERR_SDP_UNACCEPTABLE') return {};
  const text = toHeaderValue(errorMessage(error)).slice(0, MAX_WARNING_LENGTH);
  return { headers: new Map([['Warning', `399 agent ${quote(text)}`]]) };
}

/** Answers an offer of the peer by what `describe` makes of it: 400 where it cannot be read, 488 where it cannot be had. */
export function answerOffer(reply: OfferReply, describe: () => string): void {
  try {
    reply.accept(describe());
  } catch (error) {
    reply.reject(errorCode(error) === 'ERR_SDP_INVALID' ? 400 : 488, warningOf(error));
  }
}
