import { expect, test } from 'vitest';
import { type Attempt, answerByAttempts, type Patience } from '../../../src/cascade/engines/language-model/attempts.js';
import type { LanguageModelEvent } from '../../../src/cascade/stages/language-model.js';
import { FlavorError } from '../../../src/flavor-api/index.js';
import { FakeClock } from '../../support/fake-clock.js';

const patience: Patience = { firstTokenTimeoutMs: 1_000, stallTimeoutMs: 500, retries: 3 };
const down = new FlavorError('ERR_FLAVOR_NETWORK', 'down', true);
const said: LanguageModelEvent = { type: 'text', text: 'Hi' };
const spent: LanguageModelEvent = { type: 'usage', provider: 'p', model: 'm', unit: 'input-tokens', quantity: 5 };
const done: LanguageModelEvent = { type: 'done', reason: 'completed' };

function bench(attempt: (number: number, signal: AbortSignal, alive: () => void) => AsyncIterable<LanguageModelEvent>) {
  const clock = new FakeClock();
  const abort = new AbortController();
  /** Of each attempt, to the nearest 25 ms: promises take turns of the clock. */
  const startedMs: number[] = [];
  const signals: AbortSignal[] = [];
  const counted: Attempt = (signal, alive) => {
    startedMs.push(Math.floor(clock.now() / 25) * 25);
    signals.push(signal);
    return attempt(startedMs.length, signal, alive);
  };
  const events: LanguageModelEvent[] = [];
  const deps = { clock, random: { hex: () => '', integer: () => 0 } };
  const ended = (async () => {
    for await (const event of answerByAttempts(counted, patience, deps, abort.signal)) events.push(event);
  })().then(
    () => undefined,
    (error: unknown) => error,
  );
  return { clock, abort, startedMs, signals, events, ended };
}

/** Never says anything, and does not listen to its signal: as a library does while it connects. */
const deaf: AsyncIterable<LanguageModelEvent> = {
  [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
};

async function* events(...all: readonly (LanguageModelEvent | Error)[]): AsyncGenerator<LanguageModelEvent> {
  for (const one of all) {
    if (one instanceof Error) throw one;
    yield one;
  }
}

test('attempts are repeated with growing waits, until one is heard', async () => {
  const {
    clock,
    startedMs,
    events: heard,
    ended,
  } = bench((number) => (number < 3 ? events(down) : events(said, done)));
  await clock.advanceAsync(1_000);
  expect(await ended).toBeUndefined();
  expect(startedMs).toEqual([0, 75, 225]);
  expect(heard).toEqual([said, done]);
  expect(clock.pendingTimers).toBe(0);
});

test('nothing is repeated once an event was delivered, a report of tokens included', async () => {
  const { clock, startedMs, ended } = bench(() => events(spent, down));
  await clock.advanceAsync(1_000);
  expect(await ended).toBe(down);
  expect(startedMs).toEqual([0]);
});

test('what another attempt cannot mend is not repeated', async () => {
  const limited = new FlavorError('ERR_FLAVOR_QUOTA', 'limited', true);
  const { clock, startedMs, ended } = bench(() => events(limited));
  await clock.advanceAsync(1_000);
  expect(await ended).toBe(limited);
  expect(startedMs).toEqual([0]);
});

test('attempts end with the time for the first word, all of them together', async () => {
  const { clock, startedMs, signals, ended } = bench((number) => (number === 1 ? events(down) : deaf));
  await clock.advanceAsync(1_100);
  expect(await ended).toMatchObject({ code: 'ERR_FLAVOR_TIMEOUT' });
  expect(startedMs).toEqual([0, 75]);
  expect(signals.every(({ aborted }) => aborted)).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('a report of tokens is no word: the first may still be too late', async () => {
  const {
    clock,
    events: heard,
    ended,
  } = bench(async function* () {
    yield spent;
    yield* deaf;
  });
  await clock.advanceAsync(1_100);
  expect(await ended).toMatchObject({ code: 'ERR_FLAVOR_TIMEOUT', message: expect.stringContaining('said nothing') });
  expect(heard).toEqual([spent]);
});

test('signs of life keep an answer alive, silence ends it', async () => {
  let show: () => void = () => {};
  const { clock, ended } = bench(async function* (_number, _signal, alive) {
    show = alive;
    yield said;
    yield* deaf;
  });
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (let beat = 0; beat < 5; beat += 1) {
    await clock.advanceAsync(400);
    show();
  }
  expect(over).toBe(false);
  await clock.advanceAsync(600);
  expect(await ended).toMatchObject({ code: 'ERR_FLAVOR_TIMEOUT', message: expect.stringContaining('mid-answer') });
});

test('what goes wrong after the end of an answer is nobody’s concern', async () => {
  const cut = bench(() => events(said, done, down));
  expect(await cut.ended).toBeUndefined();
  const stalled = bench(async function* () {
    yield* [said, done];
    yield* deaf;
  });
  await stalled.clock.advanceAsync(600);
  expect(await stalled.ended).toBeUndefined();
  expect(stalled.events).toEqual([said, done]);
});

test('an abort ends it at once, even while the library does not listen', async () => {
  const { clock, abort, signals, ended } = bench(() => deaf);
  await clock.advanceAsync(10);
  const reason = new Error('over');
  abort.abort(reason);
  expect(await ended).toBe(reason);
  expect(signals[0]?.aborted).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('an abort between two attempts ends it at once', async () => {
  const { clock, abort, startedMs, ended } = bench(() => events(down));
  await clock.advanceAsync(20);
  const reason = new Error('over');
  abort.abort(reason);
  expect(await ended).toBe(reason);
  expect(startedMs).toEqual([0]);
  expect(clock.pendingTimers).toBe(0);
});
