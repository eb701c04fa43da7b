import { describe, expect, test } from 'vitest';
import {
  dtlsOf,
  ELSEWHERE,
  fingerprint,
  HELLO,
  helloOf,
  ICE,
  keysOf,
  STRANGER,
  SUITE,
  setUpBrowser,
} from '../../support/browser-bench.js';
import { CALLER, LOUD, parametersOf, setUpStream } from '../../support/stream-bench.js';
import { mappedAddressOf, stunCheck } from '../../support/stun-client.js';

test('a browser is found by its checks, agrees on keys, and both hear each other; nothing plain passes', () => {
  const { clock, stream, datagrams, raw, muxed, reports, frames, events, opening, say, establish, packets } =
    setUpBrowser();
  establish();
  say(300);
  expect(mappedAddressOf(datagrams[0]?.bytes ?? Buffer.alloc(0))).toEqual(CALLER);
  expect(packets.every(({ address, port }) => address === CALLER.address && port === CALLER.port)).toBe(true);
  expect(raw.length).toBeGreaterThan(290);
  for (const bytes of raw) expect(typeof opening.openRtp(bytes)).toBe('object');
  expect(muxed.length).toBeGreaterThan(0);
  for (const { bytes, to } of muxed) {
    expect(to).toEqual(CALLER);
    expect(typeof opening.openRtcp(bytes)).toBe('object');
  }
  expect(reports).toEqual([]);
  expect(frames.filter(({ code }) => code === LOUD).length).toBeGreaterThan(280);
  expect(stream.stats().in).toMatchObject({ packets: 300, lost: 0, dropped: {} });
  expect(events.filter(({ type }) => type === 'failed')).toEqual([]);
  stream.close(true);
  clock.advance(100);
});

test('before there are keys nothing leaves but answers, the greeting waits whole, and what comes is dropped', () => {
  const { clock, stream, connect, check, receive, exchanges, raw, muxed, datagrams, plain, play, packets, opening } =
    setUpBrowser();
  connect();
  play();
  stream.endResponse('greeting');
  clock.advance(1_000);
  check();
  receive(HELLO);
  receive(plain());
  receive(Buffer.from('80c9000100000005', 'hex'));
  stream.receiveRtcp(Buffer.from('80c9000100000005', 'hex'), CALLER, clock.now());
  clock.advance(8_000);
  expect([raw, muxed]).toEqual([[], []]);
  expect(datagrams).toHaveLength(1);
  expect(stream.queuedMs()).toBe(100);
  expect(stream.stats()).toMatchObject({ in: { packets: 0, dropped: { 'no-keys': 3 } }, rtcp: { sent: 0 } });
  exchanges[0]?.establish(keysOf());
  clock.advance(20);
  // With the slot after: the marker is set, and it is the greeting's beginning.
  expect(packets).toHaveLength(1);
  expect(packets[0]?.header.marker).toBe(true);
  const first = opening.openRtp(Buffer.from(raw[0] ?? []));
  expect(typeof first === 'object' && first[12]).toBe(LOUD);
  expect(stream.queuedMs()).toBe(80);
});

test('what comes is told apart by its first byte (RFC 7983)', () => {
  const { stream, establish, receive, exchanges } = setUpBrowser();
  establish();
  for (let first = 0; first < 256; first += 1) receive(Buffer.from([first, ...new Array(39).fill(0)]));
  receive(Buffer.alloc(0));
  expect(stream.stats().in.dropped).toEqual({ stun: 4, 'srtp-auth': 64, 'not-rtp': 16 + 64 + 64 + 1 });
  expect(exchanges[0]?.received).toHaveLength(1 + 44);
});

