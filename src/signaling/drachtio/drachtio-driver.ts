import { isIP } from 'node:net';
import { ConnectorError, errorMessage } from '../../base/connector-error.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { createSourceFilter } from '../../base/source-filter.js';
import { runGuarded } from '../leg-events.js';
import { createLocalAddressFinder } from '../local-address.js';
import { parseSipUri } from '../message/sip-uri.js';
import type {
  Availability,
  ListeningAddress,
  OutboundLeg,
  OutboundRequest,
  SignalingDriver,
  SignalingHandlers,
  SignalingServer,
} from '../port.js';
import { RestingTargets } from '../resting-targets.js';
import type { SessionTimerOptions } from '../session/session-agreement.js';
import { sipProtocolOf } from '../sip-protocol.js';
import { type DrachtioDeps, type DrachtioOptions, type DrachtioServer, drachtioDefaults } from './drachtio-options.js';
import { ServerUacLeg } from './outbound-leg.js';
import type { LeftBehind } from './server/left-behind.js';
import { dialServer, ServerLink } from './server/server-link.js';
import { ServerListener } from './server/server-listener.js';
import { loadSrf, type SrfConstructor } from './server/srf-module.js';
import type { ServerGreeting, SrfSession } from './server/srf-session.js';
import { type DriverContext, ServerCalls } from './server-calls.js';

/** What we ask a server for outside of dialogs. It takes no others, and drops what nobody asked for, or says 503. */
const METHODS = ['INVITE', 'OPTIONS', 'INFO', 'MESSAGE', 'NOTIFY', 'SUBSCRIBE', 'PUBLISH', 'REGISTER'] as const;

/** A connection of outbound mode without a call is closed after this, ms: the last response has left by then. */
const LINGER_MS = 5_000;

/**
 * SIP through drachtio servers, by drachtio-srf: one or several that we connect to, or any number that connect to us for
 * each call. Throws `ERR_CONFIG_INVALID` for a bad CIDR block.
 */
export function createDrachtioDriver(options: DrachtioOptions, deps: DrachtioDeps): SignalingDriver {
  return new DrachtioDriver(options, deps);
}

class DrachtioDriver implements SignalingDriver {
  readonly name = 'drachtio';
  readonly features = { attendedTransfer: true, headers: true, infoDigits: true };
  readonly #options: DrachtioOptions;
  readonly #deps: DrachtioDeps;
  readonly #accept: (address: string) => boolean;
  readonly #links: ServerLink[] = [];
  readonly #calls = new Map<SrfSession, ServerCalls>();
  #listener: ServerListener | undefined;
  #context: DriverContext | undefined;
  #availability: Availability = 'open';
  #up = false;
  #starting = false;
  /** Which of the servers has the next outbound call. */
  #turn = 0;
  #closing: Promise<void> | undefined;

  constructor(options: DrachtioOptions, deps: DrachtioDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#accept = createSourceFilter(options.allow);
  }

