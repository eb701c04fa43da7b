import type { Clock } from '../../../base/clock.js';
import type { StageIdentity, StageUsage } from '../../stages/stage.js';

/**
 * The time for which a request kept a machine, by the clock on this side: what one pays for who rents the machine. The
 * way there and back is a small part of it.
 */
export class MachineTime {
  readonly #identity: StageIdentity;
  readonly #clock: Clock;
  #fromMs: number;

  /** Begins now. */
  constructor(identity: StageIdentity, clock: Clock) {
    this.#identity = identity;
    this.#clock = clock;
    this.#fromMs = clock.now();
  }

  /** What has been used since the beginning, or since it was last asked. */
  used(): StageUsage {
    const nowMs = this.#clock.now();
    const quantity = Math.round(nowMs - this.#fromMs);
    this.#fromMs = nowMs;
    const { provider, model } = this.#identity;
    return { type: 'usage', provider, model, unit: 'machine-ms', quantity };
  }
}
