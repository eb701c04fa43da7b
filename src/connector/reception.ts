import type { Clock } from '../base/clock.js';
import { errorCode, errorMessage } from '../base/connector-error.js';
import type { Random } from '../base/random.js';
import type { CallOutcome } from '../call/call-state.js';
import { warningOf } from '../call/offer-answer.js';
import { type CallIdentity, refusalRecord } from '../call/record-builder.js';
import type { FlavorChoice } from '../call/session/fail-over-plan.js';
import type { MediaConfig, RouteConfig } from '../config/config.js';
import { describeRoute, type RouteDecision } from '../config/router.js';
import type { Logger } from '../flavor-api/index.js';
import type { AdmissionControl } from '../ops/admission.js';
import type { CallEventSink } from '../ops/call-event.js';
import type { CallRecord, CauseText } from '../ops/call-record.js';
import type { SpendBook } from '../ops/cost/spend-book.js';
import { createLocalAddressFinder, type LocalAddressFinder } from '../signaling/local-address.js';
import type { InboundLeg, InviteRequest, RejectOptions } from '../signaling/port.js';
import { type CallAssembly, childLog } from './call-assembly.js';
import type { CallRegistry } from './call-registry.js';
import { callTexts } from './call-texts.js';
import type { Generation } from './generation.js';
import { mediaAddress } from './network/media-address.js';
import { PendingCall } from './pending-call.js';
import { headerFields } from './route-options.js';
import { applyScriptSettings, readScriptSettings } from './settings/script-settings.js';
import type { SettingsAnswer } from './settings/settings-answer.js';

/** Retry-After while draining: another connector is meant to take the call, this one will not be back at once. */
const DRAIN_RETRY_SECONDS = 30;
/** Longest user part kept of From and of what was dialled, characters: both are a stranger's words, and go to records. */
const MAX_USER_LENGTH = 256;

export interface ReceptionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** What the media engine was made with; a reload does not change it. */
  readonly media: MediaConfig;
  readonly registry: CallRegistry;
  readonly admission: AdmissionControl;
  readonly spending: Pick<SpendBook, 'exhausted' | 'retryAfterSeconds'>;
  readonly assembly: CallAssembly;
  readonly emit: CallEventSink;
  /** The present generation; `undefined` before the start and after the stop. */
  generation(): Generation | undefined;
  draining(): boolean;
  onRecord(record: CallRecord): void;
  /** The number of calls has changed. */
  onOccupancy(): void;
}

/** An INVITE that was admitted and has found its route. */
interface Arrival {
  readonly leg: InboundLeg;
  readonly generation: Generation;
  readonly identity: CallIdentity;
}

/**
 * Decides what becomes of an INVITE: refused by drain, limit, cost, route or description, or a call. Every one leaves a record.
 */
export class Reception {
  readonly #deps: ReceptionDeps;
  readonly #localAddresses: LocalAddressFinder;

  constructor(deps: ReceptionDeps) {
    this.#deps = deps;
    this.#localAddresses = createLocalAddressFinder('0.0.0.0', deps.clock);
  }

