import type { Random } from '../../../src/base/random.js';
import type { ProviderFault } from '../../../src/flavor-testkit/harness.js';
import type { ServiceName } from './handshake.js';

/** What happens before there is a WebSocket. */
export const connectFaults = [
  /** The connection is reset. */
  'connect-refused',
  /** TCP is accepted, the upgrade is never answered. */
  'connect-hang',
  'upgrade-400',
  'upgrade-401',
  /** The account is out of credit. */
  'upgrade-402',
  'upgrade-403',
  /** More connections than the plan allows. */
  'upgrade-429',
  'upgrade-500',
  'upgrade-503',
] as const;

export const lastingFaults = [
  /** Takes everything, says nothing. */
  'silent',
  /** Does not answer a close frame, and leaves TCP open. */
  'late-close',
  /** Listen v1: the final segment ends the speech with an empty one after it. */
  'empty-speech-final',
  /** Listen v1: as on a noisy line, nothing but `UtteranceEnd` ends the speech. */
  'no-speech-final',
  /** Listen v1: `UtteranceEnd` comes again later, without a word (`last_word_end` -1). */
  'duplicate-utterance-end',
  /** Speak, agent: audio in pieces of odd length. */
  'odd-chunks',
  /** Speak, agent: the first audio comes late. */
  'slow-audio',
  /** Speak: ten minutes of audio for every text. */
  'audio-flood',
  /** Speak: no `Cleared` after `Clear`. Agent: audio goes on after `UserStartedSpeaking`. */
  'late-audio',
  /** Agent: every answer ends in an `Error` of the model's. */
  'think-failed',
] as const;

/** What happens at one moment: in the middle of speech, or while nobody speaks. */
export const momentaryFaults = [
  'close-1000',
  /** No close frame: as when the process dies. */
  'close-1006',
  /** NET-0000: the service stalled. */
  'close-1011',
  /** DATA-0000: the audio cannot be decoded. */
  'close-1008',
  /** A `Warning`; all goes on. */
  'warning',
  /** An `Error`, then close code 1011. */
  'error-close',
  /** A text frame that is no JSON; all goes on. */
  'malformed',
  /** A message of 8 MiB; the client should not take it. */
  'oversized',
  /** From here on, nothing is said. */
  'fall-silent',
] as const;

export const faultNames = [...connectFaults, ...lastingFaults, ...momentaryFaults] as const;

export type ConnectFault = (typeof connectFaults)[number];
export type LastingFault = (typeof lastingFaults)[number];
export type MomentaryFault = (typeof momentaryFaults)[number];
export type FaultName = (typeof faultNames)[number];

/** A part of the service that can fail while the others work. */
export type ServicePart = 'listen' | 'speak' | 'agent';

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
  /** The part that has it; `undefined`: all. */
  readonly part: ServicePart | undefined;
}

export const faultDefaults = {
  to: 'all',
  probability: 1,
  once: false,
  when: 'speech',
  delayMs: 10_000,
  part: undefined,
} as const satisfies FaultOptions;

/** A fault that a connection has. */
export interface Fault {
  readonly name: FaultName;
  readonly options: FaultOptions;
}

/** What the contract tests mean. */
const kitFaults: Readonly<Record<ProviderFault, readonly FaultName[]>> = {
  unauthorized: ['upgrade-401'],
  'rate-limited': ['upgrade-429'],
  'server-error': ['upgrade-500'],
  hang: ['silent'],
};

/** The faults meant by a name of this fake's or of the contract tests'. */
export function faultsNamed(name: FaultName | ProviderFault): readonly FaultName[] {
  return isFaultName(name) ? [name] : kitFaults[name];
}

export function isFaultName(name: string): name is FaultName {
  return (faultNames as readonly string[]).includes(name);
}

export function isMomentary(name: FaultName): name is MomentaryFault {
  return (momentaryFaults as readonly string[]).includes(name);
}

export function partOf(service: ServiceName): ServicePart {
  return service === 'listen-v1' || service === 'listen-v2' ? 'listen' : service;
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

  /** Takes away those of a part, or all. */
  clear(part?: ServicePart): void {
    this.#faults = part === undefined ? [] : this.#faults.filter(({ options }) => options.part !== part);
  }

  /** The faults that a new connection gets. */
  draw(part: ServicePart): readonly Fault[] {
    const drawn = this.#faults.filter((fault) => this.strikes(fault, part));
    this.#faults = this.#faults.filter((fault) => !fault.options.once || !drawn.includes(fault));
    return drawn;
  }

  /** Throws the dice. */
  strikes({ options }: Fault, part: ServicePart): boolean {
    if (options.part !== undefined && options.part !== part) return false;
    return this.#random.integer(1_000_000) < options.probability * 1_000_000;
  }
}
