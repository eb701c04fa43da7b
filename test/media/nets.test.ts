import { describe, expect, test, vi } from 'vitest';
import { createSystemClock } from '../../src/base/clock.js';
import { createSystemRandom } from '../../src/base/random.js';
import { createSourceFilter } from '../../src/base/source-filter.js';
import { createMediaEngine } from '../../src/media/dgram-engine.js';
import { SrtpOutbound } from '../../src/media/srtp/srtp-outbound.js';
import { createWorkerEngine } from '../../src/media/worker/worker-engine.js';
import { nativeEntry } from '../support/native-addon.js';
import { rtpBytes } from '../support/rtp-bytes.js';
import { SeededRandom } from '../support/seeded-random.js';
import { CALLER, LOUD, parametersOf, setUpStream } from '../support/stream-bench.js';
import { UdpPhone } from '../support/udp-phone.js';

const SENDER_REPORT = Buffer.from('80c80006000000050000000000000000000000000000000000000000', 'hex');
const NAT = { nat: true, strict: false };
const OUTSIDE = { address: '203.0.113.5', port: 9_000 };
const INSIDE = { address: '198.51.100.9', port: 9_000 };

const withNets = (nets: readonly string[], latching = { nat: false, strict: false }) =>
  setUpStream({}, latching, createSourceFilter(nets));

test('a caller within the nets is heard and spoken to, RTP and RTCP', () => {
  const { clock, stream, packets, reports, frames, talk } = withNets(['203.0.113.0/24', '192.0.2.0/28']);
  stream.connect(parametersOf());
  stream.receiveRtcp(SENDER_REPORT, { ...CALLER, port: 4_001 }, clock.now());
  talk(300);
  expect(frames.some(({ code }) => code === LOUD)).toBe(true);
  expect(stream.stats()).toMatchObject({ in: { packets: 300, dropped: {} }, rtcp: { received: 1 } });
  expect(packets.length).toBeGreaterThan(250);
  expect(reports.length).toBeGreaterThan(0);
});

test('a caller outside the nets is neither heard nor spoken to, is counted, and runs into the time-out', () => {
  const { clock, stream, packets, reports, muxed, events, frames, talk } = withNets(['198.51.100.0/24']);
  stream.connect(parametersOf());
  stream.receiveRtcp(SENDER_REPORT, { ...CALLER, port: 4_001 }, clock.now());
  talk(300);
  stream.close(true);
  expect(frames.some(({ code }) => code === LOUD)).toBe(false);
  expect(stream.stats()).toMatchObject({ in: { packets: 0, dropped: { net: 301 } }, rtcp: { received: 0 } });
  expect([packets, reports, muxed]).toEqual([[], [], []]);
  expect(events.map(({ type }) => type)).toContain('rtp-timeout');
});

test('RTCP goes to no address outside the nets, though the SDP asks for it there', () => {
  const { stream, reports, talk } = withNets(['192.0.2.1']);
  stream.connect(parametersOf({ rtcp: { mux: false, remote: OUTSIDE } }));
  talk(300);
  expect(reports.length).toBeGreaterThan(0);
  expect(new Set(reports.map(({ to }) => to.address))).toEqual(new Set([CALLER.address]));
});

test('behind NAT a source within the nets is latched though the SDP is outside, and none outside ever', () => {
  const { stream, packets, talk } = withNets(['198.51.100.0/24'], NAT);
  stream.connect(parametersOf());
  talk(100, OUTSIDE);
  expect(packets).toEqual([]);
  talk(50, INSIDE);
  expect(new Set(packets.map(({ address }) => address))).toEqual(new Set([INSIDE.address]));
  expect(stream.stats().in.dropped).toEqual({ net: 100, probation: 4 });
});

test('SRTP is authenticated before anything else, and then judged by the nets like any packet', () => {
  const suite = 'AES_CM_128_HMAC_SHA1_80';
  const key = Buffer.alloc(30, 2);
  const srtp = { suite, localKey: Buffer.alloc(30, 1), remoteKey: key, remoteLifetimePackets: 2 ** 48 } as const;
  const { clock, stream } = withNets(['192.0.2.0/24']);
  stream.connect(parametersOf({ srtp }));
  const sealing = new SrtpOutbound({ suite, key });
  const plain = (sequence: number): Uint8Array =>
    rtpBytes({ sequence, timestamp: sequence * 160, ssrc: 5, payload: new Uint8Array(160).fill(LOUD) });
  const sealed = (sequence: number): Buffer => Buffer.from(sealing.protectRtp(plain(sequence)) ?? []);
  stream.receiveRtp(sealed(1), CALLER, clock.now());
  stream.receiveRtp(plain(2), OUTSIDE, clock.now());
  stream.receiveRtp(sealed(3), OUTSIDE, clock.now());
  stream.receiveRtp(sealed(4), CALLER, clock.now());
  expect(stream.stats().in).toMatchObject({ packets: 2, dropped: { 'srtp-auth': 1, net: 1 } });
});

let nextPort = 20_000 + 2 * new SeededRandom(process.pid + 2).integer(5_500);

const createAddonEngine: typeof createWorkerEngine = (options, deps) =>
  createWorkerEngine(options, { ...deps, entry: nativeEntry() });

/** Every engine hands the nets on to its streams. */
describe.each([
  ['in the thread of the call', createMediaEngine],
  ['in a thread of its own', createWorkerEngine],
  ['in a thread of its own, by the add-on', createAddonEngine],
])('media %s', (_where, createEngine) => {
  test.each([
    ['127.0.0.1', '192.0.2.0/24', '127.0.0.0/8'],
    ['::1', '2001:db8::/32', '::1/128'],
  ])('from %s is refused by %s and taken by %s', async (bind, others, own) => {
    nextPort += 20;
    const ports = { min: nextPort - 20, max: nextPort - 1 };
    const common = { portRestSeconds: 0, jitter: { minMs: 20, maxMs: 120 }, rtpTimeoutMs: 30_000 };
    await using engine = createEngine(
      { bind, ports, latching: { nat: false, strict: false }, ...common },
      { clock: createSystemClock(), random: createSystemRandom() },
    );
    await using phone = await UdpPhone.open(bind);
    const listener = { onFrame: () => {}, onEvent: () => {} };
    const open = async (nets: readonly string[]) => {
      const stream = await engine.open({ family: bind === '::1' ? 6 : 4, listener, nets });
      stream.connect(parametersOf({ remote: phone.remote }));
      return stream;
    };
    const [refusing, taking] = [await open([others]), await open([others, own])];
    const payloads = new Array(3).fill(new Uint8Array(160).fill(LOUD));
    await phone.talk(payloads, { address: bind, port: refusing.local.port });
    await phone.talk(payloads, { address: bind, port: taking.local.port });
    await vi.waitFor(
      () => {
        expect(refusing.stats().in).toMatchObject({ packets: 0, dropped: { net: 3 } });
        expect(taking.stats().in).toMatchObject({ packets: 3, dropped: {} });
        expect(taking.stats().out.packets).toBeGreaterThan(0);
      },
      { timeout: 30_000, interval: 10 },
    );
    expect(refusing.stats().out.packets).toBe(0);
  });
});
