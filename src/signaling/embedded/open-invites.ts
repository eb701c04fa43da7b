import type { Clock } from '../../base/clock.js';

/** INVITEs of ours without a final response. At a stop all of them are cancelled, and whoever picks up meanwhile is to get ACK and BYE. */
export class OpenInvites {
  readonly #clock: Clock;
  readonly #open = new Set<object>();
  #onNone: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(invite: object): void {
    this.#open.add(invite);
  }

  delete(invite: object): void {
    if (this.#open.delete(invite) && this.#open.size === 0) this.#onNone();
  }

  /** Resolves when there are none, at the latest after `limitMs`. */
  none(limitMs: number): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const late = this.#clock.setTimeout(resolve, limitMs);
      this.#onNone = () => {
        this.#clock.clearTimeout(late);
        resolve();
      };
    });
  }
}
