import type { TimerHandle } from '../../../base/clock.js';
import { ALLOW } from '../../capabilities.js';
import { DigestClient, type DigestCredentials, type DigestExchange, isChallenge } from '../../digest/digest-client.js';
import { serializeCSeq } from '../../message/cseq.js';
import { INITIAL_MAX_FORWARDS } from '../../message/max-forwards.js';
import { parseNameAddrList } from '../../message/name-addr.js';
import { SipHeaders } from '../../message/sip-headers.js';
import type { SipRequest, SipResponse } from '../../message/sip-message.js';
import type { RegistrationStatus } from '../../port.js';
import { encodeUser } from '../../rejection.js';
import { retryAfterSeconds } from '../../retry-after.js';
import { authorize } from '../authorized-send.js';
import type { Endpoint } from '../endpoint.js';
import { type NextHop, NextHops } from '../next-hops.js';
import type { ClientTransaction } from '../transaction/client-transaction.js';
import type { SipFlow } from '../transport/sip-transport.js';
import type { RegistrationOptions } from './registration-options.js';
import {
  backOffDelayMs,
  grantedSeconds,
  type RegistrationTimes,
  refreshDelayMs,
  registrationTimes,
  seconds,
} from './registration-schedule.js';
import { serviceRouteOf } from './service-routes.js';

export interface RegistrationDeps {
  readonly endpoint: Endpoint;
  readonly times?: RegistrationTimes;
  /** Before anything is sent there: what comes from this address is let in. */
  onRegistrar(address: string): void;
  /** Another state, for the log. */
  onChange(status: RegistrationStatus): void;
}

