import { assertUnreachable } from '../base/assert.js';
import type { CallerFrame, StreamEvent, StreamParameters } from '../media/engine.js';
import type { CallSummary } from '../ops/call-event.js';
import type { InboundLeg, LegEvent, OfferReply } from '../signaling/port.js';
import type { TransferTarget } from '../tools/tool.js';
import { CallAccount } from './call-account.js';
import { CallAgent } from './call-agent.js';
import type { CallLeg } from './call-leg.js';
import type { CallDeps, CallOptions } from './call-options.js';
import {
  type CallEffect,
  type CallEvent,
  type CallOutcome,
  type CallState,
  type CallTimer,
  callTimers,
} from './call-state.js';
import { CallTimers, timerDelays } from './call-timers.js';
import { Bridge, isOfBridge } from './control/bridge.js';
import type { KeyTarget } from './control/key-presses.js';
import { DEFAULT_RING_MS, SecondLeg } from './control/second-leg.js';
import { beginCall, type CallBeginning, reduceCall } from './machine.js';
import { CallMedia } from './media/call-media.js';
import { answerOffer } from './offer-answer.js';
import { OutboundProgress } from './outbound-progress.js';
import { reasonHeader } from './reason-header.js';

/**
 * One call: runs the effects of the call machine on the leg, the media stream and the flavor session, and turns what
 * they report into its events. All decisions are the machine's; all talk is the conversation's.
 */
export class Call {
  readonly #options: CallOptions;
  readonly #deps: CallDeps;
  readonly #leg: CallLeg;
  readonly #account: CallAccount;
  readonly #media: CallMedia;
  readonly #agent: CallAgent;
  readonly #timers: CallTimers;
  #state: CallState | undefined;
  #bridge: Bridge | undefined;
  #held = false;
  /** Of a call of ours. */
  #outbound: OutboundProgress | undefined;

  /** @param leg of an INVITE that has come in, or one that is still to be dialled */
  constructor(leg: CallLeg, options: CallOptions, deps: CallDeps) {
    this.#leg = leg;
    this.#options = options;
    this.#deps = deps;
    const meter = deps.openMeter(() => this.#apply({ type: 'limit-reached', limit: 'spend-limit' }));
    this.#account = new CallAccount(options.identity, options.include, { meter, ...deps });
    const { clock, engine, negotiation, openRecorder } = deps;
    this.#timers = new CallTimers(clock, timerDelays(options), (timer) => this.#onTimer(timer));
    const onParameters = (parameters: StreamParameters, held: boolean): void => this.#onParameters(parameters, held);
    const recordingAnnounced = options.recording.announcement !== undefined;
    this.#media = new CallMedia({ clock, engine, negotiation, openRecorder, recordingAnnounced, onParameters });
    const apply = (event: CallEvent): void => this.#apply(event);
    if (leg.direction === 'outbound') {
      const parts = { media: this.#media, account: this.#account };
      this.#outbound = new OutboundProgress({ now: () => clock.now(), apply, ...parts });
    }
    this.#agent = new CallAgent(options, {
      leg,
      media: this.#media,
      account: this.#account,
      dial: (target) => this.#dialTarget(target),
      bridge: (second, caller) => this.#join(second, caller),
      apply: (event) => this.#apply(event),
      speaks: () => this.#state?.session === 'open',
      isOver: () => this.#isOver(),
      ...deps,
    });
  }

  get id(): string {
    return this.#options.identity.id;
  }

