import type { FlavorError } from '../../flavor-api/index.js';
import type { ModelToolCall } from '../stages/language-model.js';
import { type CallerText, noText } from './caller-text.js';
import { type Pace, type PatienceOptions, patienceDefaults, unknownPace } from './patience.js';

export interface TurnOptions {
  /** The recogniser says when a turn is over; otherwise voice, words and patience do. */
  readonly endOfTurn: boolean;
  /** The model is asked before it is certain that the turn is over. */
  readonly eager: boolean;
  readonly patience: PatienceOptions;
  /** For the rest of the words after the voice, ms; then those that are there make the turn. */
  readonly finalTimeoutMs: number;
  /** For the recogniser to end a turn in silence, ms. */
  readonly turnTimeoutMs: number;
  /** Between two keys of one number, ms. */
  readonly digitPauseMs: number;
}

export const turnDefaults = {
  endOfTurn: false,
  eager: false,
  patience: patienceDefaults,
  finalTimeoutMs: 1_500,
  turnTimeoutMs: 6_000,
  digitPauseMs: 1_500,
} as const satisfies TurnOptions;

/** Something that is to be said. */
export type AnswerRequest =
  /** Word for word. */
  | { readonly kind: 'words'; readonly text: string }
  /** Along these lines. */
  | { readonly kind: 'instructions'; readonly text: string }
  /** An answer to what the dialogue holds: words of the caller, keys, results of tools. */
  | { readonly kind: 'reply'; readonly to: 'caller' | 'keys' | 'tools' }
  /** The rest of an answer that a failing stage cut off. */
  | { readonly kind: 'go-on' };

/** The answer that is being made: there is never a second. */
export interface ActiveAnswer {
  readonly id: number;
  readonly request: AnswerRequest;
  /** The words it was begun on before the turn was over; `undefined` once they are the turn's. */
  readonly speculativeOn: string | undefined;
  /** The host has been given some of it. */
  readonly emitted: boolean;
  readonly called: boolean;
  /** Calls of tools that wait for the turn to be over. */
  readonly held: readonly ModelToolCall[];
}

export interface TurnState {
  /** The call is answered: the agent may speak. */
  readonly started: boolean;
  readonly closed: boolean;

  readonly talking: boolean;
  /**
   * The host's verdict on the latest onset. `none`: there was none since the last turn was taken.
   */
  readonly onset: 'none' | 'undecided' | 'accepted' | 'rejected';
  readonly onsetPositionMs: number;
  /** Last voiced sample, on the clock and on the call's. `undefined`: no voice was heard since the last turn was taken. */
  readonly voicedUntilMs: number | undefined;
  readonly voicedUntilPositionMs: number;
  /** The voice has stopped, and its words are still to come. */
  readonly awaitingText: boolean;
  readonly text: CallerText;
  /** When the words last changed, and when a segment was last closed. */
  readonly textAtMs: number;
  readonly finalAtMs: number;
  /** The recogniser has ended the turn, and the host has not decided whether it is one. */
  readonly ended: boolean;
  /** Words of an onset that was rejected: they count only if the host changes its mind. */
  readonly withheld: CallerText | undefined;
  /** The recogniser has ended the turn that these words are of: none follow, and it does not say so again. */
  readonly withheldEnded: boolean;
  readonly rejectedAtMs: number;
  /** Where the rejected stretch ends. */
  readonly rejectedUntilPositionMs: number;
  /** Number of the turn under way. */
  readonly turn: number;
  readonly takenAtMs: number;
  readonly pace: Pace;
  readonly keys: string;
  readonly keyAtMs: number;

  readonly waiting: readonly AnswerRequest[];
  readonly active: ActiveAnswer | undefined;
  /** Answers begun. */
  readonly answers: number;
  /** Speculative answers of the turn under way. */
  readonly speculations: number;
  /** Failures in a row. */
  readonly failures: number;
  /** Nothing is asked for before, since an answer has just failed. */
  readonly retryAtMs: number | undefined;
  /** The host has interrupted and owes its word on what was heard, until then. */
  readonly unsettledUntilMs: number | undefined;
}