  /**
   * Connects to the servers, or listens for them. A server that cannot be reached yet is no error: it is dialled until it
   * answers, and the driver is `down` as long as none does. Throws `ERR_DRACHTIO_SECRET` where one refuses our secret,
   * `ERR_DRACHTIO_MODULE`, `ERR_LISTEN`.
   */
  async start(handlers: SignalingHandlers, signal?: AbortSignal): Promise<readonly ListeningAddress[]> {
    if (this.#starting || this.#closing !== undefined) {
      throw new ConnectorError('ERR_SIP_STATE', 'the drachtio driver was started before');
    }
    this.#starting = true;
    try {
      const Srf = await (this.#deps.loadSrf ?? loadSrf)();
      signal?.throwIfAborted();
      this.#context = this.#createContext(handlers);
      const bound: ListeningAddress[] = [];
      if (this.#options.listen !== undefined) await this.#listen(Srf);
      bound.push(...(await this.#connect(Srf, signal)));
      signal?.throwIfAborted();
      return bound;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  setAvailability(availability: Availability): void {
    this.#availability = availability;
  }

  servers(): readonly SignalingServer[] {
    return this.#links.map(({ name, state }) => ({ name, state: state === 'connecting' ? 'down' : state }));
  }

  invite(request: OutboundRequest): OutboundLeg {
    checkHeaderFields(request.headers);
    const calls = this.#nextCalls();
    if (calls === undefined || this.#closing !== undefined) {
      throw new ConnectorError('ERR_SIP_STATE', 'no drachtio server is connected');
    }
    const host = parseSipUri(request.targets?.[0] ?? request.uri)?.host ?? '';
    const remote = isIP(host) === 0 ? calls.session.remoteAddress : host;
    const leg = new ServerUacLeg(calls, request, calls.localAddressTo(remote));
    calls.addLeg(leg);
    leg.start();
    return leg;
  }

  /** Refuses or ends what is still alive, lets it out to the servers, and hangs up. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const calls of this.#calls.values()) calls.shutDown();
    await Promise.all([...this.#links.map((link) => link.close()), this.#listener?.close()]);
  }

  #createContext(handlers: SignalingHandlers): DriverContext {
    const { clock, random, log } = this.#deps;
    return {
      clock,
      random,
      limits: this.#options.limits ?? drachtioDefaults.limits,
      log,
      handlers,
      localAddresses: createLocalAddressFinder('0.0.0.0', clock),
      resting: new RestingTargets(clock),
      identities: new Map(),
      accept: this.#accept,
      availability: () => this.#availability,
      closing: () => this.#closing !== undefined,
    };
  }

  async #listen(Srf: SrfConstructor): Promise<void> {
    const { listen } = this.#options;
    const { clock, log } = this.#deps;
    const context = this.#context;
    if (listen === undefined || context === undefined) return;
    const listener = new ServerListener(
      { Srf, listen, accept: createSourceFilter(listen.from), clock, limits: context.limits, log },
      {
        onSession: (session) => this.#lendTo(session, context, listen.sessionTimers ?? drachtioDefaults.sessionTimers),
        onRequest: (request, session) => this.#calls.get(session)?.receive(request),
        onClosed: (session) => this.#forget(session),
        onFailure: (error) => {
          log?.error({ error: error.message }, 'the socket for drachtio servers failed');
          this.#report(false);
        },
        onFault: (error) => this.#fault(error),
      },
    );
    this.#listener = listener;
    await listener.start();
    this.#report(true);
  }

  /** A connection of outbound mode: it lives as long as its call. */
  #lendTo(session: SrfSession, context: DriverContext, sessionTimers: SessionTimerOptions): void {
    const { clock } = this.#deps;
    const closeIdle = () =>
      clock.setTimeout(() => {
        if (calls.idle) void session.close();
      }, LINGER_MS);
    const calls: ServerCalls = new ServerCalls(session, context, sessionTimers, closeIdle);
    this.#calls.set(session, calls);
    closeIdle();
  }

  /** Dials all servers, and waits for the first outcome of each. */
  async #connect(Srf: SrfConstructor, signal: AbortSignal | undefined): Promise<readonly ListeningAddress[]> {
    const greetings = await Promise.all(this.#options.servers.map((server) => this.#link(Srf, server, signal)));
    return greetings.flatMap((greeting) => greeting?.hostports.flatMap(addressOf) ?? []);
  }

  /** The server's greeting, or `undefined` where it cannot be reached yet. */
  #link(
    Srf: SrfConstructor,
    server: DrachtioServer,
    signal: AbortSignal | undefined,
  ): Promise<ServerGreeting | undefined> {
    const { clock, random, log, dial = dialServer } = this.#deps;
    const context = this.#context;
    return new Promise((resolve, reject) => {
      if (context === undefined) return;
      let left: LeftBehind | undefined;
      const link: ServerLink = new ServerLink(
        { Srf, server, methods: METHODS, clock, random, limits: context.limits, log, dial },
        {
          onUp: (session, greeting) => {
            this.#calls.set(
              session,
              new ServerCalls(session, context, server.sessionTimers ?? drachtioDefaults.sessionTimers),
            );
            if (left !== undefined) session.finish(left);
            left = undefined;
            this.#onLinkChange();
            resolve(greeting);
          },
          onDown: (session, state) => {
            if (session !== undefined) left = this.#forget(session) ?? left;
            this.#onLinkChange();
            if (state === 'down') resolve(undefined);
            else
              reject(new ConnectorError('ERR_DRACHTIO_SECRET', `the drachtio server ${link.name} refuses the secret`));
          },
          onRequest: (request, session) => this.#calls.get(session)?.receive(request),
          onFault: (error) => this.#fault(error),
        },
      );
      this.#links.push(link);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      link.open();
    });
  }

  /** The connection is gone: so are its calls. */
  #forget(session: SrfSession): LeftBehind | undefined {
    const calls = this.#calls.get(session);
    this.#calls.delete(session);
    return calls?.lose();
  }

  #onLinkChange(): void {
    if (this.#listener === undefined) this.#report(this.#links.some(({ state }) => state === 'up'));
  }

  #report(up: boolean): void {
    if (this.#closing !== undefined) return;
    const before = this.#up;
    this.#up = up;
    if (up === before) return;
    runGuarded(
      () => this.#context?.handlers.onStateChange(up ? 'up' : 'down'),
      (error) => this.#fault(error),
    );
  }

  /** Round robin over the servers that are up; without any, a server that is connected to us at the moment. */
  #nextCalls(): ServerCalls | undefined {
    const sessions = this.#links.flatMap(({ session }) => (session === undefined ? [] : [session]));
    const candidates = sessions.length > 0 ? sessions : [...this.#calls.keys()].slice(0, 1);
    this.#turn += 1;
    const session = candidates[this.#turn % Math.max(candidates.length, 1)];
    return session === undefined ? undefined : this.#calls.get(session);
  }

  #fault(error: unknown): void {
    this.#deps.log?.warn({ error: errorMessage(error) }, 'a SIP handler threw');
  }
}

/** `udp/10.0.0.5:5060`, as a server calls what it listens on. */
function addressOf(hostport: string): readonly ListeningAddress[] {
  const match = /^([a-z]{2,3})\/\[?([0-9A-Fa-f.:]+?)\]?:(\d{1,5})$/.exec(hostport.trim());
  const [, protocol = '', address = '', port = ''] = match ?? [];
  const known = sipProtocolOf(protocol);
  return known === undefined ? [] : [{ protocol: known, address, port: Number(port) }];
}
