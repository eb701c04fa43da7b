import { assertUnreachable } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import type { Logger } from '../../flavor-api/index.js';
import { optionsHeaders } from '../capabilities.js';
import { dialogKey, mergeKeyOf, toTagOf } from '../dialog-id.js';
import { inviteRequestOf } from '../invite-request.js';
import { runGuarded } from '../leg-events.js';
import type { LocalAddressFinder } from '../local-address.js';
import { isToken } from '../message/lexical.js';
import type { HeaderField } from '../message/sip-headers.js';
import type { SipRequest } from '../message/sip-message.js';
import type { Availability, InviteRequest, SignalingHandlers } from '../port.js';
import type { Refusal } from '../refusal.js';
import { inspectRequest, namesNoPlace } from '../request-inspection.js';
import type { RestingTargets } from '../resting-targets.js';
import { retryAfterField } from '../retry-after.js';
import { type SessionTimerOptions, sessionRefusal } from '../session/session-agreement.js';
import { readSessionBody } from '../session/session-body.js';
import { readReplaces } from '../transfer/replaces.js';
import type { CallServer, ServerDialog, ServerLeg } from './call-server.js';
import type { DrachtioLimits } from './drachtio-options.js';
import { ServerUasLeg } from './inbound-leg.js';
import { supportedTags } from './own-tags.js';
import type { LeftBehind } from './server/left-behind.js';
import type { ServerRequest } from './server/server-request.js';
import type { SrfSession } from './server/srf-session.js';

/** What all connections of one driver share. */
export interface DriverContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: DrachtioLimits;
  readonly log: Logger | undefined;
  readonly handlers: SignalingHandlers;
  readonly localAddresses: LocalAddressFinder;
  readonly resting: RestingTargets;
  /** Dialogs of all servers by their names on the wire: who takes over a call may come by another one. */
  readonly identities: Map<string, ServerDialog>;
  /** The allow-list. */
  readonly accept: (address: string) => boolean;
  readonly availability: () => Availability;
  readonly closing: () => boolean;
}

/** The calls of one connection with a drachtio server: takes its requests, and ends with it. */
export class ServerCalls implements CallServer {
  readonly session: SrfSession;
  readonly sessionTimers: SessionTimerOptions;
  readonly #context: DriverContext;
  readonly #legs = new Set<ServerLeg>();
  /** INVITEs that take over a call and have no answer, likewise. */
  readonly #replacing = new Set<string>();
  /** Those of callers, by what a merged INVITE has in common with theirs. */
  readonly #inbound = new Map<string, ServerUasLeg>();
  readonly #dialogs = new Map<string, ServerDialog>();
  /** Called when no leg and no dialog is left. */
  readonly #onIdle: () => void;

  constructor(
    session: SrfSession,
    context: DriverContext,
    sessionTimers: SessionTimerOptions,
    onIdle: () => void = () => {},
  ) {
    this.session = session;
    this.sessionTimers = sessionTimers;
    this.#context = context;
    this.#onIdle = onIdle;
  }

  get clock(): Clock {
    return this.#context.clock;
  }

  get random(): Random {
    return this.#context.random;
  }

  get limits(): DrachtioLimits {
    return this.#context.limits;
  }

  get resting(): RestingTargets {
    return this.#context.resting;
  }

  get identities(): Map<string, ServerDialog> {
    return this.#context.identities;
  }

  get idle(): boolean {
    return this.#legs.size === 0 && this.#dialogs.size === 0;
  }

  /** Our address towards a peer, for media: SIP is the server's. */
  localAddressTo(remote: string): string {
    return this.#context.localAddresses.find(remote);
  }

  fault(error: unknown): void {
    this.#context.log?.warn({ error: error instanceof Error ? error.message : String(error) }, 'a SIP handler threw');
  }

  addLeg(leg: ServerLeg): void {
    this.#legs.add(leg);
  }

  removeLeg(leg: ServerLeg): void {
    this.#legs.delete(leg);
    if (leg instanceof ServerUasLeg) this.#inbound.delete(leg.mergeKey);
    this.#checkIdle();
  }

  /** A leg that lived on another connection, perhaps, lives on this one from now on. */
  move(leg: ServerLeg, from: CallServer): void {
    if (from === this) return;
    this.addLeg(leg);
    from.removeLeg(leg);
  }

  addDialog(id: string, dialog: ServerDialog): void {
    this.#dialogs.set(id, dialog);
  }

