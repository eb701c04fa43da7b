import { assertUnreachable } from '../../base/assert.js';
import { errorMessage } from '../../base/connector-error.js';
import {
  type AudioFrame,
  EventRound,
  FlavorError,
  type FlavorEvent,
  FlavorEventQueue,
  type FlavorSession,
  type InterruptCause,
  type PlayoutReport,
  type SpeakRequest,
  type ToolResult,
} from '../../flavor-api/index.js';
import { FRAME_MS } from '../../media/engine.js';

/** What stands in memory shared with a media thread has room for more, also of a wide band. */
const MAX_AWAITED_FRAMES = 5;

/** Everything a session says but its `end`. */
export type SessionEvent = Exclude<FlavorEvent, { type: 'end' }>;

/** How a session is over: as its `end` says, or what stands for one. */
export type SessionEnd = Omit<FlavorEvent & { type: 'end' }, 'type'>;

export interface SessionLinkHandlers {
  /** Once. A stream that throws or stops without `end` counts as failed. */
  onEnded(end: SessionEnd): void;
  /** A session method threw or returned a promise that rejected, which the contract forbids. At most once a session. */
  onMisbehaviour(method: string, message: string): void;
}

/**
 * The host's end of a flavor session. Third-party code sits behind it: whatever it throws stays here, and nothing
 * reaches it after its `end`.
 */
export class SessionLink {
  readonly #session: FlavorSession;
  readonly #handlers: SessionLinkHandlers;
  /** Put before the ids that the session gives, and taken off again: each session counts its responses for itself. */
  readonly #scope: string;
  readonly #round: EventRound;
  #listener: ((event: SessionEvent) => void) | undefined;
  /** What came before there was a listener. */
  readonly #early: SessionEvent[] = [];
  #started = false;
  #ended = false;
  #misbehaved = false;

  /**
   * @param scope makes the session's ids unlike those of earlier sessions of the call; empty for the first
   * @param round of the host's sessions
   */
  constructor(session: FlavorSession, handlers: SessionLinkHandlers, scope = '', round = new EventRound()) {
    this.#session = session;
    this.#scope = scope;
    this.#round = round;
    this.#handlers = handlers;
    void this.#drain();
  }

