import type { Clock } from '../../base/clock.js';
import type { SipFlow } from './transport/sip-transport.js';

/** Longest time a server is left alone, ms: a mistake of its own must not take it away for days. */
const MAX_REST_MS = 3_600_000;

/** Servers remembered; the oldest goes first. */
const MAX_SERVERS = 256;

/** Servers that answered 503 with Retry-After: they get no INVITE for that time (RFC 3261 section 21.5.4). */
export class SetAside {
  readonly #clock: Clock;
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Leaves the server at the end of `flow` alone for so long. */
  add(flow: SipFlow, seconds: number): void {
    const key = keyOf(flow);
    this.#untilMs.delete(key);
    this.#untilMs.set(key, this.#clock.now() + Math.min(seconds * 1000, MAX_REST_MS));
    for (const oldest of this.#untilMs.keys()) {
      if (this.#untilMs.size <= MAX_SERVERS) break;
      this.#untilMs.delete(oldest);
    }
  }

  has(flow: SipFlow): boolean {
    const untilMs = this.#untilMs.get(keyOf(flow));
    return untilMs !== undefined && untilMs > this.#clock.now();
  }
}

function keyOf({ protocol, remote }: SipFlow): string {
  return `${protocol} ${remote.address} ${remote.port}`;
}
