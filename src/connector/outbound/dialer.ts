import type { Clock } from '../../base/clock.js';
import { errorMessage } from '../../base/connector-error.js';
import type { ErrorCode } from '../../base/error-codes.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import type { Random } from '../../base/random.js';
import type { CallIdentity } from '../../call/record-builder.js';
import type { FlavorChoice } from '../../call/session/fail-over-plan.js';
import type { MediaConfig, RouteConfig } from '../../config/config.js';
import { isNumberAllowed, normaliseNumber } from '../../config/notation/dialled-number.js';
import { callVariableNames, isVariableName } from '../../config/notation/template.js';
import { describeRoute } from '../../config/router.js';
import type { Logger } from '../../flavor-api/index.js';
import type { SpendBook } from '../../ops/cost/spend-book.js';
import type { OutboundCallOutcome, OutboundCallRequest } from '../../ops/outbound-calls.js';
import type { OutboundLeg, OutboundRequest } from '../../signaling/port.js';
import { type CallAssembly, childLog } from '../call-assembly.js';
import type { CallRegistry } from '../call-registry.js';
import type { Generation } from '../generation.js';
import { mediaAddress } from '../network/media-address.js';
import { CallWindow } from './call-window.js';
import { OutboundLine } from './outbound-line.js';
import { plainRoute } from './plain-route.js';
import { trunkOrder } from './trunk-order.js';

const MINUTE_MS = 60_000;

/** Retry-After while as many calls are up as may be: nobody knows when one ends. */
const BUSY_RETRY_SECONDS = 5;

/** From of a call whose configuration and request say nothing (RFC 3323 section 4.1.1.3). */
const NOBODY = 'anonymous';

export interface DialerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** What the media engine was made with. */
  readonly media: MediaConfig;
  readonly registry: CallRegistry;
  readonly assembly: CallAssembly;
  readonly spending: Pick<SpendBook, 'exhausted' | 'retryAfterSeconds'>;
  /** The present generation; `undefined` before the start and after the stop. */
  generation(): Generation | undefined;
  /** Why no call can be made; `undefined`: one can. */
  unavailable(): string | undefined;
  invite(request: OutboundRequest): OutboundLeg;
}

type Refusal = Extract<OutboundCallOutcome, { readonly ok: false }>;

/** How a call is to be talked: whose it is, and as what. */
interface Destination {
  readonly route: RouteConfig;
  readonly description: string | null;
}

interface Agent {
  readonly route: RouteConfig;
  readonly choice: FlavorChoice;
  /** It was made for this call alone. */
  readonly madeForCall: boolean;
}

/** Makes the calls that operators ask for. What is not allowed is refused before anything is sent. */
export class Dialer {
  readonly #deps: DialerDeps;
  readonly #begun = new CallWindow(MINUTE_MS);
  /** Calls that have passed the limits and are not in the registry yet: their settings may be awaited. */
  #preparing = 0;

  constructor(deps: DialerDeps) {
    this.#deps = deps;
  }

