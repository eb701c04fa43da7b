import type { FlavorError } from '../../../flavor-api/index.js';
import type { SpeechToTextEvent } from '../../stages/speech-to-text.js';
import type { JsonObject } from '../shared/json.js';

/** What a recogniser's message means, in terms of the stage and of the line that carries it. */
export interface Understood {
  readonly events: readonly SpeechToTextEvent[];
  /** What was said before this, ms of the connection's audio, is settled: it is not needed again. */
  readonly settledMs?: number;
  /** Ask for what is left at once. */
  readonly finalize?: boolean;
  /** What was asked for with Finalize has been said. */
  readonly finalized?: boolean;
  /** The service gave up: the connection is of no more use. */
  readonly failure?: FlavorError;
}

/** Nothing to tell. */
export const nothing: Understood = { events: [] };

/** Where in the call a place of the connection's audio is: both ms. */
export type PositionOf = (streamMs: number) => number;

/** One version of the recogniser: what its messages mean, and what a loss makes of a turn under way. */
export interface ListenReader {
  read(message: JsonObject, positionOf: PositionOf): Understood;
  /** The connection is gone; what was settled stays, the rest is heard again. */
  lost(): readonly SpeechToTextEvent[];
  /** Somebody is in the middle of saying something. */
  readonly speaking: boolean;
}
