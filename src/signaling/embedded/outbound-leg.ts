import type { TimerHandle } from '../../base/clock.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { ALLOW, SDP_TYPE, supportedField } from '../capabilities.js';
import { DialogLeg } from '../dialog-leg.js';
import { DigestClient, type DigestExchange } from '../digest/digest-client.js';
import { ENDED_BY_LOSS, ENDED_BY_US, NO_ANSWER } from '../leg-end.js';
import { serializeCSeq } from '../message/cseq.js';
import { INITIAL_MAX_FORWARDS } from '../message/max-forwards.js';
import { serializeNameAddr } from '../message/name-addr.js';
import { SipHeaders } from '../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../message/sip-message.js';
import type { HangUpOptions, LegEnd, OfferReply, OutboundLeg, OutboundRequest } from '../port.js';
import { MAX_REDIRECTS, redirectTargets } from '../redirect-targets.js';
import { oneLine } from '../rejection.js';
import { retryAfterSeconds } from '../retry-after.js';
import { InviteInterval } from '../session/invite-interval.js';
import { sdpOf } from '../session/session-body.js';
import { authorize } from './authorized-send.js';
import type { CallDialog, CallDialogUser } from './call-dialog.js';
import type { Endpoint } from './endpoint.js';
import { type AttemptFailure, endOf, InviteAttempt } from './invite-attempt.js';
import { replaceLeg } from './leg-replacement.js';
import { isSecureWay, type NextHop, NextHops } from './next-hops.js';
import type { ServerTransaction } from './transaction/server-transaction.js';

/** A call of ours, from the first packet to the end of its dialog. */
export class UacLeg extends DialogLeg implements OutboundLeg {
  readonly direction = 'outbound';
  readonly callId: string;
  readonly #endpoint: Endpoint;
  readonly #request: OutboundRequest;
  readonly #localTag: string;
  readonly #onEnded: () => void;
  #localAddress: string;
  readonly #hops: NextHops;
  readonly #credentials: DigestClient | undefined;
  readonly #interval: InviteInterval;
  /** One for each next hop. */
  #exchange: DigestExchange | undefined;
  #attempt: InviteAttempt | undefined;
  #cseq = 0;
  /** How it ended with the next hop before, when there is no other. */
  #lastEnd: LegEnd = ENDED_BY_LOSS;
  #redirects = 0;
  #description: { readonly localAddress: string; readonly body: Buffer } | undefined;
  #failOverTimer: TimerHandle | undefined;
  /** The dialog the leg's user talks in: that of the first 2xx. */
  #answered: CallDialog | undefined;
  /** The early dialog whose peer has offered something else than it had answered. */
  #updated: CallDialog | undefined;
  #givenUp = false;
  #answerTimer: TimerHandle | undefined;

  /** `localAddress` is what is shown until the way to the peer is known. */
  constructor(endpoint: Endpoint, request: OutboundRequest, localAddress: string, onEnded: () => void) {
    super();
    this.#endpoint = endpoint;
    this.#request = request;
    this.#localAddress = localAddress;
    this.#onEnded = onEnded;
    this.callId = endpoint.random.hex(16);
    this.#localTag = endpoint.tag();
    this.#hops = new NextHops(endpoint, request.uri, request.targets ?? [], endpoint.serviceRoutes.for(request));
    this.#interval = new InviteInterval(endpoint.sessionTimers);
    this.#credentials = request.auth === undefined ? undefined : new DigestClient(request.auth, endpoint.random);
  }

  /** Changes when the way to a next hop becomes known; `sdp` of the request is called after that, once for each. */
  get localAddress(): string {
    return this.#localAddress;
  }

  protected get talking(): CallDialog | undefined {
    return this.#answered;
  }

  protected onListenerFault(error: unknown): void {
    this.#endpoint.fault(error);
  }

  /** Looks the next hop up and sends the INVITE. To be called once. */
  start(): void {
    const { clock, limits } = this.#endpoint;
    const timeoutMs = this.#request.answerTimeoutMs ?? limits.answerTimeoutMs;
    this.#answerTimer = clock.setTimeout(() => this.hangUp(NO_ANSWER), timeoutMs);
    this.#tryNext();
  }

