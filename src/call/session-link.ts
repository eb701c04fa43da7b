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

export interface SessionLinkHandlers {
  /** Every event but `end`, in order. Hot path. */
  onEvent(event: Exclude<FlavorEvent, { type: 'end' }>): void;
  /** Once. A stream that throws or stops without `end` counts as failed. */
  onEnded(reason: 'completed' | 'aborted' | 'failed', error: FlavorError | undefined): void;
  /** A session method threw, which the contract forbids. At most once a session. */
  onMisbehaviour(method: string, message: string): void;
}

/**
 * The host's end of a flavor session. Third-party code sits behind it: whatever it throws stays here, and nothing
 * reaches it after its `end`.
 */
export class SessionLink {
  readonly #session: FlavorSession;
  readonly #handlers: SessionLinkHandlers;
  #ended = false;
  #misbehaved = false;

  constructor(session: FlavorSession, handlers: SessionLinkHandlers) {
    this.#session = session;
    this.#handlers = handlers;
    void this.#drain();
  }

  /** Hot path. */
  write(frame: AudioFrame): void {
    if (this.#ended) return;
    try {
      this.#session.write(frame);
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
        this.#handlers.onEvent(event);
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

  #guard(method: string, action: () => void): void {
    if (this.#ended) return;
    try {
      action();
    } catch (error) {
      this.#misbehave(method, error);
    }
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
