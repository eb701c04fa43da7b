import { expect, test } from 'vitest';
import { middleOfNtp, ntpOf, ntpUnits } from '../../../src/media/rtcp/ntp-time.js';
import { parseRtcp, RtcpSummary } from '../../../src/media/rtcp/rtcp-packet.js';
import { RtcpSession, type SentMedia } from '../../../src/media/rtcp/rtcp-session.js';
import { SequenceTracker } from '../../../src/media/rtp/sequence-tracker.js';
import { SeededRandom } from '../../support/seeded-random.js';

const OURS = 0xaaaa_bbbb;
const THEIRS = 0xcccc_dddd;
const EPOCH_MS = Date.UTC(2026, 0, 1);
const idle: SentMedia = { packets: 0, payloadBytes: 0, lastSentMs: undefined, lastTimestamp: 0 };

interface Report {
  readonly bytes: Buffer;
  readonly atMs: number;
}

const setUp = (ssrc = OURS, seed = 1) => {
  const session = new RtcpSession({ source: { ssrc }, wallOffsetMs: EPOCH_MS }, new SeededRandom(seed));
  const sequences = new SequenceTracker(8000);
  session.begin(8000, 0);
  /** Waits for the next report. */
  const next = (sent: SentMedia): Report => {
    for (;;) {
      const atMs = session.dueMs;
      const bytes = session.report({ ...sent, lastSentMs: sent.lastSentMs && atMs - 10 }, sequences, atMs);
      if (bytes !== undefined) return { bytes, atMs };
    }
  };
  const receive = (bytes: Uint8Array, atMs: number): boolean => {
    const summary = new RtcpSummary(ssrc);
    const ok = parseRtcp(bytes, summary);
    if (ok) session.receive(summary, bytes.length, atMs);
    return ok;
  };
  /** Packets of the other side, with every `lossEvery`th missing. */
  const hear = (count: number, lossEvery = Number.POSITIVE_INFINITY, ssrcOfTheirs = THEIRS, first = 65_500): void => {
    for (let index = 0; index < count; index += 1) {
      if (index % lossEvery === lossEvery - 1) continue;
      sequences.update(ssrcOfTheirs, (first + index) & 0xffff, index * 160, true, index * 20);
    }
  };
  return { session, sequences, next, receive, hear };
};
const sending: SentMedia = { packets: 100, payloadBytes: 16_000, lastSentMs: 1, lastTimestamp: 2 ** 32 + 800 };

test('a sender says what it sent and when, who it is, and nothing of its host', () => {
  const { next } = setUp();
  const { bytes, atMs } = next(sending);
  expect([bytes[0], bytes[1], bytes.readUInt16BE(2)]).toEqual([0x80, 200, 6]);
  expect(bytes.readUInt32BE(4)).toBe(OURS);
  const unixMs = (bytes.readUInt32BE(8) - 2_208_988_800 + bytes.readUInt32BE(12) / 2 ** 32) * 1000;
  expect(unixMs).toBeCloseTo(EPOCH_MS + atMs, 2);
  // 10 ms after the last packet.
  expect(bytes.readUInt32BE(16)).toBe(880);
  expect([bytes.readUInt32BE(20), bytes.readUInt32BE(24)]).toEqual([100, 16_000]);
  const description = bytes.subarray(28);
  expect([description[0], description[1], description[8], description[9]]).toEqual([0x81, 202, 1, 16]);
  expect(description.subarray(10, 26).toString()).toMatch(/^[\w+/]{16}$/);
  expect(description.subarray(26).every((byte) => byte === 0)).toBe(true);
  expect(parseRtcp(bytes, new RtcpSummary())).toBe(true);
});

test('whoever only listens sends a receiver report; without anything heard it has no block', () => {
  const { next, hear } = setUp();
  expect(next(idle).bytes.subarray(0, 2)).toEqual(Buffer.from([0x80, 201]));
  hear(10);
  expect(next(idle).bytes.subarray(0, 2)).toEqual(Buffer.from([0x81, 201]));
  // Nothing came since then (RFC 3550 section 6.4).
  expect(next(idle).bytes.subarray(0, 2)).toEqual(Buffer.from([0x80, 201]));
});

test('a block has the loss since the last one, the loss of all, and the wrapped sequence number', () => {
  const { next, hear } = setUp();
  hear(100, 4);
  const block = next(idle).bytes.subarray(8);
  expect(block.readUInt32BE(0)).toBe(THEIRS);
  // 24 of 99: the hundredth never came, and nobody knows of it yet.
  expect(block[4]).toBe(Math.floor((24 * 256) / 99));
  expect(block.readUIntBE(5, 3)).toBe(24);
  expect(block.readUInt32BE(8)).toBe(0x1_0000 + ((65_500 + 98) & 0xffff));
  hear(100, Number.POSITIVE_INFINITY, THEIRS, 65_600);
  const later = next(idle).bytes.subarray(8);
  expect(later[4]).toBe(Math.floor(256 / 101));
  expect(later.readUIntBE(5, 3)).toBe(25);
});

