import type { HeaderFields } from '../base/header-fields.js';

/**
 * What a call needs of SIP, and nothing of how it is done. Three drivers stand behind it: `embedded/` (our own
 * endpoint), `drachtio/` and `opensips/`. Session descriptions cross as text; `sdp/sdp.ts` reads and writes them.
 */

/** What SIP runs over: UDP, TCP, TLS over TCP, and WebSocket (RFC 7118) with or without TLS. */
export type SipProtocol = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** Where a driver takes calls, as bound. */
export interface ListeningAddress {
  readonly protocol: SipProtocol;
  readonly address: string;
  readonly port: number;
}

/** The peer a message came from. */
export interface SipSource {
  readonly protocol: SipProtocol;
  readonly address: string;
  readonly port: number;
}

/** The parts of an INVITE that routing, policy and flavors look at. */
export interface InviteRequest {
  readonly callId: string;
  /** User of the request-URI, percent-decoded, without parameters; empty when the URI has none. */
  readonly requestUser: string;
  readonly requestUri: string;
  /** The same for the To and From URIs. */
  readonly toUser: string;
  readonly fromUser: string;
  readonly fromDisplayName: string;
  /** All header fields by lower-case long name, in order of appearance, unfolded. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly source: SipSource;
  /** {@link Clock.now} at the arrival of the message. */
  readonly receivedAtMs: number;
  /** The offer, or `undefined` for a late-offer INVITE. */
  readonly sdp: string | undefined;
  /** What the script of a proxy that hands calls over says of this one, as it said it: JSON, where it keeps to its word. */
  readonly extraParams?: string;
}

/** Answers one offer (re-INVITE, or UPDATE with SDP). Exactly one method is called, once; later calls are ignored. */
export interface OfferReply {
  /** 200 with our answer, or with our offer when the re-INVITE carried none (the ACK then brings `acked` with `sdp`). */
  accept(sdp: string): void;
  /** Refuses; the session goes on unchanged (RFC 3261 section 14.1). */
  reject(status: number, options?: RejectOptions): void;
}

export interface RejectOptions {
  /** Reason phrase; the standard one when absent. */
  readonly phrase?: string;
  /** Adds Retry-After, seconds. */
  readonly retryAfterSeconds?: number;
  /** Adds an RFC 3326 Reason header field, value as given. */
  readonly reason?: string;
  /** More header fields; throws `ERR_SIP_STATE`, with nothing sent, for what `checkHeaderFields` refuses. */
  readonly headers?: HeaderFields;
}

/** What a 200 says beside the answer. */
export interface AcceptOptions {
  /** More header fields, checked as those of {@link RejectOptions}. They are not repeated when a re-INVITE is answered. */
  readonly headers?: HeaderFields;
}

/** How a leg is ended. */
export interface HangUpOptions {
  /** Of the refusal, where an INVITE waits for its answer; default 480. */
  readonly status?: number;
  /** Value of an RFC 3326 Reason header field, with BYE, CANCEL or refusal. */
  readonly reason?: string;
  /** Retry-After of a refusal, seconds. */
  readonly retryAfterSeconds?: number;
  /** More header fields of the BYE or the refusal, checked as those of {@link RejectOptions}. A CANCEL has none. */
  readonly headers?: HeaderFields;
}

/** How a leg ended. */
export interface LegEnd {
  /**
   * `peer`: BYE or CANCEL from the other side, or its final error response. `local`: we sent BYE, CANCEL or an error
   * response. `ack-timeout`: no ACK for 64*T1 after our 2xx; BYE has been sent. `transport`: the next hop is gone.
   */
  readonly by: 'peer' | 'local' | 'ack-timeout' | 'transport';
  /** Final status when there was one (487 after CANCEL, 486 from the far end ...), else 0. */
  readonly status: number;
  /** Text of the peer's Reason header field or phrase, if any; hostile input, bounded to 200 characters. */
  readonly text: string;
}

