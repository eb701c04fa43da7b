/** Distinguished encoding rules (ITU-T X.690), as much as a certificate needs. */

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(TAG.sequence, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Uint8Array {
  return element(TAG.set, ...parts);
}

/** `[number]`, EXPLICIT. */
export function tagged(number: number, part: Uint8Array): Uint8Array {
  return element(0xa0 | number, part);
}

/** @param bytes of a number that is not negative, most significant first */
export function integer(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const significant = first < 0 ? Uint8Array.of(0) : bytes.subarray(first);
  return (significant[0] as number) < 0x80
    ? element(TAG.integer, significant)
    : element(TAG.integer, Uint8Array.of(0), significant);
}

/** Whole bytes. */
export function bitString(bytes: Uint8Array): Uint8Array {
  return element(TAG.bitString, Uint8Array.of(0), bytes);
}

export function utf8String(text: string): Uint8Array {
  return element(TAG.utf8String, Buffer.from(text));
}

/** @param text such as `2.5.4.3` */
export function objectIdentifier(text: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return element(TAG.objectIdentifier, Uint8Array.from([40 * first + second, ...rest].flatMap(base128)));
}

/** As RFC 5280 section 4.1.2.5 has it: UTCTime until 2049. @param atMs since the Unix epoch; seconds are whole */
export function time(atMs: number): Uint8Array {
  const digits = `${new Date(atMs).toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
  return digits < '2050'
    ? element(TAG.utcTime, Buffer.from(digits.slice(2)))
    : element(TAG.generalizedTime, Buffer.from(digits));
}

function base128(value: number): readonly number[] {
  const groups = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) groups.unshift((rest & 0x7f) | 0x80);
  return groups;
}

function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.of(tag, ...lengthOf(content.length)), content]);
}

/** @param bytes less than 2^16 */
function lengthOf(bytes: number): readonly number[] {
  if (bytes < 0x80) return [bytes];
  return bytes < 0x100 ? [0x81, bytes] : [0x82, bytes >>> 8, bytes & 0xff];
}
