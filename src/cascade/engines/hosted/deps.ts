import type { Clock } from '../../../base/clock.js';
import type { Random } from '../../../base/random.js';
import type { HostGuard } from '../shared/host-guard.js';

/** What a hosted voice is lent beside its section of the configuration. */
export interface HostedSpeechDeps {
  /** Where connections may go. Default: anywhere. */
  readonly guard?: HostGuard | undefined;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The same, for the one provider whose key it is. */
export interface HostedProviderDeps extends HostedSpeechDeps {
  readonly apiKey: string;
}
