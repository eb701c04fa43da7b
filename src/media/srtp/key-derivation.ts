import { createCipheriv } from 'node:crypto';

const MASTER_KEY_BYTES = 16;
/** Of AES-CM (RFC 3711). AEAD has 12, filled up with zeros for the derivation (RFC 7714 section 11). */
const PADDED_SALT_BYTES = 14;
const AUTH_KEY_BYTES = 20;
const LABEL_AT = 7;

/** Labels of RFC 3711 sections 4.3.1 and 4.3.2: encryption, authentication, salt. */
const labels = { rtp: [0, 1, 2], rtcp: [3, 4, 5] } as const;

/** What one protocol's packets of one direction are protected with. */
export interface SessionKeys {
  readonly cipherKey: Uint8Array;
  /** Of HMAC-SHA1; AEAD needs none. */
  readonly authKey: Uint8Array;
  readonly salt: Uint8Array;
}

/**
 * Session keys from a master key, at a key derivation rate of 0 (RFC 3711 section 4.3).
 * @param master master key and salt, one after the other: 16 and 14 bytes, with AEAD 16 and 12
 */
export function deriveSessionKeys(master: Uint8Array, protocol: 'rtp' | 'rtcp'): SessionKeys {
  const key = master.subarray(0, MASTER_KEY_BYTES);
  const salt = master.subarray(MASTER_KEY_BYTES);
  const [cipher, auth, salting] = labels[protocol];
  return {
    cipherKey: derive(key, salt, cipher, MASTER_KEY_BYTES),
    authKey: derive(key, salt, auth, AUTH_KEY_BYTES),
    salt: derive(key, salt, salting, salt.length),
  };
}

/** Section 4.3.3: the key stream of AES counter mode that begins at the salt, with the label in it. */
function derive(key: Uint8Array, salt: Uint8Array, label: number, bytes: number): Uint8Array {
  const start = Buffer.alloc(PADDED_SALT_BYTES + 2);
  start.set(salt);
  start[LABEL_AT] = (start[LABEL_AT] as number) ^ label;
  return createCipheriv('aes-128-ctr', key, start).update(Buffer.alloc(bytes));
}