  /** Starts ringing, or dialling, and opens media and session side by side. Call once, before returning to the event loop. */
  begin(): void {
    this.#leg.listen((event) => this.#onLegEvent(event));
    const { direction, route, flavor } = this.#options.identity;
    this.#account.emit({ type: 'call-started', direction, route, flavor });
    const { state, effects } = beginCall(this.#beginning());
    this.#state = state;
    this.#run(effects);
    void this.#openMedia();
    this.#agent.open();
  }

  #beginning(): CallBeginning {
    const leg = this.#leg;
    if (leg.direction === 'outbound') return { answerDelayed: false, earlyMedia: false, outbound: true };
    const { delayMs, earlyMedia } = this.#options.answer;
    return { answerDelayed: delayMs > 0, earlyMedia: earlyMedia && this.#deps.negotiation.mayBeginEarly(delayMs) };
  }

  /** Ends the call from outside. */
  end(by: 'admin' | 'drain'): void {
    this.#apply({ type: 'told-to-end', by });
  }

  /** False where the call is not recorded. */
  pauseRecording(paused: boolean): boolean {
    return this.#media.pauseRecording(paused, 'operator');
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
    const of = this.#state?.leaving;
    const onSaid = (): void => this.#apply({ type: 'farewell-over', of });
    switch (effect.type) {
      case 'dial':
        void this.#dial();
        return;
      case 'ring':
        this.#inbound((leg) => leg.ring(180));
        this.#account.emit({ type: 'call-ringing' });
        return;
      case 'ring-early':
        this.#inbound((leg) => this.#describe(leg, this.#deps.clock.now(), (sdp) => leg.ring(183, sdp)));
        return;
      case 'accept':
        this.#inbound((leg) => void this.#accept(leg));
        return;
      case 'reject': {
        const { status, retryAfterSeconds } = effect;
        const { headers } = this.#options.hangUp;
        const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
        this.#inbound((leg) => leg.reject(status, { headers, ...retry }));
        return;
      }
      case 'hang-up': {
        const reason = reasonHeader(effect.cause, effect.reasonStatus);
        this.#leg.hangUp({ reason, headers: this.#agent.farewellHeaders });
        return;
      }
      case 'start-session':
        this.#agent.start();
        return;
      case 'reopen-session':
        this.#agent.reopen();
        return;
      case 'take-over':
        this.#agent.takeOver();
        return;
      case 'await-farewell':
        this.#agent.awaitFarewell(onSaid);
        return;
      case 'apologise':
        this.#agent.apologise(onSaid);
        return;
      case 'say-goodbye':
        this.#agent.sayGoodbye(effect.limit, onSaid, () => this.#state?.leaving === of);
        return;
      case 'warn':
        this.#agent.warn();
        return;
      case 'arm-timer':
        this.#timers.arm(effect.timer);
        return;
      case 'disarm-timer':
        this.#timers.disarm(effect.timer);
        return;
      case 'abort-session':
        this.#agent.close();
        return;
      case 'close-media':
        this.#agent.hush();
        this.#media.stream?.close(effect.farewell);
        return;
      case 'close-bridge':
        this.#bridge?.close(reasonHeader(effect.cause));
        return;
      case 'finish':
        void this.#finish(effect.outcome);
        return;
      default:
        assertUnreachable(effect);
    }
  }

  #dialTarget(target: TransferTarget): SecondLeg {
    const { headers = new Map(), ringMs = DEFAULT_RING_MS } = target;
    const { direction, from, to } = this.#options.identity;
    const [own, other] = direction === 'inbound' ? [to, from] : [from, to];
    const { codec } = this.#media;
    const second = new SecondLeg(
      { order: this.#deps.second.order(target), headers, ringMs, codec, fromUser: own, fromDisplayName: other },
      this.#deps.second,
    );
    void second.call();
    return second;
  }

  #join(second: SecondLeg, caller: KeyTarget): void {
    const { stream, codec } = this.#media;
    if (!stream || this.#isOver()) {
      second.hangUp();
      return;
    }
    this.#bridge = new Bridge(caller, second, codec, () => this.#apply({ type: 'bridge-over' }));
    this.#apply({ type: 'bridged' });
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
    this.#agent.onMediaOpened();
    this.#apply({ type: 'media-opened' });
  }

  /** The machine asks for what answers an INVITE only where there is one. */
  #inbound(action: (leg: InboundLeg) => void): void {
    if (this.#leg.direction === 'inbound') action(this.#leg);
  }

  /** INVITE, once the journal knows that there will be a call to account for. */
  async #dial(): Promise<void> {
    await this.#deps.beforeAnswer(this.summary(), this.#account.costSoFar);
    if (this.#leg.direction === 'outbound' && this.#state?.phase === 'preparing') this.#outbound?.dial(this.#leg);
  }

