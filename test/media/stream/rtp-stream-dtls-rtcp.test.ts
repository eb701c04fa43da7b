import { expect, test } from 'vitest';
import type { RemoteAddress } from '../../../src/media/sockets/remote-address.js';
import { SrtpInbound } from '../../../src/media/srtp/srtp-inbound.js';
import { SrtpOutbound } from '../../../src/media/srtp/srtp-outbound.js';
import {
  dtlsOf,
  ELSEWHERE,
  fingerprint,
  HELLO,
  keysOf,
  STRANGER,
  SUITE,
  setUpBrowser,
} from '../../support/browser-bench.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { CALLER } from '../../support/stream-bench.js';

/** RFC 3550 section 11. */
const ABOVE = { ...CALLER, port: CALLER.port + 1 };
const SEPARATE = { mux: false, remote: undefined };
/** The first keys are those of RTP. */
const RTCP_KEYS = keysOf(3, 4);
/** An empty receiver report. */
const REPORT = '80c9000100000005';

/** A peer without rtcp-mux: a second handshake on the RTCP port, the first being that of RTP. */
const setUpPeer = () => {
  const bench = setUpBrowser();
  const { clock, stream, connect, receive, check, exchanges, reports } = bench;
  const receiveRtcp = (bytes: Uint8Array, from: RemoteAddress = ABOVE): void =>
    stream.receiveRtcp(Buffer.from(bytes), from, clock.now());
  /** RTP alone has keys. */
  const establishRtp = (changes: Parameters<typeof connect>[0] = {}): void => {
    connect({ rtcp: SEPARATE, ...changes });
    clock.advance(20);
    check();
    receive(HELLO);
    exchanges[0]?.establish(keysOf());
  };
  const sealing = new SrtpOutbound({ suite: SUITE, key: Buffer.alloc(30, 4) });
  const opening = new SrtpInbound({ suite: SUITE, key: Buffer.alloc(30, 3), lifetimePackets: 2 ** 48 });
  return {
    ...bench,
    receiveRtcp,
    establishRtp,
    /** A report of the peer's by the keys of RTCP. */
    sealedReport: () => Buffer.from(sealing.protectRtcp(Buffer.from(REPORT, 'hex')) ?? []),
    openedReports: () =>
      reports.filter(({ bytes }) => (bytes[0] as number) >= 128).map(({ bytes }) => opening.openRtcp(bytes)),
  };
};

test('reports have checks, a handshake and keys of their own, on their own port', () => {
  const peer = setUpPeer();
  const { clock, stream, establishRtp, checkOf, receiveRtcp, exchanges, say, muxed, reports } = peer;
  establishRtp();
  say(200);
  expect(reports).toEqual([]);
  receiveRtcp(checkOf());
  receiveRtcp(HELLO);
  expect(exchanges.map(({ received }) => received)).toEqual([[HELLO], [HELLO]]);
  exchanges[1]?.send(HELLO);
  exchanges[1]?.establish(RTCP_KEYS);
  receiveRtcp(peer.sealedReport());
  say(200);
  expect(reports.slice(0, 2).map(({ bytes }) => bytes[0])).toEqual([1, 22]);
  expect(new Set(reports.map(({ to }) => `${to.address}:${to.port}`))).toEqual(new Set(['192.0.2.1:4001']));
  const opened = peer.openedReports();
  expect(opened.length).toBeGreaterThan(0);
  expect(opened.every((packet) => typeof packet === 'object')).toBe(true);
  expect(stream.stats().rtcp).toEqual({ sent: opened.length, received: 1 });
  expect(stream.stats().in).toMatchObject({ packets: 400, dropped: {} });
  expect(muxed).toEqual([]);
  clock.advance(100);
});

test('without ICE the handshake of RTCP comes from the port above, or from where a=rtcp says', () => {
  for (const [remote, expected] of [
    [undefined, ABOVE],
    [ELSEWHERE, ELSEWHERE],
  ] as const) {
    const { clock, stream, connect, receiveRtcp, receive, exchanges, say, reports } = setUpPeer();
    connect({ dtls: dtlsOf({ ice: undefined }), remote: CALLER, rtcp: { mux: false, remote } });
    clock.advance(20);
    receive(HELLO);
    exchanges[0]?.establish(keysOf());
    for (const from of [STRANGER, CALLER, remote === undefined ? ELSEWHERE : ABOVE]) receiveRtcp(HELLO, from);
    expect(exchanges[1]?.received).toEqual([]);
    receiveRtcp(HELLO, expected);
    expect(exchanges[1]?.received).toEqual([HELLO]);
    exchanges[1]?.establish(RTCP_KEYS);
    say(300);
    expect(reports.length).toBeGreaterThan(0);
    expect(reports.every(({ to }) => to.address === expected.address && to.port === expected.port)).toBe(true);
    expect(stream.stats().in.dropped).toEqual({ dtls: 3 });
  }
});

test('reports come from another address than RTP where the checks, or a=rtcp, say so, and from nowhere else', () => {
  for (const ice of [true, false]) {
    const { clock, stream, connect, establishRtp, receiveRtcp, receive, exchanges, checkOf, ...peer } = setUpPeer();
    if (ice) establishRtp();
    else {
      connect({ dtls: dtlsOf({ ice: undefined }), remote: CALLER, rtcp: { mux: false, remote: ELSEWHERE } });
      clock.advance(20);
      receive(HELLO);
      exchanges[0]?.establish(keysOf());
    }
    if (ice) receiveRtcp(checkOf(), ELSEWHERE);
    receiveRtcp(HELLO, ELSEWHERE);
    exchanges[1]?.establish(RTCP_KEYS);
    receiveRtcp(peer.sealedReport(), ELSEWHERE);
    expect(stream.stats()).toMatchObject({ rtcp: { received: 1 }, in: { dropped: {} } });
    receiveRtcp(peer.sealedReport(), STRANGER);
    expect(stream.stats()).toMatchObject({ rtcp: { received: 1 }, in: { dropped: { source: 1 } } });
  }
});

