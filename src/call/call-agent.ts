import type { Clock } from '../base/clock.js';
import type { HeaderFields } from '../base/header-fields.js';
import { type CallContext, FlavorError } from '../flavor-api/index.js';
import type { CallerFrame, StreamEvent } from '../media/engine.js';
import type { LegEvent } from '../signaling/port.js';
import type { Filler, TransferTarget } from '../tools/tool.js';
import type { CallAccount } from './call-account.js';
import type { CallLeg } from './call-leg.js';
import type { CallDeps, CallOptions } from './call-options.js';
import type { CallEvent } from './call-state.js';
import { CallControl, type CallControlParts } from './control/call-control.js';
import type { SecondLeg } from './control/second-leg.js';
import { Conversation } from './conversation.js';
import type { ConversationHandlers } from './conversation-options.js';
import { farewellFields } from './farewell-fields.js';
import { BackgroundScene } from './media/background-scene.js';
import type { CallMedia } from './media/call-media.js';
import { allowsMethod } from './peer-methods.js';
import { withHistory } from './session/call-context.js';
import { CallSession, type CallSessionHandlers, type OpenedSession } from './session/call-session.js';
import { continuation } from './session/continuation.js';
import type { FlavorChoice } from './session/fail-over-plan.js';
import { chooseFormats, type SessionFormats } from './session/session-formats.js';
import { asFlavorError, type SessionEnd } from './session/session-link.js';
import { HostLines } from './speech/host-lines.js';
import { Prompts } from './speech/prompts.js';

export interface CallAgentParts
  extends Pick<
    CallDeps,
    'plan' | 'announcer' | 'sounds' | 'tools' | 'negotiation' | 'log' | 'features' | 'eventRound'
  > {
  readonly clock: Clock;
  readonly leg: CallLeg;
  readonly media: CallMedia;
  readonly account: CallAccount;
  /** Calls the target of a transfer. */
  dial(target: TransferTarget): SecondLeg;
  /** The caller talks with that target from now on, and with no agent. */
  readonly bridge: CallControlParts['bridge'];
  apply(event: CallEvent): void;
  /** A session that can speak is there. */
  speaks(): boolean;
  /** The outcome of the call is fixed. */
  isOver(): boolean;
}

/**
 * Everybody who talks with the caller: the session of a flavor, the next one when it fails, and the host between them.
 * Carries out what the call machine decides about them.
 */
export class CallAgent implements CallSessionHandlers, ConversationHandlers {
  readonly #options: CallOptions;
  readonly #parts: CallAgentParts;
  readonly #session: CallSession;
  readonly #control: CallControl;
  readonly #lines: HostLines;
  readonly #scene: BackgroundScene;
  /** Ends what outlives a session: tools. Made with the first. */
  #abort: AbortController | undefined;
  #closed = false;
  #opened: OpenedSession | undefined;
  #conversation: Conversation | undefined;
  /** The caller has heard somebody, or soon will: no session greets any more. */
  #heard = false;
  #farewellHeaders: HeaderFields;
  /** The response that tells the caller of the recording. */
  #recordingNotice: string | undefined;
  #announcing = false;