test('a new source begins anew', () => {
  const { next, hear, sequences } = setUp();
  hear(100, 4);
  for (let late = 0; late < 20; late += 1)
    sequences.update(THEIRS, 64 + late, (100 + late) * 160, true, 2_000 + 20 * late + 40 * (late % 2));
  next(idle);
  hear(50, Number.POSITIVE_INFINITY, 77, 5);
  const block = next(idle).bytes.subarray(8);
  expect([block.readUInt32BE(0), block[4], block.readUIntBE(5, 3), block.readUInt32BE(8)]).toEqual([77, 0, 0, 54]);
  // The jitter of the one before, 40 ms late now and then, is not its own.
  expect(block.readUInt32BE(12)).toBe(0);
});

test('what came twice was received twice: the loss that is told may be negative (RFC 3550 section 6.4.1)', () => {
  const { next, hear, sequences } = setUp();
  hear(10, 5, THEIRS, 100);
  for (let count = 0; count < 3; count += 1) sequences.update(THEIRS, 100, 0, true, 200);
  const block = next(idle).bytes.subarray(8);
  // One of nine was lost and three came again: none was lost of late, and two too many have come.
  expect([block[4], block.readIntBE(5, 3)]).toEqual([0, -2]);
  // The call's own figure is of packets that never came.
  expect(sequences.lost).toBe(1);
});

test('a source whose numbers begin anew is reported on from there (RFC 3550 A.1)', () => {
  const { next, hear } = setUp();
  hear(100, 4, THEIRS, 1_000);
  next(idle);
  hear(201, 4, THEIRS, 40_000);
  const block = next(idle).bytes.subarray(8);
  // The first of them is refused until the second confirms it: of the 200 after it, 50 are missing.
  expect(block.readIntBE(5, 3)).toBe(50);
  expect(block[4]).toBe(Math.floor((50 * 256) / 200));
});

test('two ends measure the time between them, and learn what the other lost', () => {
  const oneWayMs = 40;
  const here = setUp(OURS);
  const there = setUp(THEIRS, 2);
  there.sequences.update(OURS, 1, 0, true, 0);
  there.sequences.update(OURS, 3, 320, true, 41);
  const sent = here.next(sending);
  there.receive(sent.bytes, sent.atMs + oneWayMs);
  const answer = there.next(idle);
  expect(answer.atMs).toBeGreaterThan(sent.atMs + oneWayMs);
  here.receive(answer.bytes, answer.atMs + oneWayMs);
  const stats = here.session.stats(100);
  expect(stats.roundTripMs).toBeCloseTo(2 * oneWayMs, 0);
  expect(stats.remote).toMatchObject({ lost: 1, jitterMs: 0.125 });
  expect(stats.remote.mos).toBeGreaterThan(4);
  expect(stats.rtcp).toEqual({ sent: 1, received: 1 });
});

test('delay costs quality', () => {
  const mosAt = (oneWayMs: number): number => {
    const here = setUp(OURS);
    const there = setUp(THEIRS, 2);
    there.sequences.update(OURS, 1, 0, true, 0);
    const sent = here.next(sending);
    there.receive(sent.bytes, sent.atMs + oneWayMs);
    there.sequences.update(OURS, 2, 160, true, 20);
    let answer = there.next(idle);
    while (answer.atMs < sent.atMs + oneWayMs) answer = there.next(idle);
    here.receive(answer.bytes, answer.atMs + oneWayMs);
    return here.session.stats(100).remote.mos ?? 0;
  };
  expect(mosAt(400)).toBeLessThan(mosAt(20) - 0.5);
});

test('a block that refers to no report of ours, or to the future, measures nothing', () => {
  const { session, next, receive } = setUp();
  const { atMs } = next(sending);
  const forged = (lastReport: number, delay: number): Buffer => {
    const bytes = Buffer.alloc(32);
    bytes.writeUInt32BE(0x81c9_0007, 0);
    bytes.writeUInt32BE(THEIRS, 4);
    bytes.writeUInt32BE(OURS, 8);
    bytes.writeUInt32BE(lastReport, 24);
    bytes.writeUInt32BE(delay, 28);
    return bytes;
  };
  const ours = middleOfNtp(ntpOf(EPOCH_MS + atMs));
  expect(receive(forged(ours + 65_536, 0), atMs + 50)).toBe(true);
  receive(forged(0, 0), atMs + 50);
  receive(forged(ours, ntpUnits(5_000)), atMs + 50);
  expect(session.roundTripMs).toBeUndefined();
  receive(forged(ours, 0), atMs + 50);
  expect(session.roundTripMs).toBeCloseTo(50, 0);
});

test('a BYE comes last in a whole compound, and only from somebody who was heard of', () => {
  const { session, sequences } = setUp();
  expect(session.bye(idle, sequences, 100)).toBeUndefined();
  const bytes = session.bye(sending, sequences, 100);
  const summary = new RtcpSummary();
  expect(parseRtcp(bytes ?? Buffer.alloc(0), summary)).toBe(true);
  expect(summary).toMatchObject({ senderReports: 1, byes: 1 });
  expect(bytes?.subarray(-8)).toEqual(Buffer.from([0x81, 203, 0, 1, 0xaa, 0xaa, 0xbb, 0xbb]));
});
