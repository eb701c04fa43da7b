import type { FliteVoiceName } from '../../../src/cascade/index.js';
import type { FaultName, FaultOptions, ServicePart } from '../../fakes/deepgram/index.js';
import type { ModelFault, ScriptedAnswer } from '../../fakes/openai-text/index.js';
import type { SphinxSetup } from '../lib/sphinx-recogniser.js';

/** How the providers of a measurement behave: one that hears and speaks, and one that thinks. */
export interface CascadeProviderSetup {
  /** What callers are understood to say, one line a turn. */
  readonly lines: readonly (string | readonly string[])[];
  /** The model's answers, one after the other and from the beginning again. */
  readonly answers: readonly ScriptedAnswer[];
  /** From the audio to what is said of it, and from text that can be spoken to its first audio, ms. */
  readonly delays: {
    readonly interimMs: number;
    readonly finalMs: number;
    readonly speechMs: number;
    readonly speechSpreadMs?: number;
  };
  /** Silence that Flux takes for the probable and the certain end of a turn, ms. */
  readonly eagerSilenceMs: number;
  readonly endSilenceMs: number;
  /** Speech begins with its first audible sample: nothing of a latency is then silence of the voice. */
  readonly withoutLeadIn?: boolean;
  /** Each line has the answer of its number, however often it is asked for: early requests count for nothing. */
  readonly byLine?: boolean;
  /** An answer whose beginning the request has already is gone on with, as a model does that is asked to. */
  readonly goesOn?: boolean;
  /** Who speaks; `slt` by default. */
  readonly voice?: FliteVoiceName;
  /** What is said beside the answers, and made before anybody calls. */
  readonly phrases?: readonly string[];
  /** Audio is sent so many times as fast as it plays. */
  readonly audioRate?: number;
  /** Callers are understood by their sound, and not by `lines`. */
  readonly ear?: SphinxSetup;
}

/** A request to the model. */
export interface ModelRequest {
  readonly atMs: number;
  /** Its first token left. */
  readonly firstTokenAtMs: number | undefined;
  /** One line each: `user: ...`, `assistant: ...`. */
  readonly dialogue: readonly string[];
  readonly system: string;
  readonly aborted: boolean;
}

/** Something a caller was understood to say: receipt of its last voiced frame, its end as it was known and as it was told. */
export interface HeardTurn {
  /** Number of the connection; each is one caller's. */
  readonly connection: number;
  readonly lastVoicedAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly toldAtMs: number | undefined;
}

/** A text that was spoken. */
export interface SpokenSpeech {
  readonly connection: number;
  readonly text: string;
  readonly askedAtMs: number;
  readonly firstAudioAtMs: number | undefined;
  readonly cancelled: boolean;
}

/** All times are of the machine's clock. Oldest first. */
export interface CascadeProviderAccount {
  readonly requests: readonly ModelRequest[];
  readonly speeches: readonly SpokenSpeech[];
  readonly turns: readonly HeardTurn[];
  /** Connections that stand, of each part. */
  readonly connections: { readonly listen: number; readonly speak: number; readonly model: number };
}

/** A text as the voice says it: mu-law, 8000 Hz, silence before it left out, and its words. */
export interface VoicedText {
  readonly bytes: Uint8Array;
  readonly words: readonly { readonly text: string; readonly startMs: number }[];
}

export type CascadeProviderApi = {
  start(params: CascadeProviderSetup): Promise<{ readonly deepgram: string; readonly model: string }>;
  /** Forgets what was recorded. */
  clear(params: undefined): void;
  account(params: undefined): CascadeProviderAccount;
  voiced(params: { readonly text: string }): Promise<VoicedText>;
  failDeepgram(params: { readonly name: FaultName; readonly options?: Partial<FaultOptions> }): void;
  failModel(params: { readonly name: ModelFault; readonly times?: number }): void;
  recover(params: { readonly part?: ServicePart }): void;
};
