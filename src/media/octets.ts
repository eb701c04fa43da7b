/** Numbers in packets: most significant octet first. No lengths are checked: that is for whoever knows what it reads. */

export function readUint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return ((readUint16(bytes, offset) << 16) | readUint16(bytes, offset + 2)) >>> 0;
}

/** @param value 32 bits of it are used */
export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** Exclusive-ors 32 bits. */
export function mixUint32(bytes: Uint8Array, offset: number, value: number): void {
  writeUint32(bytes, offset, readUint32(bytes, offset) ^ value);
}

/** Whether `length` bytes are the same, in a time that does not say where they differ. */
export function sameOctets(a: Uint8Array, aOffset: number, b: Uint8Array, bOffset: number, length: number): boolean {
  let difference = 0;
  for (let i = 0; i < length; i += 1) difference |= (a[aOffset + i] as number) ^ (b[bOffset + i] as number);
  return difference === 0;
}
