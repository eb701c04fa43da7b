import type { SrtpSuite } from '../engine.js';
import { AeadProtection } from './aead-protection.js';
import { CounterModeProtection } from './counter-mode-protection.js';
import { deriveSessionKeys } from './key-derivation.js';
import type { PacketProtection } from './packet-protection.js';

/** @param master master key and salt, as SDP has them: 30 bytes, 28 for AEAD */
export function createProtection(suite: SrtpSuite, master: Uint8Array): PacketProtection {
  const rtp = deriveSessionKeys(master, 'rtp');
  const rtcp = deriveSessionKeys(master, 'rtcp');
  switch (suite) {
    case 'AES_CM_128_HMAC_SHA1_80':
      return new CounterModeProtection(rtp, rtcp, 10);
    case 'AES_CM_128_HMAC_SHA1_32':
      return new CounterModeProtection(rtp, rtcp, 4);
    case 'AEAD_AES_128_GCM':
      return new AeadProtection(rtp, rtcp);
  }
}
