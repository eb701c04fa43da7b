import { createHmac } from 'node:crypto';
import { SocketAddress } from 'node:net';
import { crc32 } from 'node:zlib';

/**
 * The other end of a check: requests as a browser sends them, and what the answers say. It shares nothing with the code
 * under test. Vectors: RFC 5769 section 2.
 */

export const VECTOR_PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';
const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

export const vectorRequest = hex(`
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae
  80220010 5354554e 20746573 7420636c 69656e74
  00240004 6e0001ff
  80290008 932ff9b1 51263b36
  00060009 6576746a 3a683676 59202020
  00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
  80280004 e57a3bcf`);

export const responseVectors = [
  {
    address: '192.0.2.1',
    port: 32_853,
    bytes: hex(`
      0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
      8022000b 74657374 20766563 746f7220
      00200008 0001a147 e112a643
      00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
      80280004 c07d4c96`),
  },
  {
    address: '2001:db8:1234:5678:11:2233:4455:6677',
    port: 32_853,
    bytes: hex(`
      01010048 2112a442 b7e7a701 bc34d686 fa87dfae
      8022000b 74657374 20766563 746f7220
      00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
      00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
      80280004 c8fb0b4c`),
  },
] as const;

export type StunAttribute = readonly [type: number, value: Uint8Array];

export const PRIORITY: StunAttribute = [0x0024, Buffer.from('6e0001ff', 'hex')];
export const USE_CANDIDATE: StunAttribute = [0x0025, Buffer.alloc(0)];
export const CONTROLLING: StunAttribute = [0x802a, Buffer.alloc(8, 5)];
export const CONTROLLED: StunAttribute = [0x8029, Buffer.alloc(8, 5)];
/** RFC 8489 section 14.6: of the long-term credentials, which have no place here. */
export const REALM: StunAttribute = [0x0014, Buffer.from('realm')];

export interface CheckOptions {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly type?: number;
  readonly transactionId?: Uint8Array;
  readonly attributes?: readonly StunAttribute[];
  readonly fingerprint?: boolean;
}

let transactions = 0;

/** A Binding request. Default: of the controlling agent, without USE-CANDIDATE. */
export function stunCheck(options: CheckOptions): Buffer {
  const { username, password, type = 1, attributes = [PRIORITY, CONTROLLING], fingerprint = true } = options;
  transactions += 1;
  const header = Buffer.alloc(20);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(0x2112_a442, 4);
  header.set(options.transactionId ?? Buffer.from(transactions.toString(16).padStart(24, '0'), 'hex'), 8);
  let bytes = header;
  const add = (attribute: number, value: Uint8Array, padding = 0): void => {
    const part = Buffer.alloc(4 + ((value.length + 3) & ~3), padding);
    part.writeUInt16BE(attribute, 0);
    part.writeUInt16BE(value.length, 2);
    part.set(value, 4);
    bytes = Buffer.concat([bytes, part]);
  };
  /** The length counts an attribute of so many bytes that is still to come. */
  const announce = (more: number): void => void bytes.writeUInt16BE(bytes.length - 20 + more, 2);
  if (username !== undefined) add(0x0006, Buffer.from(username), 0x20);
  for (const [attribute, value] of attributes) add(attribute, value);
  if (password !== undefined) {
    announce(24);
    add(0x0008, createHmac('sha1', password).update(bytes).digest());
  }
  if (fingerprint) {
    announce(8);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE((crc32(bytes) ^ 0x5354_554e) >>> 0);
    add(0x8028, sum);
  }
  announce(0);
  return bytes;
}

/** The values of an attribute in a message. */
export function attributeOf(bytes: Uint8Array, wanted: number): Buffer | undefined {
  const message = Buffer.from(bytes);
  for (let at = 20; at < message.length; at += 4 + ((message.readUInt16BE(at + 2) + 3) & ~3)) {
    const length = message.readUInt16BE(at + 2);
    if (message.readUInt16BE(at) === wanted) return message.subarray(at + 4, at + 4 + length);
  }
  return undefined;
}

/** XOR-MAPPED-ADDRESS (RFC 8489 section 14.2). */
export function mappedAddressOf(bytes: Uint8Array): { address: string; port: number } | undefined {
  const value = attributeOf(bytes, 0x0020);
  if (value === undefined) return undefined;
  const port = value.readUInt16BE(2) ^ 0x2112;
  const plain = value.subarray(4).map((byte, index) => byte ^ (bytes[4 + index] as number));
  if (value[1] === 1) return { address: plain.join('.'), port };
  const groups = Array.from({ length: 8 }, (_, index) =>
    Buffer.from(plain)
      .readUInt16BE(2 * index)
      .toString(16),
  );
  return { address: new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address, port };
}

/** ERROR-CODE of a response; `undefined`: it is none of an error. */
export function errorCodeOf(bytes: Uint8Array): number | undefined {
  const value = attributeOf(bytes, 0x0009);
  return value && (value[2] as number) * 100 + (value[3] as number);
}

/** Whether MESSAGE-INTEGRITY of a message with FINGERPRINT behind it is that of the password. */
export function isSealedWith(bytes: Uint8Array, password: string): boolean {
  const before = Buffer.from(bytes.subarray(0, bytes.length - 32));
  before.writeUInt16BE(before.length - 20 + 24, 2);
  return createHmac('sha1', password)
    .update(before)
    .digest()
    .equals(attributeOf(bytes, 0x0008) ?? Buffer.alloc(0));
}
