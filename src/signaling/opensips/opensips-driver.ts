import type { TimerHandle } from '../../base/clock.js';
import { ConnectorError, errorMessage } from '../../base/connector-error.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { mergeKeyOf } from '../dialog-id.js';
import { inviteRequestOf } from '../invite-request.js';
import { runGuarded } from '../leg-events.js';
import { createLocalAddressFinder, type LocalAddressFinder } from '../local-address.js';
import { parseNameAddr } from '../message/name-addr.js';
import type { HeaderField, SipHeaders } from '../message/sip-headers.js';
import type {
  Availability,
  InviteRequest,
  ListeningAddress,
  OutboundLeg,
  OutboundRequest,
  SignalingDriver,
  SignalingHandlers,
} from '../port.js';
import { encodeUser } from '../rejection.js';
import { inspectRequest } from '../request-inspection.js';
import { RestingTargets } from '../resting-targets.js';
import { retryAfterField } from '../retry-after.js';
import { readSessionBody } from '../session/session-body.js';
import { AvailabilityNotice } from './availability-notice.js';
import type { BoundSocket } from './bound-socket.js';
import { createEventSocket } from './event-socket.js';
import { createEventFilter, miHost } from './event-sources.js';
import { readExtraParams } from './extra-params.js';
import { UasSessionLeg } from './inbound-leg.js';
import { createMiLink } from './mi/create-mi-link.js';
import { MiClient } from './mi/mi-client.js';
import type { MiLink } from './mi/mi-link.js';
import {
  FULL_RETRY_AFTER_SECONDS,
  type OpensipsDeps,
  type OpensipsLimits,
  type OpensipsOptions,
  opensipsDefaults,
} from './opensips-options.js';
import { UacSessionLeg } from './outbound-leg.js';
import { OutboundStarter } from './outbound-starter.js';
import { understoodTags } from './own-tags.js';
import { readSessionEvent, requestOf, type SessionEvent } from './session-event.js';
import { refuseShortSession } from './session-timer.js';
import { Subscription } from './subscription.js';
import { keyTakenFor, UaSession } from './ua-session.js';

/**
 * Calls of OpenSIPS's UA sessions (module b2b_entities): its script hands an INVITE over by `ua_session_server_init`, the
 * events come by datagram, what we want goes back by MI. OpenSIPS keeps transactions, retransmissions, routes and CSeq; it
 * answers BYE and CANCEL itself, and everything else waits for us. `link` stands for the way to MI, in tests. Throws
 * `ERR_CONFIG_INVALID` for a bad CIDR block.
 */
export function createOpensipsDriver(options: OpensipsOptions, deps: OpensipsDeps, link?: MiLink): SignalingDriver {
  return new OpensipsDriver(options, deps, link ?? createMiLink(options.mi, deps));
}

/** A leg of either direction. */
type SessionLeg = UasSessionLeg | UacSessionLeg;

/** Sessions asked about at once where all of them are looked through. */
const AUDIT_AT_ONCE = 8;
const AUDIT_MS = 60_000;

class OpensipsDriver implements SignalingDriver {
  readonly name = 'opensips';
  readonly features = { attendedTransfer: true, headers: true, infoDigits: true } as const;
  readonly #options: OpensipsOptions;
  readonly #deps: OpensipsDeps;
  readonly #limits: OpensipsLimits = opensipsDefaults.limits;
  readonly #mi: MiClient;
  readonly #events: BoundSocket;
  readonly #starter: OutboundStarter;
  readonly #resting: RestingTargets;
  readonly #availability: AvailabilityNotice;
  readonly #sessions = new Map<string, SessionLeg>();
  /** Calls of ours that OpenSIPS has not named yet. */
  readonly #starting = new Set<UacSessionLeg>();
  /** INVITEs by what those of them have in common that came by several ways. */
  readonly #invites = new Map<string, string>();
  /** Refused without a leg; OpenSIPS is to forget them soon. */
  readonly #refused = new Map<UaSession, TimerHandle>();
  #handlers: SignalingHandlers | undefined;
  #subscription: Subscription | undefined;
  /** Of the socket for events. */
  #localAddresses: LocalAddressFinder | undefined;
  #auditTimer: TimerHandle | undefined;
  #unreadable = 0;
  #closing: Promise<void> | undefined;

