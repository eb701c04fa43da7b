import type { Random } from '../../../src/base/random.js';
import type { ProviderFault } from '../../../src/flavor-testkit/harness.js';

/** What happens before there is a WebSocket. */
export const connectFaults = [
  /** Nobody listens on the port. */
  'connect-refused',
  /** TCP is accepted, the upgrade is never answered. */
  'connect-hang',
  'upgrade-401',
  /** With `Retry-After`. */
  'upgrade-429',
  'upgrade-500',
  'upgrade-503',
  /** 101, then an `error` event and close code 3000, as the service answers a wrong key; ends connections that are up. */
  'invalid-api-key',
] as const;

/** What a connection does all along. */
export const lastingFaults = [
  /** Takes everything, says nothing. */
  'silent',
  /** A byte a second. */
  'trickle',
  /** `session.created` comes late. */
  'slow-session',
  /** The first audio of each response comes late. */
  'slow-audio',
  /** Does not answer a close frame, and leaves TCP open. */
  'late-close',
  /** Audio before the events that announce it. */
  'wrong-order',
  /** Each audio delta twice. */
  'duplicate-audio',
  /** Ten minutes of audio at once for each answer. */
  'audio-flood',
  /** More audio of a response that was cancelled. */
  'late-deltas',
  /** Responses end `failed` for want of money. */
  'insufficient-quota',
  /** Responses end `failed` for too many of them. */
  'rate-limit-exceeded',
  /** Responses end `failed` with `server_error`. */
  'response-failed',
] as const;

/** What happens at one moment: in the middle of speech, or while nobody speaks. */
export const momentaryFaults = [
  'close-1000',
  /** No close frame: as when the process dies. */
  'close-1006',
  'close-1011',
  /** An `error` event; all goes on. */
  'error-continue',
  /** An `error` event, then close code 1011. */
  'error-close',
  /** The end of the longest session: `session_expired`, then close code 1001. */
  'session-expired',
  /** A text frame that is no JSON; all goes on. */
  'malformed',
  /** A binary frame; all goes on. */
  'binary',
  /** A message of 32 MiB; all goes on. */
  'oversized',
  /** From here on, nothing is said. */
  'fall-silent',
] as const;

export const faultNames = [...connectFaults, ...lastingFaults, ...momentaryFaults] as const;

export type ConnectFault = (typeof connectFaults)[number];
export type LastingFault = (typeof lastingFaults)[number];
export type MomentaryFault = (typeof momentaryFaults)[number];
export type FaultName = (typeof faultNames)[number];

export interface FaultOptions {
  /** Connections that have it: those made from now on, those open now, or both. */
  readonly to: 'new' | 'open' | 'all';
  /** Of a connection having it, 0 to 1. */
  readonly probability: number;
  /** Only the next connection that gets it. */
  readonly once: boolean;
  /** When a momentary fault happens: with the first audio of an answer, or while the session is idle. */
  readonly when: 'speech' | 'idle';
  /** What `slow-session` and `slow-audio` wait, ms. */
  readonly delayMs: number;
  /** `Retry-After` of `upgrade-429`, seconds. */
  readonly retryAfterSeconds: number;
}

export const faultDefaults = {
  to: 'all',
  probability: 1,
  once: false,
  when: 'speech',
  delayMs: 10_000,
  retryAfterSeconds: 1,
} as const satisfies FaultOptions;

/** A fault that a connection has. */
export interface Fault {
  readonly name: FaultName;
  readonly options: FaultOptions;
}

/** What the contract tests mean: for connections to come, and for what is asked of those that are up. */
const kitFaults: Readonly<Record<ProviderFault, readonly FaultName[]>> = {
  unauthorized: ['invalid-api-key'],
  'rate-limited': ['upgrade-429', 'rate-limit-exceeded'],
  'server-error': ['upgrade-500', 'response-failed'],
  hang: ['silent'],
};

/** The faults meant by a name of this fake's or of the contract tests'. */
export function faultsNamed(name: FaultName | ProviderFault): readonly FaultName[] {
  return isFaultName(name) ? [name] : kitFaults[name];
}

export function isFaultName(name: string): name is FaultName {
  return (faultNames as readonly string[]).includes(name);
}

/** The faults that are on, and the dice. */
export class FaultPlan {
  readonly #random: Random;
  #faults: readonly Fault[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** Switches a fault on for new connections, if it is meant for them. */
  add(fault: Fault): void {
    if (fault.options.to !== 'open') this.#faults = [...this.#faults, fault];
  }

  clear(): void {
    this.#faults = [];
  }

  /** Whether nobody is to listen at all. */
  get deaf(): boolean {
    return this.#faults.some(({ name, options }) => name === 'connect-refused' && options.probability >= 1);
  }

  /** The faults that a new connection gets. */
  draw(): readonly Fault[] {
    const drawn = this.#faults.filter((fault) => this.strikes(fault));
    this.#faults = this.#faults.filter((fault) => !fault.options.once || !drawn.includes(fault));
    return drawn;
  }

  /** Throws the dice. */
  strikes({ options }: Fault): boolean {
    return this.#random.integer(1_000_000) < options.probability * 1_000_000;
  }
}