/**
 * Keeps one extension registered (RFC 3261 section 10.2): refreshes before it expires, tries again with a growing wait
 * after a failure, keeps the path through a NAT open, and takes the binding back at the end.
 */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #deps: RegistrationDeps;
  readonly #times: RegistrationTimes;
  readonly #identity: DigestCredentials;
  readonly #credentials: DigestClient;
  readonly #aor: string;
  /** The registrar as request-URI: its domain, without parameters. */
  readonly #domain: string;
  /** The same without port. */
  readonly #host: string;
  readonly #callId: string;
  readonly #tag: string;
  #cseq = 0;
  #expiresSeconds: number;
  #failures = 0;
  #status: RegistrationStatus;
  /** The exchange under way: what an older one still brings is ignored. */
  #round = 0;
  #transaction: ClientTransaction | undefined;
  /** A REGISTER has no final response. */
  #open = false;
  /** When the registrar forgets us, {@link Clock.now}. */
  #boundUntilMs = Number.NEGATIVE_INFINITY;
  /** Where the last 200 came from. */
  #bound: { readonly hop: NextHop; readonly contact: string } | undefined;
  #timer: TimerHandle | undefined;
  #release: () => void = () => {};
  #unsubscribe: () => void = () => {};
  #closed = false;
  /** Closed while a REGISTER was open: what follows when it is not any more. */
  #onLast: () => void = () => {};
  /** This registration was made again because the registrar sees us elsewhere: not again before the next refresh. */
  #moved = false;

  constructor(options: RegistrationOptions, deps: RegistrationDeps) {
    const { endpoint } = deps;
    this.#options = options;
    this.#deps = deps;
    this.#times = deps.times ?? registrationTimes;
    const { authUser, password, registrar, user } = options;
    this.#identity = { user: authUser ?? user, password };
    this.#credentials = new DigestClient(this.#identity, endpoint.random);
    this.#domain = registrar.replace(/;.*$/, '');
    this.#host = this.#domain.slice(this.#domain.indexOf(':') + 1).replace(/:\d+$/, '');
    this.#aor = `sip:${encodeUser(user)}@${this.#host}`;
    this.#callId = endpoint.random.hex(16);
    this.#tag = endpoint.tag();
    this.#expiresSeconds = options.expiresSeconds;
    this.#status = { registrar, user, state: 'registering', expiresAtMs: undefined, failure: undefined };
  }

  get status(): RegistrationStatus {
    // Between two attempts that fail, a binding may run out.
    return this.#isBound ? this.#status : { ...this.#status, expiresAtMs: undefined };
  }

  get #isBound(): boolean {
    return this.#deps.endpoint.clock.now() < this.#boundUntilMs;
  }

  /** Registers now. */
  start(): void {
    if (this.#closed) return;
    this.#stopTimers();
    this.#round += 1;
    const { proxy, registrar } = this.#options;
    const hops = new NextHops(this.#deps.endpoint, this.#domain, [proxy ?? registrar]);
    this.#next(hops, this.#round, 'no server of the registrar can be reached');
  }

  /** Takes the binding back. Resolves when the registrar has answered, or has had its time. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTimers();
    const { clock } = this.#deps.endpoint;
    await new Promise<void>((resolve) => {
      const late = clock.setTimeout(resolve, this.#times.farewellMs);
      const done = (): void => {
        clock.clearTimeout(late);
        resolve();
      };
      // What is open may bind us yet, and is to be answered before another one leaves (section 10.2).
      if (this.#open) this.#onLast = () => this.#takeBack(done);
      else this.#takeBack(done);
    });
    this.#round += 1;
    this.#transaction?.abandon();
  }

  #takeBack(done: () => void): void {
    const bound = this.#bound;
    if (bound === undefined) done();
    else this.#send(bound.hop, 0, this.#credentials.begin(), this.#round, { onSuccess: done, onFailure: done });
  }

  #next(hops: NextHops, round: number, problem: string): void {
    hops.next((hop) => {
      if (round !== this.#round || this.#closed) return;
      if (hop === undefined) {
        this.#fail(problem, undefined);
        return;
      }
      this.#deps.onRegistrar(hop.flow.remote.address);
      this.#send(hop, this.#expiresSeconds, this.#credentials.begin(), round, {
        onSuccess: (response, contact) => this.#succeed(hop, contact, response),
        onFailure: (response) => this.#onRefused(hops, hop, round, response),
      });
    });
  }

  #onRefused(hops: NextHops, hop: NextHop, round: number, response: SipResponse | undefined): void {
    if (response === undefined) {
      this.#next(hops, round, 'the registrar does not answer');
      return;
    }
    const { status, headers } = response;
    const least = seconds(headers.get('Min-Expires'));
    if (status === 423 && least !== undefined && least > this.#expiresSeconds) {
      if (least <= this.#times.maxExpiresSeconds) {
        this.#expiresSeconds = least;
        this.start();
        return;
      }
    }
    const wait = retryAfterSeconds(headers.get('Retry-After'));
    if (status === 503) {
      if (wait !== undefined) this.#deps.endpoint.setAside.add(hop.flow, wait);
      this.#next(hops, round, 'the registrar answered 503');
      return;
    }
    const wrong = isChallenge(response) ? ': user or password is wrong' : '';
    this.#fail(`the registrar answered ${status}${wrong}`, wait);
  }

  /** One REGISTER, and again with credentials. `onFailure` without a response: none came. */
  #send(
    hop: NextHop,
    expiresSeconds: number,
    exchange: DigestExchange,
    round: number,
    user: {
      onSuccess(response: SipResponse, contact: string): void;
      onFailure(response: SipResponse | undefined): void;
    },
  ): void {
    const { endpoint } = this.#deps;
    const contact = endpoint.contact(hop.flow, this.#options.user, false);
    const request = this.#createRequest(hop, contact, expiresSeconds);
    this.#open = true;
    try {
      this.#transaction = endpoint.transactions.send(request, hop.flow, {
        onResponse: (response) => {
          if (response.status < 200 || round !== this.#round) return;
          this.#open = false;
          this.#credentials.renew(response);
          if (this.#closed && expiresSeconds > 0) {
            if (response.status < 300) this.#bound = { hop, contact };
            this.#onLast();
          } else if (response.status < 300) user.onSuccess(response, contact);
          else if (exchange.challengedBy(response)) {
            this.#send(hop, expiresSeconds, exchange, round, user);
          } else user.onFailure(response);
        },
        onFailure: () => {
          if (round !== this.#round) return;
          this.#open = false;
          if (this.#closed && expiresSeconds > 0) this.#onLast();
          else user.onFailure(undefined);
        },
      });
    } catch (error) {
      this.#open = false;
      endpoint.fault(error);
      user.onFailure(undefined);
    }
  }

  #createRequest({ requestUri, route }: NextHop, contact: string, expiresSeconds: number): SipRequest {
    this.#cseq += 1;
    const headers = new SipHeaders();
    headers.append('Max-Forwards', String(INITIAL_MAX_FORWARDS));
    if (route !== undefined) headers.append('Route', route);
    headers.append('From', `<${this.#aor}>;tag=${this.#tag}`);
    headers.append('To', `<${this.#aor}>`);
    headers.append('Call-ID', this.#callId);
    headers.append('CSeq', serializeCSeq({ number: this.#cseq, method: 'REGISTER' }));
    headers.append('Contact', contact);
    // Where we were before nobody is any more (RFC 3261 section 10.2.2).
    const stale = this.#bound?.contact ?? contact;
    if (stale !== contact) headers.append('Contact', `${stale};expires=0`);
    headers.append('Expires', String(expiresSeconds));
    headers.append('Allow', ALLOW);
    // RFC 3327 section 5.1: proxies on the way may put themselves into the path of calls to us.
    headers.append('Supported', 'path');
    const request: SipRequest = {
      kind: 'request',
      method: 'REGISTER',
      uri: requestUri,
      headers,
      body: Buffer.alloc(0),
    };
    authorize(request, this.#credentials);
    return request;
  }

  #succeed(hop: NextHop, contact: string, response: SipResponse): void {
    const { endpoint } = this.#deps;
    const contactUri = parseNameAddrList(contact)?.[0]?.uri ?? '';
    const granted = Math.min(grantedSeconds(response, contactUri, this.#expiresSeconds), this.#times.maxExpiresSeconds);
    this.#failures = 0;
    this.#bound = { hop, contact };
    for (const user of this.#users) endpoint.serviceRoutes.set(user, this.#host, serviceRouteOf(response));
    endpoint.extensions.set(this.#options.user, hop.flow.remote.address, this.#identity);
    const seenElsewhere = endpoint.contact(hop.flow, this.#options.user, false) !== contact;
    this.#moved = seenElsewhere && !this.#moved;
    this.#timer = endpoint.clock.setTimeout(() => this.start(), refreshDelayMs(granted));
    this.#keepPathOpen(hop.flow);
    this.#boundUntilMs = endpoint.clock.now() + granted * 1000;
    const expiresAtMs = endpoint.clock.wallTime() + granted * 1000;
    this.#change({ ...this.#status, state: 'registered', expiresAtMs, failure: undefined });
    if (this.#moved) this.start();
  }

  /** Who we may be to a trunk in the registrar's domain. */
  get #users(): readonly string[] {
    const { authUser, user } = this.#options;
    return authUser === undefined ? [user] : [user, authUser];
  }

  #keepPathOpen(flow: SipFlow): void {
    this.#unsubscribe();
    // A connection that broke took the way back with it.
    this.#unsubscribe = flow.reliable ? flow.onError(() => this.#onFlowLost()) : () => {};
    this.#release();
    this.#release = this.#deps.endpoint.holdOpen(flow);
  }

  #onFlowLost(): void {
    if (this.#closed || this.#status.state !== 'registered') return;
    this.#fail('the connection to the registrar broke', undefined);
  }

  #fail(failure: string, retryAfter: number | undefined): void {
    const { endpoint } = this.#deps;
    this.#stopTimers();
    this.#failures += 1;
    const backOffMs = backOffDelayMs(this.#failures, this.#times, endpoint.random);
    const delayMs = Math.min(Math.max(backOffMs, (retryAfter ?? 0) * 1000), 3_600_000);
    this.#timer = endpoint.clock.setTimeout(() => this.start(), delayMs);
    // The binding of the last 200 may well stand.
    if (!this.#isBound) for (const user of this.#users) endpoint.serviceRoutes.set(user, this.#host, []);
    this.#change({ ...this.status, state: 'failed', failure });
  }

  #change(status: RegistrationStatus): void {
    const before = this.#status;
    this.#status = status;
    if (before.state !== status.state || before.failure !== status.failure) this.#deps.onChange(status);
  }

  #stopTimers(): void {
    const { clock } = this.#deps.endpoint;
    clock.clearTimeout(this.#timer);
    this.#release();
    this.#release = () => {};
    this.#unsubscribe();
    this.#unsubscribe = () => {};
  }
}