describe('where the peer is', () => {
  test('the first check counts until one nominates; later ones only move it when they do', () => {
    const { clock, connect, check, exchanges, packets, receive, say } = setUpBrowser();
    connect();
    clock.advance(20);
    check(false, CALLER);
    check(false, ELSEWHERE);
    receive(HELLO, ELSEWHERE);
    exchanges[0]?.establish(keysOf());
    clock.advance(100);
    expect(packets.at(-1)).toMatchObject(CALLER);
    check(true, ELSEWHERE);
    clock.advance(40);
    expect(packets.at(-1)).toMatchObject(ELSEWHERE);
    check(false, CALLER);
    say(5, ELSEWHERE);
    expect(packets.at(-1)).toMatchObject(ELSEWHERE);
    // Back where it was, as a browser whose other network goes down.
    check(true, CALLER);
    clock.advance(40);
    expect(packets.at(-1)).toMatchObject(CALLER);
  });

  test('a browser that changes before it says so is heard from either address, and spoken to where it said', () => {
    const { clock, stream, establish, check, say, packets } = setUpBrowser();
    establish();
    say(5);
    check(false, ELSEWHERE);
    say(5, ELSEWHERE);
    expect(packets.at(-1)).toMatchObject(CALLER);
    check(true, ELSEWHERE);
    // What was on its way.
    say(2, CALLER);
    say(5, ELSEWHERE);
    clock.advance(20);
    expect(packets.at(-1)).toMatchObject(ELSEWHERE);
    expect(stream.stats().in).toMatchObject({ packets: 17, dropped: {} });
  });

  test('media from where no check has come is refused though it is authentic', () => {
    const { stream, establish, say, packets } = setUpBrowser();
    establish();
    say(5);
    say(50, ELSEWHERE);
    expect(packets.at(-1)).toMatchObject(CALLER);
    expect(stream.stats().in).toMatchObject({ packets: 5, dropped: { source: 50 } });
  });

  test('the address in the SDP of a peer with ICE is nobody', () => {
    const { clock, connect, exchanges, raw, receive, datagrams, check, stream } = setUpBrowser();
    connect({ remote: CALLER });
    clock.advance(20);
    receive(HELLO);
    expect(exchanges[0]?.received).toEqual([]);
    check(true, ELSEWHERE);
    receive(HELLO, ELSEWHERE);
    exchanges[0]?.establish(keysOf());
    clock.advance(100);
    expect(raw.length).toBeGreaterThan(3);
    expect(new Set(datagrams.map(({ to }) => to.address))).toEqual(new Set([ELSEWHERE.address]));
    expect(stream.stats().in.dropped).toEqual({ dtls: 1 });
  });

  test('answers of DTLS go where it came from, and retransmissions where the peer is', () => {
    const { clock, connect, check, exchanges, receive, datagrams } = setUpBrowser();
    connect();
    clock.advance(20);
    check(true);
    check(false, ELSEWHERE);
    datagrams.length = 0;
    receive(HELLO, ELSEWHERE);
    exchanges[0]?.send(HELLO);
    check(true, ELSEWHERE);
    check(true, CALLER);
    exchanges[0]?.send(HELLO);
    const dtls = datagrams.filter(({ bytes }) => bytes[0] === 22);
    expect(dtls.map(({ to }) => to)).toEqual([ELSEWHERE, CALLER]);
  });

  test('without ICE DTLS comes from where the SDP says, and from nowhere else', () => {
    const { clock, stream, connect, exchanges, receive, packets, say } = setUpBrowser();
    connect({ dtls: dtlsOf({ ice: undefined }), remote: CALLER });
    receive(HELLO, STRANGER);
    receive(HELLO);
    expect(exchanges[0]?.received).toEqual([HELLO]);
    exchanges[0]?.establish(keysOf());
    say(10);
    clock.advance(20);
    expect(packets.at(-1)).toMatchObject(CALLER);
    expect(stream.stats().in).toMatchObject({ packets: 10, dropped: { dtls: 1 } });
  });

  test('outside of the nets of the call nothing is answered, and nobody found', () => {
    const { clock, stream, connect, check, receive, datagrams, exchanges } = setUpBrowser(
      (address) => address !== CALLER.address,
    );
    connect();
    clock.advance(20);
    check(true);
    receive(HELLO);
    expect([datagrams, exchanges[0]?.received]).toEqual([[], []]);
    connect({ dtls: dtlsOf({ ice: undefined }), remote: CALLER });
    receive(HELLO);
    expect(exchanges[0]?.received).toEqual([]);
    expect(stream.stats().in.dropped).toEqual({ net: 1, dtls: 2 });
  });

  test('a check repeated from a source that nothing can be sent to does no harm', () => {
    const { clock, stream, establish, check, packets, events } = setUpBrowser();
    establish();
    for (const from of [
      { ...ELSEWHERE, port: 0 },
      { address: '', port: 9 },
      { address: '224.0.0.1', port: 9 },
    ]) {
      check(true, from);
    }
    clock.advance(100);
    expect(packets.at(-1)).toMatchObject(CALLER);
    expect(events.filter(({ type }) => type === 'failed')).toEqual([]);
    expect(stream.stats().in.dropped).toEqual({ net: 3 });
  });

  test("a check of the peer's that somebody has overheard does not bring the call to him", () => {
    const { clock, stream, establish, receive, checkOf, packets, sentTo } = setUpBrowser();
    establish();
    const overheard = checkOf();
    receive(overheard);
    receive(overheard, STRANGER);
    // The peer itself may repeat it, where the answer was lost.
    receive(overheard);
    clock.advance(100);
    expect(packets.at(-1)).toMatchObject(CALLER);
    expect(sentTo()).toEqual(new Set([`${CALLER.address}:${CALLER.port}`]));
    expect(stream.stats().in.dropped).toEqual({ stun: 1 });
  });

  test('a keepalive of the peer is nothing to be counted; that of a stranger is', () => {
    const { stream, establish, receive, datagrams } = setUpBrowser();
    establish();
    datagrams.length = 0;
    const keepalive = stunCheck({ type: 0x0011, username: undefined, password: undefined, attributes: [] });
    receive(keepalive);
    expect(stream.stats().in.dropped).toEqual({});
    receive(keepalive, STRANGER);
    expect(stream.stats().in.dropped).toEqual({ stun: 1 });
    expect(datagrams).toEqual([]);
  });

  test('of many addresses the one in use is not forgotten', () => {
    const { stream, establish, check, say } = setUpBrowser();
    establish();
    for (let port = 1; port < 40; port += 1) check(false, { ...ELSEWHERE, port });
    say(3);
    expect(stream.stats().in).toMatchObject({ packets: 3, dropped: {} });
  });
});

