import type { TimerHandle } from '../../base/clock.js';
import { checkHeaderFields } from '../../base/header-fields.js';
import { ALLOW } from '../capabilities.js';
import { fromTagOf, toTagOf } from '../dialog-id.js';
import { DialogLeg } from '../dialog-leg.js';
import { ENDED_BY_LOSS, ENDED_BY_US, endText, NO_ANSWER } from '../leg-end.js';
import { parseSipUri } from '../message/sip-uri.js';
import type { HangUpOptions, LegEnd, OutboundLeg, OutboundRequest } from '../port.js';
import type { RestingTargets } from '../resting-targets.js';
import { retryAfterSeconds } from '../retry-after.js';
import { sdpOf } from '../session/session-body.js';
import type { SessionLegParts } from './inbound-leg.js';
import type { OutboundStarter } from './outbound-starter.js';
import { SessionDialog } from './session-dialog.js';
import { responseOf, type SessionEvent } from './session-event.js';
import type { UaSession } from './ua-session.js';

/** How often OpenSIPS is asked whether it still has a session that was cancelled, ms. */
const CANCELLED_PROBE_MS = 1_000;

export interface UacLegParts extends Omit<SessionLegParts, 'session' | 'onForgotten'> {
  readonly starter: OutboundStarter;
  /** Targets of all calls that have asked for none for a while. */
  readonly resting: RestingTargets;
  /** Our URI. */
  readonly from: string;
  /** A session has been asked for that has no name yet. */
  readonly onStarting: () => void;
  /** Events of this session are to come here. */
  readonly onSession: (key: string) => UaSession;
  readonly onForgotten: (key: string | undefined) => void;
}

/** A call of ours through OpenSIPS, from `ua_session_client_start` to the end of its session. */
export class UacSessionLeg extends DialogLeg implements OutboundLeg {
  readonly direction = 'outbound';
  readonly localAddress: string;
  readonly #parts: UacLegParts;
  readonly #request: OutboundRequest;
  #dialog: SessionDialog | undefined;
  #session: UaSession | undefined;
  #answered = false;
  /** Next hops that have not been tried. */
  #targets: readonly string[];
  /** Settled when OpenSIPS has named the session, or has not. */
  #beginning: Promise<void> | undefined;
  /** The one that is being tried. */
  #target: string | undefined;
  /** The target has said something. */
  #heard = false;
  #givenUp: HangUpOptions | undefined;
  #answerTimer: TimerHandle | undefined;
  #probeTimer: TimerHandle | undefined;
  #onSettled: () => void = () => {};
  /** After {@link shutDown}: the last INVITE is over, or is not waited for any longer. */
  readonly settled = new Promise<void>((resolve) => {
    this.#onSettled = resolve;
  });

  constructor(parts: UacLegParts, request: OutboundRequest) {
    super();
    this.localAddress = parts.localAddress;
    this.#parts = parts;
    this.#request = request;
    this.#targets = request.targets ?? [];
  }

  /** The key of the session, which OpenSIPS takes for Call-ID too; empty until it has said it. */
  get callId(): string {
    return this.#session?.key ?? '';
  }

  protected get talking(): SessionDialog | undefined {
    return this.#answered ? this.#dialog : undefined;
  }

  protected onListenerFault(error: unknown): void {
    this.#parts.onFault(error);
  }

  get over(): boolean {
    return this.events.ended;
  }

  /** Asks OpenSIPS to send the INVITE. To be called once; never rejects. */
  async start(): Promise<void> {
    const { clock, limits } = this.#parts;
    const timeoutMs = this.#request.answerTimeoutMs ?? limits.answerTimeoutMs;
    this.#answerTimer = clock.setTimeout(() => this.hangUp(NO_ANSWER), timeoutMs);
    this.#leaveOutResting();
    if (this.#targets.length > 0 || !this.#request.targets?.length) await this.#tryNext();
    else this.#end({ by: 'transport', status: 503, text: '' });
  }

  /** RFC 3261 section 21.5.4: who has answered 503 with Retry-After gets no INVITE for that time. */
  #leaveOutResting(): void {
    this.#targets = this.#targets.filter((target) => !this.#parts.resting.has(target));
  }

