import type { Clock } from '../../base/clock.js';
import { ConnectorError } from '../../base/connector-error.js';
import type { Random } from '../../base/random.js';
import { rememberNewest } from '../../base/remember-newest.js';
import { hostToReach, parseSipUri, type SipUri } from '../message/sip-uri.js';
import type { SipProtocol } from '../port.js';
import { createSystemDns, type DnsClient } from './dns-client.js';
import { askServices, isEmpty, isSecure, orderHosts, type ServicePlan, type ServiceQuestion } from './service-plan.js';
import { SharedDns } from './shared-dns.js';

/** Where a request may be sent. */
export interface SipTarget {
  readonly protocol: SipProtocol;
  /** An IP literal. */
  readonly address: string;
  /** 1 to 65535. */
  readonly port: number;
  /**
   * TLS only: whom the certificate must name. The domain of the URI, not what DNS made of it (RFC 5922 section 7.1):
   * DNS may be forged.
   */
  readonly serverName?: string;
}

export interface TargetResolverOptions {
  /** What is spoken here, in order of preference: the choice where a URI and its domain leave one. */
  readonly protocols: readonly SipProtocol[];
  /** The answer must be there by then, ms. */
  readonly timeoutMs: number;
  /** How long an answer is believed, ms. */
  readonly lifetimeMs: number;
  /** How long an empty answer is believed, ms. */
  readonly failureLifetimeMs: number;
  /** How long an answer is used when a newer one cannot be had, ms (RFC 8767): name servers fail, trunks go on. */
  readonly staleMs: number;
  /** Names remembered; the oldest goes first. */
  readonly maxNames: number;
}

export const targetResolverDefaults = {
  protocols: ['udp', 'tcp', 'tls'],
  timeoutMs: 2_000,
  lifetimeMs: 60_000,
  failureLifetimeMs: 10_000,
  staleMs: 3_600_000,
  maxNames: 256,
} as const satisfies TargetResolverOptions;

export interface TargetResolverDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** The system's name servers when absent. */
  readonly dns?: DnsClient;
}

interface Answer {
  readonly plan: ServicePlan;
  readonly atMs: number;
}

/** Part of the time for an answer after which no other transport, and no other host of one, is waited for. */
const HOSTS_BY = 0.95;

/** Most targets of one answer. */
const MAX_TARGETS = 32;

const transports: ReadonlyMap<string, SipProtocol> = new Map(
  (['udp', 'tcp', 'tls', 'ws', 'wss'] as const).map((name) => [name, name]),
);

/**
 * Finds the servers of a SIP URI (RFC 3263: NAPTR, SRV, A and AAAA). For names out of the configuration alone: a name
 * from the network would make us ask DNS whatever a stranger likes. Bounded in time and memory.
 */
export class TargetResolver {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #dns: DnsClient;
  readonly #options: TargetResolverOptions;
  readonly #answers = new Map<string, Answer>();
  readonly #running = new Map<string, Promise<ServicePlan>>();
  /** Those whose answer is late, and still welcome. */
  readonly #late = new Set<string>();

