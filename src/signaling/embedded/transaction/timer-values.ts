/** The three base values all SIP timers are made of (RFC 3261 table 4), ms. */
export interface TimerOptions {
  /** Estimate of the round trip. */
  readonly t1Ms: number;
  /** Longest gap between retransmissions of anything but an INVITE request. */
  readonly t2Ms: number;
  /** How long a message may linger in the network. */
  readonly t4Ms: number;
}

/** RFC 3261 section 17.1.1.1: what an endpoint uses that knows nothing better of its network. */
export const timerDefaults = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 } as const satisfies TimerOptions;

/** Names of RFC 3261 and RFC 6026. C is a proxy's and has no place here. */
export type TimerName = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M';

/** All transaction timers, ms, for one kind of transport. */
export interface TimerValues {
  /** A, E and G rest where the transport retransmits by itself. */
  readonly retransmits: boolean;
  /** First gap of A, E and G. */
  readonly t1Ms: number;
  /** Cap of E and G. */
  readonly t2Ms: number;
  /** INVITE client: no response at all. */
  readonly bMs: number;
  /** INVITE client: wait for retransmitted final responses; 0 = none can come. */
  readonly dMs: number;
  /** Non-INVITE client: no final response. */
  readonly fMs: number;
  /** INVITE server: no ACK. */
  readonly hMs: number;
  /** INVITE server: wait for retransmitted ACKs. */
  readonly iMs: number;
  /** Non-INVITE server: wait for retransmitted requests. */
  readonly jMs: number;
  /** Non-INVITE client: wait for retransmitted responses. */
  readonly kMs: number;
  /** INVITE server after a 2xx (RFC 6026): absorb retransmitted INVITEs. */
  readonly lMs: number;
  /** INVITE client after a 2xx (RFC 6026): further 2xx, retransmitted or of other forks. */
  readonly mMs: number;
}

/** RFC 3261 section 17.1.1.2: D is at least this on an unreliable transport, ms. */
const MIN_TIMER_D_MS = 32_000;

/** RFC 3261 table 4 and RFC 6026 section 7 for one kind of transport. */
export function timerValues(options: TimerOptions, reliable: boolean): TimerValues {
  const patienceMs = 64 * options.t1Ms;
  return {
    retransmits: !reliable,
    t1Ms: options.t1Ms,
    t2Ms: options.t2Ms,
    bMs: patienceMs,
    dMs: reliable ? 0 : Math.max(patienceMs, MIN_TIMER_D_MS),
    fMs: patienceMs,
    hMs: patienceMs,
    iMs: reliable ? 0 : options.t4Ms,
    jMs: reliable ? 0 : patienceMs,
    kMs: reliable ? 0 : options.t4Ms,
    lMs: patienceMs,
    mMs: patienceMs,
  };
}
