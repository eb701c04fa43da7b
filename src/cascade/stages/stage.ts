import type { FlavorEvent } from '../../flavor-api/index.js';

/** Whose engine a stage is: for usage, metrics, the call record and the price file. */
export interface StageIdentity {
  /** As the price file spells it, lower case: `deepgram`, `openai`, `anthropic`, `azure`. */
  readonly provider: string;
  /** As the provider spells it: `nova-3`, `claude-haiku-4-5`, `aura-2-thalia-en`. */
  readonly model: string;
}

/** What a stage has used up, as it is reported to the host. Quantities are added up: each is reported once. */
export type StageUsage = Extract<FlavorEvent, { type: 'usage' }>;

/** What every stage offers beside its work. One object serves all calls of a flavor, as long as the process. */
export interface Stage extends AsyncDisposable {
  readonly identity: StageIdentity;
  /**
   * Cheapest authenticated call the provider offers; never made for a call.
   *
   * @throws FlavorError with the code of what is wrong.
   */
  check(signal: AbortSignal): Promise<void>;
  /** Opens pools, loads models. Optional, idempotent. */
  warmup?(signal: AbortSignal): Promise<void>;
}
