import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import type { Logger } from '../../flavor-api/index.js';
import { type LegLimits, legLimitDefaults } from '../leg-limits.js';
import { type AckWatchOptions, ackWatchDefaults } from './ack-watch.js';
import type { MiAddress } from './mi/mi-link.js';

export interface OpensipsOptions {
  /** Where OpenSIPS takes commands. */
  readonly mi: MiAddress;
  /** Where its events come to: an IPv4 address, port 0 for any. */
  readonly events: { readonly host: string; readonly port: number };
  /** Addresses and CIDR blocks events may come from; `undefined`: where `mi` is, and this machine. */
  readonly allow: readonly string[] | undefined;
  /** Host of our URI in calls that we make. */
  readonly domain: string | undefined;
}

export interface OpensipsLimits
  extends Pick<LegLimits, 'maxPendingMs' | 'ringRepeatMs' | 'answerTimeoutMs' | 'transferTimeoutMs'> {
  readonly ack: AckWatchOptions;
  /** Calls at once, those that are about to end included. */
  readonly maxSessions: number;
  /** Longest wait for a response to a request of ours, ms: more than OpenSIPS's own. */
  readonly responseMs: number;
  /** How long a refused session is left for its ACK before OpenSIPS is told to forget it, ms. */
  readonly refusedMs: number;
  /** How often OpenSIPS is told to end a session while it does not answer; each takes as long as the MI client waits. */
  readonly terminateAttempts: number;
  /** Time between two of them, ms. */
  readonly terminateRetryMs: number;
  /** Time for the end of the INVITEs that a stop has cancelled, ms. */
  readonly closeMs: number;
  /**
   * Longest time that a stop takes, ms. Longer than a command is waited for that is not sent twice (a BYE with a Reason):
   * only then is it known that the session is to be ended otherwise.
   */
  readonly farewellMs: number;
}

/** Of a 503 to an INVITE for which there is no room, s. */
export const FULL_RETRY_AFTER_SECONDS = 10;

export interface SubscriptionOptions {
  /** Lifetime asked for, s, and how often it is renewed, ms. */
  readonly expiresSeconds: number;
  readonly renewMs: number;
  /** How often OpenSIPS is asked since when it runs, ms. */
  readonly probeMs: number;
  /** After a failure, ms, doubled each time up to `probeMs`. */
  readonly retryMs: number;
}

export const opensipsDefaults = {
  limits: {
    ack: ackWatchDefaults,
    maxSessions: 10_000,
    maxPendingMs: 180_000,
    ringRepeatMs: legLimitDefaults.ringRepeatMs,
    responseMs: 35_000,
    refusedMs: 5_000,
    transferTimeoutMs: 180_000,
    answerTimeoutMs: legLimitDefaults.answerTimeoutMs,
    terminateAttempts: 10,
    terminateRetryMs: 1_000,
    closeMs: 1_000,
    farewellMs: 5_000,
  },
  subscription: { expiresSeconds: 90, renewMs: 30_000, probeMs: 2_000, retryMs: 250 },
} as const satisfies { readonly limits: OpensipsLimits; readonly subscription: SubscriptionOptions };

export interface OpensipsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Logger;
}
