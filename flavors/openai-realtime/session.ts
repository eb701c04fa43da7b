import { type Clock, DigitCollector } from 'sip-voice-connector/cascade';
import {
  type AudioFrame,
  bytesPerMs,
  bytesPerSample,
  type CallContext,
  FlavorError,
  FlavorEventQueue,
  type FlavorSession,
  type InterruptCause,
  type PlayoutReport,
  type SessionPatch,
  type SpeakRequest,
  type ToolResult,
} from 'sip-voice-connector/flavor';
import { pressedKeys } from './answers/phrases.js';
import type { Request } from './answers/request.js';
import { ResponseDesk } from './answers/response-desk.js';
import { SpeechOut } from './answers/speech-out.js';
import { SpokenResponses } from './answers/spoken.js';
import { ToolDesk } from './answers/tool-desk.js';
import { appendDefaults, CallerAudio, callerAudioDefaults } from './caller/caller-audio.js';
import type { CallerTurns, CallerTurnsHandlers } from './caller/caller-turns.js';
import { HostTurns } from './caller/host-turns.js';
import { ServerTurns } from './caller/server-turns.js';
import { TurnBook } from './caller/turn-book.js';
import type { RealtimeConfig } from './config.js';
import type { Connection } from './connection/connection.js';
import { Line } from './connection/line.js';
import { FaultCounter } from './fault-counter.js';
import { GreetingWait } from './greeting-wait.js';
import type { AppendMessages } from './protocol/append-message.js';
import { createItem, type DialogueItem, systemText, userText } from './protocol/client-event.js';
import { isBenign, isSessionExpired, protocolFault, type WireError, wireFailure } from './protocol/errors.js';
import type { ServerEvent } from './protocol/server-event.js';
import { patchUpdate, type SessionSetup, setupOf, unusableTools } from './protocol/session-setup.js';
import { seedEvents } from './seed.js';

export interface SessionOptions {
  readonly call: CallContext;
  readonly config: RealtimeConfig;
  readonly clock: Clock;
  readonly messages: AppendMessages;
  /** In [0, 1). */
  random(): number;
  /** A connection that has taken the `setup` of the moment. */
  obtain(setup: () => SessionSetup, signal: AbortSignal): Promise<Connection>;
}

/** Additions to the context that another connection is told of. */
const MAX_CONTEXTS = 50;
/** Additions to the dialogue that wait for a connection. */
const MAX_OUTBOX = 100;

/** One call. */
export class RealtimeSession implements FlavorSession {
  readonly events = new FlavorEventQueue();
  readonly #call: CallContext;
  readonly #config: RealtimeConfig;
  readonly #clock: Clock;
  readonly #greeting: string;
  readonly #greetingWait: GreetingWait;
  readonly #line: Line;
  readonly #audio: CallerAudio;
  readonly #spoken: SpokenResponses;
  readonly #out: SpeechOut;
  readonly #desk: ResponseDesk;
  readonly #book: TurnBook;
  readonly #turns: CallerTurns;
  readonly #tools: ToolDesk;
  readonly #digits: DigitCollector;
  readonly #faults: FaultCounter;
  #setup: SessionSetup;
  #started = false;
  readonly #contexts: string[] = [];
  #outbox: DialogueItem[] = [];
  readonly #onAbort = (): void => this.#end({ type: 'end', reason: 'aborted' });