  #tryNext(): Promise<void> {
    this.#session = undefined;
    this.#dialog = undefined;
    this.#parts.onStarting();
    this.#beginning = this.#begin();
    return this.#beginning;
  }

  async #begin(): Promise<void> {
    const { starter, from, onFault } = this.#parts;
    const { uri, fromDisplayName, headers, sdp } = this.#request;
    let body: string;
    try {
      body = typeof sdp === 'string' ? sdp : sdp(this.localAddress);
    } catch (error) {
      onFault(error);
      this.#end(ENDED_BY_US);
      return;
    }
    const [target, ...others] = this.#targets;
    this.#targets = others;
    this.#target = target;
    this.#heard = false;
    // A target that names somebody is whom we call there.
    const named = target !== undefined && (parseSipUri(target)?.user ?? '') !== '';
    const started = await starter.start({
      uri: named ? target : uri,
      proxy: named ? undefined : target,
      from,
      fromDisplayName: fromDisplayName ?? '',
      body,
      headers: [['Allow', ALLOW], ...(headers ?? [])],
    });
    if (started.type === 'refused' && this.#targets.length > 0 && this.#givenUp === undefined) return this.#tryNext();
    if (started.type !== 'started') {
      this.#end({ by: this.#givenUp === undefined ? 'transport' : 'local', status: 503, text: '' });
      return;
    }
    this.#adopt(started.key);
    for (const event of started.events) this.receive(event);
  }

  #adopt(key: string): void {
    const session = this.#parts.onSession(key);
    this.#session = session;
    this.#dialog = new SessionDialog({
      session,
      direction: 'outbound',
      user: {
        onRefer: this.#request.onRefer,
        onEnded: (end) => this.#end(end),
        ...this.toldOf(),
      },
      ...this.#parts,
      onForgotten: () => this.#parts.onForgotten(key),
    });
    if (this.#givenUp !== undefined) this.#cancel();
  }

  hangUp(options: HangUpOptions = {}): void {
    if (this.events.ended) return;
    if (this.#answered) {
      this.#dialog?.hangUp(options);
      return;
    }
    checkHeaderFields(options.headers);
    if (this.#givenUp !== undefined) return;
    this.#givenUp = options;
    if (this.#session !== undefined) this.#cancel();
  }

  lose(): void {
    this.#onSettled();
    if (this.#dialog === undefined) this.#end(ENDED_BY_LOSS);
    else this.#dialog.lose();
  }

  /**
   * CANCEL or BYE, and OpenSIPS forgets the session. It gives a 200 that crosses the CANCEL its ACK and a BYE as long as it has
   * the session, which is left to it for a second at most.
   */
  async shutDown(): Promise<void> {
    this.hangUp();
    // The callee's phone may ring already, and nobody but us would stop it.
    if (this.#session === undefined) await this.#beginning;
    this.#end(ENDED_BY_US);
    const { clock, limits } = this.#parts;
    if (this.#session === undefined || this.#answered) this.#onSettled();
    const late = clock.setTimeout(() => this.#onSettled(), limits.closeMs);
    await this.settled;
    clock.clearTimeout(late);
    await this.#dismiss();
  }

  async #dismiss(): Promise<void> {
    const session = this.#session;
    this.#end(ENDED_BY_US);
    await this.#dialog?.dismiss();
    if (session !== undefined && !this.#answered) await session.terminate();
  }

  receive(event: SessionEvent): void {
    const ofInvite = event.method === 'INVITE' && !this.#answered && event.type !== 'UPDATED';
    if (ofInvite) this.#receiveResponse(event);
    else this.#dialog?.receive(event);
  }

  #receiveResponse(event: SessionEvent): void {
    const response = responseOf(event);
    if (event.status < 200) {
      this.#heard = true;
      if (event.status > 100 && this.#givenUp === undefined) {
        this.events.emit({ type: 'progress', status: event.status, sdp: sdpOf(response) });
      }
      return;
    }
    if (this.#givenUp !== undefined) this.#onSettled();
    if (event.status >= 300) {
      this.#dialog?.forget();
      const seconds = retryAfterSeconds(response.headers.get('Retry-After'));
      if (event.status === 503 && seconds !== undefined && this.#target !== undefined) {
        this.#parts.resting.add(this.#target, seconds);
      }
      this.#leaveOutResting();
      // OpenSIPS's own word for a target that says nothing is a 408 without header fields.
      const silent = event.status === 408 && !this.#heard && !response.headers.has('To');
      if ((silent || event.status === 503) && this.#targets.length > 0 && this.#givenUp === undefined) {
        void this.#tryNext();
        return;
      }
      const by = this.#givenUp !== undefined ? 'local' : silent ? 'transport' : 'peer';
      this.#end({ by, status: event.status, text: endText(response) });
      return;
    }
    this.#answered = true;
    this.#parts.clock.clearTimeout(this.#answerTimer);
    this.#parts.clock.clearTimeout(this.#probeTimer);
    const [localTag, remoteTag] = [fromTagOf(response) ?? '', toTagOf(response) ?? ''];
    this.#dialog?.confirmByResponse({ callId: this.callId, localTag, remoteTag }, this.#parts.from);
    // The CANCEL crossed this 2xx (RFC 3261 section 9.1).
    if (this.#givenUp !== undefined) this.#dialog?.hangUp(this.#givenUp);
    else this.events.emit({ type: 'answered', sdp: sdpOf(response) });
  }

  #cancel(): void {
    const { clock, limits } = this.#parts;
    const session = this.#session;
    if (session === undefined) return;
    void session.request('CANCEL').then(({ type }) => {
      if (type !== 'done') this.#onSettled();
      this.#probe(session);
    });
    // Section 9.1: whoever answers the CANCEL but never the INVITE is not waited for longer than this.
    clock.clearTimeout(this.#answerTimer);
    this.#answerTimer = clock.setTimeout(() => void this.#dismiss(), limits.ack.patienceMs);
  }

  /**
   * OpenSIPS 3.6.8 forgets a session that was cancelled with whatever comes first, a 180 that crosses the CANCEL too, and
   * tells of no 487 then.
   */
  #probe(session: UaSession): void {
    if (this.events.ended || this.#answered) return;
    this.#probeTimer = this.#parts.clock.setTimeout(() => {
      void session.state().then((state) => {
        if (state !== 'gone') {
          this.#probe(session);
          return;
        }
        if (this.#answered) return;
        this.#onSettled();
        this.#dialog?.forget();
        this.#end(ENDED_BY_US);
      });
    }, CANCELLED_PROBE_MS);
  }

  #end(end: LegEnd): void {
    this.#parts.clock.clearTimeout(this.#answerTimer);
    this.#parts.clock.clearTimeout(this.#probeTimer);
    if (this.events.ended) return;
    if (this.#session === undefined) this.#parts.onForgotten(undefined);
    if (end.by === 'peer' || end.by === 'ack-timeout') this.events.end(end);
    else this.events.endLater(end);
  }
}
