import { expect, test } from 'vitest';
import type { SrtpParameters } from '../../../src/media/engine.js';
import { SrtpInbound } from '../../../src/media/srtp/srtp-inbound.js';
import { SrtpOutbound } from '../../../src/media/srtp/srtp-outbound.js';
import { rtpBytes } from '../../support/rtp-bytes.js';
import { CALLER, LOUD, parametersOf, setUpStream } from '../../support/stream-bench.js';

const SUITE = 'AES_CM_128_HMAC_SHA1_80';
const srtpOf = (local = 1, remote = 2): SrtpParameters => ({
  suite: SUITE,
  localKey: Buffer.alloc(30, local),
  remoteKey: Buffer.alloc(30, remote),
  remoteLifetimePackets: 2 ** 48,
});
const STRANGER = { address: '198.51.100.66', port: 4_000 };

/** A stream with SRTP, and the two directions as its phone has them. */
const setUp = () => {
  const bench = setUpStream();
  const sealing = new SrtpOutbound({ suite: SUITE, key: Buffer.alloc(30, 2) });
  const opening = new SrtpInbound({ suite: SUITE, key: Buffer.alloc(30, 1), lifetimePackets: 2 ** 48 });
  let sequence = 10;
  const sealed = (): Uint8Array => {
    sequence += 1;
    const payload = new Uint8Array(160).fill(LOUD);
    return sealing.protectRtp(rtpBytes({ sequence, timestamp: sequence * 160, ssrc: 5, payload })) ?? new Uint8Array();
  };
  const send = (bytes: Uint8Array, from = CALLER): void =>
    bench.stream.receiveRtp(Buffer.from(bytes), from, bench.clock.now());
  return { ...bench, sealed, send, opening };
};

test('what leaves only the phone can read, and what the phone sends is heard', () => {
  const { stream, clock, raw, reports, frames, sealed, send, opening } = setUp();
  stream.connect(parametersOf({ srtp: srtpOf() }));
  for (let index = 0; index < 300; index += 1) {
    send(sealed());
    clock.advance(20);
  }
  expect(raw.length).toBeGreaterThan(250);
  for (const bytes of raw) expect(typeof opening.openRtp(bytes)).toBe('object');
  expect(reports.length).toBeGreaterThan(0);
  for (const { bytes } of reports) expect(typeof opening.openRtcp(bytes)).toBe('object');
  expect(frames.filter(({ code }) => code === LOUD).length).toBeGreaterThan(280);
  expect(stream.stats().in).toMatchObject({ packets: 300, lost: 0, dropped: {} });
});

test('plain packets, forged ones and repeated ones are dropped and counted, and move nothing', () => {
  const { stream, clock, packets, events, sealed, send } = setUp();
  stream.connect(parametersOf({ srtp: srtpOf() }));
  clock.advance(2_000);
  const plain = rtpBytes({ sequence: 1, timestamp: 160, ssrc: 5, payload: new Uint8Array(160) });
  for (let index = 0; index < 20; index += 1) {
    send(plain, { address: CALLER.address, port: 4_444 });
    send(plain, STRANGER);
    send(plain);
  }
  const packet = Buffer.from(sealed());
  send(packet);
  send(packet);
  send(packet, STRANGER);
  clock.advance(100);
  expect(stream.stats().in).toMatchObject({ packets: 1, dropped: { 'srtp-auth': 60, 'srtp-replay': 2 } });
  expect(events.filter(({ type }) => type === 'latched')).toMatchObject([{ ...CALLER }]);
  expect(new Set(packets.map(({ port }) => port))).toEqual(new Set([CALLER.port]));
});

test('a re-INVITE with the same keys loses nothing, and with new ones neither', () => {
  const { stream, clock, raw, sealed, send, opening } = setUp();
  stream.connect(parametersOf({ srtp: srtpOf() }));
  const talk = (count: number): void => {
    for (let index = 0; index < count; index += 1) {
      send(sealed());
      clock.advance(20);
    }
  };
  talk(50);
  stream.connect(parametersOf({ srtp: srtpOf() }));
  talk(50);
  for (const bytes of raw.splice(0)) expect(typeof opening.openRtp(bytes)).toBe('object');
  stream.connect(parametersOf({ srtp: srtpOf(3, 2) }));
  opening.rekey({ suite: SUITE, key: Buffer.alloc(30, 3), lifetimePackets: 2 ** 48 });
  talk(50);
  expect(raw.length).toBeGreaterThanOrEqual(48);
  for (const bytes of raw) expect(typeof opening.openRtp(bytes)).toBe('object');
  expect(stream.stats().in).toMatchObject({ packets: 150, lost: 0, dropped: {} });
});
