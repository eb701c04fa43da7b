import type { CallOutcome } from '../call/call-state.js';
import { type CallIdentity, unansweredSummary } from '../call/record-builder.js';
import { RETRY_AFTER_SECONDS, statusWhenTold } from '../call/refusal.js';
import type { CallSummary } from '../ops/call-event.js';
import type { InboundLeg } from '../signaling/port.js';
import type { RegisteredCall } from './call-registry.js';

/**
 * An INVITE that was admitted and waits for its settings: counted, seen and ended like a call, which it becomes when they
 * are there.
 */
export class PendingCall implements RegisteredCall {
  readonly #identity: CallIdentity;
  readonly #leg: InboundLeg;
  readonly #abort = new AbortController();
  #outcome: CallOutcome | undefined;

  /** Listens to the leg from now on. */
  constructor(identity: CallIdentity, leg: InboundLeg) {
    this.#identity = identity;
    this.#leg = leg;
    leg.listen((event) => {
      if (event.type !== 'ended') return;
      // Nobody knows whether the caller has hung up where the SIP server, or the way to it, is gone.
      if (event.end.by === 'transport') this.#end({ endedBy: 'connector', cause: 'unreachable', status: 503 });
      else this.#end({ endedBy: 'caller', cause: 'cancelled', status: event.end.status || 487 });
    });
  }

  get id(): string {
    return this.#identity.id;
  }

  /** Aborts when nobody waits for the settings any more. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why it is over; `undefined` while it is not. */
  get outcome(): CallOutcome | undefined {
    return this.#outcome;
  }

  summary(): CallSummary {
    return unansweredSummary(this.#identity, 'preparing');
  }

  /** Nobody has answered yet. */
  pauseRecording(): boolean {
    return false;
  }

  end(by: 'admin' | 'drain'): void {
    const status = statusWhenTold(by);
    this.#end({ endedBy: 'connector', cause: by, status });
    this.#leg.reject(status, by === 'drain' ? { retryAfterSeconds: RETRY_AFTER_SECONDS } : {});
  }

  #end(outcome: CallOutcome): void {
    this.#outcome ??= outcome;
    this.#abort.abort();
  }
}
