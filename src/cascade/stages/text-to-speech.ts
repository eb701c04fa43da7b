import type { AudioFormat, FlavorError } from '../../flavor-api/index.js';
import type { Stage, StageUsage } from './stage.js';

/** What a voice can do. */
export interface TextToSpeechCapabilities {
  /** Preference order; phone formats first where the engine makes them. */
  readonly output: readonly AudioFormat[];
  /**
   * `stream`: takes text as it comes over one connection and keeps its melody across pieces. `sentence`: one request a
   * piece, each spoken for itself.
   */
  readonly text: 'stream' | 'sentence';
  /** Says when each word begins. */
  readonly wordTimes: boolean;
  /** Longest piece, characters. */
  readonly maxCharacters: number;
  /** Signs such as `[laugh]` in a text are acted or left out. Absent: it is given none, since it would read them aloud. */
  readonly voiceSigns?: boolean;
}

/**
 * What an utterance says, in order: any number of events, then exactly one `end`.
 */
export type TextToSpeechEvent =
  /** The format asked for, whole samples, at most 2 s. Ownership passes on. */
  | { readonly type: 'audio'; readonly data: Uint8Array }
  /**
   * The audio that follows is of the piece with this number (0, 1, …, as they were appended). Engines that cannot tell
   * where a piece begins leave some out: those begin somewhere before the next one that is named.
   */
  | { readonly type: 'piece'; readonly index: number }
  /** A word begins at `atMs` of the utterance's own audio. Only where `capabilities.wordTimes`. */
  | { readonly type: 'word'; readonly text: string; readonly atMs: number }
  /**
   * Who makes the audio that follows, where there are several, and why: a word of a bounded set each. With `left`: it was
   * asked, and is left before anything of it was heard; why, a word of such a set too.
   */
  | { readonly type: 'tier'; readonly tier: string; readonly reason: string; readonly left?: string }
  | StageUsage
  | { readonly type: 'warning'; readonly error: FlavorError }
  /**
   * Without `error`: everything was spoken, or it was cancelled. With one: what has come so far is all there is;
   * `spokenPieces` of them are whole, and the next may have been begun.
   */
  | { readonly type: 'end'; readonly error?: FlavorError; readonly spokenPieces: number };

/** One answer on its way to the caller. Its methods are synchronous and never throw, also after `end`. */
export interface TextToSpeechUtterance {
  /** Iterated once. Drained at once: it is never made to wait for the phone. */
  readonly events: AsyncIterable<TextToSpeechEvent>;
  /** So many of the pieces have come whole, as far as the engine knows by now; absent: it cannot tell before the end. */
  readonly spokenPieces?: number;
  /** How it takes text now, where engines of both kinds may speak it. Absent: as `capabilities.text` says. */
  readonly takes?: TextToSpeechCapabilities['text'] | undefined;
  /** The next piece: a clause or some sentences, speakable, at most `capabilities.maxCharacters`. */
  append(piece: string): void;
  /** No piece follows. */
  finish(): void;
  /** Stops at once: provider work is cancelled, no `audio` follows, `end` comes. */
  cancel(): void;
}

/** What a call asks of a voice. */
export interface TextToSpeechRequest {
  /** One of `capabilities.output`. */
  readonly output: AudioFormat;
  /** The words of this call must not leave the premises: engines that would take them elsewhere do not speak. */
  readonly private?: boolean;
}

/** One call's voice. */
export interface TextToSpeechSession {
  /** Begins an utterance. One that is not over yet is cancelled by the caller first, except where both are to be heard in turn. */
  begin(): TextToSpeechUtterance;
  /** Ends what is being said and closes connections. Never throws. */
  close(): void;
}

/** An engine that turns text into speech. */
export interface TextToSpeech extends Stage {
  readonly capabilities: TextToSpeechCapabilities;
  /**
   * Resolves once the engine can speak. `signal` is the call's: it ends every utterance within 500 ms.
   *
   * @throws FlavorError when the engine cannot be had; `signal.reason` when it was aborted.
   */
  open(request: TextToSpeechRequest, signal: AbortSignal): Promise<TextToSpeechSession>;
}
