import { createHmac } from 'node:crypto';

/** The pseudorandom function of TLS 1.2 (RFC 5246 section 5), P_SHA256. @param bytes how many are wanted */
export function prf(secret: Uint8Array, label: string, seed: Uint8Array, bytes: number): Uint8Array {
  const labelled = Buffer.concat([Buffer.from(label, 'latin1'), seed]);
  const hmac = (data: Uint8Array): Buffer => createHmac('sha256', secret).update(data).digest();
  const blocks: Buffer[] = [];
  let a: Uint8Array = labelled;
  for (let length = 0; length < bytes; length += 32) {
    a = hmac(a);
    blocks.push(hmac(Buffer.concat([a, labelled])));
  }
  return Buffer.concat(blocks).subarray(0, bytes);
}
