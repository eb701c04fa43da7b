import { expect, test } from 'vitest';
import { LOUD, parametersOf, setUpStream, TIMEOUT_MS } from '../../support/stream-bench.js';

test('a caller who never sends, or stops, is reported once; packets, touch and resume begin the time anew', () => {
  const { clock, stream, talk, types } = setUpStream();
  const timeouts = () => types().filter((type) => type === 'rtp-timeout').length;
  stream.connect(parametersOf());
  clock.advance(TIMEOUT_MS - 50);
  expect(timeouts()).toBe(0);
  stream.touch();
  clock.advance(TIMEOUT_MS - 50);
  expect(timeouts()).toBe(0);
  clock.advance(10 * TIMEOUT_MS);
  expect(timeouts()).toBe(1);
  talk(5);
  clock.advance(TIMEOUT_MS - 50);
  expect(timeouts()).toBe(1);
  clock.advance(TIMEOUT_MS);
  expect(timeouts()).toBe(2);
  stream.connect(parametersOf({ direction: 'sendonly' }));
  clock.advance(10 * TIMEOUT_MS);
  stream.connect(parametersOf());
  clock.advance(TIMEOUT_MS - 50);
  expect(timeouts()).toBe(2);
  clock.advance(100);
  expect(timeouts()).toBe(3);
});

test('a session refresh does not put off the time-out, nor do refused packets', () => {
  const { clock, stream, talk, types } = setUpStream();
  stream.connect(parametersOf());
  clock.advance(TIMEOUT_MS - 500);
  stream.connect(parametersOf());
  talk(20, { address: '198.51.100.9', port: 4_000 });
  clock.advance(200);
  expect(types()).toContain('rtp-timeout');
});

test('close ends every response with what was heard, then says closed, then nothing', () => {
  const { clock, stream, packets, events, talk, wheel, closedCalls } = setUpStream();
  stream.connect(parametersOf());
  stream.play('a', new Uint8Array(8_000).fill(LOUD));
  stream.play('b', new Uint8Array(800).fill(LOUD));
  clock.advance(203);
  stream.pause();
  const heardMs = packets.filter(({ code }) => code === LOUD).length * 20;
  const before = { packets: packets.length, events: events.length };
  stream.close();
  stream.close();
  stream.flush();
  stream.mark();
  stream.play('c', new Uint8Array(800).fill(LOUD));
  stream.endResponse('c');
  stream.connect(parametersOf());
  talk(20);
  clock.advance(1_000);
  expect(packets.length).toBe(before.packets);
  expect(events.slice(before.events)).toEqual([
    { type: 'response-ended', responseId: 'a', state: 'interrupted', heardMs, sentMs: heardMs, atMs: 203 },
    { type: 'response-ended', responseId: 'b', state: 'interrupted', heardMs: 0, sentMs: 0, atMs: 203 },
    { type: 'closed', atMs: 203 },
  ]);
  expect(closedCalls()).toBe(1);
  expect(stream.queuedMs()).toBe(0);
  expect(clock.pendingTimers).toBe(0);
  expect(wheel.nextSlot).toBe(41);
});

test.each(['frame', 'ack', 'response-voiced', 'response-ended'] as const)(
  'a listener may close the stream from within a %s',
  (when) => {
    const { clock, stream, packets, events } = setUpStream({
      onFrame: (frame) => {
        if (when === 'frame' && frame.positionMs === 100) stream.close();
      },
      onEvent: (event) => {
        if (event.type === when) stream.close();
      },
    });
    stream.connect(parametersOf());
    stream.play('a', new Uint8Array(1_600).fill(LOUD));
    stream.endResponse('a');
    clock.advance(120);
    clock.advance(1_000);
    const until = packets.length;
    expect(events.at(-1)?.type).toBe('closed');
    expect(events.filter(({ type }) => type === 'closed')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'response-ended')).toHaveLength(1);
    expect(until).toBeLessThanOrEqual(11);
  },
);

test('a stream closed with the first voiced frame does not go on to say that the caller speaks', () => {
  const { clock, stream, talk, types } = setUpStream({
    onFrame: (frame) => {
      if (frame.voiced) stream.close();
    },
  });
  stream.connect(parametersOf());
  clock.advance(20);
  talk(10);
  expect(types()).toEqual(['ack', 'latched', 'closed']);
});

test('a stream closed by its acknowledgement sends no packet in that slot', () => {
  const { clock, stream, packets } = setUpStream({
    onEvent: (event) => {
      if (event.type === 'ack' && event.command === 'pause') stream.close();
    },
  });
  stream.connect(parametersOf());
  clock.advance(20 * 10 - 1);
  const due = (packets.at(-1)?.atMs ?? 0) + 20;
  clock.advance(due - clock.now() - 1);
  stream.pause();
  const before = packets.length;
  clock.advance(100);
  expect(packets.length).toBe(before);
});

test('a listener that throws fails its own stream, once, and can still close it', () => {
  const { clock, stream, types, packets } = setUpStream({
    onFrame: (frame) => {
      if (frame.positionMs === 100) throw new Error('listener broke');
    },
  });
  stream.connect(parametersOf());
  clock.advance(1_000);
  expect(types()).toEqual(['ack', 'failed']);
  const sent = packets.length;
  clock.advance(1_000);
  expect(packets.length).toBe(sent);
  stream.close();
  expect(types()).toEqual(['ack', 'failed', 'closed']);
});

test('a listener that throws at an event of the socket fails its own stream', () => {
  const { clock, stream, talk, types } = setUpStream({
    onEvent: (event) => {
      if (event.type === 'latched') throw new Error('listener broke');
    },
  });
  stream.connect(parametersOf());
  clock.advance(20);
  talk(3);
  expect(types()).toEqual(['ack', 'latched', 'failed']);
});
