import { expect, test } from 'vitest';
import { isRtcp } from '../../../src/media/rtcp/rtcp-packet.js';
import { isRtp, parseRtp, RtpPacket, writeRtpHeader } from '../../../src/media/rtp/rtp-packet.js';
import { rtpBytes } from '../../support/rtp-bytes.js';
import { SeededRandom } from '../../support/seeded-random.js';

test('every header field is read from where RFC 3550 puts it', () => {
  const bytes = Buffer.from('90e5abcd01020304f1f2f3f4beef000211111111222222220a0b0c', 'hex');
  const packet = new RtpPacket();
  expect(parseRtp(bytes, packet)).toBeUndefined();
  expect(packet).toMatchObject({
    marker: true,
    payloadType: 101,
    sequence: 0xabcd,
    timestamp: 0x01020304,
    ssrc: 0xf1f2f3f4,
    payloadOffset: 24,
    payloadBytes: 3,
  });
});

test('CSRCs and padding are no payload', () => {
  const packet = new RtpPacket();
  const bytes = Buffer.concat([
    Buffer.from([0xa2, 0, 0, 1]),
    Buffer.alloc(8),
    Buffer.alloc(8),
    Buffer.from('7f7f000003', 'hex'),
  ]);
  expect(parseRtp(bytes, packet)).toBeUndefined();
  expect([packet.payloadOffset, packet.payloadBytes]).toEqual([20, 2]);
});

test('a written header is read back, whatever its values', () => {
  const random = new SeededRandom(1);
  const packet = new RtpPacket();
  const bytes = Buffer.alloc(14, 0xff);
  for (let round = 0; round < 1_000; round += 1) {
    const wanted = {
      marker: random.integer(2) === 1,
      payloadType: random.integer(128),
      sequence: random.integer(2 ** 16),
      timestamp: random.integer(2 ** 32),
      ssrc: random.integer(2 ** 32),
    };
    writeRtpHeader(bytes, wanted.marker, wanted.payloadType, wanted.sequence, wanted.timestamp, wanted.ssrc);
    expect(parseRtp(bytes, packet)).toBeUndefined();
    expect(packet).toMatchObject({ ...wanted, payloadOffset: 12, payloadBytes: 2 });
  }
});

test('sequence and timestamp wrap when written', () => {
  const packet = new RtpPacket();
  const bytes = Buffer.alloc(12);
  writeRtpHeader(bytes, false, 0, 65_536 + 7, 2 ** 32 + 9, 1);
  parseRtp(bytes, packet);
  expect([packet.sequence, packet.timestamp]).toEqual([7, 9]);
});

const padded = (padding: number): Buffer => {
  const bytes = rtpBytes({ payload: Buffer.from([1, 2, 3, padding]) });
  bytes.writeUInt8(0xa0, 0);
  return bytes;
};

const extended = (words: number, rest: number): Buffer => {
  const bytes = Buffer.concat([rtpBytes({}), Buffer.from([0xbe, 0xde, words >> 8, words & 0xff]), Buffer.alloc(rest)]);
  bytes.writeUInt8(0x90, 0);
  return bytes;
};

test.each([
  ['nothing at all', Buffer.alloc(0), 'not-rtp'],
  ['eleven bytes', rtpBytes({}).subarray(0, 11), 'not-rtp'],
  ['version 1', Buffer.from('40'.padEnd(24, '0'), 'hex'), 'not-rtp'],
  ['a STUN binding request', Buffer.from('000100002112a442000000000000000000000000', 'hex'), 'not-rtp'],
  ['15 CSRCs promised, none there', Buffer.from('8f'.padEnd(24, '0'), 'hex'), 'csrc'],
  ['an extension promised, none there', Buffer.from('90'.padEnd(24, '0'), 'hex'), 'extension'],
  [
    'an extension header cut in half',
    Buffer.concat([Buffer.from('90'.padEnd(24, '0'), 'hex'), Buffer.alloc(3)]),
    'extension',
  ],
  ['an extension longer than the packet', extended(2, 7), 'extension'],
  ['an extension of 65,535 words', extended(0xffff, 8), 'extension'],
  ['padding of 0', padded(0), 'padding'],
  ['padding that reaches into the header', padded(5), 'padding'],
  ['padding of 255', padded(255), 'padding'],
])('%s is refused', (_, bytes, defect) => {
  expect(parseRtp(bytes, new RtpPacket())).toBe(defect);
});

test('an extension or padding that fills the packet exactly leaves an empty payload', () => {
  const packet = new RtpPacket();
  expect(parseRtp(extended(2, 8), packet)).toBeUndefined();
  expect(packet.payloadBytes).toBe(0);
  expect(parseRtp(padded(4), packet)).toBeUndefined();
  expect(packet.payloadBytes).toBe(0);
});

test('random bytes never yield a payload outside the packet', () => {
  const random = new SeededRandom(2);
  const packet = new RtpPacket();
  let accepted = 0;
  for (let round = 0; round < 50_000; round += 1) {
    const bytes = random.bytes(random.integer(48));
    if (round % 2 === 0 && bytes.length > 0) bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x80, 0);
    if (parseRtp(bytes, packet) !== undefined) continue;
    accepted += 1;
    if (
      packet.payloadOffset < 12 ||
      packet.payloadBytes < 0 ||
      packet.payloadOffset + packet.payloadBytes > bytes.length
    ) {
      throw new Error(`payload ${packet.payloadOffset}+${packet.payloadBytes} of ${bytes.toString('hex')}`);
    }
  }
  expect(accepted).toBeGreaterThan(1_000);
  expect(isRtp(Buffer.alloc(12))).toBe(false);
});

test('a packet among others is what it is alone, and reads nothing of its neighbours', () => {
  const random = new SeededRandom(4);
  const alone = new RtpPacket();
  const among = new RtpPacket();
  let defects = 0;
  for (let round = 0; round < 5_000; round += 1) {
    const bytes = random.bytes(random.integer(48));
    if (bytes.length > 0) bytes.writeUInt8(0x80 | (random.integer(2) === 0 ? 0 : bytes.readUInt8(0) & 0x33), 0);
    const before = random.integer(40);
    const all = Buffer.concat([random.bytes(before), bytes, random.bytes(60)]);
    const defect = parseRtp(bytes, alone);
    expect(parseRtp(all, among, before, bytes.length)).toBe(defect);
    expect(isRtcp(all, before, bytes.length)).toBe(isRtcp(bytes));
    if (defect !== undefined) defects += 1;
    else expect({ ...among, payloadOffset: among.payloadOffset - before }).toEqual({ ...alone });
  }
  expect(defects).toBeGreaterThan(1_000);
  expect(defects).toBeLessThan(4_500);
});
