import { Alarm, type Clock } from 'sip-voice-connector/cascade';
import type { FlavorError, FlavorEvent, PlayoutReport } from 'sip-voice-connector/flavor';
import type { RealtimeConfig } from '../config.js';
import { cancelResponse, createResponse } from '../protocol/client-event.js';
import { cutShort, protocolFault, timeout, type WireError, wireFailure } from '../protocol/errors.js';
import type { OutputItem, ServerEvent } from '../protocol/server-event.js';
import { responseUsageEvents } from '../protocol/usage.js';
import { type ActiveResponse, activeResponse } from './active-response.js';
import { AsideDesk } from './aside-desk.js';
import { RecentIds } from './recent-ids.js';
import { RepeatGuard } from './repeat-guard.js';
import { hostOrder, orderOf, type Request, RequestQueue } from './request.js';
import type { SpeechOut } from './speech-out.js';
import { heardWords, type Spoken, type SpokenResponses } from './spoken.js';
import type { ToolCall } from './tool-rounds.js';

export interface DeskOptions {
  readonly config: Pick<RealtimeConfig, 'toolChoice' | 'responseTimeoutMs' | 'model'>;
  readonly bytesPerMs: number;
  readonly clock: Clock;
  readonly spoken: SpokenResponses;
  readonly out: SpeechOut;
  /** The session's own. */
  instructions(): string;
  /** Whether the conversation is in a state in which this may be asked for. */
  may(request: Request): boolean;
  send(event: object): void;
  push(event: FlavorEvent): void;
  /** First audio of an answer. */
  onFirstAudio(request: Request): void;
  onToolCall(call: ToolCall, spoken: Spoken): void;
  /** A response is complete, whatever became of it. */
  onDone(spoken: Spoken): void;
  /** What the protocol does not allow; the response goes on, or another is made. */
  onFault(error: FlavorError): void;
  /** The session cannot go on. */
  onFailed(error: FlavorError): void;
}

/** For a cancelled response to be over, ms. */
const CANCEL_MS = 2_000;
/** Before a response that the service could not make, or not yet, is asked for again, ms. */
const RETRY_MS = 250;
/** Failures in a row after which the session is given up; and requests in a row that met another response. */
const MAX_FAILURES = 2;
const MAX_COLLISIONS = 8;
/** Longest speech of one response, ms. */
const MAX_SPEECH_MS = 300_000;

/**
 * Asks for responses and takes them in: one at a time, as the service demands, each to its end or its cancellation, and
 * one beside the conversation for words that only bridge a wait.
 */