  /** @param first A connection that has taken this call's setup. */
  constructor(options: SessionOptions, first: Connection) {
    const { call, config, clock } = options;
    this.#call = call;
    this.#config = config;
    this.#clock = clock;
    this.#setup = setupOf(config, call);
    this.#greeting = call.greeting ?? call.render(config.greeting);
    this.#faults = new FaultCounter(clock);
    this.#greetingWait = new GreetingWait(clock);
    const push = this.events.push.bind(this.events);
    const send = (event: object): void => this.#line.send(event);
    this.#audio = new CallerAudio({
      bytesPerMs: bytesPerMs(call.input),
      appendMs: config.appendMs ?? appendDefaults.appendMs,
      speechAppendMs: config.appendMs ?? appendDefaults.speechAppendMs,
      messages: options.messages,
      onOverflow: () => this.#onOverflow(),
      ...callerAudioDefaults,
    });
    const outBytesPerMs = bytesPerMs(call.output);
    this.#spoken = new SpokenResponses({
      bytesPerMs: outBytesPerMs,
      dialect: config.dialect,
      clock,
      send,
      onSettled: () => this.#desk.advance(),
    });
    this.#out = new SpeechOut({
      bytesPerMs: outBytesPerMs,
      bytesPerSample: bytesPerSample(call.output.encoding),
      push,
    });
    this.#book = new TurnBook({ transcription: config.transcription, audio: this.#audio, clock, push });
    this.#tools = new ToolDesk({
      push,
      add: (item) => this.#add(item),
      onAnswerDue: () => this.#desk.ask({ kind: 'reply', to: 'tools' }),
    });
    this.#desk = new ResponseDesk({
      config,
      bytesPerMs: outBytesPerMs,
      clock,
      spoken: this.#spoken,
      out: this.#out,
      instructions: () => this.#setup.instructions,
      may: (request) => this.#may(request),
      send,
      push,
      onFirstAudio: ({ kind }) => {
        if (kind === 'reply') this.#book.onAnswerAudio();
        if (kind === 'greeting') this.#greetingWait.end();
      },
      onToolCall: (toolCall, spoken) => this.#tools.onCall(toolCall, spoken),
      onDone: (spoken) => {
        this.#book.onAnswerDone();
        this.#tools.onResponseDone(spoken);
      },
      onFault: (error) => this.#onFault(error),
      onFailed: (error) => this.#fail(error),
    });
    this.#turns = this.#takeTurns({
      send,
      onSpeech: () => this.#desk.takeBackReply(),
      onTurn: () => this.#desk.ask({ kind: 'reply', to: 'caller' }),
      onFree: () => this.#desk.advance(),
    });
    this.#digits = new DigitCollector(config.digitPauseMs, clock, (digits) => {
      this.#add(userText(pressedKeys(digits)));
      this.#desk.takeBackReply();
      this.#desk.ask({ kind: 'reply', to: 'keys' });
    });
    this.#line = new Line(
      {
        renewAfterMs: config.renewAfterMinutes * 60_000,
        clock,
        random: () => options.random(),
        obtain: (signal) => options.obtain(() => this.#setup, signal),
        ...config.reconnect,
      },
      {
        onEvent: (event) => this.#onEvent(event),
        onFault: (error) => this.#onFault(error),
        onLost: (error) => this.#onLost(error),
        onReplaced: () => this.#onReplaced(),
        onRenewable: () => this.#renewIfQuiet(),
        onFailed: (error) => this.#fail(error),
      },
    );
    this.#begin(first);
  }

  /** Resolves when the call may be answered: the first sound of a greeting made early is there, or would be too late. */
  get greeted(): Promise<void> {
    return this.#greetingWait.done;
  }

  get awaitedInputMs(): number {
    return this.#audio.awaitedMs;
  }

  /** Hot path. */
  write(frame: AudioFrame): void {
    if (!this.events.ended) this.#audio.write(frame.data, frame.positionMs);
  }

  start(): void {
    if (this.#started || this.events.ended) return;
    this.#started = true;
    this.#out.open();
    if (!this.#config.greetEarly && this.#greeting !== '') this.#desk.ask({ kind: 'greeting', text: this.#greeting });
    this.#desk.advance();
  }

  speak(request: SpeakRequest): void {
    if (this.events.ended) return;
    const { text, instructions = '', aside } = request;
    const wanted: Request = text === undefined ? { kind: 'instructions', text: instructions } : { kind: 'words', text };
    if (aside === true) this.#desk.askAside(wanted);
    else this.#desk.ask(wanted);
  }

  /** An answer that the caller is owed, and that was not asked for yet, is no part of what is interrupted. */
  interrupt(cause: InterruptCause): void {
    if (this.events.ended) return;
    this.#desk.interrupt(cause === 'speech' || cause === 'dtmf');
    this.#spoken.interrupt();
    this.#desk.advance();
  }

  onVoice(event: { readonly type: 'started' | 'stopped'; readonly positionMs: number }): void {
    if (!this.events.ended) this.#turns.onVoice(event.type, event.positionMs);
  }

  onOnset(verdict: 'accepted' | 'rejected', positionMs: number): void {
    if (!this.events.ended) this.#turns.onOnset(verdict, positionMs);
  }

  endTurn(): void {
    if (!this.events.ended) this.#turns.endTurn();
  }

  onPlayout(report: PlayoutReport): void {
    if (this.events.ended) return;
    this.#desk.onReport(report);
    this.#renewIfQuiet();
  }

  onDtmf(digits: string): void {
    if (!this.events.ended) this.#digits.add(digits);
  }

  onToolResult(result: ToolResult): void {
    if (!this.events.ended) this.#tools.onResult(result);
  }

  async update(patch: SessionPatch): Promise<void> {
    if (this.events.ended) throw new FlavorError('ERR_FLAVOR_NETWORK', 'the session is over', false);
    const { instructions, context, tools } = patch;
    if (context !== undefined) {
      this.#contexts.push(context);
      if (this.#contexts.length > MAX_CONTEXTS) this.#contexts.shift();
      this.#line.send(createItem(systemText(context), this.#config.dialect));
    }
    const newTools = this.#config.tools ? tools : undefined;
    if (instructions === undefined && newTools === undefined) return;
    const { connection } = this.#line;
    const before = this.#setup;
    const changes = { ...(instructions !== undefined && { instructions }), ...(newTools && { tools: newTools }) };
    const setup = { ...before, ...changes };
    this.#setup = setup;
    try {
      await this.#line.update(patchUpdate(setup), this.#config.connectTimeoutMs);
    } catch (error) {
      // Another connection begins with the new settings.
      if (connection !== this.#line.connection) return;
      if (this.#setup === setup) this.#setup = before;
      throw error;
    }
  }

  #takeTurns(handlers: CallerTurnsHandlers): CallerTurns {
    const parts = { config: this.#config, audio: this.#audio, book: this.#book, clock: this.#clock };
    if (this.#config.turnDetection.type === 'host') return new HostTurns(parts, handlers);
    return new ServerTurns({ push: (event) => this.events.push(event), ...parts }, handlers);
  }

  #begin(first: Connection): void {
    const { signal } = this.#call;
    if (signal.aborted) {
      first.close();
      this.#onAbort();
      return;
    }
    signal.addEventListener('abort', this.#onAbort, { once: true });
    for (const { name } of unusableTools(this.#setup.tools)) {
      const message = `the tool ${name.replace(/[^\w.-]/g, '?').slice(0, 64)} has a name that the service does not take`;
      this.events.push({ type: 'warning', error: new FlavorError('ERR_FLAVOR_CONFIG', message, false) });
    }
    this.#line.start(first);
    if (this.#config.greetEarly && this.#greeting !== '') {
      this.#greetingWait.begin();
      this.#desk.ask({ kind: 'greeting', text: this.#greeting });
    } else {
      this.#greetingWait.end();
    }
  }

  /** Before the call is answered nothing may be said; a greeting may be made. */
  #may(request: Request): boolean {
    if (!this.#started) return request.kind === 'greeting' && this.#config.greetEarly;
    return request.kind !== 'reply' || !(this.#turns.busy || this.#digits.pending);
  }

  #onEvent(event: ServerEvent): void {
    switch (event.type) {
      case 'session-created':
      case 'session-updated':
        return;
      case 'error':
        this.#onError(event.error);
        return;
      case 'speech-started':
      case 'speech-stopped':
      case 'committed':
      case 'item-added':
      case 'caller-words':
      case 'caller-text':
      case 'caller-text-failed':
        this.#turns.onEvent(event);
        break;
      default:
        this.#desk.onEvent(event);
    }
    this.#renewIfQuiet();
  }

  #onError(error: WireError): void {
    if (isSessionExpired(error)) {
      this.#line.giveUp(wireFailure(error));
      return;
    }
    this.#turns.onError?.(error);
    if (this.#desk.onError(error) || isBenign(error)) return;
    const failure = wireFailure(error);
    if (failure.retryable || failure.code === 'ERR_FLAVOR_PROTOCOL')
      this.events.push({ type: 'warning', error: failure });
    else this.#fail(failure);
  }

  #onFault(error: FlavorError): void {
    this.events.push({ type: 'warning', error });
    if (this.#faults.count()) this.#fail(protocolFault('too much that its protocol does not have'));
  }

  /** The network does not take the caller's audio. */
  #onOverflow(): void {
    const error = new FlavorError('ERR_FLAVOR_NETWORK', 'caller audio was lost: the service does not take it', true);
    this.events.push({ type: 'warning', error });
  }

  #onLost(error: FlavorError): void {
    this.events.push({ type: 'warning', error });
    this.#forgetConnection();
  }

  /** What was on the old connection and is not in the history will be said, heard and asked for again. */
  #forgetConnection(): void {
    const again = this.#book.onLost();
    this.#turns.onLost(again ? this.#book.replayFromMs : undefined);
    this.#audio.detach(this.#book.replayFromMs);
    this.#desk.onLost();
    if (again) this.#desk.forgetReplies();
    this.#tools.onLost();
  }

  #onReplaced(): void {
    const { connection } = this.#line;
    if (!connection) return;
    const { dialect } = this.#config;
    for (const context of this.#contexts) connection.send(createItem(systemText(context), dialect));
    for (const event of seedEvents(this.#call.history, dialect)) connection.send(event);
    for (const event of this.#spoken.asItems()) connection.send(event);
    for (const item of this.#outbox.splice(0)) connection.send(createItem(item, dialect));
    this.#tools.onReplaced(this.#call.history);
    this.#audio.attach(connection, this.#book.replayFromMs);
    this.#turns.onReplaced();
    this.#desk.open();
  }

  /** Moves to a fresh connection while nobody speaks and nothing is under way: all there is to know is in the history. */
  #renewIfQuiet(): void {
    if (!this.#line.renewable || !this.#started) return;
    const talking = this.#turns.busy || this.#book.pending || this.#spoken.pending || !this.#desk.idle;
    if (talking || this.#tools.pending || this.#digits.pending) return;
    this.#forgetConnection();
    this.#line.renew();
  }

  /** Adds to the dialogue, now or as soon as there is a connection. */
  #add(item: DialogueItem): void {
    if (this.#line.connection) this.#line.send(createItem(item, this.#config.dialect));
    else if (this.#outbox.length < MAX_OUTBOX) this.#outbox.push(item);
  }

  #fail(error: FlavorError): void {
    this.#end({ type: 'end', reason: 'failed', error });
  }

  #end(event: { readonly type: 'end'; readonly reason: 'aborted' | 'failed'; readonly error?: FlavorError }): void {
    this.events.push(event);
    this.#greetingWait.end();
    this.#call.signal.removeEventListener('abort', this.#onAbort);
    this.#desk.close();
    this.#spoken.close();
    this.#turns.close();
    this.#book.close();
    this.#tools.close();
    this.#digits.close();
    this.#line.close();
  }
}
