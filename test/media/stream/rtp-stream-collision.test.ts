import { expect, test } from 'vitest';
import { parseRtcp, RtcpSummary } from '../../../src/media/rtcp/rtcp-packet.js';
import { SrtpInbound } from '../../../src/media/srtp/srtp-inbound.js';
import { SrtpOutbound } from '../../../src/media/srtp/srtp-outbound.js';
import { rtpBytes } from '../../support/rtp-bytes.js';
import { CALLER, parametersOf, setUpStream } from '../../support/stream-bench.js';

/** A stream that has sent for 200 ms, and a phone that sends under whatever SSRC it is told. */
function setUp() {
  const bench = setUpStream();
  bench.stream.connect(parametersOf());
  bench.clock.advance(200);
  let sequence = 100;
  const say = (ssrc: number, from = CALLER): void => {
    sequence += 1;
    const packet = rtpBytes({ sequence, timestamp: sequence * 160, ssrc, payload: new Uint8Array(160).fill(0x10) });
    bench.stream.receiveRtp(packet, from, bench.clock.now());
    bench.clock.advance(20);
  };
  return { ...bench, say, ssrcOf: (index: number) => bench.packets.at(index)?.header.ssrc ?? -1 };
}

test('a caller who uses our SSRC makes us say goodbye to it and take another (RFC 3550 section 8.2)', () => {
  const { clock, packets, reports, say, ssrcOf, stream, frames } = setUp();
  const before = ssrcOf(-1);
  const sent = packets.length;
  say(before);
  clock.advance(40);
  const after = packets.slice(sent).map(({ header }) => header);
  expect(new Set(after.map(({ ssrc }) => ssrc)).size).toBe(1);
  expect(after[0]?.ssrc).not.toBe(before);
  expect(after.map(({ marker }) => marker)).toEqual([true, ...after.slice(1).map(() => false)]);
  expect(after[0]?.timestamp).toBe(((packets[sent - 1]?.header.timestamp ?? 0) + 160) >>> 0);
  const bye = new RtcpSummary();
  expect(parseRtcp(reports.at(-1)?.bytes ?? new Uint8Array(), bye, before)).toBe(true);
  expect([bye.byes, bye.collision]).toEqual([1, true]);
  // Counts of a new source begin at 0 (section 6.4.1), those of the call go on.
  clock.advance(10_000);
  const report = reports.at(-1)?.bytes;
  expect(report?.readUInt32BE(4)).toBe(after[0]?.ssrc);
  expect(report?.readUInt32BE(20)).toBeLessThanOrEqual(packets.length - sent);
  expect(stream.stats().out.packets).toBe(packets.length);
  // What the caller says is heard all the same.
  expect(frames.some(({ code }) => code === 0x10)).toBe(true);
});

test('our own packets that come back change our SSRC once, and are heard', () => {
  const { packets, reports, raw, stream, clock, frames } = setUp();
  for (let round = 0; round < 50; round += 1) {
    const packet = raw.at(-1);
    if (packet) stream.receiveRtp(Buffer.from(packet), CALLER, clock.now());
    clock.advance(20);
  }
  expect(new Set(packets.map(({ header }) => header.ssrc)).size).toBe(2);
  expect(reports.filter(({ bytes }) => byesIn(bytes) > 0)).toHaveLength(1);
  expect(frames.length).toBeGreaterThan(40);
});

test('a report under our SSRC is a collision too; no number of them makes us change for ever', () => {
  const { packets, stream, clock } = setUp();
  for (let port = 5_000; port < 5_050; port += 1) {
    const report = Buffer.alloc(8);
    report.writeUInt32BE(0x80c90001, 0);
    report.writeUInt32BE(packets.at(-1)?.header.ssrc ?? 0, 4);
    stream.receiveRtcp(report, { address: CALLER.address, port }, clock.now());
    clock.advance(20);
  }
  const ssrcs = new Set(packets.map(({ header }) => header.ssrc)).size;
  expect(ssrcs).toBeGreaterThan(1);
  expect(ssrcs).toBeLessThanOrEqual(5);
});

test('a stranger who uses our SSRC changes nothing', () => {
  const { packets, say, ssrcOf } = setUp();
  for (let round = 0; round < 10; round += 1) say(ssrcOf(-1), { address: '198.51.100.7', port: 4_000 });
  expect(new Set(packets.map(({ header }) => header.ssrc)).size).toBe(1);
});

test('with SRTP a phone can read what comes under the new SSRC, wherever its numbers begin (RFC 3711 section 3.2.1)', () => {
  const key = { suite: 'AES_CM_128_HMAC_SHA1_80', key: Buffer.alloc(30, 1) } as const;
  const sealing = new SrtpOutbound(key);
  const opening = new SrtpInbound({ ...key, lifetimePackets: 2 ** 48 });
  const isRead = (ssrc: number, sequence: number): boolean => {
    const packet = sealing.protectRtp(rtpBytes({ sequence, timestamp: 0, ssrc, payload: new Uint8Array(160) }));
    return typeof opening.openRtp(Uint8Array.from(packet ?? [])) === 'object';
  };
  expect([isRead(1, 65_535), isRead(1, 0), isRead(1, 9)]).toEqual([true, true, true]);
  sealing.startOver();
  expect([isRead(2, 5), isRead(2, 6)]).toEqual([true, true]);
});

function byesIn(bytes: Uint8Array): number {
  const summary = new RtcpSummary();
  return parseRtcp(bytes, summary) ? summary.byes : 0;
}
