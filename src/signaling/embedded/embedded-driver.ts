import { assertUnreachable } from '../../base/assert.js';
import { ConnectorError, errorMessage } from '../../base/connector-error.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { optionsHeaders } from '../capabilities.js';
import { dialogIdOf } from '../dialog-id.js';
import { TargetResolver } from '../dns/target-resolver.js';
import { inviteRequestOf } from '../invite-request.js';
import { concrete } from '../ip-literal.js';
import { runGuarded } from '../leg-events.js';
import type { HeaderField } from '../message/sip-headers.js';
import { parseMessage } from '../message/sip-parser.js';
import type {
  Availability,
  InviteRequest,
  ListeningAddress,
  OutboundLeg,
  OutboundRequest,
  RegistrationStatus,
  SignalingDriver,
  SignalingHandlers,
} from '../port.js';
import type { Refusal } from '../refusal.js';
import { inspectRequest } from '../request-inspection.js';
import { retryAfterField } from '../retry-after.js';
import { sessionRefusal } from '../session/session-agreement.js';
import { readSessionBody } from '../session/session-body.js';
import { readReplaces } from '../transfer/replaces.js';
import { advertisedTo } from './advertised-host.js';
import { DialogTable } from './dialog/dialog-table.js';
import { type BoundTransport, FlowFinder } from './dialog/flow-finder.js';
import { LargeRequests } from './dialog/large-requests.js';
import { NameResolver } from './dialog/name-resolver.js';
import { type EmbeddedDeps, type EmbeddedListen, type EmbeddedOptions, embeddedDefaults } from './embedded-options.js';
import { Endpoint } from './endpoint.js';
import { HepCapture } from './hep-capture.js';
import { UasLeg } from './inbound-leg.js';
import { UacLeg } from './outbound-leg.js';
import { Peers } from './peers.js';
import { Registration } from './registration/registration.js';
import type { RegistrationOptions } from './registration/registration-options.js';
import { receivedInvite } from './requested-target.js';
import type { ServerTransaction } from './transaction/server-transaction.js';
import { TransactionLayer } from './transaction/transaction-layer.js';
import { createSocketTransport } from './transport/create-transport.js';
import type { SipFlow, SipTransport } from './transport/sip-transport.js';
import { readTlsSettings, type TlsSettings } from './transport/tls-policy.js';

/**
 * Our own SIP endpoint over UDP, TCP, TLS and WebSocket (RFC 3261, RFC 7118), which needs no server beside it. Throws
 * `ERR_CONFIG_INVALID` for a bad CIDR block.
 */
export function createEmbeddedDriver(options: EmbeddedOptions, deps: EmbeddedDeps): SignalingDriver {
  return new EmbeddedDriver(options, deps);
}

class EmbeddedDriver implements SignalingDriver {
  readonly name = 'embedded';
  readonly features = { attendedTransfer: true, headers: true, infoDigits: true };
  readonly #options: EmbeddedOptions;
  readonly #deps: EmbeddedDeps;
  readonly #peers: Peers;
  readonly #hep: HepCapture;
  readonly #transports: BoundTransport[] = [];
  readonly #dialogs = new DialogTable();
  readonly #resolver: NameResolver;
  readonly #largeRequests: LargeRequests;
  readonly #transactions: TransactionLayer;
  readonly #endpoint: Endpoint;
  readonly #failed = new Set<SipTransport>();
  readonly #legs = new Set<{ shutDown(): void }>();
  readonly #registrations: readonly Registration[];
  #handlers: SignalingHandlers | undefined;
  #availability: Availability = 'open';
  #closing: Promise<void> | undefined;

