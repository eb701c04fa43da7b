import { PATIENCE_MS, token } from './basics.js';
import type { ResponseParts } from './peer.js';
import type { Phone, RequestParts, Sent } from './phone.js';
import { type Description, readAnswer, sdp } from './sdp.js';
import { addresses, header, type SipMessage, tagOf, uriOf } from './sip-message.js';

export interface CallParts extends RequestParts {
  /** The offer; `null` for an INVITE without one. Default: audio to a port that forgets it. */
  readonly offer?: string | null;
}

/** A call of a phone's, and the dialog it makes. */
export class Call {
  readonly phone: Phone;
  readonly number: string;
  readonly callId: string;
  readonly invite: Sent;
  readonly offer: string;
  readonly #from: string;
  readonly #to: string;
  #remoteTag = '';
  #remoteTarget = '';
  /** Proxies between the phone and the subject. */
  #routes: readonly string[] = [];
  #cseq: number;
  #accepted: SipMessage | undefined;
  #over = false;

  constructor(phone: Phone, number: string, parts: CallParts) {
    this.phone = phone;
    this.number = number;
    const { offer = sdp({ port: phone.sinkPort }), ...rest } = parts;
    this.offer = offer ?? '';
    this.callId = parts.callId ?? `${token(8)}@peer.example`;
    this.#from = parts.from ?? `"A. Peer" <sip:${phone.user}@peer.example>;tag=${token()}`;
    this.#to = parts.to ?? `<${parts.uri ?? phone.uri(number)}>`;
    this.#cseq = parts.cseq ?? 1;
    this.invite = phone.send('INVITE', {
      uri: phone.uri(number),
      from: this.#from,
      to: this.#to,
      callId: this.callId,
      cseq: this.#cseq,
      body: this.offer,
      ...rest,
    });
  }

  /** To as it stands in requests of the phone's. */
  get to(): string {
    return this.#remoteTag === '' ? this.#to : `${this.#to};tag=${this.#remoteTag}`;
  }

  get from(): string {
    return this.#from;
  }

  get remoteTag(): string {
    return this.#remoteTag;
  }

  get cseq(): number {
    return this.#cseq;
  }

  /** The first provisional response with one of these statuses; it may make an early dialog. */
  async provisional(...statuses: readonly number[]): Promise<SipMessage> {
    const response = await this.phone.responseTo(this.invite, (seen) => statuses.includes(seen));
    if (tagOf(header(response, 'To')) !== '') this.#learn(response);
    return response;
  }

  /** The final response; one of 300 and above is acknowledged, one of 200 is left to {@link ack}. */
  async final(patienceMs = PATIENCE_MS): Promise<SipMessage> {
    const response = await this.phone.responseTo(this.invite, (status) => status >= 200, patienceMs);
    if (response.status >= 300) {
      this.#over = true;
      this.ackError(response);
      return response;
    }
    this.#accepted = response;
    this.#learn(response);
    return response;
  }

  /** Acknowledges an error response, in its own transaction (RFC 3261 section 17.1.1.3). */
  ackError(response: SipMessage): void {
    this.phone.send('ACK', {
      uri: this.invite.message.uri,
      branch: this.invite.branch,
      from: this.#from,
      to: header(response, 'To'),
      callId: this.callId,
      cseq: Number(header(this.invite.message, 'CSeq').split(' ')[0]),
      contact: null,
    });
  }

  /** Waits for the 200 and acknowledges it. */
  async answered(): Promise<SipMessage> {
    const response = await this.accepted();
    this.ack();
    return response;
  }

  /** Waits for the 200; the caller acknowledges it. */
  async accepted(): Promise<SipMessage> {
    const response = await this.final();
    if (response.status !== 200) throw new Error(`${response.startLine} instead of 200`);
    return response;
  }

