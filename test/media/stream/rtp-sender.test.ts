import { expect, test } from 'vitest';
import { MULAW_SILENCE } from '../../../src/audio/g711.js';
import { PacketWriter } from '../../../src/media/codecs/packet-writer.js';
import { phoneCodings } from '../../../src/media/codecs/phone-codec.js';
import { Playout } from '../../../src/media/playout/playout.js';
import { LocalSource } from '../../../src/media/rtp/local-source.js';
import { parseRtp, RtpPacket } from '../../../src/media/rtp/rtp-packet.js';
import { RtpSender } from '../../../src/media/stream/rtp-sender.js';
import { SeededRandom } from '../../support/seeded-random.js';

interface SentPacket extends RtpPacket {
  readonly slot: number;
  readonly port: number;
  readonly payload: readonly number[];
}

const TO = { address: '127.0.0.1', port: 4000 };

/** A sender whose first slot is 2, and a wheel that turns by hand. */
const setUp = (ptimeMs = 20) => {
  const packets: SentPacket[] = [];
  const agent: { samples: number; peak: number; atMs: number }[] = [];
  const playout = new Playout(phoneCodings.pcmu, () => {});
  let slot = 0;
  const random = new SeededRandom(8);
  const sender = new RtpSender({
    random,
    source: new LocalSource(random),
    playout,
    tap: {
      caller: () => {},
      agent: (samples, atMs) => agent.push({ samples: samples.length, peak: Math.max(...samples.map(Math.abs)), atMs }),
    },
    port: {
      send: (bytes, to) => {
        const packet = new RtpPacket();
        if (parseRtp(bytes, packet) !== undefined) throw new Error('not RTP');
        packets.push({ ...packet, slot, port: to.port, payload: [...bytes.subarray(12)] });
      },
    },
  });
  sender.configure(new PacketWriter(phoneCodings.pcmu, undefined, ptimeMs), 0, { payloadType: 101, unitsPerMs: 8 });
  sender.begin(2);
  const turn = (slots: number, options: { to?: typeof TO | undefined; lateSlots?: number } = { to: TO }) => {
    for (let count = 0; count < slots; count += 1) {
      slot += 1;
      sender.onSlot(slot, slot + (options.lateSlots ?? 0), options.to, slot * 5 + (options.lateSlots ?? 0) * 5);
    }
  };
  return { sender, playout, packets, agent, turn };
};

const steps = (values: readonly number[], modulus: number): number[] =>
  values.slice(1).map((value, index) => (value - (values[index] ?? 0) + modulus) % modulus);

test.each([10, 20, 30, 40, 60])('one packet of silence leaves every %d ms, from the first slot on', (ptimeMs) => {
  const { packets, turn } = setUp(ptimeMs);
  turn(1 + 48);
  expect(packets).toHaveLength(240 / ptimeMs);
  expect(packets[0]).toMatchObject({ slot: 2, marker: true, payloadType: 0, port: 4000 });
  expect(new Set(packets.flatMap(({ payload }) => payload))).toEqual(new Set([MULAW_SILENCE]));
  expect(packets.every(({ payloadBytes }) => payloadBytes === ptimeMs * 8)).toBe(true);
  expect(
    new Set(
      steps(
        packets.map(({ timestamp }) => timestamp),
        2 ** 32,
      ),
    ),
  ).toEqual(new Set([ptimeMs * 8]));
  expect(
    new Set(
      steps(
        packets.map(({ sequence }) => sequence),
        2 ** 16,
      ),
    ),
  ).toEqual(new Set([1]));
  expect(packets.filter(({ marker }) => marker)).toHaveLength(1);
  expect(new Set(packets.map(({ ssrc }) => ssrc)).size).toBe(1);
});

test('over unsent slots the timestamp goes on and the sequence does not; the next packet is marked', () => {
  const { packets, turn } = setUp();
  turn(12);
  turn(40, { to: undefined });
  turn(12);
  expect(packets).toHaveLength(6);
  const [, , before, after, next] = packets;
  expect(((after?.timestamp ?? 0) - (before?.timestamp ?? 0) + 2 ** 32) % 2 ** 32).toBe(160 + 10 * 160);
  expect(((after?.sequence ?? 0) - (before?.sequence ?? 0) + 65_536) % 65_536).toBe(1);
  expect([before?.marker, after?.marker, next?.marker]).toEqual([false, true, false]);
});

test('nothing leaves before an address is known, and time counts from the first slot all the same', () => {
  const { packets, turn } = setUp();
  turn(100, { to: undefined });
  expect(packets).toEqual([]);
  turn(4);
  expect(packets[0]?.marker).toBe(true);
});

test('sequence and timestamp wrap', () => {
  const { packets, turn } = setUp();
  turn(4 * 66_000);
  const sequences = steps(
    packets.map(({ sequence }) => sequence),
    2 ** 16,
  );
  expect(new Set(sequences)).toEqual(new Set([1]));
  expect(packets.some(({ sequence }) => sequence === 0)).toBe(true);
});