  /** Hands every event to `listener` from now on, in order, beginning with those that waited for one. Hot path. */
  listen(listener: (event: SessionEvent) => void): void {
    this.#listener = listener;
    try {
      for (const event of this.#early.splice(0)) listener(event);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Hot path. */
  write(frame: AudioFrame): void {
    if (this.#ended) return;
    try {
      const result: unknown = this.#session.write(frame);
      if (result !== undefined) this.#watch('write', result);
    } catch (error) {
      this.#misbehave('write', error);
    }
  }

  /**
   * Frames that the session waits for before it does anything with them, from 1 on; see
   * {@link FlavorSession.awaitedInputMs}. Hot path.
   */
  get awaitedFrames(): number {
    try {
      const { awaitedInputMs } = this.#session;
      if (typeof awaitedInputMs !== 'number' || !(awaitedInputMs > FRAME_MS)) return 1;
      return Math.min(Math.ceil(awaitedInputMs / FRAME_MS), MAX_AWAITED_FRAMES);
    } catch (error) {
      this.#misbehave('awaitedInputMs', error);
      return 1;
    }
  }

  /** Whether the session was told that the caller hears. */
  get started(): boolean {
    return this.#started;
  }

  start(): void {
    this.#started = true;
    this.#guard('start', () => this.#session.start());
  }

  speak(request: SpeakRequest): void {
    this.#guard('speak', () => this.#session.speak(request));
  }

  interrupt(cause: InterruptCause): void {
    this.#guard('interrupt', () => this.#session.interrupt(cause));
  }

  onVoice(type: 'started' | 'stopped', positionMs: number): void {
    this.#guard('onVoice', () => this.#session.onVoice?.({ type, positionMs }));
  }

  onOnset(verdict: 'accepted' | 'rejected', positionMs: number): void {
    this.#guard('onOnset', () => this.#session.onOnset?.(verdict, positionMs));
  }

  endTurn(): void {
    this.#guard('endTurn', () => this.#session.endTurn?.());
  }

  /** Reports on responses of other sessions, and of the host, are nobody's business here. */
  onPlayout(report: PlayoutReport): void {
    if (!report.responseId.startsWith(this.#scope)) return;
    const own = { ...report, responseId: report.responseId.slice(this.#scope.length) };
    this.#guard('onPlayout', () => this.#session.onPlayout(own));
  }

  onDtmf(digits: string): void {
    this.#guard('onDtmf', () => this.#session.onDtmf(digits));
  }

  /** Results of tools that another session called are nobody's business here. */
  onToolResult(result: ToolResult): void {
    if (!result.id.startsWith(this.#scope)) return;
    const own = { ...result, id: result.id.slice(this.#scope.length) };
    this.#guard('onToolResult', () => this.#session.onToolResult(own));
  }

  /** Hot path, where a flavor uses the contract's own queue: most do. */
  #subscribe(events: FlavorEventQueue): void {
    let over = false;
    events.subscribe((event) => {
      if (over) return;
      try {
        over = this.#take(event);
      } catch (error) {
        over = true;
        this.#fail(error);
      }
    }, this.#round);
  }

  /** True: it was the last. */
  #take(event: FlavorEvent): boolean {
    if (event.type === 'end') {
      this.#end(event);
      return true;
    }
    const problem = problemOf(event);
    if (problem !== undefined) throw new FlavorError('ERR_FLAVOR_PROTOCOL', problem, false);
    const scoped = this.#scope === '' ? event : scopeIds(event, this.#scope);
    if (this.#listener) this.#listener(scoped);
    else this.#early.push(scoped);
    return false;
  }

  async #drain(): Promise<void> {
    try {
      const events: AsyncIterable<FlavorEvent> | undefined = this.#session?.events;
      if (events === undefined) {
        throw new FlavorError('ERR_FLAVOR_PROTOCOL', 'open() gave back no session with events', false);
      }
      if (isPlainQueue(events)) {
        this.#subscribe(events);
        return;
      }
      for await (const event of events) if (this.#take(event)) return;
      this.#fail(new FlavorError('ERR_FLAVOR_PROTOCOL', 'the event stream stopped without `end`', false));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#end({ reason: 'failed', error: asFlavorError(error) });
  }

  #end(end: SessionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.onEnded(end);
  }

  #guard(method: string, action: () => unknown): void {
    if (this.#ended) return;
    try {
      this.#watch(method, action());
    } catch (error) {
      this.#misbehave(method, error);
    }
  }

  /** A method that was made `async`: nobody else would catch its rejection, and the process would die of it. */
  #watch(method: string, result: unknown): void {
    if (result instanceof Promise) result.catch((error: unknown) => this.#misbehave(method, error));
  }

  #misbehave(method: string, error: unknown): void {
    if (this.#misbehaved) return;
    this.#misbehaved = true;
    this.#handlers.onMisbehaviour(method, errorMessage(error));
  }
}

/** Whether the queue is read as the contract's own is: a flavor may have made something else of it. */
function isPlainQueue(events: AsyncIterable<FlavorEvent>): events is FlavorEventQueue {
  return (
    events instanceof FlavorEventQueue &&
    events[Symbol.asyncIterator] === FlavorEventQueue.prototype[Symbol.asyncIterator]
  );
}

/** What keeps the host from working with an event: flavors are plain JavaScript. Hot path. */
function problemOf(event: SessionEvent): string | undefined {
  switch (event.type) {
    case 'audio':
      // Samples in an Int16Array would be taken for bytes. A test of the flavor's may have classes of its own.
      if (event.data?.BYTES_PER_ELEMENT !== 1) return 'the data of an audio event is no Uint8Array';
      return idProblem(event.type, event.responseId);
    case 'audio-done':
    case 'text':
    case 'tier':
      return idProblem(event.type, event.responseId);
    case 'tool-call':
      return typeof event.id === 'string' ? undefined : 'an event of type tool-call without id';
    case 'speech-started':
    case 'speech-stopped':
    case 'transcript':
    case 'turn':
    case 'usage':
    case 'warning':
      return undefined;
    default:
      return unknownType(event);
  }
}

function idProblem(type: SessionEvent['type'], id: unknown): string | undefined {
  return typeof id === 'string' ? undefined : `an event of type ${type} without responseId`;
}

/** Of a version of the contract to come, or a slip of the pen. */
function unknownType(event: never): string {
  const { type } = event as { readonly type: unknown };
  return `an event of a type that the contract does not know: ${JSON.stringify(type)?.slice(0, 64)}`;
}

/** The event with every id in it put under `scope`. */
function scopeIds(event: SessionEvent, scope: string): SessionEvent {
  switch (event.type) {
    case 'audio':
    case 'audio-done':
    case 'text':
    case 'tier':
      return { ...event, responseId: scope + event.responseId };
    case 'tool-call':
      return {
        ...event,
        id: scope + event.id,
        ...(event.responseId !== undefined && { responseId: scope + event.responseId }),
      };
    case 'transcript':
    case 'turn':
      return { ...event, turnId: scope + event.turnId };
    case 'speech-started':
    case 'speech-stopped':
    case 'usage':
    case 'warning':
      return event;
    default:
      return assertUnreachable(event);
  }
}

/**
 * Why a session is over that nobody has ended, as far as it says; `undefined` where it has simply finished. What is told to
 * nobody costs its author hours.
 *
 * @param started whether the session was told that the caller hears
 */
export function whyOver({ reason, error }: SessionEnd, started: boolean): FlavorError | undefined {
  if (error) return isFlavorError(error) ? error : protocolError(errorMessage(error), error);
  switch (reason) {
    case 'completed':
      return started ? undefined : protocolError('the session ended as completed before its start()');
    case 'aborted':
      return protocolError('the session ended as aborted, and nobody had aborted it');
    case 'failed':
      return protocolError('the session ended as failed, without an error that says why');
    default:
      return protocolError(`the session ended for a reason that the contract does not know: ${unknownReason(reason)}`);
  }
}

function unknownReason(reason: never): string {
  return `${JSON.stringify(reason)?.slice(0, 64)}`;
}

/** To be tried again: that a session does not say what went wrong says nothing of how long it will. */
function protocolError(message: string, cause?: unknown): FlavorError {
  return new FlavorError('ERR_FLAVOR_PROTOCOL', message, true, { cause });
}

/** Anything a flavor threw, with a code: its own, or ERR_FLAVOR_PROTOCOL. */
export function asFlavorError(error: unknown): FlavorError {
  if (isFlavorError(error)) return error;
  return new FlavorError('ERR_FLAVOR_PROTOCOL', errorMessage(error), false, { cause: error });
}

/** By shape: another copy of the package may have made it. */
function isFlavorError(error: unknown): error is FlavorError {
  if (!(error instanceof Error) || !('code' in error) || !('retryable' in error)) return false;
  return typeof error.code === 'string' && error.code.startsWith('ERR_FLAVOR_');
}
