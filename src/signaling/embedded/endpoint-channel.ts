import { ALLOW, SDP_TYPE } from '../capabilities.js';
import type {
  ChannelInvite,
  ChannelInviteUser,
  DialogChannel,
  DialogContent,
  DialogContentUser,
} from '../dialog-channel.js';
import { cseqNumber } from '../message/cseq.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import { sendInDialog } from './authorized-send.js';
import type { Dialog } from './dialog/dialog.js';
import type { FlowOrigin } from './dialog/flow-finder.js';
import { SuccessAck } from './dialog/success-ack.js';
import type { Endpoint } from './endpoint.js';
import { type ClientTransaction, createCancel } from './transaction/client-transaction.js';
import type { SipFlow } from './transport/sip-transport.js';

/** Requests whose 2xx may move the remote target (RFC 3261 section 12.2.1.2, RFC 3515, RFC 6665). */
const targetRefreshes: ReadonlySet<string> = new Set(['REFER', 'NOTIFY']);

const NOBODY = { onResponse: () => {}, onFailure: () => {} };

export interface EndpointChannelParts {
  readonly endpoint: Endpoint;
  readonly dialog: Dialog;
  readonly origin: FlowOrigin;
  /** Contact of ours. */
  readonly contact: string;
  /** What re-INVITEs say of the session's timer. */
  readonly sessionHeaders: () => readonly HeaderField[];
}

/** Requests inside a dialog that we keep ourselves. */
export class EndpointChannel implements DialogChannel {
  readonly #parts: EndpointChannelParts;
  #closed = false;

  constructor(parts: EndpointChannelParts) {
    this.#parts = parts;
  }

  /** The dialog is over: what still waits for its way to be found is not sent. */
  close(): void {
    this.#closed = true;
  }

  send({ method, headers = [], body = '', contentType }: DialogContent, user: DialogContentUser): void {
    const { endpoint, dialog, contact } = this.#parts;
    const { request, nextHop } = dialog.createRequest(method);
    request.headers.append('Contact', contact);
    for (const [name, value] of [...endpoint.requestFields, ...headers]) request.headers.append(name, value);
    if (contentType !== undefined) request.headers.append('Content-Type', contentType);
    this.#whenFound(nextHop, user, (flow) => {
      user.onSent?.(cseqNumber(request) ?? 0);
      sendInDialog(endpoint, dialog, { ...request, body: Buffer.from(body, 'utf8') }, flow, {
        onResponse: (response) => {
          if (response.status < 200) return;
          if (response.status < 300 && targetRefreshes.has(method) && !this.#closed) dialog.refreshTarget(response);
          user.onResponse(response);
        },
        onFailure: (reason) => user.onFailure(reason),
        onSentAgain: (transaction) => user.onSent?.(cseqNumber(transaction.request) ?? 0),
      });
    });
  }

  invite(sdp: string, user: ChannelInviteUser): ChannelInvite {
    const { endpoint, dialog, contact, sessionHeaders } = this.#parts;
    const { request, nextHop } = dialog.createRequest('INVITE');
    const { headers } = request;
    headers.append('Contact', contact);
    headers.append('Allow', ALLOW);
    for (const [name, value] of sessionHeaders()) headers.append(name, value);
    headers.append('Content-Type', SDP_TYPE);
    const invite = new EndpointInvite(this.#parts, user);
    this.#whenFound(nextHop, user, (flow) => invite.start({ ...request, body: Buffer.from(sdp, 'utf8') }, flow));
    return {
      get proceeding() {
        return invite.transaction?.proceeding === true;
      },
      cancel: () => {
        const { transaction } = invite;
        // Only after a provisional response (RFC 3261 section 9.1).
        if (transaction?.proceeding) {
          endpoint.transactions.send(createCancel(transaction.request), transaction.flow, NOBODY);
        }
      },
      limit: (delayMs) => invite.transaction?.limit(delayMs),
    };
  }

  /** What fails before anything was sent is told once the sender has returned. */
  #whenFound(nextHop: string, user: DialogContentUser, send: (flow: SipFlow) => void): void {
    const { endpoint, origin } = this.#parts;
    const fail = () => queueMicrotask(() => user.onFailure('transport'));
    endpoint.findFlow(nextHop, origin, (flow) => {
      if (this.#closed) return;
      if (flow === undefined) {
        fail();
        return;
      }
      try {
        send(flow);
      } catch (error) {
        fail();
        throw error;
      }
    });
  }
}

/** One re-INVITE, again after a challenge, and the ACK of its 2xx however often that comes. */
class EndpointInvite {
  readonly #parts: EndpointChannelParts;
  readonly #user: ChannelInviteUser;
  #transaction: ClientTransaction | undefined;
  #ack: SuccessAck | undefined;

  constructor(parts: EndpointChannelParts, user: ChannelInviteUser) {
    this.#parts = parts;
    this.#user = user;
  }

  get transaction(): ClientTransaction | undefined {
    return this.#transaction;
  }

  start(request: SipRequest, flow: SipFlow): void {
    const { endpoint, dialog } = this.#parts;
    this.#user.onSent?.(cseqNumber(request) ?? 0);
    this.#transaction = sendInDialog(endpoint, dialog, request, flow, {
      onResponse: (response) => this.#receive(response),
      onFailure: (reason) => this.#user.onFailure(reason),
      onSentAgain: (transaction) => {
        this.#transaction = transaction;
        this.#user.onSent?.(cseqNumber(transaction.request) ?? 0);
      },
    });
  }

  #receive(response: SipResponse): void {
    if (response.status < 200) {
      this.#user.onProvisional();
      return;
    }
    if (this.#ack !== undefined) {
      this.#ack.repeat();
      return;
    }
    const { endpoint, dialog, origin } = this.#parts;
    if (response.status < 300 && this.#transaction !== undefined) {
      dialog.refreshTarget(response);
      this.#ack = new SuccessAck(endpoint, dialog, origin, this.#transaction);
    }
    this.#user.onResponse(response);
  }
}
