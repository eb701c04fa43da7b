import type { WireError } from '../protocol/errors.js';
import type { ServerEvent } from '../protocol/server-event.js';

/** Who decides that the caller has finished: one way to take turns. */
export interface CallerTurns {
  /** The caller speaks, or has spoken and it is not clear yet whether that was a turn: no answer now. */
  readonly busy: boolean;
  /** The host's detector. Positions of the call, ms. */
  onVoice(type: 'started' | 'stopped', positionMs: number): void;
  onOnset(verdict: 'accepted' | 'rejected', positionMs: number): void;
  /** The host says that the turn is over. */
  endTurn(): void;
  onEvent(event: ServerEvent): void;
  /** An `error` event, which may be about a turn. */
  onError?(error: WireError): void;
  /** The connection is gone. `againFromMs`: what was said from there on must be heard again, though it was complete. */
  onLost(againFromMs: number | undefined): void;
  /** Another connection hears what is left to be heard. */
  onReplaced(): void;
  close(): void;
}

/** What taking turns leads to. */
export interface CallerTurnsHandlers {
  send(event: object): void;
  /** The caller has begun to speak, as the service hears it. */
  onSpeech(): void;
  /** A turn is to be answered. */
  onTurn(): void;
  /** `busy` has ended without a turn. */
  onFree(): void;
}
