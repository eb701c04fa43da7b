/** An unsigned number, most significant byte first. @param bytes at most 6 */
export function unsigned(value: number, bytes: number): Uint8Array {
  const out = Buffer.alloc(bytes);
  out.writeUIntBE(value, 0, bytes);
  return out;
}

export function uint16(value: number): Uint8Array {
  return unsigned(value, 2);
}

/** A vector of variable length (RFC 5246 section 4.3). @param lengthBytes of its length: 1 to 3 */
export function vector(lengthBytes: 1 | 2 | 3, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([unsigned(length, lengthBytes), ...parts]);
}