  constructor(options: OpensipsOptions, deps: OpensipsDeps, link: MiLink) {
    this.#options = options;
    this.#deps = deps;
    this.#mi = new MiClient(link, deps.clock);
    this.#starter = new OutboundStarter(this.#mi, deps.clock);
    this.#resting = new RestingTargets(deps.clock);
    this.#availability = new AvailabilityNotice(this.#mi);
    this.#events = createEventSocket({
      ...options.events,
      accept: createEventFilter(options.allow, this.#mi),
      onDatagram: (datagram) => this.#onDatagram(datagram),
      onFailure: (error) => deps.log?.warn({ error: errorMessage(error) }, 'the socket for events of OpenSIPS failed'),
    });
  }

  /** OpenSIPS need not be there yet: `onStateChange` tells when it is. */
  async start(handlers: SignalingHandlers, signal?: AbortSignal): Promise<readonly ListeningAddress[]> {
    if (this.#handlers !== undefined || this.#closing !== undefined) {
      throw new ConnectorError('ERR_SIP_STATE', 'the driver was started before');
    }
    this.#handlers = handlers;
    try {
      signal?.throwIfAborted();
      await this.#mi.open();
      const bound = await this.#events.bind();
      signal?.throwIfAborted();
      await this.#subscribe(bound);
      if (this.#closing !== undefined) throw new ConnectorError('ERR_SIP_STATE', 'closed while starting');
      return [{ protocol: 'udp', ...bound }];
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** OpenSIPS answers OPTIONS outside of calls by its own script, which is told. */
  setAvailability(availability: Availability): void {
    this.#availability.set(availability);
  }

  invite(request: OutboundRequest): OutboundLeg {
    if (this.#subscription === undefined || this.#closing !== undefined) {
      throw new ConnectorError('ERR_SIP_STATE', 'the driver is not running');
    }
    const host = request.fromDomain ?? this.#options.domain ?? this.#localAddress;
    checkHeaderFields(request.headers);
    const leg: UacSessionLeg = new UacSessionLeg(
      {
        ...this.#legParts(),
        starter: this.#starter,
        resting: this.#resting,
        from: `sip:${request.fromUser === '' ? '' : `${encodeUser(request.fromUser)}@`}${host}`,
        onStarting: () => this.#starting.add(leg),
        onSession: (key) => {
          this.#starting.delete(leg);
          this.#sessions.set(key, leg);
          return new UaSession(this.#mi, key);
        },
        onForgotten: (key) => {
          this.#starting.delete(leg);
          if (key !== undefined) this.#sessions.delete(key);
        },
      },
      request,
    );
    void leg.start();
    return leg;
  }

  /** Refuses or ends what is still alive, tells OpenSIPS that nobody listens, and closes sockets and timers. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** That which calls run over. */
  get #localAddress(): string {
    return this.#localAddresses?.find(this.#miHost) ?? '127.0.0.1';
  }

  get #miHost(): string {
    return miHost(this.#options.mi, this.#mi);
  }

  async #close(): Promise<void> {
    const { clock } = this.#deps;
    clock.clearTimeout(this.#auditTimer);
    const limit = clock.setTimeout(() => this.#mi.giveUp(), this.#limits.farewellMs);
    const legs = [...this.#sessions.values(), ...this.#starting];
    const refused = this.#forgetRefused();
    const ended = legs.map((leg) => leg.shutDown());
    // As long as something is to be heard.
    const settled = Promise.all(legs.map((leg) => (leg instanceof UacSessionLeg ? leg.settled : undefined)));
    await Promise.all([settled.then(() => this.#subscription?.close()), refused, ...ended]);
    // Those that have come meanwhile.
    await this.#forgetRefused();
    clock.clearTimeout(limit);
    this.#starter.close();
    await this.#mi.close();
    await this.#events.close();
  }

  async #forgetRefused(): Promise<void> {
    const refused = [...this.#refused];
    this.#refused.clear();
    for (const [, timer] of refused) this.#deps.clock.clearTimeout(timer);
    await Promise.all(refused.map(([session]) => session.terminate()));
  }

  async #subscribe(bound: { readonly address: string; readonly port: number }): Promise<void> {
    const { clock, log } = this.#deps;
    this.#localAddresses = createLocalAddressFinder(bound.address, clock);
    const subscription = new Subscription({
      mi: this.#mi,
      clock,
      log,
      options: opensipsDefaults.subscription,
      socket: () => `udp:${this.#localAddress}:${bound.port}`,
      onChange: (state) => this.#onChange(state),
      onRestart: () => {
        for (const leg of [...this.#sessions.values()]) leg.lose();
        this.#availability.renew();
      },
    });
    this.#subscription = subscription;
    await subscription.start();
    this.#auditLater();
  }

  #onChange(state: 'up' | 'down'): void {
    if (state === 'up') this.#availability.renew();
    runGuarded(
      () => this.#handlers?.onStateChange(state),
      (error) => this.#fault(error),
    );
  }

  /** Looks for sessions that ended without our hearing of it: a datagram lost, or OpenSIPS's own limit on their life. */
  #auditLater(): void {
    this.#auditTimer = this.#deps.clock.setTimeout(() => void this.#audit(), AUDIT_MS);
  }

  async #audit(): Promise<void> {
    const sessions = [...this.#sessions];
    const next = async (): Promise<void> => {
      for (let entry = sessions.pop(); entry !== undefined; entry = sessions.pop()) {
        const [key, leg] = entry;
        const state = await new UaSession(this.#mi, key).state();
        if (state === 'gone' && this.#sessions.get(key) === leg && !leg.over) leg.lose();
      }
    };
    await Promise.all(Array.from({ length: AUDIT_AT_ONCE }, next));
    if (this.#closing === undefined) this.#auditLater();
  }

  #onDatagram(datagram: Buffer): void {
    // Whatever comes: nothing may get through to the socket's event handler.
    try {
      const event = readSessionEvent(datagram);
      if (event === undefined) this.#onUnreadable();
      else this.#receive(event);
    } catch (error) {
      this.#fault(error);
    }
  }

  /** The first is told, and then ever fewer: somebody may be sending nothing else. */
  #onUnreadable(): void {
    this.#unreadable += 1;
    if ((this.#unreadable & (this.#unreadable - 1)) !== 0) return;
    this.#deps.log?.warn({ count: this.#unreadable }, 'a datagram that is no event of OpenSIPS was dropped');
  }

  #receive(event: SessionEvent): void {
    const leg = this.#sessions.get(event.key);
    if (leg !== undefined) leg.receive(event);
    else if (event.entity === 'UAC') this.#receiveStray(event);
    else if (event.type === 'NEW') this.#receiveInvite(event);
    else this.#receiveOrphan(event);
  }

  /** A session of ours whose name we have not heard yet, one that we gave up, or another subscriber's. */
  #receiveStray(event: SessionEvent): void {
    this.#starter.receive(event);
  }

  /**
   * A session that was answered by a connector which is no more: its peer is not left waiting. Or one of ours by another To
   * tag (RFC 3261 section 12.2.2), where OpenSIPS has ended the call with a BYE or CANCEL.
   */
  #receiveOrphan(event: SessionEvent): void {
    const { key, type, method } = event;
    const taken = keyTakenFor(key, this.#sessions.keys());
    const leg = taken === undefined ? undefined : this.#sessions.get(taken);
    if (taken !== undefined && leg !== undefined) {
      // Another call may begin with the same two numbers. OpenSIPS tells requests apart by Call-ID, commands it does not.
      if (leg.callId !== event.headers.get('Call-ID')) return;
      if (type === 'TERMINATED') leg.receive(event);
      else if (type === 'UPDATED' && method !== 'ACK') void new UaSession(this.#mi, taken).reply(method, 481);
      return;
    }
    // A hub shows it to others too, and knows what to do when it is nobody's.
    if (this.#subscription?.behindHub === true) return;
    const session = new UaSession(this.#mi, key);
    if (type === 'TERMINATED' && method === 'CANCEL') void session.reply('INVITE', 487).then(() => session.terminate());
    else if (type === 'UPDATED' && method !== 'ACK') void session.reply(method, 481).then(() => session.terminate());
  }

  #receiveInvite(event: SessionEvent): void {
    const { key } = event;
    const session = new UaSession(this.#mi, key);
    const extra = readExtraParams(event.extra);
    const to = parseNameAddr(event.headers.get('To') ?? '');
    const request = { ...requestOf(event), uri: extra.requestUri ?? '' };
    const receivedAtMs = this.#deps.clock.now();
    const source = extra.source ?? { protocol: 'udp', address: this.#miHost, port: 0 };
    const body = readSessionBody(request);
    const sdp = body.type === 'sdp' ? body.sdp : undefined;
    const invite: InviteRequest = {
      ...inviteRequestOf({ request, source, receivedAtMs }, sdp),
      ...(event.extra !== '' && { extraParams: event.extra }),
    };
    const refusal = inspectRequest(
      { ...request, uri: extra.requestUri ?? to?.uri ?? '' },
      false,
      source.protocol,
      understoodTags,
    );
    const tooBrief = refuseShortSession(request.headers);
    const mergeKey = mergeKeyOf(event);
    if (refusal !== undefined) this.#refuse(session, invite, refusal.status, refusal.headers);
    else if (body.type === 'refused') this.#refuse(session, invite, body.refusal.status, body.refusal.headers);
    else if (tooBrief !== undefined) this.#refuse(session, invite, tooBrief.status, tooBrief.headers);
    else if (this.#isMerged(mergeKey)) this.#refuse(session, invite, 482, []);
    else if (this.#sessions.size >= this.#limits.maxSessions || this.#closing !== undefined) {
      this.#refuse(session, invite, 503, [retryAfterField(FULL_RETRY_AFTER_SECONDS)]);
    } else this.#offerLeg(session, invite, request.headers, mergeKey);
  }

  /** RFC 3261 section 8.2.2.2, of calls that go on: after a refusal a proxy may try us for its next target. */
  #isMerged(mergeKey: string): boolean {
    const first = this.#sessions.get(this.#invites.get(mergeKey) ?? '');
    return first !== undefined && !first.over;
  }

  #offerLeg(session: UaSession, invite: InviteRequest, headers: SipHeaders, mergeKey: string): void {
    const leg = new UasSessionLeg(
      {
        ...this.#legParts(),
        session,
        headers,
        onForgotten: () => {
          this.#sessions.delete(session.key);
          if (this.#invites.get(mergeKey) === session.key) this.#invites.delete(mergeKey);
        },
      },
      invite,
    );
    this.#sessions.set(session.key, leg);
    this.#invites.set(mergeKey, session.key);
    runGuarded(
      () => this.#handlers?.onInvite(leg),
      (error) => leg.refuseAfterFault(error),
    );
  }

  #refuse(session: UaSession, invite: InviteRequest, status: number, headers: readonly HeaderField[]): void {
    void session.reply('INVITE', status, undefined, { headers });
    const forget = (): void => {
      this.#refused.delete(session);
      void session.terminate();
    };
    // Left for its ACK a while, as those are that a leg refuses.
    this.#refused.set(session, this.#deps.clock.setTimeout(forget, this.#limits.refusedMs));
    runGuarded(
      () => this.#handlers?.onRefused(invite, status),
      (error) => this.#fault(error),
    );
  }

  #legParts(): Pick<
    ConstructorParameters<typeof UasSessionLeg>[0],
    'clock' | 'random' | 'limits' | 'localAddress' | 'onFault'
  > {
    const { clock, random } = this.#deps;
    return {
      clock,
      random,
      limits: this.#limits,
      localAddress: this.#localAddress,
      onFault: (error) => this.#fault(error),
    };
  }

  #fault(error: unknown): void {
    this.#deps.log?.error({ error: errorMessage(error) }, 'a call of OpenSIPS could not be handled');
  }
}
