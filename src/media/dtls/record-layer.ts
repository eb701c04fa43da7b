import { ReplayWindow } from '../srtp/replay-window.js';
import type { RecordKey } from './key-schedule.js';
import { type DtlsRecord, writeRecord } from './record.js';
import { RecordProtection } from './record-protection.js';

/**
 * Numbers and protects our records, and opens the peer's (RFC 6347 section 4.1). There are two epochs: 0 in the clear, 1
 * protected. What is not authentic, came before, or is of another epoch is dropped without a word (section 4.1.2.7).
 */
export class RecordLayer {
  readonly #sequences = [0, 0];
  readonly #window = new ReplayWindow();
  #local: RecordProtection | undefined;
  #remote: RecordProtection | undefined;

  /** From now on epoch 1 can be written and read. */
  protect(local: RecordKey, remote: RecordKey): void {
    this.#local = new RecordProtection(local);
    this.#remote = new RecordProtection(remote);
  }

  /** The next record of an epoch, as it goes on the wire. */
  write(epoch: 0 | 1, type: number, payload: Uint8Array): Uint8Array {
    const sequence = this.#sequences[epoch] as number;
    this.#sequences[epoch] = sequence + 1;
    const record = { type, epoch, sequence, payload };
    if (epoch === 0) return writeRecord(record);
    if (this.#local === undefined) throw new TypeError('no keys for epoch 1 yet');
    return writeRecord(this.#local.seal(record));
  }

  /** The payload in the clear, of epoch 0 as it came; `undefined` for what is to be dropped. */
  open(record: DtlsRecord): Uint8Array | undefined {
    if (record.epoch === 0) return record.payload;
    if (record.epoch !== 1 || this.#remote === undefined) return undefined;
    if (this.#window.isReplay(record.sequence)) return undefined;
    const payload = this.#remote.open(record);
    if (payload !== undefined) this.#window.record(record.sequence);
    return payload;
  }
}
