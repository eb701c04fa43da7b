import { isIP } from 'node:net';
import { assertUnreachable } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/connector-error.js';
import { PerSecond } from '../../base/per-second.js';
import type { Random } from '../../base/random.js';
import { ownTags, TIMER_SUPPORTED } from '../capabilities.js';
import { DigestClient } from '../digest/digest-client.js';
import type { TargetResolver } from '../dns/target-resolver.js';
import { serializeHost, serializeHostPort } from '../message/host.js';
import { createResponse, type ResponseOptions } from '../message/response-builder.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipResponse } from '../message/sip-message.js';
import { decodedUser, hostToReach, parseSipUri } from '../message/sip-uri.js';
import type { SipProtocol } from '../port.js';
import { encodeUser } from '../rejection.js';
import type { SessionTimerOptions } from '../session/session-agreement.js';
import type { DialogTable } from './dialog/dialog-table.js';
import type { FlowFinder, FlowOrigin } from './dialog/flow-finder.js';
import type { EmbeddedLimits, EmbeddedLog } from './embedded-options.js';
import { OpenInvites } from './open-invites.js';
import { ExtensionCredentials } from './registration/extension-credentials.js';
import { ServiceRoutes } from './registration/service-routes.js';
import { SeenAddresses } from './seen-addresses.js';
import { SetAside } from './set-aside.js';
import type { ReceivedRequest, ServerTransaction } from './transaction/server-transaction.js';
import type { TimerOptions } from './transaction/timer-values.js';
import type { TransactionLayer } from './transaction/transaction-layer.js';
import { KEEP_ALIVE_PING, KeepAlive } from './transport/keep-alive.js';
import type { SipFlow } from './transport/sip-transport.js';

export interface EndpointParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerOptions;
  readonly limits: EmbeddedLimits;
  readonly sessionTimers: SessionTimerOptions;
  readonly log: EmbeddedLog | undefined;
  /** The configured host for Via and Contact on this flow; `undefined`: the local address. */
  advertised(flow: SipFlow): string | undefined;
  /** Gap between keep-alives, ms; 0 for none. */
  readonly keepAliveMs: number;
  readonly transactions: TransactionLayer;
  readonly dialogs: DialogTable;
  readonly flows: FlowFinder;
  /** Looks up names of the configuration. */
  readonly targets: Pick<TargetResolver, 'resolveTargets'>;
  /** Requests of ours go to this address. */
  onContact(address: string): void;
}

/** The flow to one server; `undefined` where its protocol or family is not spoken. */
export type FlowOpener = () => SipFlow | undefined;

/** Of strangers, who leave a line in the log and a call record each. */
const MAX_REFUSALS_NOTED_PER_SECOND = 10;

/** What all legs of one driver share. */
export class Endpoint {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerOptions;
  readonly limits: EmbeddedLimits;
  readonly sessionTimers: SessionTimerOptions;
  /** Option tags of what we support. */
  readonly supported: ReadonlySet<string>;
  /** Header fields of each request of ours in a dialog that is no INVITE, UPDATE or ACK. */
  readonly requestFields: readonly HeaderField[];
  readonly transactions: TransactionLayer;
  readonly dialogs: DialogTable;
  readonly setAside: SetAside;
  readonly openInvites: OpenInvites;
  readonly serviceRoutes = new ServiceRoutes();
  readonly extensions = new ExtensionCredentials();
  readonly #seen = new SeenAddresses();
  readonly #strangers: PerSecond;
  readonly #parts: EndpointParts;

  constructor(parts: EndpointParts) {
    this.#parts = parts;
    this.clock = parts.clock;
    this.random = parts.random;
    this.timers = parts.timers;
    this.limits = parts.limits;
    this.sessionTimers = parts.sessionTimers;
    const timers = parts.sessionTimers.mode !== 'off';
    this.supported = ownTags(timers);
    this.requestFields = timers ? [TIMER_SUPPORTED] : [];
    this.transactions = parts.transactions;
    this.dialogs = parts.dialogs;
    this.setAside = new SetAside(parts.clock);
    this.openInvites = new OpenInvites(parts.clock);
    this.#strangers = new PerSecond(MAX_REFUSALS_NOTED_PER_SECOND, parts.clock.now());
  }

  /** An unguessable tag: RFC 3261 section 19.3 asks for 32 bits, this has 64. */
  tag(): string {
    return this.random.hex(8);
  }

  /** Our host as peers on this flow reach it. */
  host(flow: SipFlow): string {
    return this.#parts.advertised(flow) ?? flow.local.address;
  }

  /** Host and listening port for the Via of a request on this flow. */
  sentBy(flow: SipFlow): { readonly host: string; readonly port: number } {
    return { host: this.host(flow), port: flow.local.port };
  }

