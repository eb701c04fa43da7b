import { expect, test } from 'vitest';
import type { SrtpSuite } from '../../../src/media/engine.js';
import { estimateIndex } from '../../../src/media/srtp/packet-index.js';
import { ReplayWindow } from '../../../src/media/srtp/replay-window.js';
import { SrtpInbound } from '../../../src/media/srtp/srtp-inbound.js';
import { SrtpOutbound } from '../../../src/media/srtp/srtp-outbound.js';
import { SrtpSession } from '../../../src/media/srtp/srtp-session.js';
import { rtpBytes } from '../../support/rtp-bytes.js';
import { SeededRandom } from '../../support/seeded-random.js';

const suites = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AEAD_AES_128_GCM'] as const;
const masterOf = (suite: SrtpSuite, fill = 1): Buffer => Buffer.alloc(suite === 'AEAD_AES_128_GCM' ? 28 : 30, fill);
const keyOf = (suite: SrtpSuite, fill = 1, lifetimePackets = 2 ** 48) => ({
  suite,
  key: masterOf(suite, fill),
  lifetimePackets,
});
const packetOf = (sequence: number, ssrc = 9): Buffer =>
  rtpBytes({ sequence: sequence & 0xffff, timestamp: sequence * 160, ssrc, payload: Buffer.alloc(160, sequence) });
const report = Buffer.from('80c900010000000981ca0002000000090101610000000000', 'hex').subarray(0, 20);

/** Both ends of one direction. */
const pair = (suite: SrtpSuite) => {
  const outbound = new SrtpOutbound(keyOf(suite));
  const inbound = new SrtpInbound(keyOf(suite));
  const seal = (sequence: number, ssrc?: number): Buffer =>
    Buffer.from(outbound.protectRtp(packetOf(sequence, ssrc)) ?? []);
  const opens = (bytes: Buffer): string => {
    const opened = inbound.openRtp(Buffer.from(bytes));
    return typeof opened === 'string' ? opened : 'ok';
  };
  return { outbound, inbound, seal, opens };
};

test.each(suites)('%s: what one end protects the other reads, and nobody else', (suite) => {
  const { outbound, inbound, seal } = pair(suite);
  for (let sequence = 65_500; sequence < 65_600; sequence += 1) {
    const sealed = seal(sequence);
    expect(sealed.subarray(0, 12)).toEqual(packetOf(sequence).subarray(0, 12));
    expect(sealed.includes(Buffer.alloc(16, sequence))).toBe(false);
    expect(inbound.openRtp(sealed)).toEqual(packetOf(sequence));
  }
  const sealed = Buffer.from(outbound.protectRtcp(report) ?? []);
  expect(sealed.subarray(8).includes(report.subarray(8))).toBe(false);
  expect(inbound.openRtcp(Buffer.from(sealed))).toEqual(report);
  expect(inbound.openRtcp(sealed)).toBe('srtp-replay');
  expect(new SrtpInbound(keyOf(suite, 2)).openRtp(seal(65_600))).toBe('srtp-auth');
});

test.each(suites)('%s: a packet with any one bit changed is refused, and the good one is taken after it', (suite) => {
  const { seal, opens, outbound, inbound } = pair(suite);
  expect(opens(seal(1))).toBe('ok');
  const sealed = seal(2);
  for (let bit = 0; bit < sealed.length * 8; bit += 7) {
    const damaged = Buffer.from(sealed);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(opens(damaged)).not.toBe('ok');
  }
  for (let length = 0; length < sealed.length; length += 1) expect(opens(sealed.subarray(0, length))).not.toBe('ok');
  expect(opens(sealed)).toBe('ok');
  const compound = Buffer.from(outbound.protectRtcp(report) ?? []);
  for (let at = 0; at < compound.length; at += 1) {
    const damaged = Buffer.from(compound);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect(typeof inbound.openRtcp(damaged)).toBe('string');
  }
  expect(typeof inbound.openRtcp(compound)).toBe('object');
});

