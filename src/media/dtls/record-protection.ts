import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import type { RecordKey } from './key-schedule.js';
import { DTLS_1_2, type DtlsRecord } from './record.js';

const EXPLICIT_NONCE_BYTES = 8;
const TAG_BYTES = 16;
/** What protection adds to a payload, bytes. */
export const PROTECTION_BYTES = EXPLICIT_NONCE_BYTES + TAG_BYTES;

/** AES-128-GCM on records of one direction (RFC 5288 section 3, RFC 6347 section 4.1.2.1). */
export class RecordProtection {
  readonly #key: KeyObject;
  readonly #iv: Uint8Array;

  constructor({ key, iv }: RecordKey) {
    this.#key = createSecretKey(key);
    this.#iv = iv;
  }

  /** The record with its payload protected. Its number is its nonce: none may come twice. */
  seal(record: DtlsRecord): DtlsRecord {
    const { payload } = record;
    const explicit = numberOf(record);
    const cipher = createCipheriv('aes-128-gcm', this.#key, Buffer.concat([this.#iv, explicit]));
    cipher.setAAD(associatedData(record, payload.length));
    const sealed = cipher.update(payload);
    cipher.final();
    return { ...record, payload: Buffer.concat([explicit, sealed, cipher.getAuthTag()]) };
  }

  /** The payload in the clear; `undefined` when it is not authentic. */
  open(record: DtlsRecord): Uint8Array | undefined {
    const { payload } = record;
    if (payload.length < PROTECTION_BYTES) return undefined;
    const nonce = Buffer.concat([this.#iv, payload.subarray(0, EXPLICIT_NONCE_BYTES)]);
    const decipher = createDecipheriv('aes-128-gcm', this.#key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(associatedData(record, payload.length - PROTECTION_BYTES));
    decipher.setAuthTag(payload.subarray(-TAG_BYTES));
    const plain = decipher.update(payload.subarray(EXPLICIT_NONCE_BYTES, -TAG_BYTES));
    try {
      decipher.final();
      return plain;
    } catch {
      return undefined;
    }
  }
}

/** Epoch and sequence number. */
function numberOf({ epoch, sequence }: DtlsRecord): Buffer {
  const bytes = Buffer.alloc(EXPLICIT_NONCE_BYTES);
  bytes.writeUInt16BE(epoch);
  bytes.writeUIntBE(sequence, 2, 6);
  return bytes;
}

/** @param plainBytes length of the payload in the clear */
function associatedData(record: DtlsRecord, plainBytes: number): Buffer {
  const rest = Buffer.alloc(5);
  rest[0] = record.type;
  rest.writeUInt16BE(DTLS_1_2, 1);
  rest.writeUInt16BE(plainBytes, 3);
  return Buffer.concat([numberOf(record), rest]);
}
