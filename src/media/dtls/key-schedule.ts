import { prf } from './prf.js';

const MASTER_SECRET_BYTES = 48;
const VERIFY_DATA_BYTES = 12;
const KEY_BYTES = 16;
/** The implicit part of the nonce (RFC 5288 section 3). */
const IV_BYTES = 4;

/** The two random values of the hellos, 32 bytes each. */
export interface HelloRandoms {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** What one side protects its records with: AES-128-GCM. */
export interface RecordKey {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

export interface RecordKeys {
  readonly client: RecordKey;
  readonly server: RecordKey;
}

/** RFC 7627 section 4. @param sessionHash of all messages up to and with the ClientKeyExchange */
export function extendedMasterSecret(premaster: Uint8Array, sessionHash: Uint8Array): Uint8Array {
  return prf(premaster, 'extended master secret', sessionHash, MASTER_SECRET_BYTES);
}

/** RFC 5246 section 6.3, without keys for MACs, which GCM needs not. */
export function recordKeys(master: Uint8Array, { client, server }: HelloRandoms): RecordKeys {
  const block = prf(master, 'key expansion', Buffer.concat([server, client]), 2 * (KEY_BYTES + IV_BYTES));
  const ivs = block.subarray(2 * KEY_BYTES);
  return {
    client: { key: block.subarray(0, KEY_BYTES), iv: ivs.subarray(0, IV_BYTES) },
    server: { key: block.subarray(KEY_BYTES, 2 * KEY_BYTES), iv: ivs.subarray(IV_BYTES) },
  };
}

/** Of a Finished (RFC 5246 section 7.4.9). @param transcriptHash of all messages before it */
export function verifyData(master: Uint8Array, side: 'client' | 'server', transcriptHash: Uint8Array): Uint8Array {
  return prf(master, `${side} finished`, transcriptHash, VERIFY_DATA_BYTES);
}

/** RFC 5705 section 4, without a context. */
export function exportKeyingMaterial(
  master: Uint8Array,
  label: string,
  { client, server }: HelloRandoms,
  bytes: number,
): Uint8Array {
  return prf(master, label, Buffer.concat([client, server]), bytes);
}
