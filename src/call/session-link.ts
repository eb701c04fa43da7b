import { errorMessage } from '../base/connector-error.js';
import {
  type AudioFrame,
  FlavorError,
  type FlavorEvent,
  type FlavorSession,
  type InterruptCause,
  type PlayoutReport,
  type SpeakRequest,
  type ToolResult,
} from '../flavor-api/index.js';

/** Everything a session says but its `end`. */
export type SessionEvent = Exclude<FlavorEvent, { type: 'end' }>;

export interface SessionLinkHandlers {
  /** Once. A stream that throws or stops without `end` counts as failed. */
  onEnded(reason: 'completed' | 'aborted' | 'failed', error: FlavorError | undefined): void;
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
  #listener: ((event: SessionEvent) => void) | undefined;
  /** What came before there was a listener. */
  readonly #early: SessionEvent[] = [];
  #ended = false;
  #misbehaved = false;

  constructor(session: FlavorSession, handlers: SessionLinkHandlers) {
    this.#session = session;
    this.#handlers = handlers;
    void this.#drain();
  }

  /** Hands every event to `listener` from now on, in order, beginning with those that waited for one. Hot path. */
  listen(listener: (event: SessionEvent) => void): void {
    this.#listener = listener;
    try {
      for (const event of this.#early.splice(0)) listener(event);
    } catch (error) {
      this.#end('failed', asFlavorError(error));
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

  start(): void {
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

  onPlayout(report: PlayoutReport): void {
    this.#guard('onPlayout', () => this.#session.onPlayout(report));
  }

  onDtmf(digits: string): void {
    this.#guard('onDtmf', () => this.#session.onDtmf(digits));
  }

  onToolResult(result: ToolResult): void {
    this.#guard('onToolResult', () => this.#session.onToolResult(result));
  }

  async #drain(): Promise<void> {
    try {
      for await (const event of this.#session.events) {
        if (event.type === 'end') {
          this.#end(event.reason, event.error);
          return;
        }
        if (this.#listener) this.#listener(event);
        else this.#early.push(event);
      }
      this.#end('failed', new FlavorError('ERR_FLAVOR_PROTOCOL', 'the event stream stopped without `end`', false));
    } catch (error) {
      this.#end('failed', asFlavorError(error));
    }
  }

  #end(reason: 'completed' | 'aborted' | 'failed', error: FlavorError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.onEnded(reason, error);
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
