import type { AudioFormat, AudioFrame, FlavorError } from '../../flavor-api/index.js';
import type { Stage, StageIdentity, StageUsage } from './stage.js';

/** A word as it was recognised. */
export interface RecognisedWord {
  readonly text: string;
  /** On the clock of `AudioFrame.positionMs`, ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** 0 to 1. */
  readonly confidence?: number;
}

/** What a recogniser can do. */
export interface SpeechToTextCapabilities {
  /** Preference order; phone formats first where the engine takes them, so that nothing is resampled. */
  readonly input: readonly AudioFormat[];
  /** Says by itself when the caller has finished: `end-of-turn`. Otherwise the cascade decides by voice and punctuation. */
  readonly endOfTurn: boolean;
  /** Says early that the caller has probably finished, and takes it back when not: `eager-end-of-turn`, `turn-resumed`. */
  readonly eagerEndOfTurn: boolean;
  /** Final transcripts carry `words`. */
  readonly wordTimes: boolean;
  /** `finalize()` brings the rest of what was said at once; else it comes when the engine's own silence has passed. */
  readonly finalize: boolean;
  /**
   * `false`: says nothing for seconds on end while the caller speaks, and watches over its server by itself. Others are
   * taken for deaf then, where another engine stands by.
   */
  readonly interim?: boolean;
}

/**
 * What a recogniser says, in order: any number of events, then exactly one `end`.
 *
 * The text of a turn is made of *segments*. A transcript that is not `final` replaces the segment under way; a final one
 * closes it and is never revised. `end-of-turn` comes after the last final segment of the turn, and what follows belongs
 * to the next one.
 */
export type SpeechToTextEvent =
  /** The engine hears a voice. Engines without a detector of their own never say it. */
  | { readonly type: 'speech-started'; readonly positionMs: number }
  | {
      readonly type: 'transcript';
      /** The segment's, trimmed. A final segment may be empty: nothing was understood. */
      readonly text: string;
      readonly final: boolean;
      readonly words?: readonly RecognisedWord[];
      /** Of a final one without `words`: the segment's end, on the clock of `AudioFrame.positionMs`. Default: now. */
      readonly untilMs?: number;
      /** BCP 47, where the engine tells languages apart. */
      readonly language?: string;
    }
  /** The turn is probably over; followed by `turn-resumed` or `end-of-turn`. `text` is all of the turn. */
  | { readonly type: 'eager-end-of-turn'; readonly text: string }
  | { readonly type: 'turn-resumed' }
  /** `text` is all of the turn. */
  | { readonly type: 'end-of-turn'; readonly text: string }
  /**
   * Another engine listens from here on. What the caller said since the last final segment is recognised anew; an
   * `eager-end-of-turn` is taken back. Only where several engines stand in for each other.
   */
  | { readonly type: 'taken-over'; readonly identity: StageIdentity; readonly capabilities: SpeechToTextCapabilities }
  | StageUsage
  /** The stream goes on. */
  | { readonly type: 'warning'; readonly error: FlavorError }
  /** Without `error`: it was closed, or `signal` aborted. */
  | { readonly type: 'end'; readonly error?: FlavorError };

/** One caller's recogniser. Its methods are synchronous and never throw, also after `end`. */
export interface SpeechToTextStream {
  /** Iterated once. */
  readonly events: AsyncIterable<SpeechToTextEvent>;
  /** Hot path, 50 times a second. `frame.data` is borrowed: it is copied to be kept. */
  write(frame: AudioFrame): void;
  /** As {@link FlavorSession.awaitedInputMs}: what is missing until the stream does anything with what it was written, ms. */
  readonly awaitedInputMs?: number | undefined;
  /** The caller has stopped talking: say now what is left. Without effect where `capabilities.finalize` is false. */
  finalize(): void;
  /** Ends the stream in order: `usage` and `end` follow. */
  close(): void;
}

/** What a call asks of a recogniser. */
export interface SpeechToTextRequest {
  /** One of `capabilities.input`. */
  readonly input: AudioFormat;
}

/** An engine that turns speech into text. */
export interface SpeechToText extends Stage {
  readonly capabilities: SpeechToTextCapabilities;
  /**
   * Resolves once the engine listens. `signal` is the call's: it ends the stream, or the opening, within 500 ms.
   *
   * @throws FlavorError when the engine cannot be had; `signal.reason` when it was aborted.
   */
  open(request: SpeechToTextRequest, signal: AbortSignal): Promise<SpeechToTextStream>;
}