test('a late tick sends two packets at most; older slots are skipped, counted, and shift the audio', () => {
  const { sender, playout, packets, turn } = setUp();
  for (let index = 0; index < 10; index += 1) playout.play('a', new Uint8Array(160).fill(index + 1));
  playout.end('a');
  turn(5);
  // The process was held up for 100 ms: the next slots are served one by one, all of them late.
  for (const late of [19, 15, 11, 7, 3]) turn(4, { to: TO, lateSlots: late });
  turn(16);
  expect(sender.stats()).toMatchObject({ packets: 1 + 2 + 4, skippedSlots: 3 });
  expect(packets.map(({ payload }) => payload[0])).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(
    steps(
      packets.map(({ timestamp }) => timestamp),
      2 ** 32,
    ),
  ).toEqual([640, 160, 160, 160, 160, 160]);
  expect(packets.map(({ marker }) => marker)).toEqual([true, true, false, false, false, false, false]);
});

test('the longest gap is counted over skipped slots, not over hold', () => {
  const { sender, turn } = setUp();
  turn(12);
  turn(400, { to: undefined });
  turn(12);
  expect(sender.stats().maxGapMs).toBe(20);
  for (const late of [11, 7, 3]) turn(4, { to: TO, lateSlots: late });
  expect(sender.stats().maxGapMs).toBeGreaterThan(40);
});

test('digits go out as events under one timestamp each, and the audio timeline goes on behind them', () => {
  const { sender, playout, packets, agent, turn } = setUp();
  playout.play('a', new Uint8Array(8_000).fill(0x10));
  turn(9);
  let sent = false;
  sender.sendDigits('1', { durationMs: 60, gapMs: 60 }, () => {
    sent = true;
  });
  turn(28);
  expect(sent).toBe(true);
  const events = packets.filter(({ payloadType }) => payloadType === 101);
  expect(events.map(({ payload }) => [payload[1], ((payload[2] ?? 0) << 8) | (payload[3] ?? 0)])).toEqual([
    [10, 160],
    [10, 320],
    [0x8a, 480],
    [0x8a, 480],
    [0x8a, 480],
  ]);
  expect(new Set(events.map(({ timestamp }) => timestamp)).size).toBe(1);
  expect(events.map(({ marker }) => marker)).toEqual([true, false, false, false, false]);
  expect(
    new Set(
      steps(
        packets.map(({ sequence }) => sequence),
        2 ** 16,
      ),
    ),
  ).toEqual(new Set([1]));
  expect(
    new Set(
      steps(
        packets.map(({ slot }) => slot),
        2 ** 32,
      ),
    ),
  ).toEqual(new Set([4]));
  const [first, last] = [packets[0], packets.at(-1)];
  const elapsedSlots = (last?.slot ?? 0) - (first?.slot ?? 0);
  expect(((last?.timestamp ?? 0) - (first?.timestamp ?? 0) + 2 ** 32) % 2 ** 32).toBe(elapsedSlots * 40);
  // Playout waited: only what was sent as audio is gone.
  const audible = packets.filter(({ payload, payloadType }) => payloadType === 0 && payload[0] === 0x10).length;
  expect(playout.queuedMs).toBe(1_000 - audible * 20);
  expect(agent).toHaveLength(packets.length);
  expect(agent.filter(({ peak }) => peak > 1_000)).toHaveLength(audible);
});

test('without a negotiated payload type digits are done at once and nothing of them is sent', () => {
  const { sender, packets, turn } = setUp();
  sender.configure(new PacketWriter(phoneCodings.pcmu, undefined, 20), 0, undefined);
  let sent = false;
  sender.sendDigits('12', {}, () => {
    sent = true;
  });
  turn(40);
  expect(sent).toBe(true);
  expect(new Set(packets.map(({ payloadType }) => payloadType))).toEqual(new Set([0]));
});

test('digits under way when events are negotiated away are done, and do not come later', () => {
  const { sender, packets, turn } = setUp();
  const done: string[] = [];
  sender.sendDigits('12', {}, () => done.push('12'));
  sender.sendDigits('3', {}, () => done.push('3'));
  turn(9);
  const writer = new PacketWriter(phoneCodings.pcmu, undefined, 20);
  sender.configure(writer, 0, undefined);
  expect(done).toEqual(['12', '3']);
  const before = packets.length;
  turn(40);
  sender.configure(writer, 0, { payloadType: 101, unitsPerMs: 8 });
  turn(400);
  expect(new Set(packets.slice(before).map(({ payloadType }) => payloadType))).toEqual(new Set([0]));
  sender.sendDigits('4', {}, () => done.push('4'));
  turn(100);
  expect(packets.filter(({ payload }) => payload.length === 4).at(-1)?.payload[0]).toBe(4);
  expect(done).toEqual(['12', '3', '4']);
});

