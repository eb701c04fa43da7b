import { expect, test } from 'vitest';
import { ReplyWatch } from '../../src/call/reply-watch.js';
import { FakeClock } from '../support/fake-clock.js';

function setUp() {
  const clock = new FakeClock(10_000);
  const said: string[] = [];
  const busy: (number | undefined)[] = [];
  const note = (what: string) => () => void said.push(`${what} ${clock.now() - 10_000}`);
  const watch = new ReplyWatch({ waitingAfterMs: 1300, replyTimeoutMs: 8000 }, clock, {
    onWaiting: note('waiting'),
    onReplyTimeout: note('timeout'),
    onBusy: (sinceMs) => busy.push(sinceMs === undefined ? undefined : sinceMs - 10_000),
  });
  return { clock, said, busy, watch };
}

test('counts from the last word of the caller, not from the end of the turn', () => {
  const { clock, said, watch } = setUp();
  watch.expect(clock.now() - 500);
  clock.advance(20_000);
  expect(said.slice(0, 3)).toEqual(['waiting 800', 'waiting 6800', 'timeout 7500']);
});

test('a reply in time, or a caller who goes on, ends the wait', () => {
  const { clock, said, watch } = setUp();
  watch.expect(clock.now());
  clock.advance(1299);
  watch.settle();
  clock.advance(20_000);
  expect(said).toEqual([]);
  expect(watch.owed).toBe(false);
});

test('an earlier debt stays what it is', () => {
  const { clock, said, watch } = setUp();
  watch.expect(clock.now());
  clock.advance(1000);
  watch.expect(clock.now());
  clock.advance(300);
  expect(said).toEqual(['waiting 1300']);
});

test('a tool has its own time; when the last is done the wait begins anew', () => {
  const { clock, said, watch } = setUp();
  watch.expect(clock.now());
  clock.advance(100);
  watch.onToolStarted();
  watch.onToolStarted();
  clock.advance(30_000);
  watch.onToolEnded(true);
  clock.advance(30_000);
  expect(said).toEqual([]);
  expect(watch.busy).toBe(true);
  watch.onToolEnded(true);
  clock.advance(1300);
  expect(said).toEqual(['waiting 61400']);
});

test('after a tool of which nothing is to be said nothing is owed', () => {
  const { clock, said, watch } = setUp();
  watch.onToolStarted();
  watch.onToolEnded(false);
  clock.advance(30_000);
  expect(said).toEqual([]);
  expect(watch.busy).toBe(false);
});

test('an agent that answers with a tool of which nothing is to be said has answered', () => {
  const { clock, said, watch } = setUp();
  watch.expect(clock.now());
  watch.onToolStarted();
  clock.advance(100);
  watch.onToolEnded(false);
  expect(watch.busy).toBe(false);
  clock.advance(30_000);
  expect(said).toEqual([]);
});

test('what is said while such a tool runs is still to be answered', () => {
  const { clock, said, watch } = setUp();
  watch.onToolStarted();
  clock.advance(100);
  watch.expect(clock.now());
  watch.onToolEnded(false);
  clock.advance(1300);
  expect(said).toEqual(['waiting 1400']);
});

test('the turn that such a tool answers may be known to be over only while it runs, or later', () => {
  const { clock, said, watch } = setUp();
  const lastWordMs = clock.now();
  clock.advance(500);
  watch.onToolStarted();
  clock.advance(50);
  watch.expect(lastWordMs);
  watch.onToolEnded(false);
  expect(watch.busy).toBe(false);
  clock.advance(50);
  watch.expect(lastWordMs);
  clock.advance(30_000);
  expect(said).toEqual([]);
  watch.expect(clock.now());
  clock.advance(1300);
  expect(said).toEqual(['waiting 31900']);
});

test('so is what is said between two of them that run at the same time: it is later than the first', () => {
  const { clock, watch } = setUp();
  watch.onToolStarted();
  clock.advance(100);
  watch.expect(clock.now());
  clock.advance(100);
  watch.onToolStarted();
  watch.onToolEnded(false);
  watch.onToolEnded(false);
  expect(watch.owed).toBe(true);
});

test.each([
  [true, false],
  [false, true],
])('of tools at the same time one that wants an answer is enough: %s, then %s', (first, second) => {
  const { watch } = setUp();
  watch.onToolStarted();
  watch.onToolStarted();
  watch.onToolEnded(first);
  watch.onToolEnded(second);
  expect(watch.owed).toBe(true);
});

test('a session that takes over has all its time; to the caller it is the same wait', () => {
  const { clock, said, watch } = setUp();
  watch.expect(clock.now());
  clock.advance(1000);
  watch.onTakenOver();
  clock.advance(300);
  expect(said).toEqual(['waiting 1300']);
  clock.advance(7700);
  expect(said).toEqual(['waiting 1300', 'waiting 7300', 'timeout 9000']);
});

test('leaves no timer behind', () => {
  const { clock, said, watch } = setUp();
  watch.expect(clock.now());
  watch.close();
  clock.advance(30_000);
  expect(said).toEqual([]);
});

test('tells once that somebody waits, be it for an answer or a tool, and once that nobody does', () => {
  const { clock, busy, watch } = setUp();
  watch.expect(clock.now() - 500);
  watch.onToolStarted();
  watch.settle();
  watch.onToolEnded(true);
  expect(busy).toEqual([-500]);
  watch.settle();
  watch.settle();
  expect(busy).toEqual([-500, undefined]);
  clock.advance(100);
  watch.onToolStarted();
  watch.onToolEnded(false);
  expect(busy).toEqual([-500, undefined, 100, undefined]);
});
