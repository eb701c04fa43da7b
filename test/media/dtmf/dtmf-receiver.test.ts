import { expect, test } from 'vitest';
import { DtmfReceiver } from '../../../src/media/dtmf/dtmf-receiver.js';
import { DTMF_DIGITS } from '../../../src/media/dtmf/telephone-event.js';
import { eventPayload } from '../../support/rtp-bytes.js';
import { SeededRandom } from '../../support/seeded-random.js';

interface EventPacket {
  readonly atMs: number;
  readonly timestamp: number;
  readonly event: number;
  readonly duration: number;
  readonly end: boolean;
}

/** The packets of one key press of `updates` 20 ms steps, the end three times. */
const press = (digit: string, startMs: number, updates = 5): EventPacket[] => {
  const packet = (index: number, duration: number, end: boolean): EventPacket => ({
    atMs: startMs + index * 20,
    timestamp: startMs * 8,
    event: DTMF_DIGITS.indexOf(digit),
    duration,
    end,
  });
  const held = Array.from({ length: updates }, (_, index) => packet(index, (index + 1) * 160, false));
  const ends = [0, 1, 2].map((index) => packet(updates + index, updates * 160, true));
  return [...held, ...ends];
};

/** Feeds packets in order of arrival, a tick every 20 ms, and returns what was reported. */
const receive = (packets: readonly EventPacket[], untilMs = 20_000) => {
  const digits: { digit: string; durationMs: number; atMs: number }[] = [];
  let nowMs = 0;
  const receiver = new DtmfReceiver((digit, durationMs) => digits.push({ digit, durationMs, atMs: nowMs }));
  const pending = [...packets];
  for (nowMs = 0; nowMs <= untilMs; nowMs += 20) {
    while (pending[0] && pending[0].atMs <= nowMs) {
      const { timestamp, event, duration, end } = pending.shift() as EventPacket;
      expect(receiver.receive(eventPayload(event, duration, end), 0, 4, timestamp >>> 0, nowMs)).toBe(true);
    }
    receiver.tick(nowMs);
  }
  return { digits, text: digits.map(({ digit }) => digit).join('') };
};

const dial = (digits: string, stepMs = 300): EventPacket[] =>
  [...digits].flatMap((digit, index) => press(digit, 1_000 + index * stepMs));

test('each of the sixteen digits is reported once, with its duration', () => {
  const { digits, text } = receive(dial('0123456789*#ABCD'));
  expect(text).toBe('0123456789*#ABCD');
  expect(new Set(digits.map(({ durationMs }) => durationMs))).toEqual(new Set([100]));
});

test('the same digit pressed twice is two digits', () => {
  expect(receive(dial('1122')).text).toBe('1122');
});

test('whatever packets of the presses are lost, each is reported once', () => {
  for (let kept = 1; kept < 256; kept += 1) {
    const packets = dial('55').filter((_, index) => (kept >> (index % 8)) & 1);
    expect(receive(packets, 3_000).text, `kept ${kept.toString(2)}`).toBe('55');
  }
});

test('packets that come three times are one press', () => {
  expect(receive(dial('427').flatMap((packet) => [packet, packet, packet])).text).toBe('427');
});

test('with all end packets lost the digit is reported 200 ms after the last update', () => {
  const { digits } = receive(press('9', 1_000).filter(({ end }) => !end));
  expect(digits).toEqual([{ digit: '9', durationMs: 100, atMs: 1_080 + 200 }]);
});

test('the next press ends one whose end was lost', () => {
  const packets = [...press('1', 1_000).filter(({ end }) => !end), ...press('2', 1_120)];
  const { digits, text } = receive(packets);
  expect(text).toBe('12');
  expect(digits[0]?.atMs).toBe(1_120);
});

test('end packets that come after the next press began are not a third press', () => {
  const [first, second] = [press('1', 1_000), press('2', 1_200)];
  const late = first.filter(({ end }) => end).map((packet) => ({ ...packet, atMs: 1_260 }));
  const packets = [...first.filter(({ end }) => !end), ...second.slice(0, 4), ...late, ...second.slice(4)];
  expect(receive(packets).text).toBe('12');
});

test('a key held for 20 s, in segments, is one press of 20 s', () => {
  const packets: EventPacket[] = [];
  const segment = 65_535;
  for (let units = 160; units <= 160_000; units += 160) {
    const before = Math.floor((units - 1) / segment) * segment;
    packets.push({
      atMs: 1_000 + units / 8,
      timestamp: 8_000 + before,
      event: 3,
      duration: units - before,
      end: false,
    });
  }
  const last = packets.at(-1) as EventPacket;
  const { digits } = receive([...packets, { ...last, end: true }], 25_000);
  expect(digits.map(({ digit, durationMs }) => [digit, durationMs])).toEqual([['3', 20_000]]);
});

