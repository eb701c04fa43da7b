import { assertUnreachable } from '../base/assert.js';
import type { Clock, TimerHandle } from '../base/clock.js';
import { errorCode } from '../base/connector-error.js';
import { type Flavor, FlavorError, type Logger } from '../flavor-api/index.js';
import type { CallerFrame, MediaEngine, StreamEvent, StreamParameters } from '../media/engine.js';
import type { CallEventSink, CallSummary } from '../ops/call-event.js';
import type { CallRecord, CauseText } from '../ops/call-record.js';
import type { InboundLeg, LegEvent, OfferReply } from '../signaling/port.js';
import type { ToolRunner } from '../tools/tool-runner.js';
import { CallAccount } from './call-account.js';
import type { CallLimits } from './call-limits.js';
import { CallMedia, type OpenRecorder } from './call-media.js';
import type { CallEffect, CallEvent, CallOutcome, CallState, CallTimer } from './call-state.js';
import { callTimers } from './call-state.js';
import { Conversation } from './conversation.js';
import { beginCall, reduceCall } from './machine.js';
import type { MediaNegotiation } from './media-negotiation.js';
import type { CallIdentity, RecordedPersonalData } from './record-builder.js';
import { chooseFormats, type SessionFormats } from './session-formats.js';
import { asFlavorError, SessionLink } from './session-link.js';

export interface CallOptions {
  readonly identity: CallIdentity;
  /** Rendered greeting of the route. */
  readonly greeting: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  /** SIP headers exposed to the flavor. */
  readonly headers: ReadonlyMap<string, string>;
  readonly answer: { readonly delayMs: number; readonly earlyMedia: boolean };
  readonly limits: CallLimits;
  /** Personal data that goes into the record. */
  readonly include: readonly RecordedPersonalData[];
}

export interface CallDeps {
  readonly clock: Clock;
  readonly engine: MediaEngine;
  readonly flavor: Flavor;
  readonly negotiation: MediaNegotiation;
  readonly tools: ToolRunner;
  /** `undefined` where calls are not recorded. */
  readonly openRecorder: OpenRecorder | undefined;
  /** Child logger of this call. */
  readonly log: Logger;
  readonly emit: CallEventSink;
  /** Awaited before the 200; never rejects. A crash from then on still leaves a record. */
  beforeAnswer(call: CallSummary): Promise<unknown>;
  /** The call is over and everything is closed. */
  onFinished(record: CallRecord): void;
}

/**
 * One call: runs the effects of the call machine on the leg, the media stream and the flavor session, and turns what
 * they report into its events. All decisions are the machine's; all talk is the conversation's.
 */
export class Call {
  readonly #options: CallOptions;
  readonly #deps: CallDeps;
  readonly #leg: InboundLeg;
  readonly #account: CallAccount;
  readonly #media: CallMedia;
  readonly #abort = new AbortController();
  readonly #timers = new Map<CallTimer, TimerHandle>();
  #state: CallState | undefined;
  #link: SessionLink | undefined;
  #formats: SessionFormats | undefined;
  #conversation: Conversation | undefined;
  #held = false;

