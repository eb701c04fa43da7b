import { errorCode } from '../base/connector-error.js';
import type { OfferReply } from '../signaling/port.js';

/** Answers an offer of the peer by what `describe` makes of it: 400 where it cannot be read, 488 where it cannot be had. */
export function answerOffer(reply: OfferReply, describe: () => string): void {
  try {
    reply.accept(describe());
  } catch (error) {
    reply.reject(errorCode(error) === 'ERR_SDP_INVALID' ? 400 : 488);
  }
}