  /** Learns from a response where the peer sees us, unless the configuration says where we are. */
  noteResponse(flow: SipFlow, response: SipResponse): void {
    if (this.#parts.advertised(flow) === undefined) this.#seen.note(flow, response);
  }

  /**
   * Contact for a dialog on this flow: where we are advertised, else where the peer has said that it sees us, else where
   * we listen. `user` is the plain text, `''` for none. `secure`: the dialog is one of `sips:`
   * URIs (RFC 3261 section 12.1.1).
   */
  contact(flow: SipFlow, user: string, secure: boolean): string {
    const userPart = user === '' ? '' : `${encodeUser(user)}@`;
    const host = serializeHostPort(this.#seen.of(flow) ?? this.sentBy(flow));
    return `<${secure ? 'sips' : 'sip'}:${userPart}${host}${transportParam(flow.protocol, secure)}>`;
  }

  /** What challenges are answered with in the dialog that this INVITE of the peer asks for; `undefined`: not at all. */
  credentialsFor({ request, source }: ReceivedRequest): DigestClient | undefined {
    const uri = parseSipUri(request.uri);
    const known = this.extensions.for(uri === undefined ? '' : decodedUser(uri), source.remote.address);
    return known && new DigestClient(known, this.random);
  }

  /** `sip:user@host` for a From of ours; the host is our own unless there is a domain. */
  address(flow: SipFlow, user: string, domain?: string): string {
    return `sip:${user === '' ? '' : `${encodeUser(user)}@`}${serializeHost(domain ?? this.host(flow))}`;
  }

  /**
   * {@link FlowFinder.find} with `done` fenced in: it may run from a timer or a promise. Whoever a request of ours goes to
   * may answer, and speak in the dialog: a callee's Contact or Record-Route is often another address than the one called.
   */
  findFlow(uri: string, origin: FlowOrigin | undefined, done: (flow: SipFlow | undefined) => void): void {
    this.#parts.flows.find(uri, origin, (flow) => {
      try {
        if (flow !== undefined) this.#parts.onContact(flow.remote.address);
        done(flow);
      } catch (error) {
        this.fault(error);
      }
    });
  }

  /**
   * Keeps a UDP flow open through NAT until the function it returns is called: for a registrar, which calls us over it. A
   * stream is kept open by its transport.
   */
  holdOpen(flow: SipFlow): () => void {
    const { keepAliveMs: intervalMs } = this.#parts;
    if (flow.reliable || intervalMs === 0) return () => {};
    const { clock, random } = this;
    const keepAlive = new KeepAlive({ clock, random, intervalMs, send: () => flow.send(KEEP_ALIVE_PING) });
    return () => keepAlive.stop();
  }

  /**
   * The servers to try for a URI, in this order; none when it leads nowhere. `configured`: its name is one of the
   * configuration, and is looked up as RFC 3263 says. No connection is made before a server's turn has come. `done` is
   * fenced in.
   */
  findServers(uri: string, configured: boolean, done: (servers: readonly FlowOpener[]) => void): void {
    if (!configured || hasIpHost(uri)) {
      this.findFlow(uri, undefined, (flow) => done(flow === undefined ? [] : [() => flow]));
      return;
    }
    const opened = (flow: SipFlow | undefined): SipFlow | undefined => {
      if (flow !== undefined) this.#parts.onContact(flow.remote.address);
      return flow;
    };
    const { flows, targets } = this.#parts;
    targets
      .resolveTargets(uri)
      .catch((error: unknown) => {
        this.#parts.log?.warn({ error: errorMessage(error) }, 'a configured name cannot be looked up');
        return undefined;
      })
      .then((servers) => {
        if (servers?.length === 0) this.#parts.log?.warn({ name: hostOf(uri) }, 'a configured name leads to no server');
        return servers ?? [];
      })
      .then((servers) => done(servers.map((server) => () => opened(flows.to(server)))))
      .catch((error: unknown) => this.fault(error));
  }

  /** Answers with a tag of its own: for requests that create no dialog. */
  respond(transaction: ServerTransaction, status: number, options: ResponseOptions = {}): void {
    transaction.respond(createResponse(transaction.request, status, { toTag: this.tag(), ...options }));
  }

  /**
   * An INVITE was refused whose sender has not shown who it is. False: there were too many within a second to leave a trace on a
   * disk. Wrong credentials are logged for whoever bans addresses that guess.
   */
  noteStranger({ remote: { address } }: SipFlow, status: number): boolean {
    if (!this.#strangers.take(1, this.clock.now())) return false;
    if (status === 401) this.#parts.log?.warn({ address }, 'a caller gave a wrong user or password');
    return true;
  }

  /** Something threw that should not have. Never throws itself. */
  fault(error: unknown): void {
    this.#parts.log?.warn({ error: errorMessage(error) }, 'a SIP handler threw');
  }

  debug(fields: object, message: string): void {
    this.#parts.log?.debug(fields, message);
  }
}

/** `transport` of a URI: absent for UDP, and for TLS where `sips` says it already. Both WebSockets are `ws` (RFC 7118). */
function transportParam(protocol: SipProtocol, secure: boolean): string {
  switch (protocol) {
    case 'udp':
      return '';
    case 'tcp':
      return ';transport=tcp';
    case 'tls':
      return secure ? '' : ';transport=tls';
    case 'ws':
    case 'wss':
      return ';transport=ws';
    default:
      return assertUnreachable(protocol);
  }
}

function hasIpHost(uri: string): boolean {
  return isIP(hostOf(uri)) !== 0;
}

/** Without the user, who may be a number. */
function hostOf(uri: string): string {
  const parsed = parseSipUri(uri);
  return parsed === undefined ? '' : hostToReach(parsed);
}