describe('connect again', () => {
  test('with the same parameters, for a hold and a resume, changes nothing', () => {
    const { clock, connect, establish, exchanges, raw, say, stream, opening, datagrams } = setUpBrowser();
    establish();
    say(20);
    connect({ direction: 'recvonly' });
    clock.advance(40);
    raw.length = 0;
    clock.advance(200);
    expect(raw).toEqual([]);
    connect();
    say(20);
    expect(exchanges).toHaveLength(1);
    expect(exchanges[0]?.closed).toBe(0);
    expect(raw.length).toBeGreaterThan(17);
    for (const bytes of raw) expect(typeof opening.openRtp(bytes)).toBe('object');
    expect(stream.stats().in).toMatchObject({ packets: 40, dropped: {} });
    expect(datagrams).toHaveLength(1);
  });

  test('with other credentials (ICE restart) keeps the keys; the old ones are nobody from then on', () => {
    const { clock, connect, establish, exchanges, check, say, packets, stream, datagrams } = setUpBrowser();
    establish();
    say(5);
    const ice = { ...ICE, localFragment: 'new', localPassword: 'b'.repeat(32) };
    connect({ dtls: dtlsOf({ ice }) });
    say(5);
    expect(packets.at(-1)).toMatchObject(CALLER);
    datagrams.length = 0;
    check(true, ELSEWHERE);
    expect(datagrams).toEqual([]);
    check(true, ELSEWHERE, ice);
    expect(datagrams).toHaveLength(1);
    say(5, ELSEWHERE);
    clock.advance(20);
    expect(packets.at(-1)).toMatchObject(ELSEWHERE);
    expect(exchanges).toHaveLength(1);
    expect(stream.stats().in).toMatchObject({ packets: 15, dropped: { stun: 1 } });
  });

  test('with other fingerprints begins anew: until there are new keys nothing passes', () => {
    const { clock, connect, establish, exchanges, check, raw, receive, say, sealed, stream, opening } = setUpBrowser();
    establish();
    say(5);
    clock.advance(10_000);
    const { rtcp } = stream.stats();
    connect({ dtls: dtlsOf({ fingerprints: [fingerprint(2)] }) });
    raw.length = 0;
    receive(sealed());
    clock.advance(14_000);
    expect(raw).toEqual([]);
    expect(stream.stats().rtcp).toEqual(rtcp);
    check();
    receive(HELLO);
    expect(exchanges[1]?.fingerprints).toEqual([fingerprint(2)]);
    exchanges[1]?.establish(keysOf(3, 4));
    clock.advance(100);
    expect(raw.length).toBeGreaterThan(3);
    opening.rekey({ suite: SUITE, key: Buffer.alloc(30, 3), lifetimePackets: 2 ** 48 });
    for (const bytes of raw) expect(typeof opening.openRtp(bytes)).toBe('object');
    expect(stream.stats().in.dropped).toEqual({ 'no-keys': 1 });
  });

  test('by the peer alone, with a handshake in mid-call: the old keys hold until there are new ones', () => {
    const { clock, stream, establish, exchanges, raw, receive, say, sealed, opening, events } = setUpBrowser();
    establish();
    say(5);
    clock.advance(1_000);
    receive(helloOf(7), STRANGER);
    expect(exchanges).toHaveLength(1);
    receive(helloOf(7));
    expect(exchanges).toHaveLength(2);
    expect(exchanges[1]?.fingerprints).toEqual(exchanges[0]?.fingerprints);
    say(5);
    for (const bytes of raw.splice(0)) expect(typeof opening.openRtp(bytes)).toBe('object');
    exchanges[1]?.establish(keysOf(3, 4));
    // What was on its way.
    receive(sealed());
    clock.advance(100);
    opening.rekey({ suite: SUITE, key: Buffer.alloc(30, 3), lifetimePackets: 2 ** 48 });
    expect(raw.length).toBeGreaterThan(3);
    for (const bytes of raw) expect(typeof opening.openRtp(bytes)).toBe('object');
    const { sealed: sealedAnew } = setUpBrowser(undefined, 4);
    for (let index = 0; index < 30; index += 1) receive(sealedAnew());
    expect(stream.stats().in.dropped).toEqual({ dtls: 1 });
    expect(events.filter(({ type }) => type === 'failed')).toEqual([]);
  });

  test('without DTLS, what was agreed on holds: plain, and DTLS is nothing', () => {
    const { clock, stream, establish, raw, receive, plain, check } = setUpBrowser();
    establish();
    stream.connect(parametersOf());
    clock.advance(20);
    raw.length = 0;
    receive(plain());
    check();
    receive(HELLO);
    clock.advance(100);
    expect(raw.every((bytes) => bytes.length === 172)).toBe(true);
    expect(stream.stats().in).toMatchObject({ packets: 1, dropped: { 'not-rtp': 2 } });
  });

  test('plain and at once with DTLS: not one plain packet leaves', () => {
    const { clock, stream, connect, raw } = setUpBrowser();
    stream.connect(parametersOf());
    connect();
    clock.advance(1_000);
    expect(raw).toEqual([]);
  });
});