test('the keys of RTP open no report, and nothing plain is taken or leaves', () => {
  const { clock, stream, establishRtp, receiveRtcp, exchanges, say, reports, checkOf } = setUpPeer();
  const sealing = new SrtpOutbound({ suite: SUITE, key: Buffer.alloc(30, 2) });
  establishRtp();
  say(5);
  receiveRtcp(Buffer.from(REPORT, 'hex'));
  receiveRtcp(checkOf());
  receiveRtcp(HELLO);
  exchanges[1]?.establish(RTCP_KEYS);
  receiveRtcp(Buffer.from(REPORT, 'hex'));
  receiveRtcp(Buffer.from(sealing.protectRtcp(Buffer.from(REPORT, 'hex')) ?? []));
  clock.advance(500);
  expect(stream.stats()).toMatchObject({ rtcp: { received: 0 }, in: { dropped: { 'no-keys': 1, 'srtp-auth': 2 } } });
  expect(reports.every(({ bytes }) => bytes.length > 60 || (bytes[0] as number) < 64)).toBe(true);
});

test('a handshake of RTCP that fails, or never comes, costs the reports and not the call', () => {
  for (const fails of [true, false]) {
    const { stream, establishRtp, receiveRtcp, checkOf, exchanges, say, events, reports } = setUpPeer();
    establishRtp();
    receiveRtcp(checkOf());
    reports.length = 0;
    if (fails) exchanges[1]?.fail('another certificate');
    say(1_000);
    expect(exchanges[1]?.ticks).toBeGreaterThan(fails ? -1 : 500);
    expect(events.filter(({ type }) => type === 'failed')).toEqual([]);
    expect(stream.stats()).toMatchObject({ rtcp: { sent: 0 }, in: { packets: 1_000, dropped: {} } });
    expect(reports).toEqual([]);
  }
});

test('5,000 packets of strangers on the RTCP port: counted, answered by nothing, and they move nothing', () => {
  const { clock, stream, establishRtp, receiveRtcp, checkOf, exchanges, reports, events } = setUpPeer();
  const random = new SeededRandom(7);
  establishRtp();
  receiveRtcp(checkOf());
  receiveRtcp(HELLO);
  exchanges[1]?.establish(RTCP_KEYS);
  reports.length = 0;
  const firsts = [() => random.integer(4), () => 20 + random.integer(44), () => 128 + random.integer(64)];
  for (let index = 0; index < 5_000; index += 1) {
    const first = firsts[index % 4]?.() ?? random.integer(256);
    const from = { address: `203.0.113.${random.integer(255)}`, port: 1 + random.integer(65_535) };
    receiveRtcp(Buffer.concat([Buffer.from([first]), random.bytes(random.integer(200))]), from);
    if (index % 100 === 0) clock.advance(20);
  }
  receiveRtcp(Buffer.alloc(0), STRANGER);
  const { in: received, rtcp } = stream.stats();
  expect(Object.values(received.dropped).reduce((sum, one) => sum + one, 0)).toBe(5_001);
  expect([rtcp?.received, reports, exchanges.length]).toEqual([0, [], 2]);
  expect(events.filter(({ type }) => type === 'failed')).toEqual([]);
});

test('a hold keeps both handshakes; other fingerprints begin both anew; rtcp-mux ends that of RTCP', () => {
  const { clock, stream, connect, establishRtp, receiveRtcp, checkOf, exchanges, say, muxed, reports } = setUpPeer();
  establishRtp();
  receiveRtcp(checkOf());
  receiveRtcp(HELLO);
  exchanges[1]?.establish(RTCP_KEYS);
  connect({ rtcp: SEPARATE, direction: 'recvonly' });
  connect({ rtcp: SEPARATE });
  expect(exchanges).toHaveLength(2);
  say(300);
  expect(reports.length).toBeGreaterThan(1);
  connect();
  reports.length = 0;
  say(300);
  expect(exchanges).toHaveLength(2);
  expect(muxed.length).toBeGreaterThan(0);
  expect(reports).toEqual([]);
  connect({ rtcp: SEPARATE, dtls: dtlsOf({ fingerprints: [fingerprint(2)] }) });
  expect(exchanges.slice(2).map(({ fingerprints }) => fingerprints)).toEqual([[fingerprint(2)], [fingerprint(2)]]);
  clock.advance(100);
  stream.close();
});

test('with a farewell both associations end', () => {
  const { stream, establishRtp, receiveRtcp, checkOf, exchanges, say, datagrams, reports } = setUpPeer();
  establishRtp();
  receiveRtcp(checkOf());
  receiveRtcp(HELLO);
  exchanges[1]?.establish(RTCP_KEYS);
  say(100);
  datagrams.length = 0;
  reports.length = 0;
  stream.close(true);
  expect(exchanges.map(({ closed }) => closed)).toEqual([1, 1]);
  expect(datagrams.map(({ to }) => to)).toEqual([CALLER]);
  // RTCP BYE, then close_notify.
  expect(reports.map(({ bytes, to }) => [(bytes[0] as number) >= 128, to])).toEqual([
    [true, ABOVE],
    [false, ABOVE],
  ]);
});
