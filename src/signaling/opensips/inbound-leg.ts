import type { Clock, TimerHandle } from '../../base/clock.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import type { Random } from '../../base/random.js';
import { ALLOW } from '../capabilities.js';
import { DialogLeg } from '../dialog-leg.js';
import { inviteLifetime } from '../invite-lifetime.js';
import { reasonText } from '../leg-end.js';
import { parseNameAddr } from '../message/name-addr.js';
import type { HeaderField, SipHeaders } from '../message/sip-headers.js';
import type { AcceptOptions, HangUpOptions, InboundLeg, InviteRequest, LegEnd, RejectOptions } from '../port.js';
import { finalStatus, rejectionOf } from '../rejection.js';
import type { OpensipsLimits } from './opensips-options.js';
import { SessionDialog } from './session-dialog.js';
import { requestOf, type SessionEvent } from './session-event.js';
import type { UaSession } from './ua-session.js';

export interface SessionLegParts {
  readonly session: UaSession;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: OpensipsLimits;
  /** The local address that calls run over. */
  readonly localAddress: string;
  readonly onFault: (error: unknown) => void;
  readonly onForgotten: () => void;
}

export interface InboundLegParts extends SessionLegParts {
  /** Of the INVITE. */
  readonly headers: SipHeaders;
}

/** One INVITE that OpenSIPS has handed to us, to the end of its session. */
export class UasSessionLeg extends DialogLeg implements InboundLeg {
  readonly direction = 'inbound';
  readonly callId: string;
  readonly localAddress: string;
  readonly invite: InviteRequest;
  readonly #parts: InboundLegParts;
  readonly #dialog: SessionDialog;
  /** `answering`: a 200 is on its way to OpenSIPS. */
  #phase: 'pending' | 'answering' | 'settled' = 'pending';
  /** Until OpenSIPS has taken our 200. */
  #answer: Promise<void> | undefined;
  /** Until it has taken our error response. */
  #refusal: Promise<void> | undefined;
  #hangUpWhenAnswered: HangUpOptions | undefined;
  #expiry: TimerHandle | undefined;
  #ringRepeat: TimerHandle | undefined;