describe('the end', () => {
  test('a failed handshake fails the stream, with what it says', () => {
    const { clock, connect, check, receive, exchanges, events, raw } = setUpBrowser();
    connect();
    check();
    receive(HELLO);
    exchanges[0]?.fail('another certificate');
    clock.advance(20_000);
    expect(events.filter(({ type }) => type === 'failed')).toEqual([
      { type: 'failed', message: 'another certificate' },
    ]);
    expect(raw).toEqual([]);
  });

  test.each([
    ['no ICE check has reached the media port', 0],
    ['the peer has not begun a handshake', 1],
    ['the handshake did not come to its end', 2],
  ])('15 s without keys fail the stream: %s', (missing, steps) => {
    const { clock, connect, check, receive, events } = setUpBrowser();
    connect({ direction: 'inactive' });
    clock.advance(20);
    if (steps > 0) check();
    if (steps > 1) receive(HELLO);
    clock.advance(14_900);
    const failed = () => events.filter(({ type }) => type === 'failed');
    expect(failed()).toEqual([]);
    clock.advance(200);
    expect(failed()).toEqual([{ type: 'failed', message: `no keys by DTLS within 15 s: ${missing}` }]);
  });

  test('the handshake is asked every slot of ours for what it has to repeat, until there are keys', () => {
    const { clock, connect, establish, exchanges } = setUpBrowser();
    establish();
    clock.advance(1_000);
    expect(exchanges[0]?.ticks).toBeLessThan(4);
    connect({ dtls: dtlsOf({ fingerprints: [fingerprint(2)] }), direction: 'inactive' });
    clock.advance(1_000);
    expect(exchanges[1]?.ticks).toBeGreaterThan(45);
  });

  test('with a farewell the peer is told, by RTCP and by DTLS; without, nothing leaves', () => {
    for (const farewell of [true, false]) {
      const { clock, stream, establish, exchanges, datagrams, muxed, say } = setUpBrowser();
      establish();
      say(5);
      muxed.length = 0;
      datagrams.length = 0;
      stream.close(farewell);
      clock.advance(100);
      expect(exchanges[0]?.closed).toBe(farewell ? 1 : 0);
      expect(datagrams.map(({ to }) => to)).toEqual(farewell ? [CALLER] : []);
      expect(muxed).toHaveLength(farewell ? 1 : 0);
    }
  });

  test("the peer's close_notify ends nothing: SIP does", () => {
    const { establish, exchanges, say, raw, events } = setUpBrowser();
    establish();
    exchanges[0]?.end();
    say(5);
    expect(raw.length).toBeGreaterThan(3);
    expect(events.filter(({ type }) => type === 'failed')).toEqual([]);
  });

  test('checks are no media: without packets the time-out comes', () => {
    const { clock, establish, check, types } = setUpBrowser();
    establish();
    for (let index = 0; index < 12; index += 1) {
      check();
      clock.advance(200);
    }
    expect(types()).toContain('rtp-timeout');
  });

  test('an engine without a certificate says so', () => {
    const { stream, events } = setUpStream();
    stream.connect(parametersOf({ dtls: dtlsOf() }));
    expect(events).toEqual([{ type: 'failed', message: 'the media engine has no certificate for DTLS' }]);
  });
});
