import type { SipRequest, SipResponse } from '../../message/sip-message.js';
import type { Content } from './srf-headers.js';

/** A request for the server to send. Via, From, To, Call-ID, CSeq and Contact are its own, where not said otherwise. */
export interface OutgoingRequest extends Content {
  readonly method: string;
  /** Request-URI; inside a dialog the server knows the peer's Contact. */
  readonly uri?: string;
  /** Next hop, where it is not the host of the Request-URI. */
  readonly nextHop?: string | undefined;
  /** The server's name of the dialog; absent outside of any. */
  readonly dialogId?: string;
}

/** A response, and what belongs to it in the server's world. */
export interface ServerResponse {
  readonly response: SipResponse;
  /** The server's name of the dialog; `''` for none. */
  readonly dialogId: string;
  /** It came from the network; otherwise nothing did, and the server says so. */
  readonly received: boolean;
  /** ACK of a 2xx, PRACK of a reliable provisional response; anything else is acknowledged without us. */
  acknowledge(): void;
}

/** `timeout`: no final response. `transport`: the server is gone, or says it has no way. `no-dialog`: it does not know it. */
export type RequestFailure = 'timeout' | 'transport' | 'no-dialog';

/** Whoever sent a request. Called in turns of their own, `onResponse` for each response, nothing after a final one. */
export interface RequestUser {
  /** It was handed to the network, as given. */
  onSent?(request: SipRequest): void;
  onResponse(response: ServerResponse): void;
  onFailure(reason: RequestFailure): void;
}

/** A request under way. */
export interface OutgoingTransaction {
  /** An INVITE: CANCEL, as soon as RFC 3261 section 9.1 allows. `reason` is the value of a Reason header field. */
  cancel(reason: string | undefined): void;
  /** Nothing more is reported. */
  abandon(): void;
}
