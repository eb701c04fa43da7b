/** Where SDP has master keys (RFC 4568 section 6.1): `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^48`. */
const CRYPTO = Buffer.from('a=crypto:');
/** In any letter case: it is the name of a method (RFC 5234 section 2.3), and our own reader takes it so. */
const INLINE = 'inline:';
const CR = 0x0d;
const LF = 0x0a;
const MASK = 0x78;

/**
 * A SIP message whose SRTP keys are replaced by as many `x`: a capture goes over the network in the clear, and whoever has the keys
 * hears the call. The message itself where it has none; never changes what is given.
 */
export function withoutSrtpKeys(message: Uint8Array): Uint8Array {
  const read = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  let masked: Buffer | undefined;
  let end = 0;
  for (let line = read.indexOf(CRYPTO); line >= 0; line = read.indexOf(CRYPTO, end)) {
    end = lineEnd(read, line);
    // Nothing is looked for beyond the line, and nothing twice: a message may be made of such lines.
    const text = read.toString('latin1', line, end).toLowerCase();
    for (let at = text.indexOf(INLINE); at >= 0; at = text.indexOf(INLINE, at + 1)) {
      masked ??= Buffer.from(read);
      for (let key = line + at + INLINE.length; key < end && isOfKey(read[key] ?? 0); key += 1) masked[key] = MASK;
    }
  }
  return masked ?? message;
}

function lineEnd(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at += 1) if (bytes[at] === CR || bytes[at] === LF) return at;
  return bytes.length;
}

/** Base64. */
function isOfKey(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2f ||
    byte === 0x3d
  );
}
