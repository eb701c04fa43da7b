import { expect, test } from 'vitest';
import { NameResolver, nameResolverDefaults } from '../../../../src/signaling/embedded/dialog/name-resolver.js';
import { FakeClock } from '../../../support/fake-clock.js';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function setUp(lookup: (name: string) => Promise<readonly string[]>, options = {}) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const resolver = new NameResolver(
    {
      clock,
      lookup: (name) => {
        asked.push(name);
        return lookup(name);
      },
    },
    { ...nameResolverDefaults, ...options },
  );
  const answers: (readonly string[])[] = [];
  return {
    clock,
    asked,
    answers,
    resolver,
    ask: (name: string) => resolver.resolve(name, (found) => answers.push(found)),
  };
}

const never = () => new Promise<readonly string[]>(() => {});

test('one look-up for all who ask at once, and for 60 s', async () => {
  const { ask, asked, answers, clock } = setUp(async () => ['192.0.2.7']);
  ask('Proxy.Example');
  ask('proxy.example');
  await settled();
  ask('proxy.example');
  expect(asked).toEqual(['proxy.example']);
  expect(answers).toEqual([['192.0.2.7'], ['192.0.2.7'], ['192.0.2.7']]);
  clock.advance(60_000);
  ask('proxy.example');
  expect(asked).toHaveLength(2);
});

test('a failure is no addresses, believed for 10 s', async () => {
  const { ask, asked, answers, clock } = setUp(async () => {
    throw new Error('ENOTFOUND');
  });
  ask('nowhere.example');
  await settled();
  ask('nowhere.example');
  expect([asked.length, answers]).toEqual([1, [[], []]]);
  clock.advance(10_000);
  ask('nowhere.example');
  expect(asked).toHaveLength(2);
});

test('an answer that takes longer than 2 s comes too late, and does not pile up', () => {
  const { ask, asked, answers, clock, resolver } = setUp(never);
  ask('slow.example');
  expect(resolver.waiting).toBe(1);
  clock.advance(1999);
  expect(answers).toEqual([]);
  clock.advance(1);
  expect(answers).toEqual([[]]);
  for (let round = 0; round < 100; round += 1) {
    ask('slow.example');
    clock.advance(2000);
  }
  expect([asked.length, answers.length, clock.pendingTimers, resolver.waiting]).toEqual([1, 101, 0, 0]);
});

test('no more than two look-ups at once: further names fail at once instead of taking all threads', () => {
  const { ask, asked, answers } = setUp(never);
  for (const name of ['a', 'b', 'c', 'd']) ask(name);
  expect([asked, answers]).toEqual([
    ['a', 'b'],
    [[], []],
  ]);
});

test('remembers no more names than allowed', async () => {
  const { ask, asked } = setUp(async () => ['192.0.2.7'], { maxNames: 2 });
  for (const name of ['a', 'b', 'c', 'b', 'c', 'a']) {
    ask(name);
    await settled();
  }
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
});

test('a name no DNS can hold is not asked for', () => {
  const { ask, asked, answers } = setUp(never);
  ask('x'.repeat(256));
  expect([asked, answers]).toEqual([[], [[]]]);
});

test('nobody is called after close', async () => {
  let answer: (addresses: readonly string[]) => void = () => {};
  const { ask, asked, answers, resolver, clock } = setUp(() => new Promise((resolve) => (answer = resolve)));
  ask('a');
  resolver.close();
  answer(['192.0.2.7']);
  await settled();
  clock.advance(10_000);
  ask('b');
  expect([asked, answers, clock.pendingTimers]).toEqual([['a'], [], 0]);
});

test('the system’s resolver knows localhost', async () => {
  const resolver = new NameResolver({ clock: new FakeClock() });
  const found = await new Promise<readonly string[]>((resolve) => resolver.resolve('localhost', resolve));
  expect(found.some((address) => address === '127.0.0.1' || address === '::1')).toBe(true);
});
