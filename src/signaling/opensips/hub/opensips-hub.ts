import type { Clock, TimerHandle } from '../../../base/clock.js';
import { errorMessage } from '../../../base/connector-error.js';
import { isObject } from '../../../base/is-object.js';
import type { Random } from '../../../base/random.js';
import { createSourceFilter } from '../../../base/source-filter.js';
import type { Logger } from '../../../flavor-api/index.js';
import { createLocalAddressFinder } from '../../local-address.js';
import type { BoundSocket } from '../bound-socket.js';
import { createEventSocket } from '../event-socket.js';
import { createEventFilter, miHost } from '../event-sources.js';
import { createMiLink } from '../mi/create-mi-link.js';
import { MiClient, type MiOutcome } from '../mi/mi-client.js';
import type { MiAddress } from '../mi/mi-link.js';
import { METHOD_NOT_FOUND, type MiParams } from '../mi/mi-message.js';
import { opensipsDefaults } from '../opensips-options.js';
import { readSessionEvent, type SessionEvent, UA_SESSION_EVENT } from '../session-event.js';
import { HUB_FIELD, Subscription } from '../subscription.js';
import { UaSession } from '../ua-session.js';
import { type HubAnswer, type HubRequest, HubServer } from './hub-server.js';
import { HubSessions } from './hub-sessions.js';
import { HubWorker } from './hub-worker.js';

export interface HubOptions {
  /** Where OpenSIPS takes commands. */
  readonly mi: MiAddress;
  /** Where its events come to. */
  readonly events: { readonly host: string; readonly port: number };
  /** Where connectors send their commands. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Addresses and CIDR blocks connectors and events may come from, besides this machine and where `mi` is. */
  readonly allow: readonly string[];
}

export interface HubDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A connector asks every 2 s; one that was not heard for so long is no more, ms. */
const SILENCE_MS = 7_000;
const LOOK_MS = 1_000;
/** Says nothing: a connector does not read it. */
const PROBE = Buffer.alloc(0);
/** Longest life of a connector's subscription, s. */
const MAX_EXPIRES_SECONDS = 3_600;
const MAX_WORKERS = 1_000;

const OK: HubAnswer = { result: 'OK' };
const UNKNOWN_METHOD: HubAnswer = { error: { code: METHOD_NOT_FOUND, message: 'Method not found' } };
const NOT_YOURS: HubAnswer = { error: { code: 404, message: 'Entity not found' } };

/**
 * One subscriber before several connectors: it alone hears the events of an OpenSIPS, and hands each call to one of them.
 * To a connector it looks like an OpenSIPS that has its calls only: commands go through it, so that nobody can answer
 * another's call. A call that a connector refuses with 503, or dies with before its answer, goes to the next one.
 */
export class OpensipsHub implements AsyncDisposable {
  readonly #deps: HubDeps;
  readonly #options: HubOptions;
  readonly #mi: MiClient;
  readonly #events: BoundSocket;
  readonly #server: HubServer;
  readonly #sessions: HubSessions;
  /** By the address of their commands. */
  readonly #workers = new Map<string, HubWorker>();
  /** This hub, to its connectors: another one knows nothing of their subscriptions. */
  readonly #since: string;
  #subscription: Subscription | undefined;
  #subscribing: Promise<void> | undefined;
  #eventAddress = (): string => '';
  #lookTimer: TimerHandle | undefined;
  #closed = false;

