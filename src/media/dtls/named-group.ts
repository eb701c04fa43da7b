import {
  createECDH,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
} from 'node:crypto';
import { HandshakeFault } from './handshake-fault.js';

/** A new key pair of ours for one association. */
export interface EphemeralKey {
  /** As it goes on the wire. */
  readonly publicPoint: Uint8Array;
  /** The premaster secret. Throws {@link HandshakeFault} for what is no public key of the group. */
  agree(peerPoint: Uint8Array): Uint8Array;
}

export const X25519 = 0x001d;
export const SECP256R1 = 0x0017;

/** The groups that we do, by their numbers (RFC 8422 section 5.1.1). */
const makers: ReadonlyMap<number, () => EphemeralKey> = new Map([
  [X25519, makeX25519],
  [SECP256R1, makeP256],
]);

/** The first of the peer's groups that we do. */
export function chooseGroup(offered: readonly number[]): number | undefined {
  return offered.find((group) => makers.has(group));
}

/** @param group of {@link chooseGroup} */
export function createEphemeralKey(group: number): EphemeralKey {
  const make = makers.get(group);
  if (make === undefined) throw new TypeError(`no such group: ${group}`);
  return make();
}

/** SubjectPublicKeyInfo of an X25519 key before the key itself (RFC 8410 section 4). */
const X25519_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');
const X25519_BYTES = 32;

function makeX25519(): EphemeralKey {
  const { publicKey, privateKey }: KeyPairKeyObjectResult = generateKeyPairSync('x25519');
  return {
    publicPoint: publicKey.export({ format: 'der', type: 'spki' }).subarray(X25519_PREFIX.length),
    agree: (point) => {
      if (point.length !== X25519_BYTES) throw noKey();
      try {
        // OpenSSL refuses points of small order, whose secret is all zeros (RFC 8422 section 5.11).
        return diffieHellman({ privateKey, publicKey: x25519Key(point) });
      } catch {
        throw noKey();
      }
    },
  };
}

function x25519Key(point: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([X25519_PREFIX, point]), format: 'der', type: 'spki' });
}

/** An uncompressed point: 4, x, y (RFC 8422 section 5.4.1). */
const P256_BYTES = 65;
const UNCOMPRESSED = 4;

function makeP256(): EphemeralKey {
  const ecdh = createECDH('prime256v1');
  return {
    publicPoint: ecdh.generateKeys(),
    agree: (point) => {
      if (point.length !== P256_BYTES || point[0] !== UNCOMPRESSED) throw noKey();
      try {
        // Points that are not on the curve are refused.
        return ecdh.computeSecret(point);
      } catch {
        throw noKey();
      }
    },
  };
}

function noKey(): HandshakeFault {
  return new HandshakeFault('illegal_parameter', "the peer's key share is no key of its group");
}
