import { fromTagOf, toTagOf } from '../../dialog-id.js';
import type { DigestClient } from '../../digest/digest-client.js';
import { cseqNumber, serializeCSeq } from '../../message/cseq.js';
import { INITIAL_MAX_FORWARDS } from '../../message/max-forwards.js';
import { parseNameAddr, parseNameAddrList, serializeNameAddr } from '../../message/name-addr.js';
import { SipHeaders } from '../../message/sip-headers.js';
import type { SipMessage, SipRequest, SipResponse } from '../../message/sip-message.js';
import { addressRequest, type RouteSet, routeSetOf, targetOf } from './route-set.js';

/** A request of ours in a dialog, and where it goes. */
export interface DialogRequest {
  readonly request: SipRequest;
  /** URI of the next element. */
  readonly nextHop: string;
}

/** What belongs to one transmission of a request and not to the request. */
const transactionFields: ReadonlySet<string> = new Set(['via', 'authorization', 'proxy-authorization']);

interface DialogParts {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly routeSet: RouteSet;
  readonly remoteTarget: string;
  readonly localCSeq: number;
  readonly remoteCSeq: number | undefined;
  readonly credentials?: DigestClient | undefined;
  /** Address of whom they are for, as an IP literal; `undefined`: whoever asks. */
  readonly credentialsFor?: string | undefined;
}

/** State of one dialog, RFC 3261 section 12. Knows neither timers nor sockets. */
export class Dialog {
  readonly callId: string;
  readonly localTag: string;
  /** Empty for an RFC 2543 peer without tags. */
  readonly remoteTag: string;
  readonly #credentials: DigestClient | undefined;
  readonly #credentialsFor: string | undefined;
  readonly #localAddress: string;
  readonly #remoteAddress: string;
  #routeSet: RouteSet;
  #remoteTarget: string;
  #localCSeq: number;
  #remoteCSeq: number | undefined;

  private constructor(parts: DialogParts) {
    this.callId = parts.callId;
    this.localTag = parts.localTag;
    this.remoteTag = parts.remoteTag;
    this.#credentials = parts.credentials;
    this.#credentialsFor = parts.credentialsFor;
    this.#localAddress = parts.localAddress;
    this.#remoteAddress = parts.remoteAddress;
    this.#routeSet = parts.routeSet;
    this.#remoteTarget = parts.remoteTarget;
    this.#localCSeq = parts.localCSeq;
    this.#remoteCSeq = parts.remoteCSeq;
  }

  /**
   * The dialog an INVITE asks for, seen from its receiver (section 12.1.1).
   *
   * @param credentialsFor address that alone gets to see them: a Contact may name any other
   */
  static ofUas(invite: SipRequest, localTag: string, credentials?: DigestClient, credentialsFor?: string): Dialog {
    const { headers } = invite;
    const from = headers.get('From') ?? '';
    const remote = parseNameAddr(from);
    return new Dialog({
      callId: headers.get('Call-ID') ?? '',
      localTag,
      remoteTag: remote?.tag ?? '',
      localAddress: withTag(headers.get('To') ?? '', localTag),
      remoteAddress: from,
      routeSet: routeSetOf(headers, 'uas'),
      // An RFC 2543 caller may leave Contact out; the best guess then is where it says it is.
      remoteTarget: contactOf(invite) ?? remote?.uri ?? '',
      localCSeq: 0,
      remoteCSeq: cseqNumber(invite),
      credentials,
      credentialsFor,
    });
  }

  /** The dialog that a response to our INVITE creates, early or confirmed (section 12.1.2). */
  static ofUac(invite: SipRequest, response: SipResponse, credentials?: DigestClient): Dialog {
    const to = response.headers.get('To') ?? '';
    const from = invite.headers.get('From') ?? '';
    return new Dialog({
      callId: invite.headers.get('Call-ID') ?? '',
      localTag: fromTagOf(invite) ?? '',
      remoteTag: toTagOf(response) ?? '',
      localAddress: from,
      remoteAddress: to,
      routeSet: routeSetOf(response.headers, 'uac'),
      remoteTarget: contactOf(response) ?? invite.uri,
      localCSeq: cseqNumber(invite) ?? 0,
      remoteCSeq: undefined,
      credentials,
    });
  }

  /** What a challenge is answered with that a request to this address meets, an IP literal; `undefined`: not at all. */
  credentialsTo(address: string): DigestClient | undefined {
    return this.#credentialsFor === undefined || this.#credentialsFor === address ? this.#credentials : undefined;
  }

  /** The 2xx of an early dialog: its Record-Route replaces what a provisional response said (section 13.2.2.4). */
  confirm(response: SipResponse): void {
    this.#routeSet = routeSetOf(response.headers, 'uac');
    this.refreshTarget(response);
  }

  /** A target refresh: the Contact of a re-INVITE or of its 2xx (section 12.2). The route set never changes. */
  refreshTarget(message: SipMessage): void {
    this.#remoteTarget = contactOf(message) ?? this.#remoteTarget;
  }

  /**
   * Notes the CSeq of a request from the peer. False when it is lower than one seen before: to be answered 500
   * (section 12.2.2).
   */
  acceptCSeq(request: SipRequest): boolean {
    const number = cseqNumber(request);
    if (number === undefined || (this.#remoteCSeq !== undefined && number < this.#remoteCSeq)) return false;
    this.#remoteCSeq = number;
    return true;
  }

  /** A new request in the dialog, without Via and Contact. ACK takes the CSeq number of its INVITE. */
  createRequest(method: string, inviteCSeq?: number): DialogRequest {
    let number = inviteCSeq;
    if (number === undefined) {
      this.#localCSeq += 1;
      number = this.#localCSeq;
    }
    const { requestUri, routes, nextHop } = addressRequest(this.#routeSet, this.#remoteTarget);
    const headers = new SipHeaders();
    headers.append('Max-Forwards', String(INITIAL_MAX_FORWARDS));
    for (const route of routes) headers.append('Route', route);
    headers.append('From', this.#localAddress);
    headers.append('To', this.#remoteAddress);
    headers.append('Call-ID', this.callId);
    headers.append('CSeq', serializeCSeq({ number, method }));
    const request: SipRequest = { kind: 'request', method, uri: requestUri, headers, body: Buffer.alloc(0) };
    return { request, nextHop };
  }

  /** A request of ours once more, without Via and credentials, as the next of the dialog (RFC 3261 section 22.2). */
  repeat(request: SipRequest): SipRequest {
    this.#localCSeq += 1;
    const headers = new SipHeaders();
    for (const [name, value] of request.headers) {
      if (!transactionFields.has(name.toLowerCase())) headers.append(name, value);
    }
    headers.set('CSeq', serializeCSeq({ number: this.#localCSeq, method: request.method }));
    return { ...request, headers };
  }

  /** Our own URI in this dialog: that of From in our requests. */
  get localUri(): string {
    return parseNameAddr(this.#localAddress)?.uri ?? '';
  }
}

function contactOf(message: SipMessage): string | undefined {
  const uri = parseNameAddrList(message.headers.get('Contact') ?? '')?.[0]?.uri;
  return uri === undefined ? undefined : targetOf(uri);
}

function withTag(address: string, tag: string): string {
  const parsed = parseNameAddr(address);
  return parsed === undefined
    ? address
    : serializeNameAddr({ ...parsed, params: new Map([...parsed.params, ['tag', tag]]) });
}
