import type { Random } from '../../base/random.js';
import { isSameRemote, type RemoteAddress } from '../sockets/remote-address.js';

/** Addresses that may make us change: whoever sends from one port after the other changes nothing any more. */
const MAX_CONFLICTS = 4;

/** Our SSRC, and who else has used it (RFC 3550 section 8.2). */
export class LocalSource {
  readonly #random: Random;
  readonly #conflicts: RemoteAddress[] = [];
  #ssrc: number;

  constructor(random: Random) {
    this.#random = random;
    this.#ssrc = random.integer(2 ** 32);
  }

  get ssrc(): number {
    return this.#ssrc;
  }

  /**
   * A packet with our SSRC came from there. True: that is a collision, and {@link renew} is due. From an address that has
   * collided before it is our own packet that comes back, by an echo or a loop: another SSRC would come back as well.
   */
  collidesWith(from: RemoteAddress): boolean {
    const { length } = this.#conflicts;
    if (length === MAX_CONFLICTS || this.#conflicts.some((known) => isSameRemote(from, known))) return false;
    this.#conflicts.push(from);
    return true;
  }

  renew(): void {
    const before = this.#ssrc;
    while (this.#ssrc === before) this.#ssrc = this.#random.integer(2 ** 32);
  }
}
