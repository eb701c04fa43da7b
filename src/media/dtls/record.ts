import { readUint16, readUint32 } from '../octets.js';

/** RFC 6347 section 4.1: type, version, epoch, sequence number (48 bits), length. */
export const RECORD_HEADER_BYTES = 13;
/** RFC 5246 section 6.2.3: no ciphertext is longer. */
const MAX_PAYLOAD_BYTES = 2 ** 14 + 2048;
export const DTLS_1_2 = 0xfefd;
/** A first ClientHello may come in records that say so (RFC 6347 section 4.1). */
const DTLS_1_0 = 0xfeff;

/** Content types (RFC 5246 section 6.2.1). */
export const contentType = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
} as const;

export interface DtlsRecord {
  readonly type: number;
  readonly epoch: number;
  /** 48 bits. */
  readonly sequence: number;
  /** A view: protected unless the epoch is 0. */
  readonly payload: Uint8Array;
}

/** The records of a datagram, up to the first that is none. @param datagram borrowed */
export function parseRecords(datagram: Uint8Array): readonly DtlsRecord[] {
  const records: DtlsRecord[] = [];
  let at = 0;
  while (at + RECORD_HEADER_BYTES <= datagram.length) {
    const version = readUint16(datagram, at + 1);
    const length = readUint16(datagram, at + 11);
    const end = at + RECORD_HEADER_BYTES + length;
    if ((version !== DTLS_1_2 && version !== DTLS_1_0) || length > MAX_PAYLOAD_BYTES || end > datagram.length) break;
    records.push({
      type: datagram[at] as number,
      epoch: readUint16(datagram, at + 3),
      sequence: readUint16(datagram, at + 5) * 2 ** 32 + readUint32(datagram, at + 7),
      payload: datagram.subarray(at + RECORD_HEADER_BYTES, end),
    });
    at = end;
  }
  return records;
}

/** A record of DTLS 1.2. */
export function writeRecord({ type, epoch, sequence, payload }: DtlsRecord): Uint8Array {
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES + payload.length);
  bytes[0] = type;
  bytes.writeUInt16BE(DTLS_1_2, 1);
  bytes.writeUInt16BE(epoch, 3);
  bytes.writeUIntBE(sequence, 5, 6);
  bytes.writeUInt16BE(payload.length, 11);
  bytes.set(payload, RECORD_HEADER_BYTES);
  return bytes;
}