  onInvite(leg: InboundLeg): void {
    const generation = this.#deps.generation();
    const { invite } = leg;
    if (!generation || this.#deps.draining()) {
      this.#refuse(leg, 503, 'drain', { retryAfterSeconds: DRAIN_RETRY_SECONDS });
      return;
    }
    const admission = this.#deps.admission.admit(invite.source.address, this.#deps.registry.size);
    if (!admission.ok) {
      this.#refuse(leg, 503, 'busy-limit', { retryAfterSeconds: admission.retryAfterSeconds });
      return;
    }
    const { spending } = this.#deps;
    if (spending.exhausted) {
      this.#refuse(leg, 503, 'spend-limit', { retryAfterSeconds: spending.retryAfterSeconds });
      return;
    }
    const routed = generation.router.route(invite);
    const wanted = readScriptSettings(invite.extraParams, routed.route?.flavor, this.#deps.log);
    const decision = withFlavor(routed, wanted?.flavor, generation.config.routes);
    const flavorName = decision.route?.flavor;
    const choice = flavorName === undefined ? undefined : generation.flavors.get(flavorName);
    const { route } = decision;
    const identity = this.#identify(invite, decision);
    if (!route || !choice) {
      const headers = route && headerFields(route.hangup.headers, callTexts(route, identity, invite).render);
      this.#refuseAs(leg, identity, route?.reject ?? 404, headers ? { headers } : {});
      return;
    }
    const arrival = { leg, generation, identity };
    if (route.settings === undefined) this.#beginAsResolved(arrival, route, wanted);
    else void this.#beginWithSettings(arrival, route, wanted);
  }

  /** An INVITE that the driver has refused by itself. */
  onRefused(invite: InviteRequest, status: number): void {
    this.#record(this.#identify(invite, undefined), { endedBy: 'connector', cause: 'rejected', status });
  }

  /** Asks for the settings of the call, then begins it. Never rejects. */
  async #beginWithSettings(arrival: Arrival, route: RouteConfig, wanted: SettingsAnswer | undefined): Promise<void> {
    const { generation, identity, leg } = arrival;
    const { id, from, to, startedAtMs } = identity;
    const moment = { wallTimeMs: startedAtMs, timeZone: route.timeZone };
    const facts = { id, from, to, headers: leg.invite.headers, moment };
    const call = { route, facts, flavors: generation.flavors, log: childLog(this.#deps.log, id) };
    const resolve = (signal: AbortSignal) => generation.settings.resolve(call, signal).catch(() => undefined);
    await this.#whilePending(arrival, resolve, (resolved) => {
      if (resolved?.outcome === 'answer') this.#beginAsResolved(arrival, resolved.route, wanted);
      else this.#refuseAs(leg, identity, resolved?.status ?? 500, {});
    });
  }

  /** `wanted`: what the script of a proxy asks for, over whatever is said elsewhere. */
  #beginAsResolved(arrival: Arrival, resolved: RouteConfig, wanted: SettingsAnswer | undefined): void {
    const { generation, identity, leg } = arrival;
    const log = childLog(this.#deps.log, identity.id);
    const route = applyScriptSettings(resolved, wanted, generation.flavors, log);
    if (typeof route === 'number') {
      this.#refuseAs(leg, identity, route, {});
      return;
    }
    const flavor = route.flavor ?? null;
    const choice = flavor === null ? undefined : generation.flavors.get(flavor);
    const answered = { ...arrival, identity: { ...identity, flavor } };
    const options = route.own?.flavor ?? {};
    if (!choice) this.#refuseAs(leg, identity, 500, {});
    else if (Object.keys(options).length === 0) this.#beginOrRefuse(answered, route, choice);
    else void this.#beginWithVariant(answered, route, choice.name);
  }

