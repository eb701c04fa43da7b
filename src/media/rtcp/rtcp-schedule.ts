import type { Random } from '../../base/random.js';

/** RFC 3550 section 6.2: the least time between two reports, ms. The first may come after half of it. */
const MIN_INTERVAL_MS = 5000;
/** Section 6.2: a twentieth of the session's bandwidth, for which G.711 with its headers stands here, bytes per ms. */
const RTCP_BYTES_PER_MS = (0.05 * 80_000) / 8 / 1000;
/** Section 6.3.1: makes up for what timer reconsideration does to the mean. */
const COMPENSATION = Math.E - 1.5;
/** IPv4 and UDP headers count as well (section 6.2). */
const LOWER_LAYER_BYTES = 28;
/** Before anything was sent or received: a sender report with one block, and a description. */
const PROBABLE_BYTES = 84;

/** Who takes part, as far as intervals depend on it. */
export interface RtcpMembership {
  /** Ourselves included. */
  readonly members: number;
  readonly senders: number;
  readonly weSent: boolean;
}

/**
 * When reports leave (RFC 3550 sections 6.2 and 6.3, appendix A.7): every 5 s or so, at times that nobody can predict,
 * and with timer reconsideration. Pure: time comes in with each call.
 */
export class RtcpSchedule {
  readonly #random: Random;
  #dueMs = Number.POSITIVE_INFINITY;
  #lastMs = 0;
  #initial = true;
  #averageBytes = PROBABLE_BYTES + LOWER_LAYER_BYTES;

  constructor(random: Random) {
    this.#random = random;
  }

  /** When {@link expire} is to be called ({@link Clock.now}); never, before {@link begin}. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** The first description was agreed on. Later calls change nothing. */
  begin(nowMs: number): void {
    if (this.#dueMs !== Number.POSITIVE_INFINITY) return;
    this.#lastMs = nowMs;
    this.#dueMs = nowMs + this.#intervalMs({ members: 1, senders: 0, weSent: false });
  }

  /** The time has come. Returns whether a report is to be sent now; either way the next time is set. */
  expire(nowMs: number, membership: RtcpMembership): boolean {
    const reconsideredMs = this.#lastMs + this.#intervalMs(membership);
    if (reconsideredMs > nowMs) {
      this.#dueMs = reconsideredMs;
      return false;
    }
    this.#lastMs = nowMs;
    this.#initial = false;
    this.#dueMs = nowMs + this.#intervalMs(membership);
    return true;
  }

  /** A compound packet came or left. */
  count(bytes: number): void {
    this.#averageBytes += (bytes + LOWER_LAYER_BYTES - this.#averageBytes) / 16;
  }

  #intervalMs({ members, senders, weSent }: RtcpMembership): number {
    let bytesPerMs = RTCP_BYTES_PER_MS;
    let sharers = members;
    if (senders > 0 && senders <= members / 4) {
      bytesPerMs *= weSent ? 0.25 : 0.75;
      sharers = weSent ? senders : members - senders;
    }
    const leastMs = this.#initial ? MIN_INTERVAL_MS / 2 : MIN_INTERVAL_MS;
    const meanMs = Math.max(leastMs, (sharers * this.#averageBytes) / bytesPerMs);
    const factor = 0.5 + this.#random.integer(2 ** 32) / 2 ** 32;
    return (meanMs * factor) / COMPENSATION;
  }
}
