import { expect, test } from 'vitest';
import { Injections } from '../../../flavors/deepgram-agent/injections.js';
import { FakeClock } from '../../support/fake-clock.js';

function setUp() {
  const sent: string[] = [];
  const clock = new FakeClock();
  const injections = new Injections(clock, ({ text }) => sent.push(text));
  const say = (text: string, aside = false): void => injections.say({ text, aside });
  return { clock, injections, sent, say };
}

test('all that was refused while somebody spoke is said later, in order', () => {
  const { clock, injections, sent, say } = setUp();
  say('Are you there?');
  say('The call will end in a minute.');
  injections.onRefused();
  injections.onRefused();
  say('Goodbye.');
  expect(sent).toEqual(['Are you there?', 'The call will end in a minute.']);
  clock.advance(400);
  expect(sent.slice(2)).toEqual(['Are you there?', 'The call will end in a minute.', 'Goodbye.']);
  clock.advance(10_000);
  expect(sent).toHaveLength(5);
});

test('what only bridges a wait is dropped', () => {
  const { clock, injections, sent, say } = setUp();
  say('One moment.', true);
  injections.onRefused();
  clock.advance(10_000);
  expect(sent).toEqual(['One moment.']);
});

test('another connection is told what was not said, and nothing else', () => {
  const { injections, sent, say } = setUp();
  say('First words of the host.');
  say('Second words of the host.');
  expect(injections.onSaid('First words of the host.')).toBe(true);
  expect(injections.onSaid('Words of its own.')).toBe(false);
  injections.onSpoken();
  expect(injections.again()).toBe(true);
  expect(sent.slice(2)).toEqual(['Second words of the host.']);
  injections.onSaid('Second words of the host.');
  injections.onSpoken();
  expect(injections.again()).toBe(false);
});

test('what was asked for while something else was still being said is known when it is said', () => {
  const { injections, say } = setUp();
  injections.onSaid('Words of its own.');
  say('First words of the host.');
  injections.onSpoken();
  expect(injections.onSaid('First words of the host.')).toBe(true);
});

test('words that the agent says in another spelling are over when they are said', () => {
  const { injections, say } = setUp();
  say('It is $5.');
  expect(injections.onSaid('It is five dollars.')).toBe(false);
  injections.onSpoken();
  expect(injections.again()).toBe(false);
});

test('an interruption leaves nothing to be said', () => {
  const { clock, injections, sent, say } = setUp();
  say('Are you there?');
  injections.onRefused();
  injections.clear();
  clock.advance(10_000);
  expect(sent).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
});

test('while the agent speaks without end, sixteen words of the host wait at most, of them the first', () => {
  const { clock, injections, sent, say } = setUp();
  say('Words 0.');
  injections.onRefused();
  for (let word = 1; word < 20; word += 1) {
    clock.advance(10);
    say(`Words ${word}.`);
  }
  // The wait counts from the first that was refused.
  clock.advance(110);
  expect(sent.slice(1)).toEqual(Array.from({ length: 16 }, (_, word) => `Words ${word}.`));
});

test('another connection is told the last sixteen of what was not said', () => {
  const { injections, sent, say } = setUp();
  for (let word = 0; word < 20; word += 1) say(`Words ${word}.`);
  sent.splice(0);
  injections.again();
  expect(sent).toEqual(Array.from({ length: 16 }, (_, at) => `Words ${at + 4}.`));
});
