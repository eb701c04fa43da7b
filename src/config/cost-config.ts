import type { Saying } from './saying.js';

/** What calls cost, and may. */
export interface CostConfig {
  /** The operator's own; they come before those of the package. */
  readonly prices: readonly PriceConfig[];
  /** USD; absent: no limit. */
  readonly perCallUsd?: number;
  readonly perDayUsd?: number;
  /** Where a day begins and ends. */
  readonly timeZone: string;
  /** Said before a call is ended for its cost. */
  readonly goodbye: Saying;
}

/** What a provider asks for one of its models, USD. */
export interface PriceConfig {
  readonly provider: string;
  readonly model: string;
  /** `YYYY-MM-DD`, UTC. */
  readonly from?: string;
  readonly until?: string;
  readonly usdPerMinute?: number;
  readonly usdPerMillionCharacters?: number;
  readonly usdPerHour?: number;
  readonly usdPerMillionTokens?: {
    readonly input?: number;
    readonly cached?: number;
    readonly cacheWrite?: number;
    readonly output?: number;
    readonly audioInput?: number;
    readonly audioCached?: number;
    readonly audioOutput?: number;
  };
  /** For people. */
  readonly source?: string;
}
