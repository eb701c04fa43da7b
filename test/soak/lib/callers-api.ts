import type { HeardStretch, Said } from './caller.js';

/** What each of many callers does: listens to the greeting, says something again and again, hangs up. */
export interface Conversations {
  readonly port: number;
  readonly number: string;
  readonly calls: number;
  /** Between one caller's dialling and the next, ms. */
  readonly apartMs: number;
  readonly turns: number;
  /** Said in turn, 8000 Hz. */
  readonly utterances: readonly Int16Array[];
  /** Silence that ends what the agent says, ms. */
  readonly quietMs: number;
  /** Longest wait for the agent to begin, and to finish, ms. Default 20,000. */
  readonly patienceMs?: number;
  /** Callers are called `PREFIX-0`, `PREFIX-1`, ... */
  readonly prefix: string;
}

/** One call as its caller knew it. Times of the machine's clock. */
export interface ConversationAccount {
  readonly from: string;
  readonly answeredMs: number | undefined;
  readonly endedMs: number | undefined;
  /** `heardMs`: the agent's first audible packet afterwards; absent if none came. */
  readonly turns: readonly (Said & { readonly heardMs: number | undefined })[];
  readonly stretches: readonly HeardStretch[];
}

export type CallersApi = {
  converse(params: Conversations): Promise<readonly ConversationAccount[]>;
};
