import { RELIABLE_TAG } from '../capabilities.js';
import { cseqNumber } from '../message/cseq.js';
import { hasOptionTag } from '../message/lexical.js';
import { parseRSeq, serializeRAck } from '../message/rack.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import { sendInDialog } from './authorized-send.js';
import type { Dialog } from './dialog/dialog.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import type { Endpoint } from './endpoint.js';

/** The number of a provisional response that is to be acknowledged (RFC 3262 section 4); `undefined` for others. */
export function reliableNumber({ headers }: SipResponse): number | undefined {
  if (!hasOptionTag(headers.getAll('Require'), RELIABLE_TAG)) return undefined;
  return parseRSeq(headers.get('RSeq') ?? '');
}

/**
 * Sends the PRACK of a reliable provisional response to our INVITE. Nothing depends on its answer: a peer that does not
 * know the response any more has sent the next one.
 */
export function sendPrack(
  endpoint: Endpoint,
  parts: { readonly dialog: Dialog; readonly origin: FlowOrigin; readonly invite: SipRequest; readonly rseq: number },
): void {
  const { dialog, origin, invite, rseq } = parts;
  const { request, nextHop } = dialog.createRequest('PRACK');
  request.headers.append('RAck', serializeRAck({ rseq, cseq: cseqNumber(invite) ?? 1, method: 'INVITE' }));
  for (const [name, value] of endpoint.requestFields) request.headers.append(name, value);
  endpoint.findFlow(nextHop, origin, (flow) => {
    if (flow !== undefined)
      sendInDialog(endpoint, dialog, request, flow, { onResponse: () => {}, onFailure: () => {} });
  });
}
