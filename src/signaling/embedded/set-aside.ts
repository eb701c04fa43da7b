import type { Clock } from '../../base/clock.js';
import { RestingTargets } from '../resting-targets.js';
import { peerKey, type SipFlow } from './transport/sip-transport.js';

/** Servers that answered 503 with Retry-After, by the flows that end at them: see {@link RestingTargets}. */
export class SetAside {
  readonly #resting: RestingTargets;

  constructor(clock: Clock) {
    this.#resting = new RestingTargets(clock);
  }

  /** Leaves the server at the end of `flow` alone for so long. */
  add(flow: SipFlow, seconds: number): void {
    this.#resting.add(peerKey(flow), seconds);
  }

  has(flow: SipFlow): boolean {
    return this.#resting.has(peerKey(flow));
  }
}
