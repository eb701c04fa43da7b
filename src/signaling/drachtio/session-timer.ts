import { SessionInterval, type SessionIntervalParts } from '../session/session-interval.js';

/**
 * We refresh so long before half the interval, ms: the server has a timer of its own, which a 2xx to a re-INVITE of ours
 * sets anew. Left alone it goes off up to 5 s before half the interval, refreshes without `Supported: timer` and without
 * telling us, and takes any refusal for the end of the call. A second attempt of ours is in time as well.
 */
const AHEAD_OF_SERVER_MS = 15_000;

export interface SessionTimerParts extends Omit<SessionIntervalParts, 'aheadMs'> {
  /** Refreshes by a re-INVITE that offers what was agreed: a 2xx to an UPDATE says nothing to the server. */
  readonly refresh: () => void;
}

/**
 * Session timers of one dialog (RFC 4028). The server reads Session-Expires on its way and would refresh too, or end the
 * session; we are earlier with both.
 */
export class SessionTimer extends SessionInterval {
  readonly #refresh: () => void;

  constructor({ refresh, ...parts }: SessionTimerParts) {
    super({ ...parts, aheadMs: AHEAD_OF_SERVER_MS });
    this.#refresh = refresh;
  }

  protected send(): void {
    this.#refresh();
  }
}