  constructor(parts: InboundLegParts, invite: InviteRequest) {
    super();
    this.callId = invite.callId;
    this.localAddress = parts.localAddress;
    this.invite = invite;
    this.#parts = parts;
    this.#dialog = new SessionDialog({
      direction: 'inbound',
      user: {
        onEnded: (end) => this.#ended(end),
        ...this.toldOf(),
      },
      ...parts,
    });
    this.#startExpiry();
  }

  protected get talking(): SessionDialog {
    return this.#dialog;
  }

  protected onListenerFault(error: unknown): void {
    this.refuseAfterFault(error);
  }

  /** Nothing is left to do for anybody but OpenSIPS. */
  get over(): boolean {
    return this.#refusal !== undefined || this.#dialog.over;
  }

  ring(status: 180 | 183, sdp?: string): void {
    if (this.#phase !== 'pending') return;
    const headers = [['Allow', ALLOW]] as const;
    void this.#parts.session.reply(
      'INVITE',
      status,
      undefined,
      sdp === undefined ? { headers } : { headers, body: sdp },
    );
    this.#repeatRinging(status, sdp);
  }

  accept(sdp: string, options: AcceptOptions = {}): void {
    checkHeaderFields(options.headers);
    if (this.#phase !== 'pending') return;
    this.#settle('answering');
    const own = this.#dialog.begin(this.#parts.headers);
    this.#answer = this.#sendAnswer(sdp, [['Allow', ALLOW], ...own, ...(options.headers ?? [])]);
  }

  reject(status: number, options?: RejectOptions): void {
    const { phrase, headers } = rejectionOf(options);
    if (this.#phase !== 'pending') return;
    const final = finalStatus(status);
    this.#settle('settled');
    this.#refusal = this.#refuse(final, phrase, headers);
    this.events.endLater({ by: 'local', status: final, text: '' });
  }

  hangUp(options: HangUpOptions = {}): void {
    if (this.#phase === 'pending') this.reject(options.status ?? 480, options);
    else if (this.#phase === 'settled') this.#dialog.hangUp(options);
    else {
      checkHeaderFields(options.headers);
      this.#hangUpWhenAnswered ??= options;
    }
  }

  /** A handler or listener threw: a caller who still waits gets 500. */
  refuseAfterFault(error: unknown): void {
    this.#parts.onFault(error);
    this.reject(500);
  }

  /** OpenSIPS was restarted, or has lost the session: nothing can be done for the call any more. */
  lose(): void {
    this.#settle('settled');
    this.#dialog.lose();
  }

  /** The driver closes: refuses or sends BYE, without waiting for an ACK. Resolves when OpenSIPS has been told. */
  async shutDown(): Promise<void> {
    if (this.#phase === 'pending') this.reject(503);
    await this.#answer;
    this.#dialog.hangUpNow();
    await this.#refusal;
    await this.#dialog.dismiss();
  }

  receive(event: SessionEvent): void {
    const cancelled = event.type === 'TERMINATED' && event.method === 'CANCEL';
    if (cancelled && this.#phase === 'pending') this.#giveUp(reasonText(requestOf(event)));
    else if (event.type === 'TERMINATED' && this.#phase === 'pending') {
      // BYE in an early dialog: OpenSIPS answers it and the INVITE (487).
      this.#settle('settled');
      this.#dialog.forget();
      this.events.end({ by: 'peer', status: 487, text: reasonText(requestOf(event)) });
    } else this.#dialog.receive(event);
  }

  async #sendAnswer(sdp: string, headers: readonly HeaderField[]): Promise<void> {
    const { session } = this.#parts;
    const outcome = await session.reply('INVITE', 200, undefined, { headers, body: sdp });
    this.#phase = 'settled';
    if (this.#dialog.over) return;
    // Without an answer the caller may be connected or not: it is ended either way.
    if (outcome.type !== 'done') {
      this.#dialog.lose();
      return;
    }
    const to = parseNameAddr(this.#header('to'));
    const remoteTag = parseNameAddr(this.#header('from'))?.tag ?? '';
    // Our tag is the key of the session.
    const identity = { callId: this.callId, localTag: session.key, remoteTag };
    this.#dialog.confirmByAcceptance(identity, to?.uri ?? '', this.invite.sdp === undefined ? sdp : undefined);
    if (this.#hangUpWhenAnswered !== undefined) this.#dialog.hangUp(this.#hangUpWhenAnswered);
  }

  async #refuse(status: number, phrase?: string, headers?: readonly HeaderField[]): Promise<void> {
    const outcome = await this.#parts.session.reply('INVITE', status, phrase, headers?.length ? { headers } : {});
    if (outcome.type === 'lost') this.#dialog.lose();
    else this.#dialog.forgetRefused();
  }

  /** CANCEL or Expires: 487, which OpenSIPS leaves to us. */
  #giveUp(text: string): void {
    this.#settle('settled');
    this.#refusal = this.#refuse(487);
    this.events.end({ by: 'peer', status: 487, text });
  }

  #ended(end: LegEnd): void {
    this.#settle('settled');
    if (end.by === 'local') this.events.endLater(end);
    else this.events.end(end);
  }

  #settle(phase: 'answering' | 'settled'): void {
    this.#phase = phase;
    this.#parts.clock.clearTimeout(this.#expiry);
    this.#parts.clock.clearTimeout(this.#ringRepeat);
  }

  #header(name: string): string {
    return this.invite.headers.get(name)?.[0] ?? '';
  }

  #startExpiry(): void {
    const { clock, limits } = this.#parts;
    const { delayMs, expires } = inviteLifetime(this.#header('expires'), limits.maxPendingMs);
    this.#expiry = clock.setTimeout(expires ? () => this.#giveUp('') : () => this.reject(480), delayMs);
  }

  #repeatRinging(status: 180 | 183, sdp: string | undefined): void {
    const { clock, limits } = this.#parts;
    clock.clearTimeout(this.#ringRepeat);
    this.#ringRepeat = clock.setTimeout(() => this.ring(status, sdp), limits.ringRepeatMs);
  }
}
