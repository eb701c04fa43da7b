import { expect, test } from 'vitest';
import { EventRound, type FlavorEvent, FlavorEventQueue } from '../../src/flavor-api/index.js';

const done = (responseId: string): FlavorEvent => ({ type: 'audio-done', responseId });
const end: FlavorEvent = { type: 'end', reason: 'completed' };

async function collect(queue: FlavorEventQueue): Promise<readonly FlavorEvent[]> {
  const events: FlavorEvent[] = [];
  for await (const event of queue) events.push(event);
  return events;
}

test('events come out in the order they were pushed, before and while somebody reads', async () => {
  const queue = new FlavorEventQueue();
  queue.push(done('a'));
  const reading = collect(queue);
  await Promise.resolve();
  queue.push(done('b'));
  await new Promise((resolve) => setImmediate(resolve));
  queue.push(done('c'));
  queue.push(end);
  expect(await reading).toEqual([done('a'), done('b'), done('c'), end]);
});

test('the first end closes the queue: nothing pushed later comes out', async () => {
  const queue = new FlavorEventQueue();
  queue.push(end);
  expect(queue.ended).toBe(true);
  queue.push(done('late'));
  queue.push({ type: 'end', reason: 'aborted' });
  expect(await collect(queue)).toEqual([end]);
  queue.push(done('later still'));
  expect(await collect(queue)).toEqual([]);
});

test('an event pushed by the reader itself is not lost', async () => {
  const queue = new FlavorEventQueue();
  queue.push(done('a'));
  const seen: FlavorEvent[] = [];
  for await (const event of queue) {
    seen.push(event);
    if (seen.length === 1) queue.push(done('b'));
    if (seen.length === 2) queue.push(end);
  }
  expect(seen).toEqual([done('a'), done('b'), end]);
});

test('a reader is woken within microtasks, not timers', async () => {
  const queue = new FlavorEventQueue();
  const iterator = queue[Symbol.asyncIterator]();
  const next = iterator.next();
  let woken = false;
  void next.then(() => {
    woken = true;
  });
  await Promise.resolve();
  queue.push(done('a'));
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  expect(woken).toBe(true);
});

test('a subscriber gets what was pushed before and after, in order, never within a push, and nothing after the end', async () => {
  const queue = new FlavorEventQueue();
  const seen: FlavorEvent[] = [];
  queue.push(done('a'));
  queue.push(done('b'));
  queue.subscribe((event) => {
    seen.push(event);
    if (seen.length === 2) queue.push(done('from the reader'));
  });
  expect(seen).toEqual([]);
  await Promise.resolve();
  expect(seen).toEqual([done('a'), done('b'), done('from the reader')]);
  queue.push(done('c'));
  expect(seen).toHaveLength(3);
  await Promise.resolve();
  queue.push(done('d'));
  queue.push(end);
  queue.push(done('late'));
  await Promise.resolve();
  expect(seen.slice(3)).toEqual([done('c'), done('d'), end]);
});

test('queues of one host that get events in the same turn are heard in the order of their events', async () => {
  const seen: string[] = [];
  const round = new EventRound();
  const [one, two, three] = ['one', 'two', 'three'].map((name) => {
    const queue = new FlavorEventQueue();
    queue.subscribe((event) => {
      seen.push(`${name} ${event.type === 'audio-done' ? event.responseId : event.type}`);
      if (name === 'one' && seen.length === 1) {
        queue.push(done('b'));
        three?.push(done('a'));
      }
    }, round);
    return queue;
  });
  one?.push(done('a'));
  two?.push(done('a'));
  two?.push(end);
  await Promise.resolve();
  expect(seen).toEqual(['one a', 'two a', 'two end', 'one b', 'three a']);
  one?.push(done('c'));
  await Promise.resolve();
  expect(seen.at(-1)).toBe('one c');
});

test('a reader that throws keeps no other from its events, and those that follow come as ever', async () => {
  const seen: string[] = [];
  const round = new EventRound();
  const [one, two] = ['one', 'two'].map((name) => {
    const queue = new FlavorEventQueue();
    queue.subscribe((event) => {
      seen.push(`${name} ${event.type === 'audio-done' ? event.responseId : event.type}`);
      if (name === 'one') throw new Error('not allowed');
    }, round);
    return queue;
  });
  const thrown: unknown[] = [];
  const onRejection = (error: unknown): void => void thrown.push(error);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', onRejection);
  try {
    one?.push(done('a'));
    two?.push(done('a'));
    two?.push(done('b'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(['one a', 'two a', 'two b']);
    two?.push(done('c'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen.at(-1)).toBe('two c');
    expect(thrown).toHaveLength(1);
  } finally {
    process.off('unhandledRejection', onRejection);
    for (const listener of others) process.on('unhandledRejection', listener);
  }
});
