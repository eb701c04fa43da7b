import { expect, test } from 'vitest';
import { MULAW_SILENCE } from '../../../src/audio/g711.js';
import { rtpBytes } from '../../support/rtp-bytes.js';
import { CALLER, LOUD, parametersOf, setUpStream } from '../../support/stream-bench.js';

test('from connect on, one packet leaves every 20 ms, and a frame comes 5 ms before each', () => {
  const { clock, stream, packets, frames, events } = setUpStream();
  expect(stream.connect(parametersOf())).toBe(1);
  clock.advance(1_000);
  expect(events[0]).toMatchObject({ type: 'ack', sequence: 1, command: 'connect', atMs: 5, playing: undefined });
  expect(packets.length).toBeGreaterThanOrEqual(49);
  expect(new Set(packets.slice(1).map(({ atMs }, index) => atMs - (packets[index]?.atMs ?? 0)))).toEqual(new Set([20]));
  const sentAt = new Set(packets.map(({ atMs }) => atMs));
  expect(frames.slice(0, 40).every(({ atMs }) => sentAt.has(atMs + 5))).toBe(true);
  expect(frames.map(({ positionMs }) => positionMs)).toEqual(frames.map((_, index) => index * 20));
});

test('a phone that sends before our first slot is heard from its first packet', () => {
  const { stream, talk } = setUpStream();
  stream.connect(parametersOf());
  talk(3);
  expect(stream.stats().in).toMatchObject({ packets: 3, dropped: {} });
});

test('packets may wait for the slots of the stream’s frames, from the first connect that lets it receive', () => {
  const { clock, stream, wheel, frames, phases } = setUpStream();
  stream.connect(parametersOf({ direction: 'sendonly' }));
  clock.advance(50);
  expect(phases).toEqual([]);
  stream.connect(parametersOf());
  clock.advance(100);
  stream.connect(parametersOf({ direction: 'sendonly' }));
  stream.connect(parametersOf());
  clock.advance(100);
  const slots = frames.map(({ atMs }) => Math.round((atMs - wheel.slotTimeMs(0)) / 5));
  expect(slots.length).toBeGreaterThan(8);
  expect(phases).toEqual([...new Set(slots.map((slot) => slot % 4))]);
});

test('a stream that begins while the wheel is behind owes no packets from before', () => {
  const { stream, packets } = setUpStream();
  stream.connect(parametersOf());
  for (let slot = 1; slot <= 80; slot += 1) stream.onSlot(slot, Math.max(slot, 41));
  expect(stream.stats().out).toMatchObject({ packets: 10, skippedSlots: 0 });
  expect(packets).toHaveLength(10);
});

test('an echo made at once, or in a microtask, leaves in the same period', async () => {
  for (const later of [false, true]) {
    const { clock, stream, packets, frames } = setUpStream({
      onFrame: (frame) => {
        const audio = frame.data.slice();
        if (later) void Promise.resolve().then(() => stream.play('echo', audio));
        else stream.play('echo', audio);
      },
    });
    stream.connect(parametersOf());
    clock.advance(20);
    for (let index = 0; index < 50; index += 1) {
      const before = clock.now();
      stream.receiveRtp(
        rtpBytes({ sequence: index, timestamp: index * 160, ssrc: 5, payload: new Uint8Array(160).fill(LOUD) }),
        CALLER,
        clock.now(),
      );
      while (clock.now() < before + 20) await clock.advanceAsync(5);
    }
    const heardAt = frames.find(({ code }) => code === LOUD)?.atMs ?? 0;
    const echoedAt = packets.find(({ code }) => code === LOUD)?.atMs ?? 0;
    expect(echoedAt - heardAt).toBe(5);
    // From the packet's arrival to its echo: 40 ms of jitter buffer, give or take half a frame, and the slot.
    expect(echoedAt - 20).toBeLessThanOrEqual(60);
    expect(stream.queuedMs()).toBeLessThanOrEqual(20);
  }
});

