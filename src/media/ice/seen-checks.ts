import { crc32 } from 'node:zlib';

/** A browser makes one check every few seconds for each way: this is half an hour or more, in 4 kB. */
const KEPT = 1_024;

/** Which transactions of the peer's checks have been seen, the last {@link KEPT} of them, by a sum of their ids. */
export class SeenChecks {
  readonly #sums = new Uint32Array(KEPT);
  #count = 0;

  /**
   * Notes a check.
   * @param transactionId of an authentic one: nobody else can push others out
   * @returns whether it was there before
   */
  note(transactionId: Uint8Array): boolean {
    const sum = crc32(transactionId);
    if (this.#sums.subarray(0, this.#count).includes(sum)) return true;
    this.#sums[this.#count % KEPT] = sum;
    this.#count += 1;
    return false;
  }
}
