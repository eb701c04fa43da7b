import type { CallEvent } from '../../../src/ops/call-event.js';
import type { ListeningAddress } from '../../../src/signaling/port.js';

/** What the process holds, after a full garbage collection. */
export interface ProcessResources {
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly descriptors: number;
  /** Active libuv resources by type: timers, sockets. */
  readonly active: Readonly<Record<string, number>>;
  readonly calls: number;
  readonly mediaPorts: { readonly open: number; readonly resting: number; readonly free: number };
}

/** Things that must not happen in a process, counted. */
export interface ProcessTroubles {
  readonly unhandledRejections: readonly string[];
  readonly uncaughtExceptions: readonly string[];
  readonly warnings: readonly string[];
}

/** How long its event loop has not come round, since it was last asked. */
export interface ProcessStalls {
  /** By the clock, ms: on a machine with other things to do that is not the process's fault alone. */
  readonly longestMs: number;
  /** The longest in which the process itself was at work all the time, ms of processor time. */
  readonly longestBusyMs: number;
}

/** The connector in a process of its own. */
export type ConnectorApi = {
  /** Loads the YAML text and starts; `env` stands in for the environment. */
  start(params: {
    readonly yaml: string;
    readonly directory: string;
    readonly env: Readonly<Record<string, string>>;
    /** It does not tell of its calls: what is on its way to the parent would count as its own memory. */
    readonly quiet: boolean;
  }): Promise<{
    readonly sip: readonly ListeningAddress[];
    readonly sipPort: number;
    readonly admin: { readonly host: string; readonly port: number };
  }>;
  resources(params: undefined): Promise<ProcessResources>;
  troubles(params: undefined): ProcessTroubles;
  stalls(params: undefined): ProcessStalls;
  /** Whether the main thread is kept busy with garbage: much is made all the time, and all of it collected five times a second. */
  strain(params: { readonly on: boolean }): void;
};

/** A call event with the moment it reached its listener, on the machine's clock. */
export interface ConnectorEvent {
  readonly atMachineMs: number;
  readonly event: CallEvent;
}