test.each(['recvonly', 'inactive'] as const)(
  'nothing leaves while %s; afterwards the timeline has gone on',
  (direction) => {
    const { clock, stream, packets } = setUpStream();
    stream.connect(parametersOf());
    clock.advance(200);
    stream.connect(parametersOf({ direction }));
    clock.advance(10);
    const before = packets.length;
    clock.advance(490);
    expect(packets.length).toBe(before);
    stream.connect(parametersOf());
    clock.advance(100);
    const [last, next] = packets.slice(before - 1);
    expect(next?.header.marker).toBe(true);
    const gapMs = (next?.atMs ?? 0) - (last?.atMs ?? 0);
    expect(((next?.header.timestamp ?? 0) - (last?.header.timestamp ?? 0) + 2 ** 32) % 2 ** 32).toBe(gapMs * 8);
    expect(((next?.header.sequence ?? 0) - (last?.header.sequence ?? 0) + 65_536) % 65_536).toBe(1);
  },
);

test.each([
  ['no address', undefined],
  ['a name', { address: 'phone.example', port: 4_000 }],
  ['port 0', { address: '192.0.2.1', port: 0 }],
  ['port 70,000', { address: '192.0.2.1', port: 70_000 }],
  ['0.0.0.0', { address: '0.0.0.0', port: 4_000 }],
  ['an IPv6 address', { address: '2001:db8::1', port: 4_000 }],
])('with %s nothing is sent, and frames come all the same', (_, remote) => {
  const { clock, stream, packets, frames, types } = setUpStream();
  stream.connect(parametersOf({ remote }));
  clock.advance(500);
  expect(packets).toEqual([]);
  expect(frames.length).toBeGreaterThan(20);
  expect(types()).toEqual(['ack']);
});

test('a stream that may only send delivers no frames until it may receive', () => {
  const { clock, stream, frames, packets } = setUpStream();
  stream.connect(parametersOf({ direction: 'sendonly' }));
  clock.advance(500);
  expect(frames).toEqual([]);
  expect(packets.length).toBeGreaterThan(20);
  stream.connect(parametersOf());
  clock.advance(100);
  expect(frames.length).toBeGreaterThanOrEqual(4);
});

test('queued audio waits through a hold', () => {
  const { clock, stream, packets } = setUpStream();
  stream.connect(parametersOf({ direction: 'inactive' }));
  stream.play('a', new Uint8Array(800).fill(LOUD));
  clock.advance(500);
  expect(stream.queuedMs()).toBe(100);
  stream.connect(parametersOf());
  clock.advance(200);
  expect(packets.filter(({ code }) => code === LOUD)).toHaveLength(5);
});

test('a pause is acknowledged at the next slot with what was heard, and no more is sent after it', () => {
  const { clock, stream, packets, events } = setUpStream();
  stream.connect(parametersOf());
  stream.play('a', new Uint8Array(8_000).fill(LOUD));
  clock.advance(207);
  const sequence = stream.pause();
  const commandedAt = clock.now();
  clock.advance(200);
  const loud = packets.filter(({ code }) => code === LOUD);
  const ack = events.find((event) => event.type === 'ack' && event.sequence === sequence);
  expect(ack).toMatchObject({ command: 'pause', playing: { responseId: 'a', heardMs: loud.length * 20 } });
  expect(ack && 'atMs' in ack ? ack.atMs - commandedAt : 99).toBeLessThanOrEqual(5);
  stream.resume();
  clock.advance(25);
  expect(packets.filter(({ code }) => code === LOUD).length).toBe(loud.length + 1);
});

test('a flush given with a frame silences the packet that follows it', () => {
  let flushed = 0;
  const { clock, stream, packets, events } = setUpStream({
    onFrame: (frame) => {
      if (frame.positionMs === 400) flushed = stream.flush();
    },
  });
  stream.connect(parametersOf());
  stream.play('a', new Uint8Array(8_000).fill(LOUD));
  clock.advance(1_000);
  const heardMs = packets.filter(({ code }) => code === LOUD).length * 20;
  const silenced = packets.find(({ code, atMs }) => code === MULAW_SILENCE && atMs > 100);
  const commandedAt = 400 + (packets[0]?.atMs ?? 0) - 5;
  expect((silenced?.atMs ?? 0) - commandedAt).toBeLessThanOrEqual(25);
  const told = events.filter(
    (event) => event.type === 'response-ended' || (event.type === 'ack' && event.sequence === flushed),
  );
  expect(told).toEqual([
    {
      type: 'response-ended',
      responseId: 'a',
      state: 'interrupted',
      heardMs,
      sentMs: expect.any(Number),
      atMs: expect.any(Number),
    },
    {
      type: 'ack',
      sequence: flushed,
      command: 'flush',
      atMs: expect.any(Number),
      playing: { responseId: 'a', heardMs },
    },
  ]);
});

