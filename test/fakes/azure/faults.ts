import type { Random } from '../../../src/base/random.js';
import type { ProviderFault } from '../../../src/flavor-testkit/harness.js';
import type { ServiceName } from './handshake.js';

/** What happens to a connection that is being made. */
export const connectFaults = [
  'connect-refused',
  /** Nothing is answered. */
  'connect-hang',
  'upgrade-401',
  'upgrade-403',
  'upgrade-429',
  'upgrade-500',
  'upgrade-503',
] as const;

/** What is wrong with a connection for good. */
export const lastingFaults = [
  /** Takes everything and says nothing. */
  'silent',
  /** Speech comes late. */
  'slow-audio',
  /** Chunks of audio end in the middle of a sample. */
  'odd-chunks',
  /** Audio of other turns is sent between that of this one. */
  'stray-audio',
  /** A stop is heard and not obeyed: the turn is spoken to its end. */
  'ignores-stop',
  /** Speech without end. */
  'audio-flood',
] as const;

/** What happens at one moment: in the middle of speech, or while nobody speaks. */
export const momentaryFaults = [
  'close-1000',
  /** No close frame: as when the process dies. */
  'close-1006',
  'close-1011',
  /** The request cannot be served as it is. */
  'close-1007',
  /** The resource is busy. */
  'close-4429',
  /** A frame without a header; all goes on. */
  'malformed',
  /** A message of 8 MiB; the client should not take it. */
  'oversized',
  /** From here on, nothing is said. */
  'fall-silent',
  /** The recogniser ends the turn without being asked to. */
  'turn-end',
  /** The recogniser gives up, with this status. */
  'phrase-error',
  'phrase-too-many-requests',
  'phrase-forbidden',
] as const;

export const faultNames = [...connectFaults, ...lastingFaults, ...momentaryFaults] as const;

export type FaultName = (typeof faultNames)[number];
export type MomentaryFault = (typeof momentaryFaults)[number];

export interface FaultOptions {
  /** Connections that have it: those made from now on, those open now, or both. */
  readonly to: 'new' | 'open' | 'all';
  /** Of a connection having it, 0 to 1. */
  readonly probability: number;
  /** Only the next connection that gets it. */
  readonly once: boolean;
  /** When a momentary fault happens: with the next speech that comes or goes, or at once. */
  readonly when: 'speech' | 'idle';
  /** What `slow-audio` waits, ms. */
  readonly delayMs: number;
  /** The service that has it; `undefined`: both. */
  readonly service: ServiceName | undefined;
}

export const faultDefaults = {
  to: 'all',
  probability: 1,
  once: false,
  when: 'speech',
  delayMs: 10_000,
  service: undefined,
} as const satisfies FaultOptions;

/** A fault that a connection has. */
export interface Fault {
  readonly name: FaultName;
  readonly options: FaultOptions;
}

/** What the contract tests mean. */
const kitFaults: Readonly<Record<ProviderFault, FaultName>> = {
  unauthorized: 'upgrade-401',
  'rate-limited': 'upgrade-429',
  'server-error': 'upgrade-500',
  hang: 'silent',
};

/** The fault meant by a name of this fake's or of the contract tests'. */
export function faultNamed(name: FaultName | ProviderFault): FaultName {
  return isFaultName(name) ? name : kitFaults[name];
}

export function isFaultName(name: string): name is FaultName {
  return (faultNames as readonly string[]).includes(name);
}

export function isMomentary(name: FaultName): name is MomentaryFault {
  return (momentaryFaults as readonly string[]).includes(name);
}

/** The faults that are on, and the dice. */
export class FaultPlan {
  readonly #random: Random;
  #faults: readonly Fault[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  add(fault: Fault): void {
    if (fault.options.to !== 'open') this.#faults = [...this.#faults, fault];
  }

  /** Takes away those of a service, or all. */
  clear(service?: ServiceName): void {
    this.#faults = service === undefined ? [] : this.#faults.filter(({ options }) => options.service !== service);
  }

  /** The faults that a new connection gets. */
  draw(service: ServiceName): readonly Fault[] {
    const drawn = this.#faults.filter((fault) => this.strikes(fault, service));
    this.#faults = this.#faults.filter((fault) => !fault.options.once || !drawn.includes(fault));
    return drawn;
  }

  /** Throws the dice. */
  strikes({ options }: Fault, service: ServiceName): boolean {
    if (options.service !== undefined && options.service !== service) return false;
    return this.#random.integer(1_000_000) < options.probability * 1_000_000;
  }
}
