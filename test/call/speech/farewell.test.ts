import { expect, test } from 'vitest';
import { AgentSpeech } from '../../../src/call/speech/agent-speech.js';
import { Farewell } from '../../../src/call/speech/farewell.js';
import { FakeClock } from '../../support/fake-clock.js';

function setUp() {
  const clock = new FakeClock(0);
  const speech = new AgentSpeech({ encoding: 'mulaw', sampleRate: 8000 });
  const over: number[] = [];
  const stream = {
    marks: 0,
    flushes: 0,
    queued: 0,
    mark: () => ++stream.marks,
    flush: () => ++stream.flushes,
    queuedMs: () => stream.queued,
  };
  const farewell = new Farewell(
    { farewellMs: 15_000, farewellStartMs: 3000, farewellTailMs: 200 },
    { clock, speech, stream, onOver: () => over.push(clock.now()) },
  );
  return { clock, speech, stream, over, farewell };
}

test('a named goodbye is waited for, whatever is acknowledged meanwhile', () => {
  const { clock, speech, stream, over, farewell } = setUp();
  speech.onText('bye', 'goodbye', 0);
  farewell.begin('bye');
  expect(stream.marks).toBe(0);
  farewell.onAck(1);
  farewell.onReport('other');
  clock.advance(1000);
  farewell.onReport('bye');
  clock.advance(199);
  farewell.onReport('bye');
  expect(over).toEqual([]);
  clock.advance(20_000);
  expect(over).toEqual([1200]);
});

test('the goodbye has 15 s, its start 3 s of them', () => {
  const { clock, speech, over, farewell } = setUp();
  farewell.begin('bye');
  clock.advance(2000);
  speech.onAudio('bye', new Uint8Array(160));
  clock.advance(20_000);
  expect(over).toEqual([15_000]);
});

test('a goodbye that does not start in 3 s leaves what is queued', () => {
  const { clock, stream, over, farewell } = setUp();
  farewell.begin('bye');
  clock.advance(3000);
  expect(stream.marks).toBe(1);
  farewell.onReport('bye');
  farewell.onAck(99);
  clock.advance(1000);
  expect(over).toEqual([]);
  farewell.onAck(1);
  clock.advance(20_000);
  expect(over).toEqual([4200]);
});

test('what is queued has 15 s', () => {
  const { clock, over, farewell } = setUp();
  farewell.begin(undefined);
  clock.advance(20_000);
  expect(over).toEqual([15_000]);
});

test('begins once', () => {
  const { clock, stream, over, farewell } = setUp();
  farewell.begin(undefined);
  farewell.begin(undefined);
  expect(stream.marks).toBe(1);
  farewell.onAck(1);
  farewell.onAck(1);
  clock.advance(20_000);
  expect(over).toEqual([200]);
});

test('a call that ends otherwise leaves no timer, and begins no farewell', () => {
  const { clock, stream, over, farewell } = setUp();
  farewell.begin(undefined);
  farewell.close();
  farewell.onAck(1);
  farewell.begin(undefined);
  expect([clock.pendingTimers, stream.marks, over]).toEqual([0, 1, []]);
  const named = setUp();
  named.farewell.begin('bye');
  named.farewell.close();
  named.farewell.onReport('bye');
  expect(named.clock.pendingTimers).toBe(0);
});

test('a long goodbye that is there is heard to its end', () => {
  const { clock, speech, stream, over, farewell } = setUp();
  speech.onAudio('bye', new Uint8Array(160));
  farewell.begin('bye');
  stream.queued = 22_000;
  clock.advance(10_000);
  stream.queued = 12_000;
  clock.advance(5_000);
  stream.queued = 7_000;
  clock.advance(6_000);
  expect(over).toEqual([]);
  farewell.onReport('bye');
  clock.advance(20_000);
  expect(over).toEqual([21_200]);
});

test('what is queued and never heard holds the line for a minute at most', () => {
  const { clock, stream, over, farewell } = setUp();
  stream.queued = 30_000;
  farewell.begin(undefined);
  clock.advance(120_000);
  expect(over).toEqual([60_000]);
});

test.each([
  [true, 1],
  [false, 0],
])('what is queued behind the last words of a call is dropped: last %s', (last, flushes) => {
  const { speech, stream, farewell } = setUp();
  speech.onText('bye', 'goodbye', 0);
  farewell.begin('bye', () => last);
  farewell.onReport('other');
  expect(stream.flushes).toBe(0);
  farewell.onReport('bye');
  farewell.onReport('bye');
  expect(stream.flushes).toBe(flushes);
});