  constructor(leg: InboundLeg, options: CallOptions, deps: CallDeps) {
    this.#leg = leg;
    this.#options = options;
    this.#deps = deps;
    this.#account = new CallAccount(options.identity, options.include, deps);
    const { clock, engine, negotiation, openRecorder } = deps;
    this.#media = new CallMedia({
      clock,
      engine,
      negotiation,
      openRecorder,
      onParameters: (parameters, held) => this.#onParameters(parameters, held),
    });
  }

  get id(): string {
    return this.#options.identity.id;
  }

  /** Starts ringing, and opens media and session side by side. Call once, before returning to the event loop. */
  begin(): void {
    this.#leg.listen((event) => this.#onLegEvent(event));
    this.#account.emit({ type: 'call-started', direction: this.#leg.direction, ...this.#routed() });
    const { delayMs, earlyMedia } = this.#options.answer;
    const hasOffer = this.#leg.invite.sdp !== undefined;
    // Our offer in an unreliable 183 would bind nobody (RFC 3261 section 13.2.1): a late offer waits for the 200.
    const { state, effects } = beginCall({ answerDelayed: delayMs > 0, earlyMedia: earlyMedia && hasOffer });
    this.#state = state;
    this.#run(effects);
    void this.#openMedia();
    void this.#openSession();
  }

  /** Ends the call from outside. */
  end(by: 'admin' | 'drain'): void {
    this.#apply({ type: 'told-to-end', by });
  }

  summary(): CallSummary {
    return this.#account.summary(this.#state?.phase ?? 'preparing');
  }

  #apply(event: CallEvent): void {
    if (!this.#state) return;
    const { state, effects } = reduceCall(this.#state, event);
    this.#state = state;
    this.#run(effects);
  }

  #run(effects: readonly CallEffect[]): void {
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: CallEffect): void {
    switch (effect.type) {
      case 'ring':
        this.#leg.ring(180);
        this.#account.emit({ type: 'call-ringing' });
        return;
      case 'ring-early':
        this.#describe((sdp) => this.#leg.ring(183, sdp));
        return;
      case 'accept':
        void this.#accept();
        return;
      case 'reject': {
        const { status, retryAfterSeconds } = effect;
        this.#leg.reject(status, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
        return;
      }
      case 'hang-up':
        this.#leg.hangUp({ reason: reasonHeader(effect.cause) });
        return;
      case 'start-session':
        this.#link?.start();
        return;
      case 'await-farewell':
        this.#conversation?.awaitFarewell();
        return;
      case 'arm-timer':
        this.#arm(effect.timer);
        return;
      case 'disarm-timer':
        this.#disarm(effect.timer);
        return;
      case 'abort-session':
        this.#conversation?.close();
        this.#abort.abort();
        return;
      case 'close-media':
        this.#conversation?.close();
        this.#media.stream?.close();
        return;
      case 'finish':
        void this.#finish(effect.outcome);
        return;
      default:
        assertUnreachable(effect);
    }
  }

  async #openMedia(): Promise<void> {
    try {
      await this.#media.open({
        onFrame: (frame) => this.#onFrame(frame),
        onEvent: (event) => this.#onStreamEvent(event),
      });
      this.#connectBoth();
      this.#apply({ type: 'media-opened' });
    } catch (error) {
      this.#account.onError(error);
      this.#apply({ type: 'media-failed' });
    }
  }

  async #openSession(): Promise<void> {
    const { identity, greeting, variables, headers } = this.#options;
    const { flavor, log, tools, negotiation } = this.#deps;
    try {
      const formats = chooseFormats(negotiation.expectedCodec, flavor.capabilities);
      const session = await flavor.open({
        id: identity.id,
        signal: this.#abort.signal,
        direction: identity.direction,
        from: identity.from,
        to: identity.to,
        headers,
        variables,
        ...(greeting !== undefined && { greeting }),
        ...formats,
        tools: flavor.capabilities.tools ? tools.definitions : [],
        history: this.#account.dialogue.history,
        log,
      });
      this.#formats = formats;
      this.#link = new SessionLink(session, {
        onEvent: (event) => this.#conversation?.onFlavorEvent(event),
        onEnded: (reason, error) => this.#onSessionEnded(reason, error),
        onMisbehaviour: (method, message) =>
          this.#account.onWarning('ERR_FLAVOR_PROTOCOL', `${method} threw: ${message}`),
      });
      this.#connectBoth();
      this.#apply({ type: 'session-opened' });
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#account.onError(asFlavorError(error));
      this.#apply({ type: 'session-failed' });
    }
  }

  /** Once media and session are both open, they can talk. */
  #connectBoth(): void {
    const stream = this.#media.stream;
    const [link, formats] = [this.#link, this.#formats];
    if (!stream || !link || !formats || this.#state?.phase !== 'preparing') return;
    const { tools, clock, flavor } = this.#deps;
    stream.setFormats(formats.input, formats.output);
    this.#conversation = new Conversation(
      { capabilities: flavor.capabilities, formats, ...this.#options.limits },
      { stream, link, notes: this.#account, tools, signal: this.#abort.signal },
      {
        onAgentLeaving: () => this.#apply({ type: 'agent-leaving' }),
        onFarewellOver: () => this.#apply({ type: 'farewell-over' }),
        onSilenceLimit: () => this.#apply({ type: 'limit-reached', limit: 'silence' }),
      },
      clock,
    );
  }

  /** 200, once the journal knows that there will be a call to account for. */
  async #accept(): Promise<void> {
    const answeredAt = new Date(this.#deps.clock.wallTime()).toISOString();
    await this.#deps.beforeAnswer({ ...this.summary(), answeredAt });
    if (this.#state?.phase !== 'answered') return;
    this.#describe((sdp) => {
      this.#leg.accept(sdp);
      this.#account.onAnswered(this.#leg.invite.receivedAtMs);
    });
  }

  /** Sends our description; an offer that turns out unusable now ends the call. */
  #describe(send: (sdp: string) => void): void {
    try {
      send(this.#media.describe(this.#leg.invite.sdp));
    } catch (error) {
      this.#account.onError(error);
      this.#apply({ type: 'answer-unusable' });
    }
  }

  #onLegEvent(event: LegEvent): void {
    switch (event.type) {
      case 'acked':
        this.#onAcked(event.sdp);
        return;
      case 'offer':
        this.#onOffer(event.sdp, event.reply);
        return;
      case 'digit':
        this.#conversation?.onDigit(event.digit);
        return;
      case 'ended':
        this.#apply({ type: 'leg-ended', by: event.end.by, status: event.end.status });
        return;
      case 'progress':
      case 'answered':
        return;
      default:
        assertUnreachable(event);
    }
  }

  #onAcked(answer: string | undefined): void {
    this.#media.stream?.touch();
    if (this.#media.answerPending) {
      try {
        this.#media.readAnswer(answer);
      } catch (error) {
        this.#account.onError(error);
        this.#apply({ type: 'answer-unusable' });
        return;
      }
    }
    this.#apply({ type: 'confirmed' });
  }

  /** A re-INVITE: hold, resume, a new address or codec, or a question for our offer. */
  #onOffer(offer: string | undefined, reply: OfferReply): void {
    if (!this.#media.stream || this.#state?.phase === 'ending') {
      reply.reject(481);
      return;
    }
    try {
      reply.accept(this.#media.renegotiate(offer));
    } catch (error) {
      reply.reject(errorCode(error) === 'ERR_SDP_INVALID' ? 400 : 488);
    }
  }

  #onParameters(parameters: StreamParameters, held: boolean): void {
    this.#account.onCodec(parameters.codec.name);
    if (held === this.#held) return;
    this.#held = held;
    this.#account.emit({ type: held ? 'call-held' : 'call-resumed' });
  }

  /** Hot path. */
  #onFrame(frame: CallerFrame): void {
    this.#conversation?.onFrame(frame);
  }

  #onStreamEvent(event: StreamEvent): void {
    this.#conversation?.onStreamEvent(event);
    if (event.type === 'rtp-timeout') this.#apply({ type: 'limit-reached', limit: 'rtp-timeout' });
    if (event.type === 'failed') {
      this.#account.onError(new Error(event.message));
      this.#apply({ type: 'media-failed' });
    }
    if (event.type === 'closed') {
      this.#conversation?.settle();
      this.#apply({ type: 'media-closed' });
    }
  }

  #onSessionEnded(reason: 'completed' | 'aborted' | 'failed', error: FlavorError | undefined): void {
    if (error && !this.#abort.signal.aborted) this.#account.onError(error);
    this.#apply({ type: 'session-ended', reason });
  }

  #arm(timer: CallTimer): void {
    const { answer, limits } = this.#options;
    const delaysMs = { delay: answer.delayMs, open: limits.openMs, duration: limits.callMs, abandon: limits.abandonMs };
    this.#disarm(timer);
    const handle = this.#deps.clock.setTimeout(() => {
      this.#timers.delete(timer);
      this.#onTimer(timer);
    }, delaysMs[timer]);
    this.#timers.set(timer, handle);
  }

  #onTimer(timer: CallTimer): void {
    switch (timer) {
      case 'delay':
        this.#apply({ type: 'delay-elapsed' });
        return;
      case 'open':
        this.#account.onError(new FlavorError('ERR_FLAVOR_TIMEOUT', 'the flavor did not open in time', true));
        this.#apply({ type: 'open-timed-out' });
        return;
      case 'duration':
        this.#apply({ type: 'limit-reached', limit: 'max-duration' });
        return;
      case 'abandon':
        this.#apply({ type: 'session-abandoned' });
        return;
      default:
        assertUnreachable(timer);
    }
  }

  #disarm(timer: CallTimer): void {
    this.#deps.clock.clearTimeout(this.#timers.get(timer));
    this.#timers.delete(timer);
  }

  async #finish(outcome: CallOutcome): Promise<void> {
    for (const timer of callTimers) this.#disarm(timer);
    const endedAtMs = this.#deps.clock.wallTime();
    try {
      await this.#media.closeRecording();
    } catch (error) {
      this.#account.onError(error);
    }
    const { stream, recordingPath } = this.#media;
    this.#deps.onFinished(this.#account.close(outcome, stream?.stats(), recordingPath, endedAtMs));
  }

  #routed(): { readonly route: string | null; readonly flavor: string | null } {
    return { route: this.#options.identity.route, flavor: this.#options.identity.flavor };
  }
}

/** RFC 3326: the cause in words a peer's log can use. */
function reasonHeader(cause: CauseText): string {
  return `SIP;cause=200;text="${cause}"`;
}
