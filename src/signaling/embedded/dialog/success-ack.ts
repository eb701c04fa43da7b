import { cseqNumber } from '../../message/cseq.js';
import type { Endpoint } from '../endpoint.js';
import type { ClientTransaction } from '../transaction/client-transaction.js';
import type { SipFlow } from '../transport/sip-transport.js';
import type { Dialog } from './dialog.js';
import type { FlowOrigin } from './flow-finder.js';

/**
 * The ACK of a 2xx to an INVITE of ours, on the way its dialog goes (RFC 3261 section 13.2.2.4). Made once, and sent
 * again as it was for every repetition of the 2xx.
 */
export class SuccessAck {
  #sent: { readonly bytes: Buffer; readonly flow: SipFlow } | undefined;

  constructor(endpoint: Endpoint, dialog: Dialog, origin: FlowOrigin, invite: ClientTransaction) {
    const { request, nextHop } = dialog.createRequest('ACK', cseqNumber(invite.request) ?? 1);
    // RFC 3261 section 22.1: an ACK cannot be challenged, and carries what the INVITE was let through with.
    for (const name of ['Authorization', 'Proxy-Authorization']) {
      for (const value of invite.request.headers.getAll(name)) request.headers.append(name, value);
    }
    endpoint.findFlow(nextHop, origin, (flow = invite.flow) => {
      this.#sent = { bytes: endpoint.transactions.sendAck(request, flow), flow };
    });
  }

  /** Nothing while the next hop is still being looked up. */
  repeat(): void {
    this.#sent?.flow.send(this.#sent.bytes);
  }
}