export type LegEvent =
  /** UAC: 1xx other than 100. `sdp` is an early answer. */
  | { readonly type: 'progress'; readonly status: number; readonly sdp: string | undefined }
  /** UAC: 2xx; the ACK has been sent. `sdp` answers our offer; absent where an `offer` was accepted since that answer. */
  | { readonly type: 'answered'; readonly sdp: string | undefined }
  /**
   * UAS: the ACK of our 2xx (first or re-INVITE). `sdp` is the answer to an offer of ours. While that is awaited the ACK of
   * an earlier 2xx is not told: the next one brings the answer.
   */
  | { readonly type: 'acked'; readonly sdp: string | undefined }
  /**
   * A re-INVITE, or an UPDATE that carries an offer (RFC 3311). `reply` is to be used before returning to the event loop,
   * or 500 is sent.
   */
  | { readonly type: 'offer'; readonly sdp: string | undefined; readonly reply: OfferReply }
  /** A digit by INFO (`application/dtmf-relay` or `application/dtmf`); already answered 200. */
  | { readonly type: 'digit'; readonly digit: string; readonly durationMs: number }
  /**
   * News of a transfer ({@link SipLeg.refer}). `status` is what the peer heard from the target (the sipfrag of a NOTIFY,
   * RFC 3515), or why the REFER itself failed. Exactly one event of a transfer is `final`, unless the leg ends first: a
   * peer may well send BYE instead of the last NOTIFY. Final and below 300 is a success.
   */
  | { readonly type: 'transfer'; readonly status: number; readonly final: boolean }
  /**
   * The final answer to an offer of ours ({@link SipLeg.reoffer}). Below 300 the ACK has been sent and `sdp` is the
   * answer; from 300 up the session goes on as it was.
   */
  | { readonly type: 'reoffered'; readonly status: number; readonly sdp: string | undefined }
  /**
   * Somebody has taken the peer's place (RFC 3891), by the `offer` accepted just before. `fromUser`: user of its From URI,
   * percent-decoded.
   */
  | { readonly type: 'replaced'; readonly fromUser: string }
  /** The last event of every leg. */
  | { readonly type: 'ended'; readonly end: LegEnd };

/** One dialog, from INVITE to its end. Events come synchronously in the order of the wire; none after `ended`. */
export interface SipLeg {
  readonly direction: 'inbound' | 'outbound';
  readonly callId: string;
  /** The local address that packets to this peer leave from; for SDP when nothing is advertised. Never a wildcard. */
  readonly localAddress: string;
  /** One listener; set before control returns to the event loop. */
  listen(listener: (event: LegEvent) => void): void;
  /**
   * Ends the leg whatever its state: BYE when answered (held back until the ACK as RFC 3261 section 15 asks, or at
   * once where allowed), CANCEL when an outbound INVITE is pending, 480 (or `status`) when an inbound one is.
   * Idempotent. `ended` follows.
   */
  hangUp(options?: HangUpOptions): void;
  /**
   * Transfer: asks the peer to call somebody else (REFER, RFC 3515), and with `replaces` to take over a call that we have
   * with them (RFC 3891). `transfer` events follow; the leg lives on, and whoever wants it to end after a success hangs
   * up. A leg without an established call hears of a final 481. Throws `ERR_SIP_STATE` for a URI that is not `sip:`,
   * `sips:` or `tel:` or cannot stand in a header field, while a transfer is under way, and where `replaces` is no leg of
   * the same driver with an established call.
   */
  refer(request: ReferRequest): void;
  /**
   * Offers the session anew (re-INVITE): hold, resume, another codec. One `reoffered` follows for each offer that was
   * sent. While one waits for its answer, or the peer's for its ACK, the newest waits here and older ones are forgotten.
   * A text is sent as it is; a function is called whenever an INVITE is about to leave, which may be more than once: an
   * offer that crossed the peer's is refused (491) and sent again. A leg without an established call hears of a 481.
   */
  reoffer(sdp: string | (() => string)): void;
  /**
   * A digit by INFO (`application/dtmf-relay`), for calls that negotiated no telephone-event. Digits leave one after the
   * other, each when the peer has answered the one before; nobody is told of the answer. Throws `ERR_SIP_STATE` for what
   * is none of `0`-`9 * # A`-`D`, and for more than 64 that wait. A leg without an established call sends nothing.
   */
  sendDigit(digit: string, durationMs: number): void;
}

/** What a transfer asks for. */
export interface ReferRequest {
  /** Whom the peer is to call: a `sip:`, `sips:` or `tel:` URI. */
  readonly uri: string;
  /** URI for Referred-By (RFC 3892), who asks. Default: the one by which the peer knows us in this call. */
  readonly referredBy?: string;
  /**
   * The leg to the target whose place the peer is to take: Refer-To gets an escaped Replaces of its dialog, as the target
   * knows it (RFC 3891, RFC 5589 section 7). For `sip:` and `sips:` URIs.
   */
  readonly replaces?: SipLeg;
  /** More header fields of the REFER, checked as those of {@link RejectOptions}. */
  readonly headers?: HeaderFields;
}

/** A REFER of the peer. One of `accept` and `reject` is called, before control returns to the event loop. */
export interface Referral {
  /** Whom we are to call: the URI of Refer-To, of whatever scheme. */
  readonly uri: string;
  /** URI of Referred-By. */
  readonly referredBy: string | undefined;
  /** 202, and a NOTIFY with 100 at once. */
  accept(): void;
  /** Default 603. */
  reject(status?: number): void;
  /** NOTIFY: what became of the call to the target so far. From 200 up it is the last; later ones are ignored. */
  notify(status: number): void;
}

/** An INVITE that came in. 100 Trying is sent as soon as the handler has returned without refusing it. */
export interface InboundLeg extends SipLeg {
  readonly direction: 'inbound';
  readonly invite: InviteRequest;
  /** 180, or 183 with `sdp` for early media. May be repeated. Ignored once a final response was sent. */
  ring(status: 180 | 183, sdp?: string): void;
  /** 200 with our answer, or with our offer where the INVITE carried none. Ignored after a final response or CANCEL. */
  accept(sdp: string, options?: AcceptOptions): void;
  /** Final error response; `ended` follows. */
  reject(status: number, options?: RejectOptions): void;
}