  /** Begins a call, or says why not. Waits only for the settings of a route that has such. Never rejects. */
  async call(request: OutboundCallRequest): Promise<OutboundCallOutcome> {
    const { clock, log, random } = this.#deps;
    const generation = this.#deps.generation();
    const problem = generation === undefined ? 'the connector is not running' : this.#deps.unavailable();
    if (generation === undefined || problem !== undefined) {
      return refused(503, 'ERR_CALL_UNAVAILABLE', problem ?? '', BUSY_RETRY_SECONDS);
    }
    const number = normaliseNumber(request.to);
    if (number === undefined || !isNumberAllowed(number, generation.config.outbound.allow)) {
      log.warn({}, 'an outbound call was refused: outbound.allow does not have its number');
      return refused(403, 'ERR_CALL_NOT_ALLOWED', 'outbound.allow does not have this number');
    }
    const destination = destinationOf(request, generation);
    if ('code' in destination) return destination;
    const headers = new Map(Object.entries(request.headers ?? {}));
    try {
      checkHeaderFields(headers);
    } catch (error) {
      return refused(422, 'ERR_CALL_INVALID', errorMessage(error));
    }
    const unusable = Object.keys(request.variables ?? {}).find((name) => !isVariableName(name));
    if (unusable !== undefined) {
      const message = `${JSON.stringify(unusable)} cannot be the name of a variable: use letters, digits, "_" and "-", and none that the call sets itself (${callVariableNames.join(', ')}, sip.Header-Name)`;
      return refused(422, 'ERR_CALL_INVALID', message);
    }
    const busy = this.#limit(generation);
    if (busy !== undefined) return busy;
    this.#begun.add(clock.now());
    const identity: CallIdentity = {
      id: random.hex(8),
      direction: 'outbound',
      from: request.from ?? generation.config.outbound.from ?? NOBODY,
      to: number,
      route: destination.description,
      flavor: destination.route.flavor ?? null,
      startedAtMs: clock.wallTime(),
    };
    // A reload meanwhile must not close the flavors under it.
    generation.retain();
    this.#preparing += 1;
    let agent: Agent | undefined;
    let outcome: OutboundCallOutcome | undefined;
    try {
      agent = await this.#agent(generation, identity, destination.route, headers);
      // From here on there is no await: the call is counted once, here or in the registry.
      outcome = this.#begin(request, generation, identity, agent, headers);
    } catch (error) {
      childLog(log, identity.id).error({ error: errorMessage(error) }, 'an outbound call could not be begun');
      outcome = refused(503, 'ERR_CALL_UNAVAILABLE', 'the call could not be begun: see the log', BUSY_RETRY_SECONDS);
    } finally {
      if (outcome?.ok !== true && agent?.madeForCall === true) void generation.discard(agent.choice);
      this.#preparing -= 1;
      generation.release();
    }
    return outcome;
  }

