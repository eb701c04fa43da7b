import type { FaultName, FaultOptions, ServicePart } from '../../fakes/deepgram/index.js';
import type { ModelFault, ScriptedAnswer } from '../../fakes/openai-text/index.js';

/** How the providers of a measurement behave: one that hears and speaks, and one that thinks. */
export interface CascadeProviderSetup {
  /** What callers are understood to say, one line a turn. */
  readonly lines: readonly (string | readonly string[])[];
  /** The model's answers, one after the other and from the beginning again. */
  readonly answers: readonly ScriptedAnswer[];
  /** From the audio to what is said of it, and from text that can be spoken to its first audio, ms. */
  readonly delays: { readonly interimMs: number; readonly finalMs: number; readonly speechMs: number };
  /** Silence that Flux takes for the probable and the certain end of a turn, ms. */
  readonly eagerSilenceMs: number;
  readonly endSilenceMs: number;
  /** Speech begins with its first audible sample: nothing of a latency is then silence of the voice. */
  readonly withoutLeadIn?: boolean;
  /** Audio is sent so many times as fast as it plays. */
  readonly audioRate?: number;
}

/** A request to the model. */
export interface ModelRequest {
  /** Of the fake's process; only differences mean something. */
  readonly atMs: number;
  /** One line each: `user: ...`, `assistant: ...`. */
  readonly dialogue: readonly string[];
  readonly system: string;
  readonly aborted: boolean;
}

export interface CascadeProviderAccount {
  readonly requests: readonly ModelRequest[];
  /** Spoken texts, and when each was asked for. */
  readonly speeches: readonly { readonly text: string; readonly cancelled: boolean }[];
  readonly turns: number;
  /** Connections that stand, of each part. */
  readonly connections: { readonly listen: number; readonly speak: number; readonly model: number };
}

export type CascadeProviderApi = {
  start(params: CascadeProviderSetup): Promise<{ readonly deepgram: string; readonly model: string }>;
  /** Forgets what was recorded. */
  clear(params: undefined): void;
  account(params: undefined): CascadeProviderAccount;
  failDeepgram(params: { readonly name: FaultName; readonly options?: Partial<FaultOptions> }): void;
  failModel(params: { readonly name: ModelFault; readonly times?: number }): void;
  recover(params: { readonly part?: ServicePart }): void;
};
