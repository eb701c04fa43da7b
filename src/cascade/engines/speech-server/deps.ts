import type { Clock } from '../../../base/clock.js';
import type { HostGuard } from '../shared/host-guard.js';

/** What the backend of a speech server is lent beside its section of the configuration. */
export interface SpeechServerDeps {
  /** Default: the process's own. */
  readonly clock?: Clock;
  /** Where connections may go. Default: anywhere. */
  readonly guard?: HostGuard | undefined;
}
