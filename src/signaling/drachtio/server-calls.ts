import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { optionsHeaders, supportedTags } from '../capabilities.js';
import { inviteRequestOf } from '../invite-request.js';
import { runGuarded } from '../leg-events.js';
import type { LocalAddressFinder } from '../local-address.js';
import { parseNameAddr } from '../message/name-addr.js';
import type { SipRequest } from '../message/sip-message.js';
import type { InviteRequest, SignalingHandlers } from '../port.js';
import type { Refusal } from '../refusal.js';
import { inspectRequest } from '../request-inspection.js';
import { readSessionBody } from '../session-body.js';
import type { CallDialog } from './call-dialog.js';
import type { DrachtioLimits, DrachtioLog } from './drachtio-options.js';
import { mergeKeyOf, ServerUasLeg } from './inbound-leg.js';
import type { ServerRequest } from './server-request.js';
import { refuseShortTimer } from './session-timer.js';
import type { SrfSession } from './srf-session.js';
import type { RestingTargets } from './target-list.js';

/** What all connections of one driver share. */
export interface DriverContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: DrachtioLimits;
  readonly log: DrachtioLog | undefined;
  readonly handlers: SignalingHandlers;
  readonly localAddresses: LocalAddressFinder;
  readonly resting: RestingTargets;
  /** The allow-list. */
  readonly accept: (address: string) => boolean;
  readonly availability: () => 'open' | 'full' | 'draining';
  readonly closing: () => boolean;
}

/** A leg, as far as its server is concerned. */
export interface ServerLeg {
  shutDown(): void;
  lose(): void;
}

/** The calls of one connection with a drachtio server: takes its requests, and ends with it. */
export class ServerCalls {
  readonly session: SrfSession;
  readonly #context: DriverContext;
  readonly #legs = new Set<ServerLeg>();
  /** Those of callers, by what a merged INVITE has in common with theirs. */
  readonly #inbound = new Map<string, ServerUasLeg>();
  readonly #dialogs = new Map<string, CallDialog>();
  /** Called when no leg and no dialog is left. */
  readonly #onIdle: () => void;

  constructor(session: SrfSession, context: DriverContext, onIdle: () => void = () => {}) {
    this.session = session;
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

  addDialog(id: string, dialog: CallDialog): void {
    this.#dialogs.set(id, dialog);
  }

  removeDialog(id: string, dialog: CallDialog): void {
    if (this.#dialogs.get(id) === dialog) this.#dialogs.delete(id);
    this.#checkIdle();
  }

  /** The connection is gone, and the calls with it. */
  lose(): void {
    for (const leg of [...this.#legs]) leg.lose();
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
    const inDialog = hasToTag(request);
    if (!this.#context.accept(incoming.source.address)) {
      // The server has said 100 to an INVITE already: a caller who has heard that is not left waiting.
      if (request.method === 'INVITE' || inDialog) incoming.respond(403);
      return;
    }
    const refusal = refusalOf(incoming, inDialog);
    if (refusal !== undefined) this.#refuse(incoming, refusal, inDialog);
    else if (inDialog) {
      if (dialog === undefined) incoming.respond(481);
      else dialog.onRequest(incoming);
    } else if (request.method === 'INVITE') this.#receiveInvite(incoming);
    else if (request.method === 'OPTIONS') this.#answerOptions(incoming);
    // BYE and INFO exist in dialogs only.
    else incoming.respond(481);
  }

  #receiveInvite(incoming: ServerRequest): void {
    const { request } = incoming;
    if (this.#inbound.has(mergeKeyOf(request))) {
      incoming.respond(482);
      return;
    }
    const body = readSessionBody(request);
    if (body.type === 'refused') {
      this.#refuse(incoming, body.refusal, false);
      return;
    }
    const short = refuseShortTimer(request);
    if (short !== undefined) {
      this.#refuse(incoming, short, false);
      return;
    }
    const { limits, handlers, closing } = this.#context;
    if (this.#legs.size >= limits.maxLegs || closing()) {
      this.#refuse(incoming, { status: 503, headers: [this.#retryAfter()] }, false);
      return;
    }
    const invite = inviteRequestOf(incoming, body.type === 'sdp' ? body.sdp : undefined);
    const leg = new ServerUasLeg(this, incoming, invite);
    this.addLeg(leg);
    this.#inbound.set(leg.mergeKey, leg);
    runGuarded(
      () => handlers.onInvite(leg),
      (error) => leg.refuseAfterFault(error),
    );
  }

  #answerOptions(incoming: ServerRequest): void {
    const open = this.#context.availability() === 'open';
    incoming.respond(open ? 200 : 503, { headers: open ? optionsHeaders : [...optionsHeaders, this.#retryAfter()] });
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

  #retryAfter(): readonly [string, string] {
    return ['Retry-After', String(this.#context.limits.retryAfterSeconds)];
  }

  #checkIdle(): void {
    if (this.idle) this.#onIdle();
  }
}

function refusalOf({ request, malformed, source }: ServerRequest, inDialog: boolean): Refusal | undefined {
  return malformed === undefined
    ? inspectRequest(request, inDialog, source.protocol, supportedTags)
    : { status: malformed.status, headers: [] };
}

function hasToTag(request: SipRequest): boolean {
  return parseNameAddr(request.headers.get('To') ?? '')?.tag !== undefined;
}
