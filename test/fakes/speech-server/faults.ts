import type { ProviderFault } from '../../../src/flavor-testkit/harness.js';

/** Ways in which every server of speech can fail. */
export const speechFaults = [
  /** The connection is closed before a word. */
  'refused',
  /** The request is taken, and nothing comes. */
  'hang',
  '401',
  '402',
  '403',
  '404',
  '429',
  '500',
  '503',
  /** Speech begins, and the connection is cut. */
  'cut',
  /** Speech begins, and the body ends as if that were all. */
  'truncated',
  /** Speech begins, and nothing follows. */
  'stall',
  /** A header, and no samples. */
  'header-only',
  /** A body of 0 bytes. */
  'empty',
  /** Pieces of the body end within samples, and within the header. */
  'odd-chunks',
  /** The first byte comes late: as when a machine starts. See `delayMs`. */
  'slow-first-byte',
  /** A page of some proxy instead of sound, with status 200. */
  'html',
  /** Speech without end. */
  'flood',
] as const;

export type SpeechFault = (typeof speechFaults)[number];

export interface SpeechFaultOptions {
  /** How many requests it meets. Default: all, until `recover`. */
  readonly times?: number;
  /** What `slow-first-byte` waits. Default: 5 s. */
  readonly delayMs?: number;
  /** `Retry-After` of 429 and 503, seconds. */
  readonly retryAfterSeconds?: number;
  /** Of the speech, before `cut`, `truncated` and `stall`. Default: 0.5. */
  readonly after?: number;
  /** The same as a length, ms; of bodies that are samples and nothing else. */
  readonly afterMs?: number;
  /** Requests that pass before it meets one. Default: none. */
  readonly skip?: number;
  /** The server is gone after that: it refuses everything, until `recover`. */
  readonly dead?: boolean;
}

/** What the contract tests mean. */
export const kitFaults: Readonly<Record<ProviderFault, SpeechFault>> = {
  unauthorized: '401',
  'rate-limited': '429',
  'server-error': '500',
  hang: 'hang',
};

export function isSpeechFault(name: string): name is SpeechFault {
  return (speechFaults as readonly string[]).includes(name);
}

/** The faults that meet one request. */
export type MetFaults<Name extends string> = ReadonlyMap<Name, SpeechFaultOptions>;

/** The faults that are switched on. `Name`: the common ones, and a server's own. */
export class SpeechFaults<Name extends string = SpeechFault> {
  #armed: { readonly name: Name; left: number; skip: number; readonly options: SpeechFaultOptions }[] = [];

  add(name: Name, options: SpeechFaultOptions = {}): void {
    this.#armed.push({ name, left: options.times ?? Number.POSITIVE_INFINITY, skip: options.skip ?? 0, options });
  }

  clear(): void {
    this.#armed = [];
  }

  has(name: Name): boolean {
    return this.#armed.some((fault) => fault.name === name);
  }

  /** What meets the next request. */
  take(): MetFaults<Name> {
    const met = new Map<Name, SpeechFaultOptions>();
    for (const fault of this.#armed) {
      if (fault.skip > 0) {
        fault.skip -= 1;
        continue;
      }
      fault.left -= 1;
      met.set(fault.name, fault.options);
    }
    this.#armed = this.#armed.filter(({ left }) => left > 0);
    return met;
  }
}