test('each packet passes once, in any order, until it is too old to know', () => {
  const { seal, opens } = pair('AES_CM_128_HMAC_SHA1_80');
  const sealed = Array.from({ length: 400 }, (_, index) => seal(100 + index));
  const order = [0, 3, 1, 2, 350, 349, 120, 350, 1, 50, 399];
  expect(order.map((index) => opens(sealed[index] ?? Buffer.alloc(0)))).toEqual([
    ...Array<string>(7).fill('ok'),
    ...Array<string>(3).fill('srtp-replay'),
    'ok',
  ]);
});

test('losing packets around the wrap of the sequence number costs no synchronisation', () => {
  const { seal, opens } = pair('AES_CM_128_HMAC_SHA1_80');
  for (let sequence = 30_000; sequence < 30_000 + 3 * 65_536; sequence += 61) {
    if (sequence % 1_000 < 100) seal(sequence);
    else expect(opens(seal(sequence))).toBe('ok');
  }
});

test('a new source of the same peer is taken, and what the old one sent cannot be played again', () => {
  const { seal, opens } = pair('AEAD_AES_128_GCM');
  const old = seal(10, 1);
  expect(opens(old)).toBe('ok');
  for (let ssrc = 2; ssrc < 5; ssrc += 1) expect(opens(seal(11, ssrc))).toBe('ok');
  expect(opens(old)).toBe('srtp-replay');
});

