import type { FaultName, FaultOptions, Reply, Timeline } from '../../fakes/openai-realtime/index.js';

/** How the scripted provider of a measurement behaves. */
export interface ProviderSetup {
  /** The model's answers, one after the other and from the beginning again, in each session. */
  readonly replies: readonly Reply[];
  /** After the results of tools. */
  readonly afterTools?: Reply;
  /** What callers say, so that it is understood by its sound. 8000 Hz. */
  readonly utterances?: readonly { readonly text: string; readonly samples: Int16Array }[];
  /** As in `FakeOptions`. */
  readonly transcriptDelayMs?: number;
  readonly interimEveryMs?: number;
  readonly audioRate?: number;
  /** Speech begins with its first audible sample: nothing of a latency is then silence of the voice. */
  readonly withoutLeadIn?: boolean;
}

type Records = Pick<Timeline, 'sessions' | 'turns' | 'responses' | 'truncations' | 'cancellations'>;

/** What the provider saw. Times in ms of its own process; see {@link ProviderAccount.toMachineMs}. */
export interface ProviderAccount extends Records {
  /** To be added for the machine's clock. */
  readonly toMachineMs: number;
  /** The caller of each session, by its id, where the instructions named him: `caller NAME`. */
  readonly callers: Readonly<Record<string, string>>;
  readonly openConnections: number;
}

/** A text as the model speaks it: mu-law at 8000 Hz. */
export interface SpokenItem {
  readonly bytes: Uint8Array;
  readonly words: readonly { readonly text: string; readonly startMs: number }[];
}

export type ProviderApi = {
  /** Switches a fault on, until {@link ProviderApi.recover}. */
  fail(params: { readonly name: FaultName; readonly options?: Partial<FaultOptions> }): void;
  recover(params: undefined): Promise<void>;
  /** Sends a message of about this size to every connection: JSON of a kind that no version of the protocol has. */
  blurt(params: { readonly bytes: number }): void;
  start(params: ProviderSetup): Promise<{ readonly url: string }>;
  account(params: undefined): ProviderAccount;
  spoken(params: { readonly text: string }): Promise<SpokenItem>;
};
