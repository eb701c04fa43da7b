import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import type { SipRequest } from '../message/sip-message.js';
import type { RestingTargets } from '../resting-targets.js';
import type { SessionTimerOptions } from '../session/session-agreement.js';
import type { DrachtioLimits } from './drachtio-options.js';
import type { ServerRequest } from './server/server-request.js';
import type { SrfSession } from './server/srf-session.js';

/** A leg, as far as its server is concerned. */
export interface ServerLeg {
  shutDown(): void;
  lose(): void;
}

/** A dialog, as far as its server is concerned: where requests within it go. */
export interface ServerDialog {
  /** The call is ours. */
  readonly outbound: boolean;
  /** Answered, and nobody has told that it is over: a BYE of ours may wait for its ACK, or be lost. */
  readonly up: boolean;
  onRequest(incoming: ServerRequest): void;
  onAck(request: SipRequest): void;
  /** The server has ended the dialog by itself. */
  onServersBye(request: SipRequest): void;
  /** The peer's BYE was refused. The server forgets the dialog as it gets one, whatever we answer. */
  onRefusedBye(request: SipRequest): void;
  /** Somebody takes the peer's place. */
  onReplaces(invite: ReplacingInvite, earlyOnly: boolean): void;
}

/** An INVITE with Replaces (RFC 3891). */
export interface ReplacingInvite {
  /** The server it came by, which need not be the one of the call. */
  readonly calls: CallServer;
  readonly request: ServerRequest;
  readonly sdp: string | undefined;
}

/** The connection with a drachtio server that a leg lives on, as its legs and dialogs see it. */
export interface CallServer {
  readonly session: SrfSession;
  readonly sessionTimers: SessionTimerOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: DrachtioLimits;
  readonly resting: RestingTargets;
  /** Dialogs of all servers by their names on the wire. */
  readonly identities: Map<string, ServerDialog>;
  /** Our address towards a peer, for media: SIP is the server's. */
  localAddressTo(remote: string): string;
  /** Somebody's handler threw. */
  fault(error: unknown): void;
  addLeg(leg: ServerLeg): void;
  removeLeg(leg: ServerLeg): void;
  /** A leg that lived on another connection, perhaps, lives on this one from now on. */
  move(leg: ServerLeg, from: CallServer): void;
  addDialog(id: string, dialog: ServerDialog): void;
  removeDialog(id: string, dialog: ServerDialog): void;
}