export class ResponseDesk {
  readonly #options: DeskOptions;
  readonly #queue = new RequestQueue();
  readonly #aside: AsideDesk;
  #active: ActiveResponse | undefined;
  /** Instructions on which a tool was called, until the caller has the word: the answer to its result is along them, too. */
  #toolsFor: string | undefined;
  /** A connection stands and knows the dialogue. */
  #ready = false;
  #requests = 0;
  #failures = 0;
  #collisions = 0;
  /** Of the response that is being made: that it begins, or after its cancellation that it ends. */
  readonly #watchdog: Alarm;
  /** While it runs, nothing is asked for. */
  readonly #retry: Alarm;
  readonly #seen = new RecentIds(64);
  readonly #repeats = new RepeatGuard();

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#aside = new AsideDesk(options);
    this.#watchdog = new Alarm(options.clock);
    this.#retry = new Alarm(options.clock);
  }

  /** Nothing is being made and nothing waits to be. */
  get idle(): boolean {
    return !this.#active && !this.#aside.busy && this.#queue.length === 0;
  }

  /** A connection stands and knows the dialogue: what waits may be asked for. */
  open(): void {
    this.#ready = true;
    this.advance();
  }

  ask(request: Request): void {
    if (request.kind === 'reply' && request.to !== 'tools') this.#toolsFor = undefined;
    if (!this.#queue.add(request)) {
      this.#options.push({ type: 'warning', error: protocolFault('no response while too many were asked for') });
    }
    this.advance();
  }

  /** Words beside the conversation. Where the agent speaks, or is about to, there is nothing to bridge. */
  askAside(request: Request): void {
    if (this.#ready && this.#active?.spoken.emitted !== true) this.#aside.ask(request);
  }

  /** Asks for what waits, if it may be asked for now. To be called whenever that may have changed. */
  advance(): void {
    if (!this.#ready || this.#active || this.#retry.pending || this.#options.spoken.unsettled) return;
    const request = this.#queue.next((each) => this.#options.may(each));
    if (!request) return;
    const active = this.#begin(request);
    this.#active = active;
    const { config, instructions, send } = this.#options;
    send(createResponse(orderOf(request, active.requestId, config, instructions(), this.#toolsFor)));
    this.#watchdog.set(config.responseTimeoutMs, () => this.#onSilence(active));
  }

  /** Gives up what was begun or asked for. `keepReplies`: an answer that the caller is owed still comes. */
  interrupt(keepReplies: boolean): void {
    this.#queue.retain(({ kind }) => kind === 'reply' && keepReplies);
    this.#aside.cancel();
    if (keepReplies) this.takeBackReply();
    if (this.#active) this.#cancel(this.#active);
  }

  /** The caller goes on before anything of the answer was heard: it came too early, and is owed again. */
  takeBackReply(): void {
    const active = this.#active;
    if (active?.request.kind !== 'reply' || active.cancelled || active.calls || active.spoken.emitted) return;
    this.#cancel(active);
    this.#queue.putBack(active.request);
  }

  /** Forgets answers to words that will be heard, and answered, again. */
  forgetReplies(): void {
    this.#queue.retain(({ kind }) => kind !== 'reply');
  }

  /** The host's terminal report on a response. */
  onReport(report: PlayoutReport): void {
    const spoken = this.#options.spoken.onReport(report);
    if (spoken && report.state === 'interrupted') {
      if (this.#active?.spoken === spoken) this.#cancel(this.#active);
      if (spoken.aside) this.#aside.cancel();
    }
    this.advance();
  }

  onEvent(event: ServerEvent): void {
    switch (event.type) {
      case 'response-created':
        this.#onCreated(event.responseId, event.requestId);
        return;
      case 'output-item':
        this.#onItem(event.responseId, event.item, event.done);
        return;
      case 'audio':
        if (this.#repeats.isRepeated(event.eventId, event.itemId, event.audio)) return;
        this.#onAudio(event.responseId, event.itemId, event.audio);
        return;
      case 'agent-words': {
        const spoken = this.#spokenOf(event.responseId);
        if (spoken && !spoken.dropped) this.#options.out.words(spoken, event.itemId, event.text);
        return;
      }
      case 'mute-words':
        if (this.#active?.serverId === event.responseId) this.#active.mute = true;
        return;
      case 'response-done':
        this.#onDone(event);
        return;
      default:
        return;
    }
  }

  /** An `error` event. False: it is not about a response. */
  onError(error: WireError): boolean {
    if (this.#aside.onRefused(error.eventId)) return true;
    const collided = error.code === 'conversation_already_has_active_response';
    const active = this.#active;
    // A response that runs is not what the error is about: the service had begun one of its own accord.
    if (!active || active.serverId !== undefined) return collided;
    if (error.eventId !== active.requestId && !(collided && error.eventId === undefined)) return collided;
    if (active.cancelled) this.#release(active);
    else if (collided) this.#onCollision(active);
    else this.#onFailure(active, wireFailure(error));
    return true;
  }

  /** The connection is gone, and the response with it. What was not heard is asked for again. */
  onLost(): void {
    this.#ready = false;
    this.#stopTimers();
    this.#aside.end();
    const active = this.#active;
    this.#active = undefined;
    this.#collisions = 0;
    if (active) this.#giveUp(active);
    this.#options.spoken.forgetItems();
  }

  close(): void {
    this.#ready = false;
    this.#stopTimers();
    this.#queue.retain(() => false);
    this.#active = undefined;
    this.#aside.end();
  }

  #begin(request: Request): ActiveResponse {
    this.#requests += 1;
    return activeResponse(request, this.#options.spoken.begin(), `request-${this.#requests}`);
  }

  #onCreated(serverId: string, requestId: string): void {
    this.#seen.add(serverId);
    if (this.#aside.onCreated(serverId, requestId)) return;
    const { send, spoken } = this.#options;
    const active = this.#active;
    if (active && active.serverId === undefined && (requestId === active.requestId || requestId === '')) {
      active.serverId = serverId;
      this.#collisions = 0;
      this.#watchdog.clear();
      if (active.cancelled) this.#sendCancel(active, serverId);
    } else if (requestId === '' && !active && !spoken.unsettled) {
      // A server that answers by itself, though it was asked not to: that was the answer.
      this.forgetReplies();
      this.#active = { ...this.#begin({ kind: 'reply', to: 'caller' }), serverId };
    } else {
      // Nobody waits for it any more.
      send(cancelResponse(serverId));
    }
  }

  #onItem(serverId: string, item: OutputItem, done: boolean): void {
    const response = this.#active;
    if (!this.#spokenOf(serverId) || response?.serverId !== serverId) return;
    const { spoken } = this.#options;
    if (item.kind === 'message') spoken.addItem(response.spoken, item.id);
    if (item.kind !== 'call' || !done) return;
    if (!item.whole || response.spoken.dropped) {
      // Of no use without a result, which nobody will give: it goes with the speech that was not heard.
      spoken.addItem(response.spoken, item.id);
    } else if (item.callId === '' || item.name === '') {
      this.#options.onFault(protocolFault('a call of a tool without its id or name'));
    } else {
      response.calls = true;
      this.#toolsFor = hostOrder(response.request) ?? this.#toolsFor;
      this.#options.onToolCall({ id: item.callId, name: item.name, arguments: item.arguments }, response.spoken);
    }
  }

  #onAudio(serverId: string, itemId: string, audio: string): void {
    const response = this.#spokenOf(serverId);
    if (!response) return;
    const { bytesPerMs, out, spoken } = this.#options;
    if (response.dropped) {
      spoken.addItem(response, itemId);
      return;
    }
    const first = response.bytes === 0;
    if (first && !response.aside) this.#aside.onAnswer();
    spoken.addAudio(response, itemId, out.audio(response, audio));
    const active = this.#active?.spoken === response ? this.#active : undefined;
    if (first && active && response.bytes > 0) this.#options.onFirstAudio(active.request);
    if (response.bytes <= MAX_SPEECH_MS * bytesPerMs) return;
    this.#options.onFault(protocolFault('speech without end'));
    out.done(response);
    if (active) this.#cancel(active);
    else this.#aside.cancel();
  }

  #onDone(event: ServerEvent & { type: 'response-done' }): void {
    if (event.usage) {
      for (const usage of responseUsageEvents(event.usage, this.#options.config.model)) this.#options.push(usage);
    }
    const response = this.#active;
    if (this.#spokenOf(event.responseId)?.aside === true) this.#aside.end();
    else if (response?.serverId === event.responseId) this.#onEnd(response, event);
  }

  #onEnd(active: ActiveResponse, { status, reason, error }: ServerEvent & { type: 'response-done' }): void {
    const { mute, calls, spoken } = active;
    if (active.cancelled) {
      this.#release(active);
    } else if (status === 'failed') {
      this.#onFailure(active, wireFailure(error));
    } else if (mute && spoken.bytes === 0 && !calls) {
      this.#onFailure(active, protocolFault('text in place of speech'));
    } else {
      if (status === 'incomplete') this.#options.push({ type: 'warning', error: cutShort(reason) });
      this.#failures = 0;
      this.#options.out.done(spoken);
      this.#release(active);
    }
  }

  /** Nothing came of a request in time. */
  #onSilence(active: ActiveResponse): void {
    if (active.cancelled) this.#release(active);
    else this.#onFailure(active, timeout('to begin a response'));
  }

  /** The service could not make the response: once more, then the session is over. */
  #onFailure(active: ActiveResponse, error: FlavorError): void {
    this.#failures += 1;
    const final = this.#failures >= MAX_FAILURES || (!error.retryable && error.code !== 'ERR_FLAVOR_PROTOCOL');
    if (final) {
      this.#options.onFailed(error);
      return;
    }
    this.#options.push({ type: 'warning', error });
    this.#retryLater(active);
  }

  /** Another response runs that this end knows nothing of: once it is over, there is room. */
  #onCollision(active: ActiveResponse): void {
    this.#collisions += 1;
    if (this.#collisions <= MAX_COLLISIONS) this.#retryLater(active);
    else this.#onFailure(active, protocolFault('word of another response again and again'));
  }

  /** Ends a response that came to nothing, and asks anew for what of it was not heard. */
  #giveUp(active: ActiveResponse): void {
    const { bytesPerMs, out, spoken } = this.#options;
    if (active.spoken.emitted && !active.cancelled && !out.holds(active.spoken)) {
      out.cutOff(active.spoken);
      active.spoken.text = heardWords(active.spoken.text, active.spoken.bytes / bytesPerMs);
      this.#queue.putBack({ kind: 'go-on', heard: active.spoken.text, along: hostOrder(active.request) });
    } else {
      out.discard(active.spoken);
      spoken.drop(active.spoken);
      // After a call of a tool its result asks for the answer; to ask the same again would call it twice.
      if (!active.cancelled && !active.calls) this.#queue.putBack(active.request);
    }
    spoken.complete(active.spoken);
    this.#options.onDone(active.spoken);
  }

  #cancel(active: ActiveResponse): void {
    if (active.cancelled) return;
    active.cancelled = true;
    this.#options.spoken.drop(active.spoken);
    this.#options.out.discard(active.spoken);
    // One that has not begun is cancelled when it does.
    if (active.serverId !== undefined) this.#sendCancel(active, active.serverId);
  }

  #sendCancel(active: ActiveResponse, serverId: string): void {
    this.#options.send(cancelResponse(serverId));
    this.#watchdog.set(CANCEL_MS, () => this.#release(active));
  }

  /** The response is over, one way or the other: there is room for the next. */
  #release(active: ActiveResponse): void {
    if (this.#active !== active) return;
    this.#active = undefined;
    this.#watchdog.clear();
    this.#options.spoken.complete(active.spoken);
    this.#options.onDone(active.spoken);
    this.advance();
  }

  #retryLater(active: ActiveResponse): void {
    this.#giveUp(active);
    this.#active = undefined;
    this.#watchdog.clear();
    this.#retry.set(RETRY_MS, () => this.advance());
  }

  /** The response that an event is about. One that was never begun is a fault; one that is over is not. */
  #spokenOf(serverId: string): Spoken | undefined {
    if (this.#active?.serverId === serverId) return this.#active.spoken;
    const aside = this.#aside.spokenOf(serverId);
    if (!aside && this.#seen.add(serverId)) {
      this.#options.onFault(protocolFault('part of a response that it has not begun'));
    }
    return aside;
  }

  #stopTimers(): void {
    this.#watchdog.clear();
    this.#retry.clear();
  }
}
