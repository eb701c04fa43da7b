import type { Random } from '../../../src/base/random.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** What an id of the service begins with. */
export type IdKind = 'event' | 'sess' | 'conv' | 'item' | 'resp' | 'call';

/** Makes ids as the service makes them: kind, underscore, 21 letters or digits. */
export class Ids {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  next(kind: IdKind): string {
    let id = `${kind}_`;
    for (let i = 0; i < 21; i += 1) id += ALPHABET[this.#random.integer(ALPHABET.length)];
    return id;
  }
}
