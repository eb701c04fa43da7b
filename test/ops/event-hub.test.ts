import { expect, test } from 'vitest';
import type { Random } from '../../src/base/random.js';
import { EventHub, type EventSubscription, eventHubDefaults, type SubscriptionItem } from '../../src/ops/event-hub.js';
import { MemoryLog } from '../support/memory-log.js';
import { digitEvent, endedEvent } from '../support/sample-events.js';

function hub(epoch = 'cafe', log = new MemoryLog()): EventHub {
  const random: Random = { hex: () => epoch, integer: () => 0 };
  return new EventHub({ log, random });
}

function subscribe(events: EventHub, options = {}): EventSubscription {
  const subscription = events.subscribe(options);
  if (!subscription) throw new Error('refused');
  return subscription;
}

function takeAll(subscription: EventSubscription): SubscriptionItem[] {
  const items: SubscriptionItem[] = [];
  for (let item = subscription.take(); item; item = subscription.take()) items.push(item);
  return items;
}

const times = (items: SubscriptionItem[]): unknown[] =>
  items.map((item) => (item.type === 'event' ? item.event.atMs : `missed ${item.missed}`));

test('listeners hear each event at once; one that throws disturbs neither the call nor the others', () => {
  const log = new MemoryLog();
  const events = hub('cafe', log);
  const heard: string[] = [];
  events.listen(() => {
    throw new Error('broken');
  });
  const stop = events.listen((event) => heard.push(event.type));
  events.publish(digitEvent());
  stop();
  events.publish(digitEvent());
  expect(heard).toEqual(['digit']);
  expect(log.at('error')).toHaveLength(2);
});

test('a subscriber gets what is published from then on, numbered', () => {
  const events = hub();
  events.publish(digitEvent('call-1', 1));
  const subscription = subscribe(events);
  events.publish(digitEvent('call-1', 2));
  events.publish(digitEvent('call-2', 3));
  expect(takeAll(subscription)).toEqual([
    { type: 'event', id: 'cafe-2', event: digitEvent('call-1', 2) },
    { type: 'event', id: 'cafe-3', event: digitEvent('call-2', 3) },
  ]);
  expect(subscription.take()).toBeUndefined();
});

test('the record with its numbers and words is not handed to subscribers', () => {
  const events = hub();
  const subscription = subscribe(events);
  events.publish(endedEvent());
  const item = subscription.take();
  expect(item).toMatchObject({ event: { type: 'call-ended', cause: 'normal', status: 200 } });
  expect(JSON.stringify(item)).not.toContain('+442071838750');
});

test('a subscriber to one call sees no other, and the others passing by are no gap', () => {
  const events = hub();
  const subscription = subscribe(events, { callId: 'call-2' });
  let woken = 0;
  subscription.onReady(() => {
    woken += 1;
  });
  for (let index = 0; index < eventHubDefaults.memory * 2; index += 1) events.publish(digitEvent('call-1', index));
  expect(woken).toBe(0);
  events.publish(digitEvent('call-2', 7));
  expect(woken).toBe(1);
  events.publish(digitEvent('call-1', 8));
  expect(times(takeAll(subscription))).toEqual([7]);
});

test('whoever asks for one call gets its beginning, too: nothing of it is lost between its id and the question', () => {
  const events = hub();
  for (let index = 0; index < eventHubDefaults.memory; index += 1) events.publish(digitEvent('call-1', index));
  events.publish(digitEvent('call-2', 1));
  events.publish(digitEvent('call-1', 2));
  events.publish(digitEvent('call-2', 3));
  const subscription = subscribe(events, { callId: 'call-2' });
  expect(times(takeAll(subscription))).toEqual([1, 3]);
  let woken = 0;
  subscription.onReady(() => {
    woken += 1;
  });
  events.publish(digitEvent('call-1', 4));
  expect(woken).toBe(0);
  events.publish(digitEvent('call-2', 5));
  expect(times(takeAll(subscription))).toEqual([5]);
  expect(events.stats.dropped).toBe(0);
});

test('of one call, too, whoever comes back continues after the last event seen', () => {
  const events = hub();
  for (let index = 1; index <= 5; index += 1) events.publish(digitEvent('call-1', index));
  expect(times(takeAll(subscribe(events, { callId: 'call-1', afterId: 'cafe-3' })))).toEqual([4, 5]);
});

test('a slow subscriber loses the oldest events, is told how many, and is counted; a quick one loses none', () => {
  const events = hub();
  const slow = subscribe(events);
  const quick = subscribe(events);
  let received = 0;
  for (let index = 1; index <= eventHubDefaults.memory + 10; index += 1) {
    events.publish(digitEvent('call-1', index));
    received += takeAll(quick).length;
  }
  expect(received).toBe(eventHubDefaults.memory + 10);
  const seen = times(takeAll(slow));
  expect(seen[0]).toBe('missed 10');
  expect(seen[1]).toBe(11);
  expect(seen).toHaveLength(eventHubDefaults.memory + 1);
  expect(events.stats).toEqual({ subscribers: 2, dropped: 10 });
});

test('whoever comes back continues after the last event seen', () => {
  const events = hub();
  for (let index = 1; index <= 5; index += 1) events.publish(digitEvent('call-1', index));
  expect(times(takeAll(subscribe(events, { afterId: 'cafe-3' })))).toEqual([4, 5]);
  expect(times(takeAll(subscribe(events, { afterId: 'cafe-5' })))).toEqual([]);
});

test.each(['beef-3', 'cafe-6', 'cafe-', 'cafe--1', 'cafe-1e1', '', '-', 'cafe-99999999999999999999'])(
  'an id that is none of ours (%j) gives all that is remembered',
  (afterId) => {
    const events = hub();
    for (let index = 1; index <= 5; index += 1) events.publish(digitEvent('call-1', index));
    expect(times(takeAll(subscribe(events, { afterId })))).toEqual([1, 2, 3, 4, 5]);
  },
);

test('whoever was away too long is told what is missing', () => {
  const events = hub();
  for (let index = 1; index <= eventHubDefaults.memory + 7; index += 1) events.publish(digitEvent('call-1', index));
  expect(times(takeAll(subscribe(events, { afterId: 'cafe-2' }))).slice(0, 2)).toEqual(['missed 5', 8]);
});

test('a subscriber is woken once for what comes while it sleeps', () => {
  const events = hub();
  const subscription = subscribe(events);
  let woken = 0;
  subscription.onReady(() => {
    woken += 1;
  });
  events.publish(digitEvent());
  events.publish(digitEvent());
  expect(woken).toBe(1);
  takeAll(subscription);
  events.publish(digitEvent());
  expect(woken).toBe(2);
});

test('there can be only so many subscribers, and one who leaves makes room', () => {
  const events = hub();
  const subscriptions = Array.from({ length: eventHubDefaults.subscribers }, () => subscribe(events));
  expect(events.subscribe()).toBeUndefined();
  subscriptions[0]?.close();
  subscriptions[0]?.close();
  expect(events.stats.subscribers).toBe(eventHubDefaults.subscribers - 1);
  expect(events.subscribe()).toBeDefined();
});

test('closing the hub wakes and ends everybody, after what they still have to take', () => {
  const events = hub();
  const subscription = subscribe(events);
  let woken = 0;
  subscription.onReady(() => {
    woken += 1;
  });
  events.publish(digitEvent('call-1', 1));
  events.close();
  events.publish(digitEvent('call-1', 2));
  expect(woken).toBe(2);
  expect(times(takeAll(subscription))).toEqual([1]);
  expect(subscription.ended).toBe(true);
  expect(events.subscribe()).toBeUndefined();
});