  /** Body of the 200. */
  get answerText(): string {
    if (!this.#accepted) throw new Error('the call was not accepted');
    return this.#accepted.body;
  }

  /** The subject's answer in its 200, held against the offer. */
  get answer(): Description {
    return readAnswer(this.offer, this.answerText);
  }

  /** ACK of a 2xx. */
  ack(parts: RequestParts = {}): Sent {
    return this.request('ACK', {
      contact: null,
      cseq: Number(header(this.invite.message, 'CSeq').split(' ')[0]),
      ...parts,
    });
  }

  /**
   * Sends a request in the dialog, CSeq one higher unless given. Proxies that the INVITE said to have come by are not in
   * Route: it arrives as behind them, who have taken their own away (RFC 3261 section 16.4).
   */
  request(method: string, parts: RequestParts = {}): Sent {
    if (parts.cseq === undefined) this.#cseq += 1;
    const routes = this.#routes.map((route): [string, string] => ['Route', route]);
    return this.phone.send(method, {
      uri: this.#remoteTarget,
      from: this.#from,
      to: this.to,
      callId: this.callId,
      cseq: this.#cseq,
      ...parts,
      extra: [...routes, ...(parts.extra ?? [])],
    });
  }

  /** The same, and waits for the final response. */
  async ask(method: string, parts: RequestParts = {}): Promise<SipMessage> {
    return this.phone.responseTo(this.request(method, parts), (status) => status >= 200);
  }

  /** Offers anew, waits for the final response and acknowledges it. */
  async reinvite(offer: string, parts: RequestParts & { readonly ackBody?: string } = {}): Promise<SipMessage> {
    const { ackBody = '', ...rest } = parts;
    const sent = this.request('INVITE', { body: offer, ...rest });
    const response = await this.phone.responseTo(sent, (status) => status >= 200);
    const cseq = Number(header(sent.message, 'CSeq').split(' ')[0]);
    if (response.status < 300) this.request('ACK', { contact: null, cseq, body: ackBody });
    else this.request('ACK', { contact: null, cseq, branch: sent.branch });
    return response;
  }

  /** CANCEL of the INVITE; waits for its own final response. */
  async cancel(): Promise<SipMessage> {
    return this.phone.ask('CANCEL', {
      uri: this.invite.message.uri,
      branch: this.invite.branch,
      from: this.#from,
      to: this.#to,
      callId: this.callId,
      cseq: Number(header(this.invite.message, 'CSeq').split(' ')[0]),
      contact: null,
    });
  }

  /** BYE, which must be answered 200. */
  async bye(): Promise<void> {
    this.#over = true;
    const { status } = await this.ask('BYE', { contact: null });
    if (status !== 200) throw new Error(`BYE was answered ${status}`);
  }

  /** The next request of the subject's in this dialog. */
  async next(method: string, patienceMs = PATIENCE_MS): Promise<SipMessage> {
    const request = await this.phone.next(
      (message) =>
        message.kind === 'request' && message.method === method && header(message, 'Call-ID') === this.callId,
      `a ${method} of the subject's`,
      patienceMs,
    );
    if (tagOf(header(request, 'To')) !== tagOf(this.#from) || tagOf(header(request, 'From')) !== this.#remoteTag) {
      throw new Error(`${method} has other tags than the dialog`);
    }
    return request;
  }

  /** Waits for the subject's BYE and answers it. */
  async hungUp(patienceMs = PATIENCE_MS): Promise<SipMessage> {
    const bye = await this.next('BYE', patienceMs);
    this.#over = true;
    this.respond(bye, 200);
    return bye;
  }

  respond(request: SipMessage, status: number, parts: ResponseParts = {}): void {
    this.phone.respond(request, status, parts);
  }

  /** The scenario has seen the end of this call. */
  ended(): void {
    this.#over = true;
  }

  /** What a scenario that failed has left open is ended, so that the next one finds the subject as it should be. */
  async abandon(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    if (this.#accepted) {
      this.ack();
      await this.phone.responseTo(this.request('BYE', { contact: null }), (status) => status >= 200, 1_000);
    } else {
      await this.cancel();
      await this.final(1_000);
    }
  }

  /** What a response says about the dialog (RFC 3261 section 12.1.2). */
  #learn(response: SipMessage): void {
    this.#remoteTag = tagOf(header(response, 'To'));
    const target = uriOf(header(response, 'Contact'));
    if (target !== '') this.#remoteTarget = target;
    const own = addresses(this.invite.message, 'Record-Route');
    this.#routes = addresses(response, 'Record-Route')
      .filter((route) => !own.includes(route))
      .reverse();
  }
}