  constructor(options: HubOptions, deps: HubDeps) {
    const { clock, log, random } = deps;
    this.#options = options;
    this.#deps = deps;
    this.#since = random.hex(8);
    this.#mi = new MiClient(createMiLink(options.mi, deps), clock);
    const [isAllowed, isNear] = [createSourceFilter(options.allow), createEventFilter(undefined, this.#mi)];
    const accept = (address: string): boolean => isAllowed(address) || isNear(address);
    const onFailure = (error: Error): void => log.warn({ error: errorMessage(error) }, 'a socket failed');
    const onDatagram = (datagram: Buffer): void => this.#onDatagram(datagram);
    this.#events = createEventSocket({ ...options.events, accept, onDatagram, onFailure });
    const onRequest = (request: HubRequest): Promise<HubAnswer | undefined> => this.#onRequest(request);
    this.#server = new HubServer({ ...options.listen, accept, onRequest, onFailure });
    this.#sessions = new HubSessions({
      clock,
      session: (key) => new UaSession(this.#mi, key),
      candidates: () => [...this.#workers.values()],
    });
  }

  /** Resolves when connectors can come, with where. Throws `ERR_LISTEN`. */
  async start(): Promise<{ readonly address: string; readonly port: number }> {
    try {
      await this.#mi.open();
      const bound = await this.#events.bind();
      const finder = createLocalAddressFinder(bound.address, this.#deps.clock);
      this.#eventAddress = () => `udp:${finder.find(miHost(this.#options.mi, this.#mi))}:${bound.port}`;
      const listening = await this.#server.bind();
      this.#lookLater();
      return listening;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** OpenSIPS is told that nobody listens; calls that are up go on, with nobody who hears of their end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#deps.clock.clearTimeout(this.#lookTimer);
    await this.#server.close();
    await this.#unsubscribe();
    this.#sessions.clear();
    for (const worker of this.#workers.values()) worker.close();
    await this.#mi.close();
    await this.#events.close();
  }

  async #onRequest({ from, method: name, params }: HubRequest): Promise<HubAnswer | undefined> {
    const worker = this.#workers.get(from);
    if (worker !== undefined) worker.heardAtMs = this.#deps.clock.now();
    const method = name.slice(name.lastIndexOf(':') + 1);
    switch (method) {
      case 'uptime':
        return this.#uptime();
      case 'event_subscribe':
        return this.#subscribe(from, params);
      case 'shv_set':
        return this.#setVariable(worker, params);
      case 'ua_session_client_start':
        return this.#startCall(from, params);
      case 'ua_session_reply':
      case 'ua_session_update':
      case 'ua_session_terminate':
      case 'ua_session_list':
        return this.#command(from, method, params);
      default:
        return UNKNOWN_METHOD;
    }
  }

  async #uptime(): Promise<HubAnswer | undefined> {
    const outcome = await this.#mi.call('uptime', {}, true);
    if (outcome.type !== 'done' || !isObject(outcome.result)) return answerOf(outcome);
    return { result: { ...outcome.result, [HUB_FIELD]: this.#since } };
  }

  async #subscribe(from: string, params: HubRequest['params']): Promise<HubAnswer | undefined> {
    const { clock, log } = this.#deps;
    const { event, expire, socket } = params;
    const events = typeof socket === 'string' ? parseSocket(socket) : undefined;
    const seconds = typeof expire === 'number' ? Math.min(expire, MAX_EXPIRES_SECONDS) : 0;
    if (event !== UA_SESSION_EVENT || events === undefined)
      return { error: { code: 400, message: 'Bad subscription' } };
    if (seconds <= 1) {
      const leaving = this.#workers.get(from);
      if (leaving !== undefined) this.#remove(leaving, 'a connector has left', true);
      return OK;
    }
    await this.#subscribeToOpensips();
    if (this.#subscription?.up !== true || this.#closed) return undefined;
    // Looked up now: it may have asked a second time while the first waited for OpenSIPS.
    const known = this.#workers.get(from);
    const expiresAtMs = clock.now() + seconds * 1000;
    if (known?.events.port === events.port && known.events.address === events.address) {
      known.expiresAtMs = expiresAtMs;
      return OK;
    }
    if (known !== undefined) this.#remove(known, 'a connector has left');
    if (this.#workers.size >= MAX_WORKERS) return { error: { code: 500, message: 'Too many connectors' } };
    const onGone = (): void => this.#remove(worker, 'a connector is gone');
    const worker: HubWorker = new HubWorker({ name: from, events, onGone }, clock.now(), expiresAtMs);
    this.#workers.set(from, worker);
    log.info({ connector: from, connectors: this.#workers.size }, 'a connector has come');
    return OK;
  }

  /** One for all of them: calls are taken while anybody takes them. */
  async #setVariable(worker: HubWorker | undefined, params: HubRequest['params']): Promise<HubAnswer | undefined> {
    const value = Number(params['value']);
    if (worker === undefined || !Number.isInteger(value) || value < 0) return OK;
    worker.busySeconds = value;
    const least = Math.min(...[...this.#workers.values()].map(({ busySeconds }) => busySeconds));
    return answerOf(await this.#mi.call('shv_set', miParams({ ...params, value: String(least) }), true));
  }

  async #startCall(from: string, params: HubRequest['params']): Promise<HubAnswer | undefined> {
    const outcome = await this.#mi.call('ua_session_client_start', miParams(params), false);
    if (outcome.type === 'done' && typeof outcome.result === 'string') {
      this.#sessions.own(outcome.result, from, this.#workers.get(from));
    }
    return answerOf(outcome);
  }

  async #command(from: string, method: string, params: HubRequest['params']): Promise<HubAnswer | undefined> {
    const key = String(params['key']);
    const status = method === 'ua_session_reply' ? Number(params['code']) : 0;
    const refuses = status === 503 && params['method'] === 'INVITE';
    const verdict = this.#sessions.admit(key, from, this.#workers.get(from), refuses);
    if (verdict === 'handed-on') return OK;
    if (verdict === 'not-yours') return method === 'ua_session_list' ? NOT_YOURS : OK;
    if (status >= 200 && params['method'] === 'INVITE') this.#sessions.settle(key);
    const repeatable = status >= 200 || method === 'ua_session_terminate';
    const outcome = await this.#mi.call(method, miParams(params), repeatable);
    const gone = outcome.type === 'refused' && outcome.code === 404;
    if ((method === 'ua_session_terminate' && outcome.type !== 'lost') || gone) this.#sessions.forget(key);
    return answerOf(outcome);
  }

  async #subscribeToOpensips(): Promise<void> {
    const { clock, log } = this.#deps;
    if (this.#subscription === undefined) {
      const subscription = new Subscription({
        mi: this.#mi,
        clock,
        log,
        options: opensipsDefaults.subscription,
        socket: () => this.#eventAddress(),
        onChange: (state) => log.info({ state }, 'the subscription to the events of OpenSIPS'),
        onRestart: () => this.#sessions.clear(),
      });
      this.#subscription = subscription;
      this.#subscribing = subscription.start();
    }
    await this.#subscribing;
  }

  async #unsubscribe(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    await subscription?.close();
  }

  /** It has left, or is no more: its calls without an answer go to others, those that are up end. */
  #remove(worker: HubWorker, why: string, graceful = false): void {
    if (this.#workers.get(worker.name) !== worker) return;
    this.#workers.delete(worker.name);
    worker.close();
    this.#deps.log.warn({ connector: worker.name, calls: worker.sessions.size, connectors: this.#workers.size }, why);
    this.#sessions.release(worker, graceful);
    // With nobody to tell, the script of OpenSIPS is to know.
    if (this.#workers.size === 0) void this.#unsubscribe();
  }

  #lookLater(): void {
    this.#lookTimer = this.#deps.clock.setTimeout(() => {
      const nowMs = this.#deps.clock.now();
      for (const worker of [...this.#workers.values()]) {
        const silent = nowMs - worker.heardAtMs > SILENCE_MS;
        if (silent || nowMs > worker.expiresAtMs) this.#remove(worker, 'a connector is silent');
        // Where no process has the socket any more, the system says so.
        else worker.send(PROBE);
      }
      this.#lookLater();
    }, LOOK_MS);
  }

  #onDatagram(datagram: Buffer): void {
    // Whatever comes: nothing may get through to the socket's event handler.
    try {
      const event: SessionEvent | undefined = readSessionEvent(datagram);
      if (event !== undefined) this.#sessions.receive(event, datagram);
    } catch (error) {
      this.#deps.log.error({ error: errorMessage(error) }, 'an event of OpenSIPS could not be handed on');
    }
  }
}

function answerOf(outcome: MiOutcome): HubAnswer | undefined {
  switch (outcome.type) {
    case 'done':
      return { result: outcome.result };
    case 'refused':
      return { error: { code: outcome.code, message: outcome.message } };
    default:
      return undefined;
  }
}

function miParams(params: HubRequest['params']): MiParams {
  const entries = Object.entries(params);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string | number] => ['string', 'number'].includes(typeof entry[1])),
  );
}

/** `udp:127.0.0.1:50060`. */
function parseSocket(text: string): { readonly address: string; readonly port: number } | undefined {
  const match = /^udp:([0-9.]{7,15}):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  return match?.[1] === undefined || port < 1 || port > 65_535 ? undefined : { address: match[1], port };
}