test('of a peer that changes its SSRC again and again the oldest source is forgotten', () => {
  const { seal, opens } = pair('AEAD_AES_128_GCM');
  const sealed = [1, 2, 3, 4, 5].map((ssrc) => seal(10, ssrc));
  expect(sealed.map(opens)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  expect(sealed.slice(1).map(opens)).toEqual(Array(4).fill('srtp-replay'));
  expect(opens(sealed[0] as Buffer)).toBe('ok');
});

test('a source that is heard again and again is remembered, and so is its rollover counter, however many others come between', () => {
  const { seal, opens } = pair('AES_CM_128_HMAC_SHA1_80');
  // Each has a rollover counter of its own: another SRTP sender for the others of the peer, music on hold for instance.
  const others = new SrtpOutbound(keyOf('AES_CM_128_HMAC_SHA1_80'));
  for (let sequence = 65_530; sequence < 65_540; sequence += 1) expect(opens(seal(sequence, 1))).toBe('ok');
  for (let ssrc = 2; ssrc < 8; ssrc += 1) {
    expect(opens(Buffer.from(others.protectRtp(packetOf(10 * ssrc, ssrc)) ?? []))).toBe('ok');
    expect(opens(seal(65_540 + ssrc, 1))).toBe('ok');
  }
});

test('a key protects as many packets as its sender said, and no more', () => {
  const outbound = new SrtpOutbound(keyOf('AES_CM_128_HMAC_SHA1_80'));
  const inbound = new SrtpInbound(keyOf('AES_CM_128_HMAC_SHA1_80', 1, 3));
  const results = [1, 2, 3, 4].map((sequence) =>
    inbound.openRtp(Buffer.from(outbound.protectRtp(packetOf(sequence)) ?? [])),
  );
  expect(results.map((result) => typeof result)).toEqual(['object', 'object', 'object', 'string']);
  expect(results[3]).toBe('srtp-lifetime');
});

test.each([false, true])(
  'a new key, with the rollover counter begun anew: %s; stragglers of the old one are heard',
  (anew) => {
    const suite = 'AES_CM_128_HMAC_SHA1_80';
    const { outbound, inbound, seal, opens } = pair(suite);
    expect(opens(seal(65_530))).toBe('ok');
    expect(opens(seal(65_540))).toBe('ok');
    const straggler = seal(65_541);
    outbound.rekey(keyOf(suite, 2), anew);
    inbound.rekey(keyOf(suite, 2));
    expect(opens(straggler)).toBe('ok');
    expect(opens(straggler)).toBe('srtp-auth');
    expect(opens(seal(65_542))).toBe('ok');
    expect(opens(seal(65_543))).toBe('ok');
    // The new key is at work: the old one is forgotten.
    const old = new SrtpOutbound(keyOf(suite));
    expect(opens(Buffer.from(old.protectRtp(packetOf(7)) ?? []))).toMatch(/^srtp-/);
  },
);

test('while the old key may still be at work, nothing is taken that neither key has made', () => {
  const { outbound, inbound, seal, opens } = pair('AEAD_AES_128_GCM');
  expect(opens(seal(10))).toBe('ok');
  const straggler = seal(11);
  inbound.rekey(keyOf('AES_CM_128_HMAC_SHA1_32', 2));
  const forged = Buffer.from(straggler);
  forged[20] = (forged[20] ?? 0) ^ 1;
  expect(opens(forged)).toBe('srtp-auth');
  // Of a source that the old key never spoke for; and too short for the old key's tag, though not for the new one's.
  expect(opens(Buffer.from(outbound.protectRtp(packetOf(12, 77)) ?? []))).toBe('srtp-auth');
  for (let length = 12; length < 30; length += 1) expect(opens(straggler.subarray(0, length))).toBe('srtp-auth');
  expect(inbound.openRtp(Buffer.from(straggler))).toEqual(packetOf(11));
});

test('the same key again changes nothing', () => {
  const suite = 'AEAD_AES_128_GCM';
  const { outbound, inbound, seal, opens } = pair(suite);
  const first = seal(65_535);
  expect(opens(first)).toBe('ok');
  outbound.rekey(keyOf(suite), true);
  inbound.rekey(keyOf(suite));
  expect(opens(first)).toBe('srtp-replay');
  expect(opens(seal(65_536))).toBe('ok');
});

test('a key that comes back protects nothing under an index that it has used', () => {
  const suite = 'AEAD_AES_128_GCM';
  const { outbound } = pair(suite);
  const wordOf = (rtcp: Uint8Array | undefined): number =>
    Buffer.from(rtcp ?? []).readUInt32BE((rtcp?.length ?? 0) - 4);
  const first = Buffer.from(outbound.protectRtp(packetOf(7)) ?? []);
  const firstReport = wordOf(outbound.protectRtcp(report));
  outbound.rekey(keyOf(suite, 2), true);
  outbound.protectRtp(packetOf(9));
  outbound.protectRtcp(report);
  outbound.rekey(keyOf(suite), true);
  // The same packet again, after a wrap that nobody saw: under the next rollover counter.
  expect(Buffer.from(outbound.protectRtp(packetOf(7)) ?? [])).not.toEqual(first);
  expect(wordOf(outbound.protectRtcp(report))).toBeGreaterThan(firstReport);
});

test('a key that comes back after the counter was begun anew for another goes on where it was', () => {
  const suite = 'AES_CM_128_HMAC_SHA1_80';
  const { outbound, opens, seal } = pair(suite);
  const first = Buffer.from(outbound.protectRtp(packetOf(2)) ?? []);
  for (const sequence of [30_000, 60_000, 65_536]) opens(seal(sequence));
  outbound.rekey(keyOf(suite, 2), true);
  seal(65_537);
  outbound.rekey(keyOf(suite), true);
  const again = Buffer.from(outbound.protectRtp(packetOf(2)) ?? []);
  expect(again).not.toEqual(first);
  expect(opens(again)).toBe('ok');
});

test('keys that come back are known among the last sixteen; those before them are let go of', () => {
  const suite = 'AES_CM_128_HMAC_SHA1_80';
  const [known, forgotten] = [15, 16].map((others) => {
    const { outbound, seal } = pair(suite);
    for (const sequence of [2, 30_000, 60_000, 65_536]) seal(sequence);
    for (let fill = 2; fill < 2 + others; fill += 1) outbound.rekey(keyOf(suite, fill), true);
    outbound.rekey(keyOf(suite, 100), true);
    outbound.rekey(keyOf(suite), true);
    return Buffer.from(outbound.protectRtp(packetOf(2)) ?? []);
  });
  const first = pair(suite).seal(2);
  expect(known).not.toEqual(first);
  expect(forgotten).toEqual(first);
});

test('a key that comes back after a change of SSRC begins at a rollover counter of 0, as who receives it does', () => {
  const suite = 'AES_CM_128_HMAC_SHA1_80';
  const { outbound, seal } = pair(suite);
  for (const sequence of [65_530, 65_540]) seal(sequence);
  outbound.rekey(keyOf(suite, 2), false);
  outbound.startOver();
  seal(70, 7);
  outbound.rekey(keyOf(suite), false);
  expect(new SrtpInbound(keyOf(suite)).openRtp(seal(71, 7))).toEqual(packetOf(71, 7));
});

test('a key that came back and was given up again is among the last ones once more', () => {
  const suite = 'AES_CM_128_HMAC_SHA1_80';
  const { outbound, seal } = pair(suite);
  const first = seal(2);
  outbound.rekey(keyOf(suite, 2), true);
  outbound.rekey(keyOf(suite), true);
  for (const sequence of [30_000, 60_000, 65_536]) seal(sequence);
  for (let fill = 3; fill < 19; fill += 1) outbound.rekey(keyOf(suite, fill), true);
  outbound.rekey(keyOf(suite), true);
  expect(Buffer.from(outbound.protectRtp(packetOf(2)) ?? [])).not.toEqual(first);
});

test('protection that is given up and comes back with its key goes on where it was', () => {
  const sent: Buffer[] = [];
  const keep = (bytes: Uint8Array): void => void sent.push(Buffer.from(bytes));
  const session = new SrtpSession({ send: keep, sendRtcp: keep });
  const key = new Uint8Array(30).fill(5);
  const parameters = {
    suite: 'AES_CM_128_HMAC_SHA1_80',
    localKey: key,
    remoteKey: key,
    remoteLifetimePackets: 2 ** 48,
  } as const;
  const to = { address: '127.0.0.1', port: 4000 };
  session.sendWith(parameters, true);
  session.send(packetOf(7), to);
  session.send(packetOf(8), to);
  session.sendWith(undefined, false);
  session.send(packetOf(9), to);
  session.sendWith(parameters, true);
  // The numbers have wrapped meanwhile.
  session.send(packetOf(7), to);
  expect(sent[2]).toEqual(packetOf(9));
  expect(sent[3]).not.toEqual(sent[0]);
});

test('the index of a packet is that of the cycle nearest to the newest one', () => {
  const cycle = 65_536;
  expect(estimateIndex(-1, 40_000)).toBe(40_000);
  expect(estimateIndex(65_535, 0)).toBe(cycle);
  expect(estimateIndex(cycle, 65_535)).toBe(65_535);
  expect(estimateIndex(5, 65_535)).toBe(-1);
  expect(estimateIndex(3 * cycle + 40_000, 7_000)).toBe(4 * cycle + 7_000);
  expect(estimateIndex(3 * cycle + 40_000, 8_000)).toBe(3 * cycle + 8_000);
});

test('a replay window agrees with a set of all that was seen', () => {
  const random = new SeededRandom(5);
  const window = new ReplayWindow();
  const seen = new Set<number>();
  let highest = -1;
  for (let round = 0; round < 5_000; round += 1) {
    const index = Math.max(0, highest - 300 + random.integer(310));
    expect(window.isReplay(index)).toBe(seen.has(index) || highest - index >= 256);
    if (window.isReplay(index)) continue;
    window.record(index);
    seen.add(index);
    highest = Math.max(highest, index);
  }
});

test('random bytes are refused and change nothing', () => {
  const random = new SeededRandom(11);
  for (const suite of suites) {
    const { inbound, seal, opens } = pair(suite);
    expect(opens(seal(1))).toBe('ok');
    for (let round = 0; round < 1_000; round += 1) {
      const bytes = random.bytes(random.integer(220));
      if (bytes.length > 0) bytes[0] = 0x80 | (random.integer(256) & 0x3f);
      expect(typeof inbound.openRtp(Buffer.from(bytes))).toBe('string');
      expect(typeof inbound.openRtcp(bytes)).toBe('string');
    }
    expect(opens(seal(2))).toBe('ok');
  }
});