export interface OutboundLeg extends SipLeg {
  readonly direction: 'outbound';
}

export interface OutboundRequest {
  /** SIP URI to call; its host, or `nextHop`, must be an address or a name resolved within 2 s. */
  readonly uri: string;
  /** User part of From and Contact. */
  readonly fromUser: string;
  readonly fromDisplayName?: string;
  readonly sdp: string | ((localAddress: string) => string);
  /** More header fields of the INVITE; `invite` throws `ERR_SIP_STATE` for what `checkHeaderFields` refuses. */
  readonly headers?: HeaderFields;
  /**
   * Next hops, SIP URIs out of the configuration, tried in this order; absent or empty: `uri` itself. A target with a
   * user part is the request-URI as well; one with the parameter `lr` is a proxy, to be named in a Route header field;
   * any other is just where the request goes. The next one is tried when a target cannot be reached, says nothing for
   * `failOverMs`, or answers 503; after a 503 with Retry-After it gets no INVITE for that time (RFC 3261 section
   * 21.5.4). Names are looked up as RFC 3263 says.
   */
  readonly targets?: readonly string[];
  /** How long a target may say nothing at all while there are others, ms. Default 4 s. */
  readonly failOverMs?: number;
  /** Answers 401 and 407 (RFC 3261 section 22), those of requests in the dialog too. */
  readonly auth?: { readonly user: string; readonly password: string };
  /** Host part of From, where the far end wants another than our address. */
  readonly fromDomain?: string;
  /** Whether a 3xx may send us to this URI; absent: nowhere, and the 3xx ends the leg. */
  readonly mayFollow?: (uri: string) => boolean;
  /** Give up after this, ms: CANCEL, `ended`. Default 180 s. */
  readonly answerTimeoutMs?: number;
  /** Takes REFERs of the far end; without it they are declined (603). */
  readonly onRefer?: (referral: Referral) => void;
}

/** What the driver tells the connector. Handlers never throw. */
export interface SignalingHandlers {
  /** A new INVITE outside any dialog. The handler decides at once or later, by the leg's methods. */
  onInvite(leg: InboundLeg): void;
  /** An INVITE from an allowed peer that the driver refused by itself (415, 416, 420 ...): for the record. */
  onRefused(invite: InviteRequest, status: number): void;
  /** The driver can take calls, or no longer can. */
  onStateChange(state: 'up' | 'down'): void;
}

/** Whether calls are taken, as OPTIONS tell it. */
export type Availability = 'open' | 'full' | 'draining';

/** What a driver can do beyond the calls themselves: callers look here, never at its name. */
export interface SignalingFeatures {
  /** REFER with Replaces ({@link ReferRequest.replaces}). */
  readonly attendedTransfer: boolean;
  /** Header fields of ours on the 200, BYE, REFER and refusals; where false they are left out. */
  readonly headers: boolean;
  /** {@link SipLeg.sendDigit}; where false it does nothing. */
  readonly infoDigits: boolean;
}

/** An extension that a driver is registered as, or tries to be. */
export interface RegistrationStatus {
  /** SIP URI, as configured. */
  readonly registrar: string;
  readonly user: string;
  readonly state: 'registering' | 'registered' | 'failed';
  /** Wall time at which the registrar forgets us, ms since the epoch; `undefined`: it does not know us. */
  readonly expiresAtMs: number | undefined;
  /** Why the last attempt failed, for people; without names and numbers. */
  readonly failure: string | undefined;
}

/** A server that a driver works through. */
export interface SignalingServer {
  /** `host:port`. */
  readonly name: string;
  /** `refused`: it does not know our secret. */
  readonly state: 'up' | 'down' | 'refused';
}

/** A way to speak SIP. */
export interface SignalingDriver extends AsyncDisposable {
  readonly name: 'embedded' | 'drachtio' | 'opensips';
  readonly features: SignalingFeatures;
  /** Binds or connects. Throws `ERR_LISTEN`. Resolves with what was bound once calls can come. */
  start(handlers: SignalingHandlers, signal?: AbortSignal): Promise<readonly ListeningAddress[]>;
  /** What OPTIONS answers: 200 when `open`, 503 with Retry-After otherwise. INVITEs still reach `onInvite`. */
  setAvailability(availability: Availability): void;
  /** Reads anew what it was given as files: certificates. Throws `ERR_TLS_FILE`, and keeps what it had. */
  renew?(): Promise<void>;
  /** Absent where the driver registers nowhere. */
  registrations?(): readonly RegistrationStatus[];
  /** The servers it works through and how they are; absent where it needs none. */
  servers?(): readonly SignalingServer[];
  /** Starts an outbound call. Failures arrive as `ended`. */
  invite(request: OutboundRequest): OutboundLeg;
}