  constructor(deps: TargetResolverDeps, options: Partial<TargetResolverOptions> = {}) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#dns = new SharedDns(deps.dns ?? createSystemDns(deps.clock));
    this.#options = { ...targetResolverDefaults, ...options };
  }

  /**
   * The servers to try, in this order; servers of equal rank change places from call to call, as their weights say.
   * Empty: DNS knows none that we could speak to. Throws `ERR_SIP_MESSAGE` for what is no `sip:` or `sips:` URI, and
   * `ERR_SIP_TRANSPORT` when DNS does not answer and no earlier answer is left; rejects with the signal's reason.
   */
  async resolveTargets(uri: string, signal?: AbortSignal): Promise<readonly SipTarget[]> {
    signal?.throwIfAborted();
    const parsed = parseSipUri(uri);
    if (parsed === undefined || parsed.host === '') {
      throw new ConnectorError('ERR_SIP_MESSAGE', 'the next hop is no sip: or sips: URI');
    }
    const question = this.#questionOf(parsed);
    if (question === undefined) return [];
    const plan = await unlessAborted(this.#plan(question), signal);
    return this.#targets(plan, parsed);
  }

  /** `undefined`: the URI asks for a transport that is not spoken here, or for `sips:` without TLS. */
  #questionOf(uri: SipUri): ServiceQuestion | undefined {
    const secure = uri.scheme === 'sips';
    const { protocols: spoken } = this.#options;
    const named = uri.params.get('transport')?.toLowerCase();
    const plain = named === undefined ? undefined : transports.get(named);
    if (named !== undefined && plain === undefined) return undefined;
    const protocol = secure ? secured(plain) : plain;
    if (secure && plain !== undefined && protocol === undefined) return undefined;
    if (protocol !== undefined && !spoken.includes(protocol)) return undefined;
    return { host: hostToReach(uri).toLowerCase(), port: uri.port, protocol, secure, spoken };
  }

  #targets(plan: ServicePlan, uri: SipUri): readonly SipTarget[] {
    const targets: SipTarget[] = [];
    for (const { protocol, hosts } of plan) {
      const serverName = isSecure(protocol) ? { serverName: uri.host.toLowerCase() } : {};
      for (const { port, addresses } of orderHosts(hosts, this.#random)) {
        for (const address of addresses) targets.push({ protocol, address, port, ...serverName });
      }
    }
    return targets.slice(0, MAX_TARGETS);
  }

  async #plan(question: ServiceQuestion): Promise<ServicePlan> {
    const { host, port, protocol, secure } = question;
    const key = `${host} ${port ?? ''} ${protocol ?? ''} ${secure}`;
    const known = this.#answers.get(key);
    const { lifetimeMs, failureLifetimeMs, staleMs } = this.#options;
    const ageMs = known === undefined ? 0 : this.#clock.now() - known.atMs;
    if (known !== undefined && ageMs < (isEmpty(known.plan) ? failureLifetimeMs : lifetimeMs)) return known.plan;
    const running = this.#running.get(key) ?? this.#ask(key, question);
    try {
      return await running;
    } catch (error) {
      if (known !== undefined && ageMs < staleMs && !isEmpty(known.plan)) return known.plan;
      throw error;
    }
  }

  #ask(key: string, question: ServiceQuestion): Promise<ServicePlan> {
    const { timeoutMs } = this.#options;
    const asked = this.#within(question.host, this.#askInTime(question), timeoutMs).then(
      (plan) => {
        this.#running.delete(key);
        this.#remember(key, plan);
        return plan;
      },
      (cause: unknown) => {
        this.#running.delete(key);
        if (cause instanceof LateAnswer) this.#awaitLate(key, question);
        throw new ConnectorError('ERR_SIP_TRANSPORT', `DNS gives no answer for ${question.host}`, { cause });
      },
    );
    this.#running.set(key, asked);
    return asked;
  }

  /** Whoever asked has given up; what name servers that are slow say in the end is for whoever asks next. */
  #awaitLate(key: string, question: ServiceQuestion): void {
    if (this.#late.has(key)) return;
    this.#late.add(key);
    askServices(this.#dns, question)
      .then(
        (plan) => {
          if (!isEmpty(plan)) this.#remember(key, plan);
        },
        () => {},
      )
      .finally(() => this.#late.delete(key));
  }

  /**
   * Some name servers drop what they do not know, and NAPTR is that: it has half the time, SRV and addresses the other. Of
   * several transports and hosts those that are there in time are enough, to be tried in turn (RFC 3263 section 4.2).
   */
  #askInTime(question: ServiceQuestion): Promise<ServicePlan> {
    const dns = this.#dns;
    const { timeoutMs } = this.#options;
    const untilMs = this.#clock.now() + timeoutMs * HOSTS_BY;
    const inTime = <Value>(name: string, answer: Promise<Value>): Promise<Value> =>
      this.#within(name, answer, Math.max(0, untilMs - this.#clock.now()));
    const patient: DnsClient = {
      naptr: (name) => this.#within(name, dns.naptr(name), timeoutMs / 2),
      srv: (name) => inTime(name, dns.srv(name)),
      addresses: (name) => dns.addresses(name),
    };
    return askServices(patient, question, (name) => inTime(name, dns.addresses(name)));
  }

  async #within<Value>(name: string, answer: Promise<Value>, limitMs: number): Promise<Value> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => reject(new LateAnswer(name, limitMs)), limitMs);
      answer.then(resolve, reject).finally(() => this.#clock.clearTimeout(timer));
    });
  }

  #remember(key: string, plan: ServicePlan): void {
    rememberNewest(this.#answers, key, { plan, atMs: this.#clock.now() }, this.#options.maxNames);
  }
}

/** It may come yet. */
class LateAnswer extends Error {
  constructor(name: string, limitMs: number) {
    super(`no answer for ${name} within ${limitMs} ms`);
  }
}

/** What a `transport` means under `sips:` (RFC 3261 section 26.2.2, RFC 7118 section 8). */
function secured(protocol: SipProtocol | undefined): SipProtocol | undefined {
  if (protocol === 'tcp' || protocol === 'tls') return 'tls';
  return protocol === 'ws' || protocol === 'wss' ? 'wss' : undefined;
}

async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