export const initialTurnState: TurnState = {
  started: false,
  closed: false,
  talking: false,
  onset: 'none',
  onsetPositionMs: 0,
  voicedUntilMs: undefined,
  voicedUntilPositionMs: 0,
  awaitingText: false,
  text: noText,
  textAtMs: 0,
  finalAtMs: Number.NEGATIVE_INFINITY,
  ended: false,
  withheld: undefined,
  withheldEnded: false,
  rejectedAtMs: 0,
  rejectedUntilPositionMs: 0,
  turn: 1,
  takenAtMs: Number.NEGATIVE_INFINITY,
  pace: unknownPace,
  keys: '',
  keyAtMs: 0,
  waiting: [],
  active: undefined,
  answers: 0,
  speculations: 0,
  failures: 0,
  retryAtMs: undefined,
  unsettledUntilMs: undefined,
};

export type TurnEvent =
  | { readonly type: 'started' }
  | { readonly type: 'closed' }
  /** The host's detector. Positions are the call's, ms. */
  | { readonly type: 'voice-started'; readonly positionMs: number }
  /** `voicedUntilMs`: the same moment on the clock. */
  | { readonly type: 'voice-stopped'; readonly positionMs: number; readonly voicedUntilMs: number }
  | { readonly type: 'onset'; readonly verdict: 'accepted' | 'rejected'; readonly positionMs: number }
  /** The recogniser. */
  | { readonly type: 'transcript'; readonly text: string; readonly final: boolean }
  | { readonly type: 'eager-end-of-turn'; readonly text: string }
  | { readonly type: 'turn-resumed' }
  | { readonly type: 'end-of-turn'; readonly text: string }
  /** It broke off, and another stream hears what is said from here on. `retold`: from the segment under way on. */
  | { readonly type: 'recogniser-lost'; readonly retold: boolean }
  | { readonly type: 'keys'; readonly keys: string }
  /** The host, or what the tools said, asks for speech. */
  | { readonly type: 'ask'; readonly request: AnswerRequest }
  /** `unsettled`: the host will say what was heard. `owed`: the caller is still to be answered. */
  | { readonly type: 'interrupt'; readonly owed: boolean; readonly unsettled: boolean }
  /** The host has said what was heard of everything it has interrupted. */
  | { readonly type: 'settled' }
  /** What becomes of the answer `id`. Of one that is not being made any more, nothing matters. */
  | { readonly type: 'answer-emitted'; readonly id: number }
  | { readonly type: 'answer-call'; readonly id: number; readonly call: ModelToolCall }
  | { readonly type: 'answer-done'; readonly id: number }
  /** `rest`: what of given words was not said. */
  | { readonly type: 'answer-failed'; readonly id: number; readonly error: FlavorError; readonly rest?: string }
  /** A moment that {@link dueMs} named has come. */
  | { readonly type: 'time' };

export type TurnCommand =
  /** To the recogniser: say now what is left. */
  | { readonly type: 'finalize' }
  | { readonly type: 'transcript'; readonly turn: number; readonly text: string; readonly final: boolean }
  /** The caller's turn is over, and enters the dialogue. */
  | {
      readonly type: 'turn';
      readonly turn: number;
      readonly text: string;
      readonly voicedUntilMs: number | undefined;
      readonly textAtMs: number;
      /** Whether the answer was begun early on the right words. Absent: it was not begun early. */
      readonly speculative?: 'hit' | 'miss';
    }
  /** Keys enter the dialogue. */
  | { readonly type: 'keys'; readonly keys: string }
  /** `on`: speculative, on these words of the caller; nothing of it goes out before `confirm`. */
  | { readonly type: 'begin'; readonly id: number; readonly request: AnswerRequest; readonly on?: string }
  /** What was held back goes out: its words, and these calls of tools, before the answer may be over. */
  | { readonly type: 'confirm'; readonly id: number; readonly calls: readonly ModelToolCall[] }
  /** Give the answer up. `again`: it will be asked for anew, and leaves no trace. */
  | { readonly type: 'withdraw'; readonly id: number; readonly again: boolean }
  | { readonly type: 'run-tool'; readonly id: number; readonly call: ModelToolCall }
  | { readonly type: 'warn'; readonly error: FlavorError }
  /** The session cannot go on. */
  | { readonly type: 'fail'; readonly error: FlavorError };
