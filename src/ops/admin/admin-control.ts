import type { CallSummary } from '../call-event.js';
import type { OutboundCallOutcome, OutboundCallRequest } from '../outbound-calls.js';

/** States of a registration. */
export const registrationStates = ['registering', 'registered', 'failed'] as const;

/** An extension that the connector is registered as, or tries to be. */
export interface RegistrationSummary {
  readonly registrar: string;
  readonly user: string;
  readonly state: (typeof registrationStates)[number];
  /** ISO 8601: when the registrar forgets us; `null` when it does not know us. */
  readonly expiresAt: string | null;
  /** Why the last attempt failed. */
  readonly failure: string | null;
}

/** The outcome of a reload: the new configuration is in force, or the old one still is. */
export type ReloadResult =
  | { readonly ok: true; readonly warnings: readonly string[] }
  /** `errors`: what is wrong with the new configuration, for a person to read; secrets taken out. */
  | { readonly ok: false; readonly errors: string };

/**
 * What the admin interface can do with a connector. Methods other than `reload` and `dial` answer at once; none throws or
 * rejects.
 */
export interface AdminControl {
  calls(): readonly CallSummary[];
  call(id: string): CallSummary | undefined;
  /** Begins to end the call. `false` when there is none of that id. */
  hangUp(id: string): boolean;
  /** Pauses or resumes the recording of a call: `undefined` when there is no such call, false when it has no recording. */
  pauseRecording(id: string, paused: boolean): boolean | undefined;
  /** Begins a call, or says why not. */
  dial(request: OutboundCallRequest): Promise<OutboundCallOutcome>;
  /** Whether new calls are taken; if not, why: short, without names of peers, since the answer needs no token. */
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  registrations(): readonly RegistrationSummary[];
  reload(): Promise<ReloadResult>;
  /** From here on no new calls are taken, and the process ends with the last one. Idempotent. */
  drain(): void;
}
