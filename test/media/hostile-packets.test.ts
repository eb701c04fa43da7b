import { expect, test } from 'vitest';
import type { SrtpParameters } from '../../src/media/engine.js';
import { SrtpOutbound } from '../../src/media/srtp/srtp-outbound.js';
import { rtpBytes } from '../support/rtp-bytes.js';
import { SeededRandom } from '../support/seeded-random.js';
import { CALLER, LOUD, parametersOf, setUpStream } from '../support/stream-bench.js';

/** In each of the four cases: 50,000 a run. */
const HOSTILE_PACKETS = 12_500;
const PERIODS = 500;
/** Another mu-law code than the caller's. */
const INJECTED = 0x55;
const SUITE = 'AES_CM_128_HMAC_SHA1_80';
const srtp: SrtpParameters = {
  suite: SUITE,
  localKey: Buffer.alloc(30, 1),
  remoteKey: Buffer.alloc(30, 2),
  remoteLifetimePackets: 2 ** 48,
};

interface Attack {
  readonly bytes: Buffer;
  readonly from: { readonly address: string; readonly port: number };
  readonly rtcp: boolean;
}

/** Whatever somebody sends who knows all but the key: the caller's SSRC, numbers and address; replays, damage, rubbish. */
const attacks = (random: SeededRandom, last: () => Buffer, next: () => Buffer, spoofs: boolean) => {
  const stranger = { address: '198.51.100.66', port: CALLER.port };
  const neighbour = { address: CALLER.address, port: 4_444 };
  const rtcpPort = { address: CALLER.address, port: CALLER.port + 1 };
  const anywhere = () => ({ address: `203.0.113.${random.integer(255)}`, port: 1 + random.integer(65_535) });
  const damaged = (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    for (let count = 1 + random.integer(4); count > 0; count -= 1)
      copy[random.integer(copy.length)] = random.integer(256);
    return copy.subarray(0, random.integer(3) === 0 ? random.integer(copy.length) : copy.length);
  };
  const forged = (ssrc: number): Buffer =>
    rtpBytes({
      sequence: random.integer(65_536),
      timestamp: random.integer(2 ** 32),
      ssrc,
      payload: Buffer.alloc(160, INJECTED),
    });
  const report = (type: number): Buffer => {
    const bytes = random.bytes(4 * (2 + random.integer(13)));
    bytes[0] = 0x80 | random.integer(3);
    bytes[1] = type;
    bytes.writeUInt16BE(random.integer(2) === 0 ? bytes.length / 4 - 1 : random.integer(40), 2);
    return bytes;
  };
  const kinds: readonly (() => Attack)[] = [
    () => ({ bytes: random.bytes(random.integer(200)), from: anywhere(), rtcp: random.integer(2) === 0 }),
    () => ({ bytes: next(), from: stranger, rtcp: false }),
    () => ({ bytes: next(), from: neighbour, rtcp: false }),
    () => ({ bytes: forged(5), from: stranger, rtcp: false }),
    () => ({ bytes: forged(random.integer(2 ** 32)), from: neighbour, rtcp: false }),
    () => ({ bytes: damaged(next()), from: anywhere(), rtcp: false }),
    () => ({ bytes: Buffer.from(last()), from: random.integer(2) === 0 ? CALLER : stranger, rtcp: false }),
    () => ({ bytes: Buffer.concat([next(), random.bytes(1_300)]), from: stranger, rtcp: false }),
    () => ({ bytes: report(200 + random.integer(5)), from: stranger, rtcp: true }),
    () => ({ bytes: report(200 + random.integer(5)), from: stranger, rtcp: false }),
    () => ({ bytes: report(203), from: rtcpPort, rtcp: true }),
    // With his own address: nothing but a key can tell.
    () =>
      spoofs ? { bytes: damaged(next()), from: CALLER, rtcp: false } : { bytes: next(), from: anywhere(), rtcp: false },
    () => ({ bytes: spoofs ? forged(5) : random.bytes(11), from: CALLER, rtcp: false }),
  ];
  return (): Attack => (kinds[random.integer(kinds.length)] as () => Attack)();
};

test.each([
  ['plain RTP', undefined, { nat: false, strict: false }],
  ['plain RTP behind NAT', undefined, { nat: true, strict: false }],
  ['plain RTP, strictly', undefined, { nat: false, strict: true }],
  ['SRTP', srtp, { nat: true, strict: false }],
] as const)(
  '%s: 12,500 hostile packets are counted, reach nobody, and take nothing from the caller',
  (_, keys, latching) => {
    const random = new SeededRandom(21);
    const { clock, stream, frames, packets, reports, muxed, events } = setUpStream({}, latching);
    stream.connect(parametersOf({ srtp: keys }));
    const sealing = new SrtpOutbound({ suite: SUITE, key: Buffer.alloc(30, 2) });
    let sequence = 100;
    let last: Buffer = Buffer.alloc(40);
    const plain = (number: number, code: number): Buffer =>
      rtpBytes({ sequence: number & 0xffff, timestamp: number * 160, ssrc: 5, payload: Buffer.alloc(160, code) });
    const attack = attacks(
      random,
      () => last,
      () => plain(sequence + 1, INJECTED),
      keys !== undefined,
    );
    let sent = 0;
    const strike = (): void => {
      const { bytes, from, rtcp } = attack();
      if (rtcp) stream.receiveRtcp(bytes, from, clock.now());
      else stream.receiveRtp(bytes, from, clock.now());
      sent += 1;
    };
    // They begin before he does.
    for (let index = 0; index < 200; index += 1) strike();
    for (let period = 0; period < PERIODS; period += 1) {
      sequence += 1;
      const packet = plain(sequence, LOUD);
      last = keys === undefined ? packet : Buffer.from(sealing.protectRtp(packet) ?? []);
      stream.receiveRtp(Buffer.from(last), CALLER, clock.now());
      sent += 1;
      while (sent < 200 + ((period + 1) * (HOSTILE_PACKETS + PERIODS)) / PERIODS) strike();
      clock.advance(20);
    }
    const { in: received, rtcp } = stream.stats();
    const dropped = Object.values(received.dropped).reduce((sum, count) => sum + count, 0);
    expect(sent).toBeGreaterThanOrEqual(HOSTILE_PACKETS + PERIODS);
    expect(received.packets + received.duplicates + rtcp.received + dropped).toBe(sent);
    expect(received.packets).toBe(PERIODS);

    expect(new Set([...packets.map(({ address, port }) => `${address}:${port}`)])).toEqual(new Set(['192.0.2.1:4000']));
    expect(new Set(reports.map(({ to }) => `${to.address}:${to.port}`))).toEqual(new Set(['192.0.2.1:4001']));
    expect(muxed).toEqual([]);
    expect(events.filter(({ type }) => type === 'latched')).toHaveLength(1);
    expect(events.some(({ type }) => type === 'failed' || type === 'closed')).toBe(false);

    expect(frames.filter(({ code }) => code === INJECTED).length).toBeLessThanOrEqual(5);
    const heardAt = frames.filter(({ code }) => code === LOUD).map(({ atMs }) => atMs);
    const gaps = heardAt.slice(1).map((atMs, index) => atMs - (heardAt[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(250);
    expect(heardAt.length).toBeGreaterThan(PERIODS - 20);

    stream.close();
    const left = packets.length + reports.length;
    for (let index = 0; index < 100; index += 1) strike();
    clock.advance(60_000);
    expect(packets.length + reports.length + muxed.length).toBe(left);
  },
);
