import { expect, test } from 'vitest';
import { Reserve } from '../../../src/cascade/fail-over/reserve.js';
import { FakeClock } from '../../support/fake-clock.js';

test('an engine that floods is not held back without end', () => {
  let handedBytes = 0;
  const reserve = new Reserve(new FakeClock(), { encoding: 'mulaw', sampleRate: 8_000 }, (event) => {
    if (event.type === 'audio') handedBytes += event.data.length;
  });
  const second = { type: 'audio', data: new Uint8Array(8_000) } as const;
  for (let i = 0; i < 59; i += 1) reserve.push(second);
  expect(handedBytes).toBe(3_600);
  for (let i = 0; i < 10; i += 1) reserve.push(second);
  expect(handedBytes).toBeGreaterThan(60 * 8_000);
  reserve.clear();
});

test('words that begin behind the place of a cut go with their sound, though they were told before it came', () => {
  const clock = new FakeClock();
  const words: string[] = [];
  const reserve = new Reserve(clock, { encoding: 'mulaw', sampleRate: 8_000 }, (event) => {
    if (event.type === 'word') words.push(event.text);
  });
  reserve.push({ type: 'audio', data: new Uint8Array(4_000) });
  for (const [text, atMs] of [
    ['seven', 480],
    ['to', 800],
    ['nine', 1_100],
  ] as const) {
    reserve.push({ type: 'word', text, atMs });
  }
  reserve.push({ type: 'audio', data: new Uint8Array(8_000) });
  reserve.cut(800);
  clock.advance(1_000);
  expect(words).toEqual(['seven']);
});

test('what is held stays while a place is looked for, and goes on after that', () => {
  const clock = new FakeClock();
  let handedMs = 0;
  const reserve = new Reserve(clock, { encoding: 'mulaw', sampleRate: 8_000 }, (event) => {
    if (event.type === 'audio') handedMs += event.data.length / 8;
  });
  reserve.push({ type: 'audio', data: new Uint8Array(16_000) });
  reserve.hold();
  clock.advance(200);
  expect([handedMs, reserve.handedMs]).toEqual([450, 450]);
  reserve.cut(800);
  reserve.resume();
  expect(handedMs).toBe(650);
  clock.advance(300);
  expect(handedMs).toBe(800);
  expect(clock.pendingTimers).toBe(0);
});