  removeDialog(id: string, dialog: ServerDialog): void {
    if (this.#dialogs.get(id) === dialog) this.#dialogs.delete(id);
    this.#checkIdle();
  }

  /** The connection is gone, and the calls with it. */
  lose(): LeftBehind {
    const up = [...this.#dialogs].filter(([, dialog]) => dialog.up);
    const left = { dialogIds: up.map(([id]) => id), ...this.session.unfinished };
    for (const leg of [...this.#legs]) leg.lose();
    return left;
  }

  /** Refuses or ends what is still alive. */
  shutDown(): void {
    for (const leg of [...this.#legs]) leg.shutDown();
  }

  /** RFC 3261 section 8.2, in its order; the server has done what is before. */
  receive(incoming: ServerRequest): void {
    const { request } = incoming;
    const dialog = this.#dialogs.get(incoming.dialogId);
    if (incoming.isServers) {
      if (request.method === 'BYE') dialog?.onServersBye(request);
      return;
    }
    if (request.method === 'ACK') {
      dialog?.onAck(request);
      return;
    }
    // Before anything is answered, and to whomever.
    if (dialog === undefined && isDeadly(request)) {
      incoming.ignore();
      this.#context.log?.debug({}, 'a request without a usable Contact was left unanswered');
      this.#checkIdle();
      return;
    }
    const inDialog = toTagOf(request) !== undefined;
    // Whom we have called speaks in that call, from wherever its Contact is; to call us is another matter.
    const called = inDialog && dialog?.outbound === true;
    if (!called && !this.#context.accept(incoming.source.address)) {
      // The server has said 100 to an INVITE already: a caller who has heard that is not left waiting.
      if (request.method === 'INVITE' || inDialog) incoming.respond(403);
      if (request.method === 'BYE') dialog?.onRefusedBye(request);
      return;
    }
    const refusal = refusalOf(incoming, inDialog);
    if (refusal !== undefined) {
      this.#refuse(incoming, refusal, inDialog);
      if (request.method === 'BYE') dialog?.onRefusedBye(request);
    } else if (inDialog) {
      if (dialog === undefined) incoming.respond(481);
      else dialog.onRequest(incoming);
    } else if (request.method === 'INVITE') this.#receiveInvite(incoming);
    else if (request.method === 'OPTIONS') this.#answerOptions(incoming);
    // BYE and INFO exist in dialogs only.
    else incoming.respond(481);
  }

  #receiveInvite(incoming: ServerRequest): void {
    const { request } = incoming;
    const key = mergeKeyOf(request);
    if (this.#inbound.has(key) || this.#replacing.has(key)) {
      incoming.respond(482);
      return;
    }
    const body = readSessionBody(request);
    if (body.type === 'refused') {
      this.#refuse(incoming, body.refusal, false);
      return;
    }
    const tooBrief = sessionRefusal(request.headers, this.sessionTimers);
    if (tooBrief !== undefined) {
      this.#refuse(incoming, tooBrief, false);
      return;
    }
    const { limits, handlers, closing } = this.#context;
    if (this.#legs.size >= limits.maxLegs || closing()) {
      this.#refuse(incoming, { status: 503, headers: [this.#retryAfter()] }, false);
      return;
    }
    const sdp = body.type === 'sdp' ? body.sdp : undefined;
    if (this.#receiveReplacement(incoming, sdp)) return;
    const invite = inviteRequestOf(incoming, sdp);
    const leg = new ServerUasLeg(this, incoming, invite);
    this.addLeg(leg);
    this.#inbound.set(leg.mergeKey, leg);
    runGuarded(
      () => handlers.onInvite(leg),
      (error) => leg.refuseAfterFault(error),
    );
  }

  /** True: the INVITE wants to take over a call (RFC 3891), and has been dealt with. */
  #receiveReplacement(incoming: ServerRequest, sdp: string | undefined): boolean {
    const replaces = readReplaces(incoming.request);
    switch (replaces.type) {
      case 'none':
        return false;
      case 'refused':
        this.#refuse(incoming, { status: 400, headers: [] }, false);
        return true;
      case 'dialog': {
        const owner = this.identities.get(dialogKey(replaces.id));
        if (owner === undefined) this.#refuse(incoming, { status: 481, headers: [] }, false);
        else this.#replace(owner, incoming, sdp, replaces.earlyOnly);
        return true;
      }
      default:
        return assertUnreachable(replaces);
    }
  }

  #replace(owner: ServerDialog, incoming: ServerRequest, sdp: string | undefined, earlyOnly: boolean): void {
    const key = mergeKeyOf(incoming.request);
    this.#replacing.add(key);
    incoming.onSettled(() => this.#replacing.delete(key));
    owner.onReplaces({ calls: this, request: incoming, sdp }, earlyOnly);
  }

  #answerOptions(incoming: ServerRequest): void {
    const open = this.#context.availability() === 'open';
    const about = optionsHeaders(supportedTags);
    incoming.respond(open ? 200 : 503, { headers: open ? about : [...about, this.#retryAfter()] });
    this.#checkIdle();
  }

  #refuse(incoming: ServerRequest, refusal: Refusal, inDialog: boolean): void {
    incoming.respond(refusal.status, { headers: refusal.headers });
    this.#context.log?.debug({ status: refusal.status, reason: incoming.malformed?.reason }, 'request refused');
    this.#checkIdle();
    if (incoming.request.method !== 'INVITE' || inDialog) return;
    const invite: InviteRequest = inviteRequestOf(incoming);
    runGuarded(
      () => this.#context.handlers.onRefused(invite, refusal.status),
      (error) => this.fault(error),
    );
  }

  #retryAfter(): HeaderField {
    return retryAfterField(this.#context.limits.retryAfterSeconds);
  }

  #checkIdle(): void {
    if (this.idle) this.#onIdle();
  }
}

/**
 * drachtio-server v0.9.10 makes a dialog of an INVITE or SUBSCRIBE with whatever is answered, and over UDP ends with a
 * segmentation fault where the host of the Contact is missing in it. It takes for a URI what begins with neither token, quote nor
 * bracket: a name before the URI, too. It forgets what gets no answer after 64 s.
 */
function isDeadly({ method, headers }: SipRequest): boolean {
  if (method !== 'INVITE' && method !== 'SUBSCRIBE') return false;
  const begin = headers.get('Contact')?.charAt(0);
  return namesNoPlace(headers) || !(begin === undefined || '"<'.includes(begin) || isToken(begin));
}

function refusalOf({ request, malformed, source }: ServerRequest, inDialog: boolean): Refusal | undefined {
  return malformed === undefined
    ? inspectRequest(request, inDialog, source.protocol, supportedTags)
    : { status: malformed.status, headers: [] };
}
