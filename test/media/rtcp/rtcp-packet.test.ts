import { expect, test } from 'vitest';
import { isRtcp, parseRtcp, RtcpSummary } from '../../../src/media/rtcp/rtcp-packet.js';
import { rtpBytes } from '../../support/rtp-bytes.js';
import { SeededRandom } from '../../support/seeded-random.js';

/** One RTCP packet; `words` overrides the length field. */
const rtcp = (type: number, count: number, content: number, words = content / 4, first = 0x80): Buffer => {
  const bytes = Buffer.alloc(4 + content);
  bytes.writeUInt8(first | count, 0);
  bytes.writeUInt8(type, 1);
  bytes.writeUInt16BE(words, 2);
  return bytes;
};

const summaryOf = (bytes: Uint8Array): RtcpSummary | undefined => {
  const summary = new RtcpSummary(9);
  return parseRtcp(bytes, summary) ? summary : undefined;
};

test('a compound of sender report, description and BYE is recognised', () => {
  const compound = Buffer.concat([rtcp(200, 1, 48), rtcp(202, 1, 16), rtcp(203, 1, 4)]);
  expect(isRtcp(compound)).toBe(true);
  expect(summaryOf(compound)).toMatchObject({ senderReports: 1, receiverReports: 0, byes: 1, reported: false });
});

test('an empty receiver report and a reduced-size BYE pass', () => {
  expect(summaryOf(rtcp(201, 0, 4))).toMatchObject({ senderReports: 0, receiverReports: 1, byes: 0 });
  expect(summaryOf(rtcp(203, 0, 0))).toMatchObject({ byes: 1 });
});

test('RTCP on the RTP port is told from RTP with its marker set', () => {
  expect(isRtcp(rtpBytes({ marker: true, payloadType: 0 }))).toBe(false);
  expect(isRtcp(rtpBytes({ marker: true, payloadType: 101 }))).toBe(false);
  expect(isRtcp(rtpBytes({ payloadType: 101 }))).toBe(false);
  expect(isRtcp(rtcp(200, 0, 24))).toBe(true);
  expect(isRtcp(rtcp(207, 0, 0))).toBe(true);
  expect(isRtcp(Buffer.from([0x80, 200, 0]))).toBe(false);
});

test.each([
  ['a length beyond the end', rtcp(201, 0, 4, 2)],
  ['a length that leaves bytes over', Buffer.concat([rtcp(201, 0, 4), Buffer.alloc(2)])],
  ['more report blocks than there is room for', rtcp(200, 2, 48)],
  ['a receiver report without its SSRC', rtcp(201, 0, 0)],
  ['a BYE that counts more sources than it names', rtcp(203, 3, 8)],
  ['another version', rtcp(201, 0, 4, 1, 0x40)],
  ['a second packet that is no RTCP', Buffer.concat([rtcp(201, 0, 4), rtpBytes({})])],
  ['padding of 0', rtcp(201, 0, 8, 2, 0xa0)],
  ['padding that is no multiple of four', rtcp(201, 0, 12, 3, 0xa0).fill(5, 15)],
  ['padding in another packet than the last', Buffer.concat([rtcp(201, 0, 8, 2, 0xa0).fill(4, 11), rtcp(203, 0, 0)])],
])('%s is refused', (_, bytes) => {
  expect(summaryOf(bytes)).toBeUndefined();
});

test('padding of the last packet passes', () => {
  expect(summaryOf(rtcp(201, 0, 8, 2, 0xa0).fill(4, 11))).toMatchObject({ receiverReports: 1 });
});

test('random bytes never make it throw or run on', () => {
  const random = new SeededRandom(3);
  const summary = new RtcpSummary();
  let accepted = 0;
  for (let round = 0; round < 50_000; round += 1) {
    const bytes = random.bytes(random.integer(40));
    if (bytes.length >= 4) {
      bytes.writeUInt8(0x80 | random.integer(3), 0);
      bytes.writeUInt8(200 + random.integer(5), 1);
      if (round % 2 === 0) bytes.writeUInt16BE(random.integer(10), 2);
    }
    if (parseRtcp(bytes, summary)) accepted += 1;
  }
  expect(accepted).toBeGreaterThan(100);
});