  /** 200, once the journal knows that there will be a call to account for. */
  async #accept(leg: InboundLeg): Promise<void> {
    const answeredAt = new Date(this.#deps.clock.wallTime()).toISOString();
    const codec = leg.invite.sdp === undefined ? null : this.#deps.negotiation.expectedCodec;
    await this.#deps.beforeAnswer({ ...this.summary(), answeredAt, codec }, this.#account.costSoFar);
    if (this.#state?.phase !== 'preparing') return;
    // One moment for the record and the recording, however long this takes: their times are compared.
    const atMs = this.#deps.clock.now();
    this.#describe(leg, atMs, (sdp) => {
      leg.accept(sdp, { headers: this.#options.answer.headers });
      this.#account.onAnswered(leg.invite.receivedAtMs, atMs);
      this.#apply({ type: 'accepted' });
    });
  }

  /** Sends our description; an offer that turns out unusable now ends the call. */
  #describe(leg: InboundLeg, atMs: number, send: (sdp: string) => void): void {
    try {
      send(this.#media.describe(leg.invite.sdp, atMs));
    } catch (error) {
      this.#account.onError(error);
      this.#apply({ type: 'answer-unusable' });
    }
  }

  #onLegEvent(event: LegEvent): void {
    if (this.#agent.onLegEvent(event)) return;
    switch (event.type) {
      case 'acked':
        this.#onAcked(event.sdp);
        return;
      case 'offer':
        this.#onOffer(event.sdp, event.reply);
        return;
      case 'digit':
        this.#bridge?.onDigit(event.digit, event.durationMs);
        this.#agent.onDigit(event.digit);
        return;
      case 'ended':
        this.#apply({ type: 'leg-ended', by: event.end.by, status: event.end.status });
        return;
      case 'progress':
        if (!this.#isOver()) this.#outbound?.onProgress(event.status, event.sdp);
        return;
      case 'answered':
        if (this.#isOver()) return;
        this.#media.stream?.touch();
        this.#agent.onAnswered();
        this.#outbound?.onAnswered(event.sdp);
        return;
      case 'transfer':
      case 'reoffered':
      case 'replaced':
        return;
      default:
        assertUnreachable(event);
    }
  }

  #onAcked(answer: string | undefined): void {
    if (this.#isOver()) return;
    this.#media.stream?.touch();
    this.#agent.onAnswered();
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
    answerOffer(reply, () => this.#media.renegotiate(offer));
  }

  #onParameters(parameters: StreamParameters, held: boolean): void {
    this.#account.onCodec(parameters.codec.name);
    if (held === this.#held) return;
    this.#held = held;
    this.#agent.onHeld(held);
    if (!held) this.#media.stream?.touch();
    this.#account.emit({ type: held ? 'call-held' : 'call-resumed' });
  }

  #isOver(): boolean {
    return this.#state?.phase === 'ending' || this.#state?.phase === 'ended';
  }

  /** Hot path. */
  #onFrame(frame: CallerFrame): void {
    if (this.#bridge) this.#bridge.onFrame(frame);
    else this.#agent.onFrame(frame);
  }

  #onStreamEvent(event: StreamEvent): void {
    if (this.#bridge && isOfBridge(event)) return;
    // Where no telephone-event was negotiated the key was heard in the sound, which the target hears as well.
    if (event.type === 'digit' && this.#media.canSendDigits) this.#bridge?.onDigit(event.digit, event.durationMs);
    this.#agent.onStreamEvent(event);
    // A phone that holds need not send music.
    if (event.type === 'rtp-timeout' && !this.#held) this.#apply({ type: 'limit-reached', limit: 'rtp-timeout' });
    if (event.type === 'failed') {
      this.#account.onError(new Error(event.message));
      this.#apply({ type: 'media-failed' });
    }
    if (event.type === 'closed') this.#apply({ type: 'media-closed' });
  }

  #onTimer(timer: CallTimer): void {
    switch (timer) {
      case 'delay':
        this.#apply({ type: 'delay-elapsed' });
        return;
      case 'open':
        this.#agent.onOpenTimeout();
        return;
      case 'warning':
        this.#apply({ type: 'warning-due' });
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
    const ended = { atMs: this.#deps.clock.wallTime(), nowMs: this.#deps.clock.now() };
    const pauses = this.#media.recordingPauses;
    try {
      await Promise.all([this.#media.closeRecording(), this.#agent.toolResults()]);
    } catch (error) {
      this.#account.onError(error);
    }
    const { stream, recordingPath } = this.#media;
    const recording = { path: recordingPath, pauses };
    this.#deps.onFinished(this.#account.close(outcome, stream?.stats(), recording, ended));
  }
}
