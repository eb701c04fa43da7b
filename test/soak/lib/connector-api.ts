import type { CallEvent } from '../../../src/ops/call-event.js';

/** What the process holds, after a full garbage collection. */
export interface ProcessResources {
  readonly heapBytes: number;
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

/** The connector in a process of its own. */
export type ConnectorApi = {
  /** Loads the YAML text and starts; `env` stands in for the environment. */
  start(params: {
    readonly yaml: string;
    readonly directory: string;
    readonly env: Readonly<Record<string, string>>;
  }): Promise<{ readonly sipPort: number; readonly admin: { readonly host: string; readonly port: number } }>;
  resources(params: undefined): Promise<ProcessResources>;
  troubles(params: undefined): ProcessTroubles;
};

/** A call event with the moment it reached its listener, on the machine's clock. */
export interface ConnectorEvent {
  readonly atMachineMs: number;
  readonly event: CallEvent;
}
