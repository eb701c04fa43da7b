import type { Clock, TimerHandle } from '../../../base/clock.js';
import { errorCode } from '../../../base/connector-error.js';
import type { OutgoingRequest, OutgoingTransaction, RequestFailure, RequestUser } from './outgoing-request.js';
import { readServerMessage } from './server-message.js';
import { toSrfHeaders } from './srf-headers.js';
import type { SrfAck, SrfHeaders, SrfIncomingResponse, SrfRequest, SrfResponse } from './srf-module.js';

export interface OpenRequestParts {
  readonly request: OutgoingRequest;
  readonly user: RequestUser;
  readonly clock: Clock;
  /** How long the final response of any request but an INVITE is waited for, ms. */
  readonly responseMs: number;
  /** Runs code of others; what it throws goes no further. */
  readonly guard: (callback: () => void) => void;
  /** An UPDATE came beside it. */
  readonly adopt: (update: SrfRequest, response: SrfResponse) => void;
  /** It is open no longer. */
  readonly onOver: () => void;
  /** The user has been told something that may be the last. */
  readonly onTold: () => void;
}

/** A request of ours that the server has or is given, until its final response. */
export class OpenRequest implements OutgoingTransaction {
  readonly #parts: OpenRequestParts;
  #finished = false;
  #abandoned = false;
  #sent: SrfRequest | undefined;
  #cancelled: { readonly reason: string | undefined } | undefined;
  #timer: TimerHandle | undefined;

  constructor(parts: OpenRequestParts) {
    this.#parts = parts;
    const { request, clock, responseMs } = parts;
    if (request.method !== 'INVITE') this.#timer = clock.setTimeout(() => this.fail('timeout'), responseMs);
  }

  /** An INVITE that was cancelled: a 2xx that crosses the CANCEL is still to be acknowledged, and ended. */
  get cancelled(): boolean {
    return this.#cancelled !== undefined;
  }

  /** An INVITE outside of a dialog that the server has. */
  get invite(): SrfRequest | undefined {
    const { method, dialogId } = this.#parts.request;
    return method === 'INVITE' && dialogId === undefined ? this.#sent : undefined;
  }

  /** The server has taken it, or says why not. */
  taken(error: unknown, srfRequest: SrfRequest | undefined): void {
    this.#sent = srfRequest;
    if (error || srfRequest === undefined) this.fail(errorCode(error) === 'ENODIALOG' ? 'no-dialog' : 'transport');
    else if (!this.#finished) this.#begin(srfRequest);
    // Given up before the server had taken it.
    else if (this.#abandoned) this.#sendCancel();
  }

  fail(reason: RequestFailure): void {
    if (this.#finished) return;
    this.#finish();
    const { user, guard, onTold } = this.#parts;
    guard(() => user.onFailure(reason));
    onTold();
  }

  cancel(reason: string | undefined): void {
    this.#cancelled ??= { reason };
    this.#sendCancel();
  }

  abandon(): void {
    this.#abandoned = true;
    this.#finish();
  }

  #begin(srfRequest: SrfRequest): void {
    const { user, guard, adopt } = this.#parts;
    srfRequest.on('response', (response: SrfIncomingResponse, ack: SrfAck) => this.#receive(response, ack));
    // One of the same Call-ID comes here while this waits for its answer, whatever it is about.
    srfRequest.on('update', adopt);
    const parsed = readServerMessage(srfRequest.raw);
    if (parsed.type === 'message' && parsed.message.kind === 'request') {
      const { message } = parsed;
      guard(() => user.onSent?.(message));
    }
    this.#sendCancel();
  }

  #receive(srfResponse: SrfIncomingResponse, ack: SrfAck): void {
    const parsed = readServerMessage(srfResponse.raw);
    if (this.#finished || parsed.type !== 'message' || parsed.message.kind !== 'response') return;
    const { message: response } = parsed;
    const { request, user, guard, onTold } = this.#parts;
    if (response.status >= 200) this.#finish();
    guard(() =>
      user.onResponse({
        response,
        dialogId: srfResponse.stackDialogId ?? '',
        received: srfResponse.source_address !== '',
        acknowledge: () => guard(() => ack({ headers: response.status < 200 ? {} : credentialsOf(request) })),
      }),
    );
    onTold();
  }

  #sendCancel(): void {
    const invite = this.#sent;
    if (this.#cancelled === undefined || invite === undefined || (this.#finished && !this.#abandoned)) return;
    const { reason } = this.#cancelled;
    const headers = toSrfHeaders({ headers: reason === undefined ? [] : [['Reason', reason]] }) ?? {};
    this.#parts.guard(() => invite.cancel({ headers }, () => {}));
  }

  #finish(): void {
    this.#finished = true;
    this.#parts.clock.clearTimeout(this.#timer);
    this.#parts.onOver();
  }
}

/** RFC 3261 section 22.1: an ACK cannot be challenged, and carries what the INVITE was let through with. */
function credentialsOf({ headers = [] }: OutgoingRequest): SrfHeaders {
  return toSrfHeaders({ headers: [...headers].filter(([name]) => /^(proxy-)?authorization$/i.test(name)) }) ?? {};
}