  constructor(options: CallOptions, parts: CallAgentParts) {
    this.#options = options;
    this.#parts = parts;
    this.#farewellHeaders = options.hangUp.headers;
    const { plan, announcer, account, leg, media, clock, features, apply, eventRound } = parts;
    this.#session = new CallSession({ plan, eventRound, handlers: this });
    this.#scene = new BackgroundScene(parts.sounds, () => media.stream, clock);
    const conversation = (): Conversation | undefined => this.#conversation;
    // What we dialled has said nothing of what it takes.
    const allows = (method: string): boolean => leg.direction === 'outbound' || allowsMethod(leg.invite, method);
    const prompts = new Prompts({
      announcer,
      render: (text) => options.render(text),
      onWarning: (code, message) => account.onWarning(code, message),
    });
    this.#control = new CallControl({
      infoDigits: features.infoDigits && allows('INFO'),
      attended: features.attendedTransfer && allows('REFER'),
      dial: parts.dial,
      prepare: (saying) => prompts.get(saying),
      bridge: parts.bridge,
      answered: () => account.answered,
      onParked: (parked) => this.#scene.onParked(parked),
      ...{ leg, media, clock, conversation, apply },
    });
    this.#lines = new HostLines(options, { prompts, conversation, agentSpeaks: () => parts.speaks() });
  }

  /** Header fields for the BYE: the route's, and those of a session that has completed. */
  get farewellHeaders(): HeaderFields {
    return this.#farewellHeaders;
  }

  /** Asks for the first session, and makes what the host may have to say. */
  open(): void {
    // What only sends sounds back has no need of words.
    if (this.#parts.plan.first?.flavor.capabilities.interruptible) this.#lines.prepare();
    this.#session.open();
  }

  /** The media port is open, too. */
  onMediaOpened(): void {
    this.#connect();
  }

  /** The caller can hear. */
  start(): void {
    if (!this.#options.recording.announcement) this.#start();
    else void this.#startRecorded();
  }

  /** Everything else is heard behind the words about the recording, which there is none without. */
  async #startRecorded(): Promise<void> {
    this.#announcing = true;
    this.#recordingNotice = await this.#lines.announceRecording();
    this.#announcing = false;
    if (this.#recordingNotice === undefined) this.#parts.media.forbidRecording();
    if (!this.#parts.isOver()) this.#start();
  }

  #start(): void {
    this.#scene.begin();
    this.#opened?.link.start();
    if (this.#options.greeting?.wav !== undefined) {
      this.#heard = true;
      this.#lines.greet();
    } else if (this.#opened && this.#greets(this.#opened.choice) === true) this.#conversation?.expectReply();
  }

  /** The ACK has come. */
  onAnswered(): void {
    this.#conversation?.onAnswered();
  }

  /** The session is lost, and another is asked for. */
  reopen(): void {
    this.#conversation?.onSessionLost();
    this.#session.open();
  }

  /** It was not there in time. Reported like any other failure. */
  onOpenTimeout(): void {
    this.#session.giveUp(new FlavorError('ERR_FLAVOR_TIMEOUT', 'the flavor did not open in time', true));
  }

  /** A session that was opened in the middle of the call goes on where the one before it stopped. */
  takeOver(): void {
    if (this.#announcing) return;
    this.#opened?.link.start();
    const conversation = this.#conversation;
    if (!conversation) return;
    const { cutOff, callerTurns, replyOwed } = conversation;
    // The one before it never came to greet, and it does.
    if (!this.#heard && callerTurns === 0) return;
    const goOn = (): void => {
      // A caller who has taken the word since is answered as ever.
      if (conversation.callerTurns !== callerTurns) return;
      const request = continuation(this.#parts.account.dialogue.history, { cutOff, owed: replyOwed });
      if (request) conversation.speak(request);
    };
    if (!conversation.audible) goOn();
    else if (cutOff) conversation.afterSpeech(undefined, goOn);
  }

  /** `then` once the agent's last words were heard. */
  awaitFarewell(then: () => void): void {
    this.#conversation?.afterGoodbye(this.#control, then);
  }

  /** No session is left. `then` once the host has said so and could not transfer the caller. */
  apologise(then: () => void): void {
    this.#conversation?.onSessionLost();
    this.#lines.apologise(() => void this.#sendAway(then));
  }

  /** `then` once a silent caller has been told that the call ends, if that is still `wanted`. */
  sayGoodbye(limit: 'silence' | 'spend-limit', then: () => void, wanted: () => boolean): void {
    this.#lines.sayGoodbye(limit, { goodbye: this.#control, wanted, then });
  }

  /** The longest call is nearly over. */
  warn(): void {
    this.#lines.warn();
  }

  /** Hot path. */
  onFrame(frame: CallerFrame): void {
    this.#conversation?.onFrame(frame);
  }

  onStreamEvent(event: StreamEvent): void {
    if (event.type === 'response-ended' && event.responseId === this.#recordingNotice && event.state === 'finished') {
      this.#parts.media.recordCaller();
    }
    this.#conversation?.onStreamEvent(event);
    this.#control.onStreamEvent(event);
    if (event.type === 'closed') this.#conversation?.settle();
  }

  /** True: it answered something that a tool had asked for. */
  onLegEvent(event: LegEvent): boolean {
    if (event.type === 'replaced') this.#parts.account.onTakeOver(event.fromUser);
    return this.#control.onLegEvent(event);
  }

  onDigit(digit: string): void {
    this.#conversation?.onDigit(digit);
  }

  onHeld(held: boolean): void {
    this.#conversation?.onHeld(held);
  }

  /** The call is over: the session ends, tools are told. Idempotent. */
  close(): void {
    this.hush();
    this.#control.close();
    this.#closed = true;
    this.#abort?.abort();
    // Nobody has talked with it, and still it may cost something.
    const { account } = this.#parts;
    if (!this.#conversation) this.#opened?.link.listen((event) => event.type === 'usage' && account.onUsage(event));
    this.#session.close();
  }

  /** What tools that were stopped have done; `undefined` when none runs. */
  toolResults(): Promise<unknown> | undefined {
    return this.#conversation?.toolResults();
  }

  /** Nothing is said or heard any more. */
  hush(): void {
    this.#scene.close();
    this.#conversation?.close();
  }

  /** Aborts when the call is over. */
  get #signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#closed) this.#abort.abort();
    return this.#abort.signal;
  }

  formatsFor({ flavor }: FlavorChoice): SessionFormats {
    return chooseFormats(this.#parts.negotiation.expectedCodec, flavor.capabilities);
  }

  contextFor({ flavor }: FlavorChoice, formats: SessionFormats, signal: AbortSignal): CallContext {
    const { identity, instructions, variables, headers } = this.#options;
    const { log, tools, account } = this.#parts;
    const render = (text: string): string => this.#options.render(text);
    const talkedTo = this.#heard || (this.#conversation?.callerTurns ?? 0) > 0;
    const greeting = talkedTo ? '' : this.#lines.greetingText();
    const { id, direction, from, to } = identity;
    const facts = {
      tools: flavor.capabilities.tools ? tools.definitions : [],
      ...{ id, direction, from, to, headers, variables, signal, render, log },
      ...(greeting !== undefined && { greeting }),
      ...(instructions !== undefined && { instructions }),
      ...formats,
    };
    return withHistory(facts, () => this.#conversation?.history ?? account.dialogue.history);
  }

  onOpened(opened: OpenedSession): void {
    this.#opened = opened;
    if (this.#connect()) this.#parts.apply({ type: 'session-opened' });
  }

  onFailed(error: FlavorError, recovery: boolean): void {
    this.#onSessionLost(error, recovery);
    this.#parts.apply({ type: 'session-failed', recovery });
  }

  onEnded({ reason, error, headers = {} }: SessionEnd, recovery: boolean): void {
    if (reason === 'completed') this.#farewellHeaders = farewellFields(this.#options.hangUp.headers, headers);
    if (error) this.#onSessionLost(error, recovery);
    this.#parts.apply({ type: 'session-ended', reason, recovery });
  }

  onUsage(...[event]: Parameters<CallSessionHandlers['onUsage']>): void {
    this.#parts.account.onUsage(event);
  }

  onMisbehaviour(method: string, message: string): void {
    this.#parts.account.onWarning('ERR_FLAVOR_PROTOCOL', `${method} threw: ${message}`);
  }

  /** What another session makes good is a warning. */
  #onSessionLost(error: FlavorError, recovery: boolean): void {
    if (this.#closed) return;
    if (recovery) this.#parts.account.onFailOver(this.#session.choice?.name ?? '', error);
    else this.#parts.account.onError(error);
  }

  /** Once media and session are both open, they can talk. False: they cannot, and the session was given up. */
  #connect(): boolean {
    const { stream } = this.#parts.media;
    const opened = this.#opened;
    if (!stream || !opened || this.#closed || this.#parts.isOver()) return true;
    const { link, formats, choice } = opened;
    try {
      stream.setFormats(formats.input, formats.output);
      const { needsVad, turnTaking } = choice.flavor.capabilities;
      stream.useVoiceModel(needsVad || turnTaking === 'host');
    } catch (error) {
      // A format that the flavor names and nobody can convert. Both sides are open and get closed.
      this.#session.giveUp(asFlavorError(error));
      return false;
    }
    this.#conversation?.use(link, choice.flavor.capabilities, formats);
    const conversation = this.#conversation ?? this.#converse(opened, stream);
    this.#conversation = conversation;
    link.listen((event) => conversation.onFlavorEvent(event));
    return true;
  }

  #greets({ flavor }: FlavorChoice): boolean | undefined {
    const text = this.#lines.greetingText();
    return text === undefined ? flavor.capabilities.greets : text !== '';
  }

  #converse({ link, formats, choice }: OpenedSession, stream: NonNullable<CallMedia['stream']>): Conversation {
    const { tools, clock, account } = this.#parts;
    const { limits, silence, failure, interruption } = this.#options;
    const reprompts = silence.reprompts.length;
    return new Conversation(
      {
        capabilities: choice.flavor.capabilities,
        formats,
        silence: { limitMs: limits.silenceMs, ...silence, reprompts, waits: !account.answered },
        reply: failure,
        interruption,
        greets: this.#greets(choice),
        ...limits,
      },
      { stream, link, notes: account, tools, control: this.#control, signal: () => this.#signal },
      this,
      clock,
    );
  }

  onReprompt(asked: number): void {
    this.#lines.reprompt(asked);
  }

  onSilenceLimit(): void {
    this.#parts.apply({ type: 'limit-reached', limit: 'silence' });
  }

  onCallerReturned(): void {
    this.#parts.apply({ type: 'caller-returned' });
  }

  onWaiting(): void {
    void this.#lines.askToWait();
  }

  onFiller(filler: Filler): void {
    void this.#lines.fill(filler);
  }

  onBusy(sinceMs: number | undefined): void {
    this.#scene.onWaiting(sinceMs);
  }

  onSpeaking(speaking: boolean): void {
    this.#scene.onSpeaking(speaking);
  }

  onReplyTimeout(): void {
    this.#session.giveUp(new FlavorError('ERR_FLAVOR_TIMEOUT', 'the flavor does not answer the caller', true));
  }

  onReply(): void {
    this.#heard = true;
    this.#session.onReply();
  }

  onAnswerHeard(): void {
    this.#session.onAnswered();
  }

  /** After the apology: to somebody who can help, if there is one. `then`: that came to nothing. */
  async #sendAway(then: () => void): Promise<void> {
    const { failure } = this.#options;
    await this.#control.sendAway(failure.transfer).catch((error: unknown) => this.#parts.account.onError(error));
    then();
  }
}