  /** Makes the flavor anew with the options of this call. Never rejects. */
  async #beginWithVariant(arrival: Arrival, route: RouteConfig, name: string): Promise<void> {
    const { generation, identity, leg } = arrival;
    const log = childLog(this.#deps.log, identity.id);
    const make = () => generation.variant(name, route.own?.flavor ?? {}, log);
    const { begun, result: made } = await this.#whilePending(arrival, make, (variant) => {
      if (variant === undefined) this.#refuseAs(leg, identity, 500, {});
      else this.#beginOrRefuse(arrival, route, variant, true);
    });
    if (made !== undefined && !begun) void generation.discard(made);
  }

  /**
   * Counts an INVITE, shows it and lets it be ended, while `work` is done for it; then does what comes next, unless it was
   * ended. Never rejects, as `work` does not.
   *
   * @returns what came of the work, and whether the INVITE has become a call
   */
  async #whilePending<Result>(
    { generation, identity, leg }: Arrival,
    work: (signal: AbortSignal) => Promise<Result>,
    next: (result: Result) => void,
  ): Promise<{ readonly result: Result; readonly begun: boolean }> {
    const { registry } = this.#deps;
    const pending = new PendingCall(identity, leg);
    generation.retain();
    registry.add(pending);
    this.#deps.onOccupancy();
    const result = await work(pending.signal);
    if (pending.outcome) this.#record(identity, pending.outcome);
    else next(result);
    // The call has taken its place, if there is one.
    const begun = registry.get(identity.id) !== pending;
    if (!begun) registry.delete(identity.id);
    generation.release();
    this.#deps.onOccupancy();
    return { result, begun };
  }

  #beginOrRefuse(arrival: Arrival, route: RouteConfig, choice: FlavorChoice, madeForCall = false): void {
    const { identity, leg } = arrival;
    const { headers, sdp: offer } = leg.invite;
    try {
      const peer = { localAddress: leg.localAddress, offer };
      const address = mediaAddress(this.#deps.media, peer, (remote) => this.#localAddresses.find(remote));
      this.#deps.assembly.begin({ route, choice, madeForCall, headers, offer, address, ...arrival });
    } catch (error) {
      this.#refuseAs(leg, identity, statusOf(error), warningOf(error), error);
    }
  }

  #refuse(leg: InboundLeg, status: number, cause: CauseText, options: RejectOptions): void {
    leg.listen(() => {});
    leg.reject(status, options);
    this.#record(this.#identify(leg.invite, undefined), { endedBy: 'connector', cause, status });
  }

  /** The same for an INVITE that was admitted and looked for its route. */
  #refuseAs(leg: InboundLeg, identity: CallIdentity, status: number, options: RejectOptions, error?: unknown): void {
    leg.listen(() => {});
    leg.reject(status, options);
    this.#record(identity, { endedBy: 'connector', cause: 'rejected', status }, error);
  }

  #record(identity: CallIdentity, outcome: CallOutcome, error?: unknown): void {
    const { clock, emit } = this.#deps;
    const recordedError =
      error === undefined ? null : { code: errorCode(error) ?? 'ERR_UNEXPECTED', message: errorMessage(error) };
    const atMs = clock.wallTime();
    const record = refusalRecord(identity, outcome, atMs, recordedError);
    emit({ type: 'call-ended', callId: identity.id, atMs, ...outcome, durationMs: 0, record });
    this.#deps.onRecord(record);
  }

  #identify(invite: InviteRequest, decision: RouteDecision | undefined): CallIdentity {
    const { clock, random } = this.#deps;
    return {
      id: random.hex(8),
      direction: 'inbound',
      from: bounded(invite.fromUser),
      to: bounded(decision?.to ?? (invite.requestUser || invite.toUser)),
      route: decision?.route && decision.index !== undefined ? describeRoute(decision.index, decision.route) : null,
      flavor: decision?.route?.flavor ?? null,
      startedAtMs: clock.wallTime(),
    };
  }
}

/**
 * A script may name the agent of a number that no route has, or that one refuses: the first route of that agent is taken
 * then.
 */
function withFlavor(
  decision: RouteDecision,
  flavor: string | undefined,
  routes: readonly RouteConfig[],
): RouteDecision {
  if (flavor === undefined || decision.route?.flavor !== undefined) return decision;
  const index = routes.findIndex((route) => route.flavor === flavor);
  return index < 0 ? decision : { ...decision, index, route: routes[index] };
}

function bounded(user: string): string {
  return user.slice(0, MAX_USER_LENGTH);
}

/** What the caller is told: a mistake in its description is its own, anything else is ours. */
function statusOf(error: unknown): number {
  switch (errorCode(error)) {
    case 'ERR_SDP_INVALID':
      return 400;
    case 'ERR_SDP_UNACCEPTABLE':
      return 488;
    default:
      return 500;
  }
}
