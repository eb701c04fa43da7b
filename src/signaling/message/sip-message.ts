import type { SipHeaders } from './sip-headers.js';

/** A request, RFC 3261 section 7.1. */
export interface SipRequest {
  readonly kind: 'request';
  /** Case-sensitive token. */
  readonly method: string;
  /** Request-URI as on the wire; `sip-uri.ts` takes it apart. */
  readonly uri: string;
  readonly headers: SipHeaders;
  readonly body: Buffer;
}

/** A response, RFC 3261 section 7.2. */
export interface SipResponse {
  readonly kind: 'response';
  /** 100 to 699. */
  readonly status: number;
  readonly phrase: string;
  readonly headers: SipHeaders;
  readonly body: Buffer;
}

export type SipMessage = SipRequest | SipResponse;

/**
 * What a datagram or a frame turned out to be. `malformed` is a request with enough left of it (Via, From, To, Call-ID,
 * CSeq) that the given status can be answered; `discard` is everything that must be met with silence.
 */
export type ParsedMessage =
  | { readonly type: 'message'; readonly message: SipMessage }
  | { readonly type: 'malformed'; readonly status: number; readonly reason: string; readonly request: SipRequest }
  | { readonly type: 'discard'; readonly reason: string };