  constructor(options: EmbeddedOptions, deps: EmbeddedDeps) {
    this.#options = options;
    this.#deps = deps;
    const { clock, random, log } = deps;
    this.#peers = new Peers(options, { clock, random });
    this.#hep = new HepCapture(options.hep, deps);
    const timers = options.timers ?? embeddedDefaults.timers;
    const limits = options.limits ?? embeddedDefaults.limits;
    this.#resolver = new NameResolver(deps.lookup === undefined ? { clock } : { clock, lookup: deps.lookup });
    this.#largeRequests = new LargeRequests(this.#transports, clock);
    this.#transactions = new TransactionLayer(
      {
        clock,
        random,
        user: {
          onRequest: (transaction) => this.#receive(transaction),
          onAck: (ack) => this.#dialogs.find(ack)?.onAck(ack),
        },
        sentBy: (flow) => this.#endpoint.sentBy(flow),
        streamFor: (flow) => this.#largeRequests.streamFor(flow),
        onResponse: (flow, response) => this.#endpoint.noteResponse(flow, response),
        onFault: (error) => this.#endpoint.fault(error),
      },
      {
        timers,
        maxServerTransactions: limits.maxServerTransactions,
        maxServerBytes: limits.maxServerBytes,
        overloadRetryAfterSeconds: limits.retryAfterSeconds,
      },
    );
    this.#endpoint = new Endpoint({
      clock,
      random,
      timers,
      limits,
      sessionTimers: options.sessionTimers ?? embeddedDefaults.sessionTimers,
      log,
      advertised: (flow) => advertisedTo(flow, options.advertise, this.#transports),
      keepAliveMs: this.#keepAliveMs,
      transactions: this.#transactions,
      dialogs: this.#dialogs,
      flows: new FlowFinder(this.#resolver, this.#transports),
      targets: new TargetResolver(
        { clock, random, ...(deps.dns !== undefined && { dns: deps.dns }) },
        {
          protocols: (['udp', 'tcp', 'tls'] as const).filter((protocol) =>
            options.listen.some((listen) => listen.protocol === protocol),
          ),
        },
      ),
      onContact: (address) => this.#peers.addContacted(address),
    });
    this.#registrations = (options.register ?? []).map((extension) => this.#createRegistration(extension));
  }

  get #keepAliveMs(): number {
    return (this.#options.keepAliveSeconds ?? embeddedDefaults.keepAliveSeconds) * 1000;
  }

  async start(handlers: SignalingHandlers, signal?: AbortSignal): Promise<readonly ListeningAddress[]> {
    if (this.#handlers !== undefined || this.#closing !== undefined) {
      throw new ConnectorError('ERR_SIP_STATE', 'the SIP endpoint was started before');
    }
    this.#handlers = handlers;
    try {
      const tls = await readTlsSettings(this.#options.tls);
      for (const listen of this.#options.listen) {
        signal?.throwIfAborted();
        const transport = this.#hep.capturing(this.#createTransport(listen, tls));
        this.#transports.push({ transport, bound: await this.#bind(transport) });
      }
      signal?.throwIfAborted();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    runGuarded(
      () => handlers.onStateChange('up'),
      (error) => this.#endpoint.fault(error),
    );
    for (const registration of this.#registrations) registration.start();
    return this.#transports.map(({ bound }) => bound);
  }

  /** Reads the certificate files again, for the handshakes to come. Throws `ERR_TLS_FILE`, and nothing has changed then. */
  async renew(): Promise<void> {
    const { material } = await readTlsSettings(this.#options.tls);
    if (material === undefined) return;
    for (const { transport } of this.#transports) transport.setTls?.(material);
  }

  registrations(): readonly RegistrationStatus[] {
    return this.#registrations.map(({ status }) => status);
  }

  setAvailability(availability: Availability): void {
    this.#availability = availability;
  }

  invite(request: OutboundRequest): OutboundLeg {
    const first = this.#transports[0];
    if (first === undefined || this.#closing !== undefined) {
      throw new ConnectorError('ERR_SIP_STATE', 'the SIP endpoint is not running');
    }
    checkHeaderFields(request.headers);
    const leg: UacLeg = new UacLeg(this.#endpoint, request, concrete(first.bound.address), () =>
      this.#legs.delete(leg),
    );
    this.#legs.add(leg);
    leg.start();
    return leg;
  }

  /**
   * Refuses or ends what is still alive, then closes the sockets and every timer: at once, or after a second at most where
   * INVITEs are cancelled. Calls are to be ended before, where the far end's answer matters.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const leg of [...this.#legs]) leg.shutDown();
    const { openInvites, limits } = this.#endpoint;
    // No sooner is a socket closed than a PBX would send calls to nobody, and a 200 that crosses a CANCEL would meet nobody.
    await Promise.all([openInvites.none(limits.closeMs), ...this.#registrations.map((each) => each.close())]);
    this.#transactions.close();
    this.#resolver.close();
    await Promise.all(this.#transports.map(({ transport }) => transport.close()));
    this.#hep.close();
  }

  #createTransport(listen: EmbeddedListen, tls: TlsSettings): SipTransport {
    const { createTransport, clock, random } = this.#deps;
    const accept = (address: string): boolean => this.#peers.accepts(address);
    if (createTransport !== undefined) return createTransport(listen, accept);
    const { host: address, port } = listen;
    return createSocketTransport(listen.protocol, {
      ...{ address, port, clock, random, tls },
      accept,
      origins: this.#options.webSocket?.origins ?? [],
      keepAliveMs: this.#keepAliveMs,
    });
  }

  async #bind(transport: SipTransport): Promise<ListeningAddress> {
    try {
      const bound = await transport.start({
        onMessage: (flow, message) => this.#onMessage(transport, flow, message),
        onFailure: (error) => this.#onFailure(transport, error),
        onHandshakeFailure: (side, error) => this.#onHandshakeFailure(transport, side, error),
      });
      if (this.#closing !== undefined) throw new ConnectorError('ERR_SIP_STATE', 'closed while starting');
      return bound;
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  #onMessage(transport: SipTransport, flow: SipFlow, message: Buffer): void {
    // Whatever a peer sends: nothing may get through to the socket's event handler.
    try {
      this.#transactions.receive(transport, flow, parseMessage(message, transport.protocol), message.length);
    } catch (error) {
      this.#endpoint.fault(error);
    }
  }

  /** Strangers' handshakes fail all day long; one of ours is a trunk whose certificate somebody has to look at. */
  #onHandshakeFailure({ protocol }: SipTransport, side: 'accepting' | 'connecting', error: Error): void {
    const fields = { protocol, error: errorMessage(error) };
    if (side === 'connecting') this.#deps.log?.warn(fields, 'a connection of ours was not made');
    else this.#endpoint.debug(fields, 'a handshake failed');
  }

  #onFailure(transport: SipTransport, error: Error): void {
    this.#deps.log?.warn({ error: errorMessage(error) }, 'a listening socket failed');
    if (this.#failed.has(transport)) return;
    this.#failed.add(transport);
    if (this.#failed.size < this.#transports.length) return;
    runGuarded(
      () => this.#handlers?.onStateChange('down'),
      (fault) => this.#endpoint.fault(fault),
    );
  }

  /** RFC 3261 section 8.2, in its order. */
  #receive(transaction: ServerTransaction): void {
    const { request, malformed } = transaction;
    const inDialog = dialogIdOf(request) !== undefined;
    if (!inDialog && !this.#peers.mayBegin(transaction.source.remote.address)) {
      transaction.abandon();
      return;
    }
    transaction.unproven = this.#peers.mustAuthenticate(transaction.source.remote.address);
    if (malformed !== undefined) {
      this.#refuse(transaction, { status: malformed.status, headers: [] }, inDialog);
      return;
    }
    const refusal = inspectRequest(request, inDialog, transaction.source.protocol, this.#endpoint.supported);
    if (refusal !== undefined) {
      this.#refuse(transaction, refusal, inDialog);
      return;
    }
    if (inDialog) {
      const owner = this.#dialogs.find(request);
      if (owner === undefined) this.#endpoint.respond(transaction, 481);
      else {
        transaction.unproven = false;
        owner.onRequest(transaction);
      }
      return;
    }
    if (!this.#isAuthenticated(transaction)) return;
    if (request.method === 'INVITE') this.#receiveInvite(transaction);
    else if (request.method === 'OPTIONS') this.#answerOptions(transaction);
    // BYE, INFO, NOTIFY, PRACK and UPDATE exist in dialogs only.
    else this.#endpoint.respond(transaction, 481);
  }

  /** False: it was answered 401. */
  #isAuthenticated(transaction: ServerTransaction): boolean {
    const verdict = this.#peers.judge(transaction.request, transaction.source.remote.address);
    if (verdict.type === 'admitted') {
      transaction.unproven = false;
      return true;
    }
    const headers = verdict.challenges.map((value) => ['WWW-Authenticate', value] as const);
    // An INVITE without credentials is a question, one with wrong ones an attempt to be recorded.
    if (verdict.failed) this.#refuse(transaction, { status: 401, headers }, false);
    else this.#endpoint.respond(transaction, 401, { headers });
    return false;
  }

  #createRegistration(options: RegistrationOptions): Registration {
    return new Registration(options, {
      endpoint: this.#endpoint,
      onRegistrar: (address) => this.#peers.addRegistrar(address),
      onChange: ({ registrar, state, failure }) => {
        if (state === 'failed') this.#deps.log?.warn({ registrar, failure }, 'registration failed');
        else this.#deps.log?.info?.({ registrar, state }, 'registration');
      },
    });
  }

  #receiveInvite(transaction: ServerTransaction): void {
    const body = readSessionBody(transaction.request);
    if (body.type === 'refused') {
      this.#refuse(transaction, body.refusal, false);
      return;
    }
    const tooBrief = sessionRefusal(transaction.request.headers, this.#endpoint.sessionTimers);
    if (tooBrief !== undefined) {
      this.#refuse(transaction, tooBrief, false);
      return;
    }
    if (this.#legs.size >= this.#endpoint.limits.maxLegs || this.#closing !== undefined) {
      this.#refuse(transaction, { status: 503, headers: [this.#retryAfter()] }, false);
      return;
    }
    const sdp = body.type === 'sdp' ? body.sdp : undefined;
    if (this.#receiveReplacement(transaction, sdp)) return;
    const invite = inviteRequestOf(receivedInvite(transaction, this.#options.advertise), sdp);
    const leg: UasLeg = new UasLeg(this.#endpoint, transaction, invite, () => this.#legs.delete(leg));
    this.#legs.add(leg);
    runGuarded(
      () => this.#handlers?.onInvite(leg),
      (error) => leg.refuseAfterFault(error),
    );
    leg.trying();
  }

  /** True: the INVITE wants to take over a call (RFC 3891), and has been dealt with. */
  #receiveReplacement(transaction: ServerTransaction, sdp: string | undefined): boolean {
    const replaces = readReplaces(transaction.request);
    switch (replaces.type) {
      case 'none':
        return false;
      case 'refused':
        this.#refuse(transaction, { status: 400, headers: [] }, false);
        return true;
      case 'dialog': {
        const owner = this.#dialogs.owner(replaces.id);
        if (owner === undefined) this.#refuse(transaction, { status: 481, headers: [] }, false);
        else owner.onReplaces(transaction, sdp, replaces.earlyOnly);
        return true;
      }
      default:
        return assertUnreachable(replaces);
    }
  }

  #answerOptions(transaction: ServerTransaction): void {
    const open = this.#availability === 'open';
    const about = optionsHeaders(this.#endpoint.supported);
    const headers = open ? about : [...about, this.#retryAfter()];
    this.#endpoint.respond(transaction, open ? 200 : 503, { headers });
  }

  #refuse(transaction: ServerTransaction, refusal: Refusal, inDialog: boolean): void {
    this.#endpoint.respond(transaction, refusal.status, { headers: refusal.headers });
    this.#endpoint.debug({ status: refusal.status, reason: transaction.malformed?.reason }, 'request refused');
    if (transaction.request.method !== 'INVITE' || inDialog) return;
    if (transaction.unproven && !this.#endpoint.noteStranger(transaction.source, refusal.status)) return;
    const invite: InviteRequest = inviteRequestOf(receivedInvite(transaction, this.#options.advertise));
    runGuarded(
      () => this.#handlers?.onRefused(invite, refusal.status),
      (error) => this.#endpoint.fault(error),
    );
  }

  #retryAfter(): HeaderField {
    return retryAfterField(this.#endpoint.limits.retryAfterSeconds);
  }
}