test('codec and packet length change with a re-INVITE, the timeline does not', () => {
  const { sender, packets, turn } = setUp();
  turn(12);
  sender.configure(new PacketWriter(phoneCodings.pcma, undefined, 30), 8, { payloadType: 96, unitsPerMs: 8 });
  turn(24);
  expect(packets.map(({ payloadType, payloadBytes, slot }) => [slot, payloadType, payloadBytes])).toEqual([
    [2, 0, 160],
    [6, 0, 160],
    [10, 0, 160],
    [14, 8, 240],
    [20, 8, 240],
    [26, 8, 240],
    [32, 8, 240],
  ]);
  expect(
    steps(
      packets.map(({ timestamp }) => timestamp),
      2 ** 32,
    ),
  ).toEqual([160, 160, 160, 240, 240, 240]);
});

test('an event that is held up goes on without a marker, which would begin another (RFC 4733 section 2.2.2)', () => {
  const { sender, packets, turn } = setUp();
  turn(12);
  sender.sendDigits('5', { durationMs: 120, gapMs: 60 }, () => {});
  turn(8);
  // The process was held up for longer than it catches up.
  for (const late of [15, 11]) turn(4, { to: TO, lateSlots: late });
  turn(40);
  const events = packets.filter(({ payloadType }) => payloadType === 101);
  expect(events.length).toBeGreaterThan(5);
  expect(new Set(events.map(({ timestamp }) => timestamp)).size).toBe(1);
  expect(events.map(({ marker }) => marker)).toEqual(events.map((_, index) => index === 0));
});

test('events beside Opus with a clock of 8000 Hz: durations in that clock, timestamps on the line of the audio', () => {
  const { sender, packets, turn } = setUp();
  sender.configure(new PacketWriter(phoneCodings.opus, undefined, 20), 111, { payloadType: 101, unitsPerMs: 8 });
  turn(6);
  sender.sendDigits('5', { durationMs: 60, gapMs: 40 }, () => {});
  turn(28);
  const events = packets.filter(({ payloadType }) => payloadType === 101);
  const durations = events.map(({ payload }) => ((payload[2] ?? 0) << 8) | (payload[3] ?? 0));
  expect(durations).toEqual([160, 320, 480, 480, 480]);
  expect(new Set(events.map(({ timestamp }) => timestamp)).size).toBe(1);
  const audio = packets.filter(({ payloadType }) => payloadType === 111);
  // The line goes on behind the five slots of the event as if it had been audio.
  const [before, after] = [audio[1], audio[2]];
  expect(((after?.timestamp ?? 0) - (before?.timestamp ?? 0) + 2 ** 32) % 2 ** 32).toBe(960 * 6);
  expect(((events[0]?.timestamp ?? 0) - (before?.timestamp ?? 0) + 2 ** 32) % 2 ** 32).toBe(960);
});

test('two streams begin at different numbers', () => {
  const random = new SeededRandom(1);
  const playout = new Playout(phoneCodings.pcmu, () => {});
  const headers = [0, 1].map(() => {
    const packet = new RtpPacket();
    const sender = new RtpSender({
      random,
      source: new LocalSource(random),
      playout,
      tap: undefined,
      port: { send: (bytes) => parseRtp(bytes, packet) },
    });
    sender.configure(new PacketWriter(phoneCodings.pcmu, undefined, 20), 0, undefined);
    sender.begin(1);
    sender.onSlot(1, 1, TO, 0);
    return [packet.ssrc, packet.sequence, packet.timestamp];
  });
  for (const field of [0, 1, 2]) expect(headers[0]?.[field]).not.toBe(headers[1]?.[field]);
});

test('an SSRC of 32 bits leaves as it is, and timestamps come round', () => {
  const random = { integer: (limit: number) => limit - 1, hex: () => '' };
  const source = new LocalSource(random);
  const headers: RtpPacket[] = [];
  const sender = new RtpSender({
    ...{ random, source, playout: new Playout(phoneCodings.pcmu, () => {}), tap: undefined },
    port: {
      send: (bytes) => {
        const packet = new RtpPacket();
        parseRtp(bytes, packet);
        headers.push(packet);
      },
    },
  });
  sender.configure(new PacketWriter(phoneCodings.pcmu, undefined, 20), 0, undefined);
  sender.begin(0);
  sender.onSlot(0, 0, TO, 0);
  sender.onSlot(4, 4, TO, 20);
  expect(source.ssrc).toBe(2 ** 32 - 1);
  expect(headers.map(({ ssrc }) => ssrc)).toEqual([2 ** 32 - 1, 2 ** 32 - 1]);
  expect(headers.map(({ timestamp }) => timestamp)).toEqual([2 ** 32 - 1, 159]);
});
