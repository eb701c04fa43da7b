import type { DigestClient } from '../digest/digest-client.js';
import type { SipRequest } from '../message/sip-message.js';
import type { Dialog } from './dialog/dialog.js';
import type { Endpoint } from './endpoint.js';
import type { ClientTransaction, ClientTransactionUser } from './transaction/client-transaction.js';
import type { SipFlow } from './transport/sip-transport.js';

export interface AuthorizedSendUser extends ClientTransactionUser {
  /** The request was challenged and left again, with a CSeq of its own: this transaction takes the other's place. */
  onSentAgain?(transaction: ClientTransaction): void;
}

/**
 * Sends a request of a dialog. Where the call has credentials it carries them, and a 401 or 407 is answered with them
 * (RFC 3261 section 22.2) before its user hears of it. Throws `ERR_SIP_MESSAGE` when the request cannot be written.
 */
export function sendInDialog(
  endpoint: Endpoint,
  dialog: Dialog,
  request: SipRequest,
  flow: SipFlow,
  user: AuthorizedSendUser,
): ClientTransaction {
  const credentials = dialog.credentialsTo(flow.remote.address);
  if (credentials === undefined) return endpoint.transactions.send(request, flow, user);
  const exchange = credentials.begin();
  const transmit = (message: SipRequest): ClientTransaction => {
    authorize(message, credentials);
    return endpoint.transactions.send(message, flow, {
      onResponse: (response) => {
        credentials.renew(response);
        if (!exchange.challengedBy(response)) {
          user.onResponse(response);
          return;
        }
        // Apart from the call below: `?.` would not evaluate it for users who do not ask.
        const again = transmit(dialog.repeat(request));
        user.onSentAgain?.(again);
      },
      onFailure: (reason) => user.onFailure(reason),
    });
  };
  return transmit(request);
}

/** Adds the credentials that are known to be wanted. */
export function authorize(request: SipRequest, credentials: DigestClient): void {
  for (const [name, value] of credentials.authorize(request)) request.headers.append(name, value);
}
