import { expect, test } from 'vitest';
import { LegEvents } from '../../src/signaling/leg-events.js';
import type { LegEvent } from '../../src/signaling/port.js';
import { settle } from '../support/embedded-harness.js';

const end = { by: 'peer', status: 0, text: '' } as const;
const digit = { type: 'digit', digit: '1', durationMs: 100 } as const;

function setUp() {
  const faults: unknown[] = [];
  const heard: LegEvent[] = [];
  const events = new LegEvents((fault) => faults.push(fault));
  return { events, faults, heard, listen: () => events.listen((event) => heard.push(event)) };
}

test('what happens before there is a listener is kept for it, in order', () => {
  const { events, heard, listen } = setUp();
  for (let index = 0; index < 1000; index += 1) events.emit(digit);
  events.end(end);
  listen();
  expect(heard.length).toBe(65);
  expect([heard[0], heard.at(-1)]).toEqual([digit, { type: 'ended', end }]);
});

test('nothing comes after the end, and the end only once, whoever brings it about', async () => {
  const { events, heard, listen } = setUp();
  listen();
  events.endLater(end);
  events.emit(digit);
  events.end(end);
  events.endLater(end);
  expect([heard, events.ended]).toEqual([[], true]);
  await settle();
  events.emit(digit);
  expect(heard).toEqual([{ type: 'ended', end }]);
});

test('a listener that throws or rejects is reported and hears the next event all the same', async () => {
  const { events, faults } = setUp();
  let calls = 0;
  events.listen(() => {
    calls += 1;
    if (calls === 1) throw new Error('now');
    return Promise.reject(new Error('later'));
  });
  events.emit(digit);
  events.emit(digit);
  await settle();
  expect([calls, faults]).toEqual([2, [new Error('now'), new Error('later')]]);
});