test('a sender that moves the timestamp along during a press sends one digit', () => {
  const packets = press('6', 1_000).map((packet, index) => ({
    ...packet,
    timestamp: 8_000 + Math.min(index, 5) * 160,
  }));
  expect(receive(packets).text).toBe('6');
});

test('a sender that moves the timestamp along with the repetitions of the end, too, sends one digit', () => {
  const moving = (digit: string, atMs: number): EventPacket[] =>
    press(digit, atMs).map((packet, index) => ({ ...packet, timestamp: atMs * 8 + index * 160 }));
  expect(receive([...moving('6', 1_000), ...moving('6', 1_300), ...moving('7', 1_600)]).text).toBe('667');
});

test('timestamps may wrap between and within presses', () => {
  const shift = 2 ** 32 - 1_000 * 8 - 400;
  const packets = dial('78').map((packet) => ({ ...packet, timestamp: packet.timestamp + shift }));
  expect(receive(packets).text).toBe('78');
});

test('a clock that was set back an hour does not silence the keys', () => {
  const packets = [
    ...press('1', 1_000),
    ...press('2', 2_000).map((packet) => ({ ...packet, timestamp: 4_000_000_000 })),
  ];
  expect(receive(packets).text).toBe('12');
});

test('a new source starts afresh, and an unfinished press is not lost', () => {
  const digits: string[] = [];
  const receiver = new DtmfReceiver((digit) => digits.push(digit));
  receiver.receive(eventPayload(1, 160, false), 0, 4, 50_000, 0);
  receiver.reset();
  receiver.receive(eventPayload(2, 160, true), 0, 4, 49_000, 20);
  expect(digits).toEqual(['1', '2']);
});

test('events that are no digits are ignored, short payloads refused', () => {
  const digits: string[] = [];
  const receiver = new DtmfReceiver((digit) => digits.push(digit));
  for (const event of [16, 32, 66, 255])
    expect(receiver.receive(eventPayload(event, 160, true), 0, 4, event, 0)).toBe(true);
  expect(receiver.receive(Buffer.from([1, 0x8a, 0]), 0, 3, 9, 0)).toBe(false);
  expect(digits).toEqual([]);
});

test('random payloads never make it throw', () => {
  const random = new SeededRandom(4);
  const receiver = new DtmfReceiver((digit, durationMs) => {
    if (!DTMF_DIGITS.includes(digit) || !(durationMs >= 0)) throw new Error('impossible digit');
  });
  for (let round = 0; round < 50_000; round += 1) {
    const bytes = random.bytes(random.integer(8));
    receiver.receive(bytes, 0, bytes.length, random.integer(2 ** 32), round);
    if (round % 7 === 0) receiver.tick(round);
  }
});

test.each([
  [8, 'their own clock'],
  [48, 'the clock of the audio'],
])('beside Opus, events of 8000 Hz stamped by %d units a ms, %s: each press once, also in segments', (stampsPerMs) => {
  const digits: [string, number][] = [];
  const receiver = new DtmfReceiver((digit, durationMs) => digits.push([digit, durationMs]));
  receiver.useClocks(8, 48);
  const stamp = (atMs: number): number => (0xffff_f000 + atMs * stampsPerMs) >>> 0;
  const give = (atMs: number, startMs: number, units: number, end = false): void => {
    receiver.receive(eventPayload(5, units, end), 0, 4, stamp(startMs), atMs);
  };
  for (const startMs of [1_000, 1_200]) {
    for (let ms = 20; ms <= 100; ms += 20) give(startMs + ms, startMs, ms * 8, ms === 100);
    give(startMs + 100, startMs, 800, true);
  }
  // Held for longer than a segment can say (RFC 4733 section 2.5.1.3).
  const segmentMs = 65_535 / 8;
  for (let ms = 20; ms < segmentMs; ms += 20) give(2_000 + ms, 2_000, ms * 8);
  give(2_000 + segmentMs, 2_000, 65_535);
  give(2_020 + segmentMs, 2_000 + segmentMs, 160);
  give(2_040 + segmentMs, 2_000 + segmentMs, 320, true);
  receiver.tick(12_000);
  expect(digits).toEqual([
    ['5', 100],
    ['5', 100],
    ['5', Math.round(segmentMs + 40)],
  ]);
});