test('commands are acknowledged in their order, marks when they are reached', () => {
  const { clock, stream, events } = setUpStream();
  const commands = [
    stream.connect(parametersOf()),
    stream.pause(),
    stream.resume(),
    stream.flush(),
    stream.mark(),
    stream.sendDigits('5'),
  ];
  clock.advance(1_000);
  expect(commands).toEqual([1, 2, 3, 4, 5, 6]);
  const acks = events.filter((event) => event.type === 'ack');
  expect(acks.map(({ command }) => command)).toEqual(['connect', 'pause', 'resume', 'flush', 'mark', 'send-digits']);
  expect(acks.map(({ sequence }) => sequence)).toEqual(commands);
});

test('digits are acknowledged once their last packet has left', () => {
  const { clock, stream, packets, events } = setUpStream();
  stream.connect(parametersOf());
  clock.advance(100);
  const sequence = stream.sendDigits('12', { durationMs: 60, gapMs: 40 });
  clock.advance(1_000);
  const last = packets.filter(({ header }) => header.payloadType === 101).at(-1);
  const ack = events.find((event) => event.type === 'ack' && event.sequence === sequence);
  expect(ack).toMatchObject({ atMs: last?.atMs });
  expect(packets.filter(({ header }) => header.payloadType === 101)).toHaveLength(2 * 5);
});

test('audio queued before connect is played after it, in the codec that was negotiated', () => {
  const { clock, stream, packets } = setUpStream();
  stream.setFormats({ encoding: 'pcm16', sampleRate: 16_000 }, { encoding: 'mulaw', sampleRate: 8_000 });
  stream.play('greeting', new Uint8Array(1_600).fill(LOUD));
  stream.endResponse('greeting');
  clock.advance(500);
  stream.connect(parametersOf({ codec: { name: 'pcma', payloadType: 8 } }));
  clock.advance(300);
  const first = packets[0];
  expect(first?.header.payloadType).toBe(8);
  expect(packets.filter(({ code }) => code === first?.code)).toHaveLength(10);
});

test('packets go to the source once it is latched, and back to the SDP address when that speaks', () => {
  const { clock, stream, packets, events, talk } = setUpStream();
  stream.connect(parametersOf());
  clock.advance(600);
  talk(5, { ...CALLER, port: 4_999 });
  talk(5);
  expect(events.filter(({ type }) => type === 'latched')).toEqual([
    { type: 'latched', address: '192.0.2.1', port: 4_999 },
    { type: 'latched', address: '192.0.2.1', port: 4_000 },
  ]);
  const ports = packets.map(({ port }) => port);
  expect(ports[0]).toBe(4_000);
  expect(ports).toContain(4_999);
  expect(ports.at(-1)).toBe(4_000);
});

test('a re-INVITE moves the packets to the new address with the next packet', () => {
  const { clock, stream, packets, talk } = setUpStream();
  stream.connect(parametersOf());
  talk(10);
  stream.connect(parametersOf({ remote: { address: '192.0.2.1', port: 6_000 } }));
  const before = packets.length;
  talk(3);
  clock.advance(40);
  expect(new Set(packets.slice(before).map(({ port }) => port))).toEqual(new Set([6_000]));
});

test.each([0, 7, 25, 500, Number.NaN])('a packet length of %d ms is brought within bounds', (ptimeMs) => {
  const { clock, stream, packets } = setUpStream();
  stream.connect(parametersOf({ ptimeMs }));
  clock.advance(500);
  expect(packets.length).toBeGreaterThanOrEqual(8);
  expect(packets.length).toBeLessThanOrEqual(50);
});

test('statistics tell of both directions', () => {
  const { clock, stream, talk } = setUpStream();
  expect(stream.stats()).toMatchObject({ in: { packets: 0, dropped: {} }, out: { packets: 0 }, mos: undefined });
  stream.connect(parametersOf());
  clock.advance(20);
  talk(50);
  const { in: received, out, mos } = stream.stats();
  expect(received).toMatchObject({ packets: 50, lost: 0, duplicates: 0, lateDropped: 0, concealedMs: 0 });
  expect(out.packets).toBeGreaterThanOrEqual(50);
  expect(out).toMatchObject({ maxGapMs: 20, skippedSlots: 0 });
  expect(mos).toBeGreaterThan(4);
});
