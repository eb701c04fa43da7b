import type { FlavorError } from '../../../flavor-api/index.js';

/** Where a job stands at the provider that was given it. `done` and `failed` are final. */
export type JobState = 'queued' | 'starting' | 'working' | 'done' | 'failed';

/** A job as the provider showed it at one look. */
export interface JobView {
  /** As the provider calls it: characters that may stand in a path. */
  readonly id: string;
  readonly state: JobState;
  /** What it has yielded since the last look, where jobs do; its parts are whatever the network sent. */
  readonly items: readonly unknown[];
  /** All that it has made, once it is done. Whatever the network sent. */
  readonly output: unknown;
  /** Why it failed, with `failed`. */
  readonly error?: FlavorError;
  /** Machine time it took, ms, where the provider has said so. */
  readonly machineMs?: number;
}

/** A provider that is given jobs and asked how they stand. */
export interface JobProvider {
  /**
   * Gives a job. Never called a second time for a job that may have been taken.
   *
   * @param signal Of the provider's own: whoever gives up meanwhile must still learn the id, to cancel it.
   */
  order(input: unknown, signal: AbortSignal): Promise<JobView>;
  /** @throws FlavorError, of which those that are retryable lead to another look */
  look(id: string, signal: AbortSignal): Promise<JobView>;
  cancel(id: string, signal: AbortSignal): Promise<void>;
}

/** An id as providers give them; what is none does not become part of a path. */
export function isJobId(id: string): boolean {
  return /^[\w-]{1,128}$/.test(id);
}
