import { assertUnreachable } from '../base/assert.js';
import { errorCode } from '../base/connector-error.js';
import { FlavorError, type FlavorSession } from '../flavor-api/index.js';
import type { CallerFrame, StreamEvent, StreamParameters } from '../media/engine.js';
import type { CallSummary } from '../ops/call-event.js';
import type { CauseText } from '../ops/call-record.js';
import type { InboundLeg, LegEvent, OfferReply } from '../signaling/port.js';
import { CallAccount } from './call-account.js';
import { CallMedia } from './call-media.js';
import type { CallDeps, CallOptions } from './call-options.js';
import {
  type CallEffect,
  type CallEvent,
  type CallOutcome,
  type CallState,
  type CallTimer,
  callTimers,
} from './call-state.js';
import { CallTimers } from './call-timers.js';
import { Conversation } from './conversation.js';
import { beginCall, reduceCall } from './machine.js';
import { chooseFormats, type SessionFormats } from './session-formats.js';
import { asFlavorError, SessionLink } from './session-link.js';

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
  readonly #timers: CallTimers;
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
    const { answer, limits } = options;
    const delaysMs = { delay: answer.delayMs, open: limits.openMs, duration: limits.callMs, abandon: limits.abandonMs };
    this.#timers = new CallTimers(clock, delaysMs, (timer) => this.#onTimer(timer));
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
        this.#timers.arm(effect.timer);
        return;
      case 'disarm-timer':
        this.#timers.disarm(effect.timer);
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
    } catch (error) {
      this.#account.onError(error);
      this.#apply({ type: 'media-failed' });
      return;
    }
    this.#connectBoth();
    this.#apply({ type: 'media-opened' });
  }

  async #openSession(): Promise<void> {
    let opened: { readonly session: FlavorSession; readonly formats: SessionFormats };
    try {
      opened = await this.#askFlavor();
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#account.onError(asFlavorError(error));
      this.#apply({ type: 'session-failed' });
      return;
    }
    this.#formats = opened.formats;
    this.#link = new SessionLink(opened.session, {
      onEnded: (reason, error) => this.#onSessionEnded(reason, error),
      onMisbehaviour: (method, message) =>
        this.#account.onWarning('ERR_FLAVOR_PROTOCOL', `${method} threw: ${message}`),
    });
    this.#connectBoth();
    this.#apply({ type: 'session-opened' });
  }

  async #askFlavor(): Promise<{ readonly session: FlavorSession; readonly formats: SessionFormats }> {
    const { identity, greeting, variables, headers } = this.#options;
    const { flavor, log, tools, negotiation } = this.#deps;
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
      render: (text) => this.#options.render(text),
      tools: flavor.capabilities.tools ? tools.definitions : [],
      history: this.#account.dialogue.history,
      log,
    });
    return { session, formats };
  }

  /** Once media and session are both open, they can talk. */
  #connectBoth(): void {
    const stream = this.#media.stream;
    const [link, formats] = [this.#link, this.#formats];
    if (!stream || !link || !formats || this.#state?.phase !== 'preparing') return;
    const { tools, clock, flavor } = this.#deps;
    try {
      stream.setFormats(formats.input, formats.output);
    } catch (error) {
      // A format that the flavor names and nobody can convert. Both sides are open and get closed.
      this.#account.onError(asFlavorError(error));
      this.#apply({ type: 'session-failed' });
      return;
    }
    const conversation = new Conversation(
      { capabilities: flavor.capabilities, formats, ...this.#options.limits },
      { stream, link, notes: this.#account, tools, signal: this.#abort.signal },
      {
        onAgentLeaving: () => this.#apply({ type: 'agent-leaving' }),
        onFarewellOver: () => this.#apply({ type: 'farewell-over' }),
        onSilenceLimit: () => this.#apply({ type: 'limit-reached', limit: 'silence' }),
      },
      clock,
    );
    this.#conversation = conversation;
    link.listen((event) => conversation.onFlavorEvent(event));
  }

  /** 200, once the journal knows that there will be a call to account for. */
  async #accept(): Promise<void> {
    const answeredAt = new Date(this.#deps.clock.wallTime()).toISOString();
    const codec = this.#leg.invite.sdp === undefined ? null : this.#deps.negotiation.expectedCodec;
    await this.#deps.beforeAnswer({ ...this.summary(), answeredAt, codec });
    if (this.#state?.phase !== 'preparing') return;
    this.#describe((sdp) => {
      this.#leg.accept(sdp);
      this.#account.onAnswered(this.#leg.invite.receivedAtMs);
      this.#apply({ type: 'accepted' });
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
      case 'transfer':
      case 'reoffered':
        return;
      default:
        assertUnreachable(event);
    }
  }

  #onAcked(answer: string | undefined): void {
    if (this.#isOver()) return;
    this.#media.stream?.touch();
    this.#conversation?.onAnswered();
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
    if (!this.#media.stream || this.#isOver()) {
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
    this.#conversation?.onHeld(held);
    if (!held) this.#media.stream?.touch();
    this.#account.emit({ type: held ? 'call-held' : 'call-resumed' });
  }

  #isOver(): boolean {
    return this.#state?.phase === 'ending' || this.#state?.phase === 'ended';
  }

  /** Hot path. */
  #onFrame(frame: CallerFrame): void {
    this.#conversation?.onFrame(frame);
  }

  #onStreamEvent(event: StreamEvent): void {
    this.#conversation?.onStreamEvent(event);
    // A phone that holds need not send music.
    if (event.type === 'rtp-timeout' && !this.#held) this.#apply({ type: 'limit-reached', limit: 'rtp-timeout' });
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

  async #finish(outcome: CallOutcome): Promise<void> {
    for (const timer of callTimers) this.#timers.disarm(timer);
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