  #limit(generation: Generation): Refusal | undefined {
    const { limits, outbound } = generation.config;
    const { clock, registry, spending } = this.#deps;
    if (spending.exhausted) {
      return refused(
        429,
        'ERR_CALL_LIMIT',
        'the calls of this day have cost as much as they may',
        spending.retryAfterSeconds,
      );
    }
    const dialled = registry.summaries().filter(({ direction }) => direction === 'outbound').length;
    const up = this.#preparing + dialled;
    if (up >= outbound.calls || this.#preparing + registry.size >= limits.calls) {
      return full();
    }
    const waitMs = this.#begun.waitMs(outbound.callsPerMinute, clock.now());
    if (waitMs === 0) return undefined;
    return refused(429, 'ERR_CALL_LIMIT', 'as many calls were begun as may be', Math.ceil(waitMs / 1000));
  }

  #begin(
    request: OutboundCallRequest,
    generation: Generation,
    identity: CallIdentity,
    agent: Agent | undefined,
    headers: ReadonlyMap<string, string>,
  ): OutboundCallOutcome {
    const { log, media } = this.#deps;
    const { outbound, trunks } = generation.config;
    const trunk = outbound.trunk === undefined ? undefined : trunks[outbound.trunk];
    if (agent === undefined || trunk === undefined) {
      return refused(422, 'ERR_CALL_INVALID', 'the settings of this route refuse the call, or cannot be had');
    }
    const unavailable = this.#deps.unavailable();
    if (unavailable !== undefined) return refused(503, 'ERR_CALL_UNAVAILABLE', unavailable, BUSY_RETRY_SECONDS);
    // Callers may have come while the settings were awaited.
    if (this.#deps.registry.size >= generation.config.limits.calls) return full();
    const line = new OutboundLine(
      {
        fromUser: identity.from,
        headers,
        answerTimeoutMs: (request.ringSeconds ?? outbound.ringSeconds) * 1000,
        ...trunkOrder(trunk, identity.to, outbound.allow),
      },
      (order) => {
        const { sdp } = order;
        const offer = (local: string): string => (typeof sdp === 'string' ? sdp : sdp(this.#addressTowards(local)));
        return this.#deps.invite({ ...order, sdp: offer });
      },
    );
    const { choice, madeForCall, route } = agent;
    const variables = { ...route.variables, ...request.variables };
    const greeting = request.greeting === undefined ? {} : { greeting: { text: request.greeting || '' } };
    this.#deps.assembly.begin({
      leg: line,
      generation,
      identity: { ...identity, flavor: choice.name },
      route: { ...route, ...greeting, variables },
      choice,
      madeForCall,
      headers: shown(headers),
      offer: undefined,
      srtp: trunk.srtp,
      nets: trunk.mediaFrom,
      address: this.#addressTowards(familyOf(trunk.targets[0] ?? '', media.bind)),
    });
    log.debug({ call: identity.id }, 'outbound call begun');
    return { ok: true, id: identity.id };
  }

  #addressTowards(localAddress: string): string {
    return mediaAddress(this.#deps.media, { localAddress, offer: undefined }, (remote) => remote);
  }

  /** Who talks, and how: with the call's own settings, and its own options of the flavor. `undefined`: nobody. Never rejects. */
  async #agent(
    generation: Generation,
    identity: CallIdentity,
    written: RouteConfig,
    headers: ReadonlyMap<string, string>,
  ): Promise<Agent | undefined> {
    const route = await this.#settled(generation, identity, written, headers);
    const choice = route?.flavor === undefined ? undefined : generation.flavors.get(route.flavor);
    if (route === undefined || choice === undefined) return undefined;
    const options = route.own?.flavor ?? {};
    if (Object.keys(options).length === 0) return { route, choice, madeForCall: false };
    const variant = await generation.variant(choice.name, options, childLog(this.#deps.log, identity.id));
    return variant && { route, choice: variant, madeForCall: true };
  }

  /** The route with the call's own settings; `undefined`: they refuse it. Never rejects. */
  async #settled(
    generation: Generation,
    { from, id, startedAtMs, to }: CallIdentity,
    route: RouteConfig,
    headers: ReadonlyMap<string, string>,
  ): Promise<RouteConfig | undefined> {
    if (route.settings === undefined) return route;
    const moment = { wallTimeMs: startedAtMs, timeZone: route.timeZone };
    const facts = { id, from, to, headers: shown(headers), moment };
    const log = childLog(this.#deps.log, id);
    const { flavors, settings } = generation;
    try {
      const resolved = await settings.resolve({ route, facts, flavors, log }, new AbortController().signal);
      return resolved.outcome === 'answer' ? resolved.route : undefined;
    } catch {
      return undefined;
    }
  }
}

function destinationOf({ flavor, route }: OutboundCallRequest, generation: Generation): Destination | Refusal {
  if (flavor !== undefined && generation.flavors.has(flavor)) {
    return { route: plainRoute(flavor), description: null };
  }
  if (route === undefined) return refused(422, 'ERR_CALL_INVALID', 'there is no flavor of this name');
  const input = { requestUser: route, toUser: route, fromUser: '', headers: new Map() };
  const { index, route: found } = generation.router.route(input);
  if (index === undefined || found?.flavor === undefined) {
    return refused(422, 'ERR_CALL_INVALID', 'no agent answers a call to this route');
  }
  return { route: found, description: describeRoute(index, found) };
}

/** A wildcard of the family that the media will have: the way to the trunk says the rest. */
function familyOf(target: string, bind: string): string {
  return bind.includes(':') && target.includes('[') ? '::' : '0.0.0.0';
}

/** Header fields of ours as those of a caller are kept. */
function shown(headers: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  return new Map([...headers].map(([name, value]) => [name.toLowerCase(), [value]]));
}

function full(): Refusal {
  return refused(429, 'ERR_CALL_LIMIT', 'as many calls are up as may be', BUSY_RETRY_SECONDS);
}

function refused(status: Refusal['status'], code: ErrorCode, message: string, retryAfterSeconds?: number): Refusal {
  return { ok: false, status, code, message, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}