  hangUp(options: HangUpOptions = {}): void {
    if (this.events.ended) return;
    if (this.#answered !== undefined) {
      this.#answered.hangUp(options);
      return;
    }
    checkHeaderFields(options.headers);
    this.#givenUp = true;
    if (this.#attempt === undefined) this.#end(ENDED_BY_US);
    else this.#attempt.giveUp(options);
  }

  /** The driver closes: CANCEL or BYE at once. Whoever answers meanwhile gets ACK and BYE, as long as the driver waits. */
  shutDown(): void {
    if (this.events.ended) return;
    this.hangUp();
    this.#attempt?.giveUpSilent();
    this.#end(ENDED_BY_US);
  }

  /** The next hop that is left, or the end. */
  #tryNext(): void {
    this.#hops.next((hop) => {
      if (this.events.ended) return;
      if (hop !== undefined) this.#invite(hop);
      else if (this.#hops.restingSeen) this.#end({ ...this.#lastEnd, status: this.#lastEnd.status || 503 });
      else this.#end(this.#lastEnd);
    });
  }

  #invite(hop: NextHop): void {
    this.#exchange = this.#credentials?.begin();
    this.#send(hop);
    this.#watch();
  }

  /** Sends the INVITE to a next hop: the first time, or with credentials. */
  #send(hop: NextHop): void {
    const { flow } = hop;
    this.#localAddress = flow.local.address;
    try {
      const contact = this.#endpoint.contact(flow, this.#request.fromUser, isSecureWay(hop));
      const attempt: InviteAttempt = new InviteAttempt({
        endpoint: this.#endpoint,
        request: this.#createInvite(hop, contact),
        flow,
        contact,
        credentials: this.#credentials,
        user: {
          onProgress: (response) => {
            if (this.#attempt !== attempt) return;
            this.events.emit({ type: 'progress', status: response.status, sdp: sdpOf(response) });
          },
          onAnswered: (call, sdp) => {
            this.#answered = call;
            this.#stopTimers();
            this.events.emit({ type: 'answered', sdp: call === this.#updated ? undefined : sdp });
          },
          onFailed: (failure) => {
            if (this.#attempt === attempt) this.#onFailed(hop, failure);
          },
          dialogUser: this.#dialogUser(),
        },
      });
      this.#attempt = attempt;
      attempt.start();
    } catch (error) {
      this.#endpoint.fault(error);
      this.#end({ by: this.#givenUp ? 'local' : 'transport', status: 0, text: '' });
    }
  }

  /** A next hop that says nothing is given up long before timer B, if there is another one. */
  #watch(): void {
    const { clock, limits } = this.#endpoint;
    clock.clearTimeout(this.#failOverTimer);
    if (!this.#hops.more) return;
    const waiting = this.#attempt;
    const stillSilent = (): boolean =>
      !this.events.ended && !this.#givenUp && this.#attempt === waiting && waiting?.heard === false;
    this.#failOverTimer = clock.setTimeout(() => {
      if (!stillSilent()) return;
      this.#hops.next((other) => {
        if (other === undefined) return;
        if (!stillSilent()) {
          this.#hops.putBack(other);
          return;
        }
        // It may have our INVITE and answer yet: then it is cancelled, or acknowledged and ended.
        waiting?.giveUpSilent();
        this.#invite(other);
      });
    }, this.#request.failOverMs ?? limits.failOverMs);
  }

  #createInvite({ flow, requestUri, route }: NextHop, contact: string): SipRequest {
    const { uri, fromUser, fromDisplayName = '', fromDomain } = this.#request;
    const from = {
      displayName: oneLine(fromDisplayName),
      uri: this.#endpoint.address(flow, fromUser, fromDomain),
      params: new Map([['tag', this.#localTag]]),
    };
    this.#cseq += 1;
    const headers = new SipHeaders();
    headers.append('Max-Forwards', String(INITIAL_MAX_FORWARDS));
    if (route !== undefined) headers.append('Route', route);
    headers.append('From', serializeNameAddr(from));
    headers.append('To', `<${uri}>`);
    headers.append('Call-ID', this.callId);
    headers.append('CSeq', serializeCSeq({ number: this.#cseq, method: 'INVITE' }));
    headers.append('Contact', contact);
    headers.append('Allow', ALLOW);
    headers.append(...supportedField(this.#endpoint.supported));
    for (const [name, value] of this.#interval.headers) headers.append(name, value);
    for (const [name, value] of this.#request.headers ?? []) headers.append(name, value);
    headers.append('Content-Type', SDP_TYPE);
    const invite: SipRequest = { kind: 'request', method: 'INVITE', uri: requestUri, headers, body: this.#offer() };
    if (this.#credentials !== undefined) authorize(invite, this.#credentials);
    return invite;
  }

  /** The same for every attempt over the same local address: the version of a description only rises with a change. */
  #offer(): Buffer {
    const { sdp } = this.#request;
    const localAddress = this.#localAddress;
    if (this.#description?.localAddress !== localAddress) {
      const body = Buffer.from(typeof sdp === 'string' ? sdp : sdp(localAddress), 'utf8');
      this.#description = { localAddress, body };
    }
    return this.#description.body;
  }

  #onFailed(hop: NextHop, failure: AttemptFailure): void {
    this.#endpoint.clock.clearTimeout(this.#failOverTimer);
    if (this.#givenUp || failure.type === 'given-up') {
      const { status, text } = endOf(failure);
      this.#end({ by: 'local', status, text });
      return;
    }
    this.#lastEnd = endOf(failure);
    if (failure.type === 'response') {
      const { response } = failure;
      if (this.#exchange?.challengedBy(response)) {
        this.#send(hop);
        return;
      }
      if (this.#interval.learn(response)) {
        this.#send(hop);
        return;
      }
      if (response.status >= 300 && response.status < 400 && this.#redirect(response)) return;
      if (response.status !== 503) {
        this.#end(this.#lastEnd);
        return;
      }
      const seconds = retryAfterSeconds(response.headers.get('Retry-After'));
      if (seconds !== undefined) this.#endpoint.setAside.add(hop.flow, seconds);
    }
    this.#attempt = undefined;
    this.#tryNext();
  }

  /** Follows a 3xx where its contacts, best first, may be followed (RFC 3261 section 8.1.3.4). */
  #redirect(response: SipResponse): boolean {
    const { mayFollow } = this.#request;
    this.#redirects += 1;
    if (mayFollow === undefined || this.#redirects > MAX_REDIRECTS) return false;
    const uris = redirectTargets(response).filter((uri) => mayFollow(uri));
    if (uris.length === 0) return false;
    this.#hops.redirect(uris);
    this.#attempt = undefined;
    this.#tryNext();
    return true;
  }

  /** Only the dialog that answered is the leg's; others are ended without it. */
  #dialogUser(): CallDialogUser {
    return {
      onAcked: (call, sdp) => {
        if (call === this.#answered) this.events.emit({ type: 'acked', sdp });
      },
      onOffer: (call, sdp, reply) => {
        if (this.#answered === undefined) this.#offerEarly(call, sdp, reply);
        else if (call === this.#answered) this.events.emit({ type: 'offer', sdp, reply });
        else reply.reject(488);
      },
      onDigit: (call, digit, durationMs) => {
        if (call === (this.#answered ?? call)) this.events.emit({ type: 'digit', digit, durationMs });
      },
      onTransfer: (_, status, final) => this.events.emit({ type: 'transfer', status, final }),
      onReoffered: (_, status, sdp) => this.events.emit({ type: 'reoffered', status, sdp }),
      onReplace: (transaction, sdp) => this.#replace(transaction, sdp),
      onRefer: this.#request.onRefer,
      onEnded: (call, end) => {
        if (call === this.#answered) this.#end(end);
      },
    };
  }

  /** An UPDATE before the 2xx. The user has one session: of several branches that offer, the first is heard. */
  #offerEarly(call: CallDialog, sdp: string | undefined, reply: OfferReply): void {
    if (this.#givenUp || (this.#updated !== undefined && call !== this.#updated)) {
      reply.reject(488);
      return;
    }
    const accept = (description: string): void => {
      this.#updated = call;
      reply.accept(description);
    };
    this.events.emit({ type: 'offer', sdp, reply: { accept, reject: (...refusal) => reply.reject(...refusal) } });
  }

  #replace(transaction: ServerTransaction, sdp: string | undefined): void {
    const old = this.#answered;
    if (old === undefined) {
      this.#endpoint.respond(transaction, 481);
      return;
    }
    replaceLeg({
      endpoint: this.#endpoint,
      transaction,
      sdp,
      contactUser: this.#request.fromUser,
      old,
      user: this.#dialogUser(),
      onOffer: (offer, reply) => this.events.emit({ type: 'offer', sdp: offer, reply }),
      onReplaced: (call, fromUser) => {
        this.#answered = call;
        this.events.emit({ type: 'replaced', fromUser });
      },
    });
  }

  #end(end: LegEnd): void {
    this.#stopTimers();
    if (this.events.ended) return;
    this.#attempt?.close();
    this.#onEnded();
    if (end.by === 'peer' || end.by === 'ack-timeout') this.events.end(end);
    else this.events.endLater(end);
  }

  #stopTimers(): void {
    this.#endpoint.clock.clearTimeout(this.#answerTimer);
    this.#endpoint.clock.clearTimeout(this.#failOverTimer);
  }
}
