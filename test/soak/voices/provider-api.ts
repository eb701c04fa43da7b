import type { ScriptedAnswer } from '../../fakes/openai-text/index.js';

/** A server of speech, and how it is. */
export interface ServerSetup {
  readonly kind: 'devnen' | 'travisvn' | 'openai' | 'runpod';
  readonly voice: 'slt' | 'rms';
  /** Says everything so much faster: no voice says a text twice in the same way. Default: 1. */
  readonly tempo?: number;
  /** Speech begins with its first audible sample. */
  readonly withoutLeadIn?: boolean;
  readonly realTimeFactor: number;
  readonly overheadMs: number;
  /** Speech is sent in pieces as it is made, ms; a sentence at a time without. */
  readonly pieceMs?: number;
}

/** Who hears, thinks and speaks in a measurement of voices. */
export interface VoicesSetup {
  /** What callers are understood to say, one line a turn. */
  readonly lines: readonly string[];
  /** What the model answers to each caller, by the user part of From, turn by turn. */
  readonly answers: Readonly<Record<string, readonly ScriptedAnswer[]>>;
  readonly servers: readonly ServerSetup[];
}

/** Addresses: of the recogniser, the model, and the servers in their order. */
export interface VoicesAddresses {
  readonly deepgram: string;
  readonly model: string;
  readonly servers: readonly string[];
}

/** An answer of the model on its way. Times of the machine's clock. */
export interface ThoughtAnswer {
  readonly from: string;
  readonly tokens: readonly { readonly text: string; readonly atMs: number }[];
}

/** A text that a server was asked for. Times of the machine's clock. */
export interface AskedText {
  readonly server: number;
  readonly text: string;
  readonly atMs: number;
  readonly soundAtMs: number | undefined;
}

export interface VoicesAccount {
  readonly answers: readonly ThoughtAnswer[];
  readonly asked: readonly AskedText[];
}

export type VoicesProviderApi = {
  start(params: VoicesSetup): Promise<VoicesAddresses>;
  account(params: undefined): VoicesAccount;
  /** A text as a server says it and a phone hears it: mu-law, 8000 Hz. */
  sound(params: { readonly server: number; readonly text: string }): Promise<Uint8Array>;
  /** The server lets `skip` requests pass, breaks the next one off after so much of its speech, and is gone. */
  kill(params: { readonly server: number; readonly skip: number; readonly afterMs: number }): void;
  revive(params: { readonly server: number }): void;
};
