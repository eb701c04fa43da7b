import { expect, test } from 'vitest';
import { FlavorError } from '../../../../src/flavor-api/index.js';
import { createKeptLog } from '../../../support/silent-log.js';
import { say, sayAll, setUp } from '../support/bench.js';
import type { ScriptedBackend } from '../support/scripted-backend.js';
import { ended, ofType, runUntil, settle, type TimedEvent, tiersOf } from '../support/simulation.js';

const bytesOf = (events: readonly TimedEvent[]): number =>
  ofType(events, 'audio').reduce((sum, { data }) => sum + data.length, 0);
/** Audio of a text in mu-law: 50 ms a letter. */
const bytesFor = (text: string): number => text.length * 400;

test('the preferred tier says all pieces in order, and the record is told who spoke and why', async () => {
  const { clock, open, backends } = setUp([{}, {}]);
  const events = await sayAll(await open(), clock, 'Good morning, here is the salon.', 'What can I do for you?');
  expect(backends[0]?.requests.map(({ text }) => text)).toEqual([
    'Good morning, here is the salon.',
    'What can I do for you?',
  ]);
  expect(backends[1]?.requests).toEqual([]);
  expect(tiersOf(events)).toEqual(['laptop first', 'laptop current']);
  expect(ofType(events, 'piece').map(({ index }) => index)).toEqual([0, 1]);
  expect(bytesOf(events)).toBe(bytesFor('Good morning, here is the salon.What can I do for you?'));
  expect(events.at(-1)?.event).toEqual({ type: 'end', spokenPieces: 2 });
});

test('of a sentence that may still break off, no more goes out than is needed; the rest as soon as it is whole', async () => {
  const { clock, open } = setUp([{ backend: { realTimeFactor: 0.5 } }]);
  const text = 'This sentence takes three seconds to be said, or so it seems.';
  const { events } = say(await open(), clock, text);
  await runUntil(clock, () => bytesOf(events) > 0);
  const beganMs = clock.now();
  await runUntil(clock, () => clock.now() >= beganMs + 500);
  expect(bytesOf(events) / 8).toBeLessThanOrEqual(500 + 250 + 100);
  expect(bytesOf(events) / 8).toBeGreaterThanOrEqual(500);
  await runUntil(clock, () => ended(events));
  expect(clock.now() - beganMs).toBeLessThan((text.length * 50) / 2 + 100);
  expect(bytesOf(events)).toBe(bytesFor(text));
});

test('a private call is never heard by another tier: rather nobody speaks', async () => {
  const { clock, open, backends } = setUp([{}, {}, {}]);
  const session = await open(true);
  const laptop = backends[0];
  if (laptop) laptop.fault = { afterMs: 600 };
  const events = await sayAll(session, clock, 'Your results have come, Mister Miller.');
  expect(events.at(-1)?.event).toMatchObject({ type: 'end', error: { code: 'ERR_FLAVOR_NETWORK' }, spokenPieces: 0 });
  for (const other of backends.slice(1)) expect(other.requests).toEqual([]);
});

test('where no tier may hear a private call, it is told at once', async () => {
  const { clock, open, backends } = setUp([{ rules: { private: false } }]);
  const events = await sayAll(await open(true), clock, 'Hello.');
  expect(events.at(-1)?.event).toMatchObject({
    type: 'end',
    error: { code: 'ERR_FLAVOR_UNSUPPORTED', retryable: false },
  });
  expect(backends[0]?.requests).toEqual([]);
});

test('calls that come while the preferred tier is busy wait as long as they may, in order, and go elsewhere then', async () => {
  const { clock, open, backends } = setUp([
    { rules: { queueMs: 400 }, backend: { realTimeFactor: 0.4 } },
    { rules: { concurrency: 9, queueMs: 1_000 }, backend: { concurrency: 9 } },
  ]);
  const sessions = await Promise.all(Array.from({ length: 6 }, () => open()));
  const text = 'Just a moment, please, I am looking it up.';
  const said = sessions.map((session) => say(session, clock, text));
  await runUntil(clock, () => said.every(({ events }) => ended(events)));
  for (const { events } of said) {
    expect(bytesOf(events)).toBe(bytesFor(text));
    const firstMs = events.find(({ event }) => event.type === 'audio')?.atMs ?? 0;
    expect(firstMs).toBeLessThanOrEqual(400 + 100 + 100);
  }
  expect(backends[0]?.mostBusy).toBe(1);
  expect((backends[0]?.requests.length ?? 0) + (backends[1]?.requests.length ?? 0)).toBe(6);
  expect(tiersOf(said[5]?.events ?? [])).toEqual(['gpu load']);
});

test('where every tier is busy for too long, that is what is said, and no place is kept', async () => {
  const { clock, open, voice } = setUp([{ backend: { realTimeFactor: 1 } }]);
  const text = 'This takes as long to make as it takes to say, which is four seconds.';
  const first = say(await open(), clock, text);
  await settle();
  const second = await sayAll(await open(), clock, text);
  expect(second.at(-1)?.event).toMatchObject({ error: { code: 'ERR_FLAVOR_QUOTA', retryable: true } });
  expect(voice.tiers[0]?.seen.waiting).toBe(0);
  await runUntil(clock, () => ended(first.events));
  expect(voice.tiers[0]?.seen.busy).toBe(0);
});

test('a tier that is later than nearly always is not waited for: the first to speak wins, the other is cancelled', async () => {
  const { clock, open, backends } = setUp([{ rules: { concurrency: 2 } }, {}]);
  const session = await open();
  for (let time = 0; time < 10; time += 1) await sayAll(session, clock, 'One moment.');
  const laptop = backends[0];
  if (laptop) laptop.fault = 'silent';
  const beganMs = clock.now();
  const events = await sayAll(session, clock, 'Here I am again.');
  expect(tiersOf(events)).toEqual(['laptop current, left: late', 'gpu hedge']);
  expect(laptop?.requests.at(-1)?.state).toBe('aborted');
  const first = events.find(({ event }) => event.type === 'audio');
  expect((first?.atMs ?? 0) - beganMs).toBeLessThan(500);
  expect(bytesOf(events)).toBe(bytesFor('Here I am again.'));
});

test('a tier that takes requests and never answers is left alone after three of them, in every call', async () => {
  const { clock, open, backends } = setUp([{ rules: { concurrency: 4 } }, {}], { policy: { openMs: 30_000 } });
  const [laptop, gpu] = backends;
  for (let sentence = 1; sentence <= 5; sentence += 1) {
    if (laptop) laptop.fault = 'silent';
    await sayAll(await open(), clock, 'Good afternoon.');
  }
  expect([laptop?.requests.length, gpu?.requests.length]).toEqual([3, 5]);
});

test('a tier that is well when asked, and refuses to speak, is left alone: a sentence tries it now and then, until it speaks', async () => {
  const { clock, open, backends, voice } = setUp([{}, {}], { policy: { openMs: 5_000, maxOpenMs: 120_000 } });
  const [laptop, gpu] = backends;
  const session = await open();
  const sayNext = async (): Promise<void> => {
    const call = await open();
    await sayAll(call, clock, 'Good afternoon.');
    call.close();
    await runUntil(clock, () => false, 10_000, 500);
  };
  for (let sentence = 1; sentence <= 60; sentence += 1) {
    if (laptop) laptop.fault = new FlavorError('ERR_FLAVOR_AUTH', 'refused the credentials', false);
    await sayNext();
  }
  expect(gpu?.requests.length).toBe(60);
  // Three in a row, then after 5, 10, 20, 40, 80 and 120 s, 120 s …, less jitter, of ten minutes.
  expect(laptop?.requests.length).toBeGreaterThan(5);
  expect(laptop?.requests.length).toBeLessThan(14);
  expect(laptop?.probes).toBeGreaterThan(5);
  if (laptop) laptop.fault = undefined;
  for (let sentence = 1; sentence <= 15; sentence += 1) await sayNext();
  expect(voice.tiers[0]?.seen.breaker).toBe('closed');
  expect(tiersOf(await sayAll(session, clock, 'Good evening.'))).toEqual(['laptop first']);
});

test('while one sentence tries a tier that has refused, no other one does', async () => {
  const { clock, open, backends } = setUp([{ rules: { concurrency: 4 } }, { rules: { concurrency: 4 } }]);
  const [laptop] = backends;
  for (let sentence = 1; sentence <= 3; sentence += 1) {
    if (laptop) laptop.fault = new FlavorError('ERR_FLAVOR_CONFIG', 'there is no such voice', false);
    await sayAll(await open(), clock, 'Good afternoon.');
  }
  clock.advance(6_000);
  const said = [await open(), await open(), await open()].map((session) => sayAll(session, clock, 'Good evening.'));
  const tiers = (await Promise.all(said)).map((events) => tiersOf(events)[0]);
  expect(tiers).toEqual(['laptop first', 'gpu health', 'gpu health']);
  expect(tiersOf(await sayAll(await open(), clock, 'Good night.'))).toEqual(['laptop first']);
});

test('one request in ten is asked twice, and three in a row: a fleet that is slow must not be given twice the work', async () => {
  const { clock, open, backends } = setUp([{}, {}]);
  const [laptop] = backends;
  let late = 0;
  for (let request = 0; request < 60; request += 1) {
    if (laptop && request % 2 === 1) laptop.fault = 'silent';
    const session = await open();
    late += tiersOf(await sayAll(session, clock, 'One moment.')).filter((told) => told.endsWith('late')).length;
    session.close();
  }
  expect(late).toBeGreaterThan(3);
  const requests = backends.reduce((sum, backend) => sum + backend.requests.length, 0);
  expect(late).toBeLessThanOrEqual(3 + requests / 10);
});

test('a tier that says nothing is given up, and the next one says it', async () => {
  const { clock, open, backends } = setUp([{}, {}], { policy: { firstAudioMs: 1_000 } });
  const laptop = backends[0];
  if (laptop) laptop.fault = new FlavorError('ERR_FLAVOR_NETWORK', 'refused', true);
  const events = await sayAll(await open(), clock, 'Good afternoon.');
  expect(tiersOf(events)).toEqual(['laptop first, left: ERR_FLAVOR_NETWORK', 'gpu health']);
  expect(ofType(events, 'warning')).toHaveLength(1);
  expect(bytesOf(events)).toBe(bytesFor('Good afternoon.'));
});

test('a tier that stops speaking without a word about it is taken for dead', async () => {
  const { clock, open, backends } = setUp([{ backend: { realTimeFactor: 0.2 } }, {}]);
  const session = await open();
  const text = 'The first half of it comes, and then there is nothing but silence on the line.';
  const laptop = backends[0];
  const synthesize = laptop?.synthesize.bind(laptop);
  if (laptop && synthesize) {
    laptop.synthesize = async function* (wanted, signal) {
      let chunks = 0;
      for await (const chunk of synthesize(wanted, signal)) {
        yield chunk;
        chunks += 1;
        if (chunks > 12)
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      }
    };
  }
  const events = await sayAll(session, clock, text);
  expect(tiersOf(events)).toEqual(['laptop first', 'gpu fail-over']);
  expect(events.at(-1)?.event).toEqual({ type: 'end', spokenPieces: 1 });
  expect(bytesOf(events)).toBeGreaterThan(bytesFor(text) * 0.9);
});

/** Makes a tier hand over so much at once, and fall silent for so long behind it, for ever unless said. */
function stalling(tier: ScriptedBackend | undefined, afterMs: number, silentMs: number): void {
  const synthesize = tier?.synthesize.bind(tier);
  if (!tier || !synthesize) return;
  tier.synthesize = async function* (wanted, signal) {
    let sentMs = 0;
    for await (const chunk of synthesize(wanted, signal)) {
      yield chunk;
      if (chunk.type !== 'audio') continue;
      const before = sentMs;
      sentMs += chunk.samples.length / 16;
      if (before < afterMs && sentMs >= afterMs) await tier.wait(silentMs, signal);
    }
  };
}

test('a tier that stops for a moment is waited for where nobody else could go on', async () => {
  const text = 'The first of it comes at once, and the rest of the sentence a little later than it is needed.';
  for (const tiers of [[{}], [{}, { rules: { hours: { from: '00:00', until: '00:01', timeZone: 'UTC' } } }]]) {
    const { clock, open, backends } = setUp(tiers);
    clock.advance(3_600_000);
    stalling(backends[0], 250, 1_500);
    const events = await sayAll(await open(), clock, text);
    expect(tiersOf(events)).toEqual(['laptop first']);
    expect(ofType(events, 'warning')).toEqual([]);
    expect(bytesOf(events)).toBe(bytesFor(text));
  }
});

test('and given up where it does not come back', async () => {
  const { clock, open, backends } = setUp([{}], { policy: { firstAudioMs: 2_000 } });
  stalling(backends[0], 250, 1e9);
  const beganMs = clock.now();
  const events = await sayAll(await open(), clock, 'The first of it comes at once, and nothing else.');
  expect(events.at(-1)?.event).toMatchObject({ type: 'end', spokenPieces: 0, error: { code: 'ERR_FLAVOR_TIMEOUT' } });
  expect(clock.now() - beganMs).toBeLessThan(4_000);
});

test('one that goes on where another broke off, and stops before the place is found, is left for the next', async () => {
  const { clock, open, backends } = setUp([{}, {}, {}]);
  const [laptop, gpu, cloud] = backends;
  if (laptop) laptop.fault = { afterMs: 2_000 };
  stalling(gpu, 100, 1e9);
  const events = await sayAll(
    await open(),
    clock,
    'Your table is booked for half past seven, and we look forward to it.',
  );
  expect(events.at(-1)?.event).toEqual({ type: 'end', spokenPieces: 1 });
  expect([gpu?.requests[0]?.state, cloud?.requests.at(-1)?.state]).toEqual(['aborted', 'done']);
});

test('an answer without end is a fault of its tier, which is told to stop', async () => {
  const { clock, open, backends } = setUp([{ backend: { sampleRate: 8_000 } }]);
  let givenMs = 0;
  if (backends[0]) {
    backends[0].synthesize = async function* (_, signal) {
      for (; givenMs < 300_000 && !signal.aborted; givenMs += 10_000) {
        yield { type: 'audio', samples: new Int16Array(80_000) };
      }
    };
  }
  const events = await sayAll(await open(), clock, 'Good afternoon.');
  const error = { code: 'ERR_FLAVOR_PROTOCOL', message: 'the answer does not end' };
  expect(events.at(-1)?.event).toMatchObject({ type: 'end', spokenPieces: 0, error });
  expect(givenMs).toBe(130_000);
});

test('what comes before the silence has lasted is no stall, however long ago the last piece came', async () => {
  const { clock, open, backends } = setUp([{}, {}]);
  // As from RunPod: a short first item, and the next one a poll and its work later.
  stalling(backends[0], 300, 550);
  const events = await sayAll(await open(), clock, 'It comes in pieces, as from a queue that is asked now and then.');
  expect(tiersOf(events)).toEqual(['laptop first']);
});

test('a tier that broke off is not asked again for the rest of its sentence, however short its rest', async () => {
  const { clock, open, backends } = setUp([{}, { backend: { streaming: false } }], { policy: { restMs: 0 } });
  const [laptop, gpu] = backends;
  if (laptop) laptop.fault = { afterMs: 600 };
  const text = 'Your table is booked for half past seven, by the window, and we look forward to seeing all of you.';
  const session = await open();
  const events = await sayAll(session, clock, text);
  expect(events.at(-1)?.event).toMatchObject({ type: 'end', spokenPieces: 1 });
  // The rest is asked for in parts.
  expect(gpu?.requests.length).toBeGreaterThan(1);
  expect(laptop?.requests.length).toBe(1);
  await sayAll(session, clock, 'Goodbye.');
  expect(laptop?.requests.length).toBe(2);
});

test('where the others fail as well, it is asked again rather than nobody', async () => {
  const { clock, open, backends } = setUp([{}, { backend: { streaming: false } }], { policy: { restMs: 0 } });
  const [laptop, gpu] = backends;
  if (laptop) laptop.fault = { afterMs: 600 };
  if (gpu) [gpu.fault, gpu.passes] = ['gone', 1];
  const text = 'Your table is booked for half past seven, by the window, and we look forward to seeing all of you.';
  const events = await sayAll(await open(), clock, text);
  expect(events.at(-1)?.event).toEqual({ type: 'end', spokenPieces: 1 });
  expect([laptop?.requests.length, (gpu?.requests.length ?? 0) >= 2]).toEqual([2, true]);
});

test('an interruption while every tier is busy gives up the place in the queue, and the next gets the tier', async () => {
  const { clock, open, backends, voice } = setUp([{ rules: { queueMs: 10_000 }, backend: { realTimeFactor: 0.5 } }]);
  const text = 'This takes half as long to make as it takes to say.';
  const first = say(await open(), clock, text);
  await settle();
  const second = say(await open(), clock, text);
  const third = say(await open(), clock, text);
  await settle();
  expect(voice.tiers[0]?.seen.waiting).toBe(2);
  second.utterance.cancel();
  await settle();
  expect(ended(second.events)).toBe(true);
  expect(voice.tiers[0]?.seen.waiting).toBe(1);
  await runUntil(clock, () => ended(first.events) && ended(third.events));
  expect(bytesOf(third.events)).toBe(bytesFor(text));
  expect(bytesOf(second.events)).toBe(0);
  expect(backends[0]?.requests).toHaveLength(2);
  expect(voice.tiers[0]?.seen).toMatchObject({ busy: 0, waiting: 0 });
});

test('an interruption cancels what is asked for, at once, and nothing follows', async () => {
  const { clock, open, backends, voice } = setUp([{}]);
  const { utterance, events } = say(await open(), clock, 'A sentence that nobody is going to hear to its end.');
  await runUntil(clock, () => bytesOf(events) > 0);
  const bytes = bytesOf(events);
  utterance.cancel();
  await runUntil(clock, () => ended(events));
  expect(bytesOf(events)).toBe(bytes);
  expect(backends[0]?.requests[0]?.state).toBe('aborted');
  expect(voice.tiers[0]?.seen).toMatchObject({ busy: 0, breaker: 'closed' });
  expect(clock.pendingTimers).toBeLessThanOrEqual(1);
});

test.each([8_000, 16_000, 24_000] as const)(
  'sentences that begin and end at full swing, heard at %d Hz: no click where they join, and none is shorter',
  async (sampleRate) => {
    // 200 Hz, 16 kHz, from a peak; how long it is, and so where it ends, depends upon the text.
    const speak = (text: string): Int16Array =>
      Int16Array.from({ length: 1_603 + 37 * text.length }, (_, i) =>
        Math.round(8_000 * Math.cos((2 * Math.PI * 200 * i) / 16_000)),
      );
    const texts = Array.from({ length: 30 }, (_, index) => `This is sentence ${'o'.repeat(index)}.`);
    for (const chunkMs of [3, 17, 100]) {
      const { clock, voice } = setUp([{ backend: { chunkMs, realTimeFactor: 0 } }], {
        speak,
        cache: { phrases: texts.slice(0, 5) },
      });
      const session = await voice.open({ output: { encoding: 'pcm16', sampleRate } }, new AbortController().signal);
      const events = await sayAll(session, clock, ...texts);
      const bytes = Buffer.concat(ofType(events, 'audio').map(({ data }) => data));
      const samples = Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i));
      const steepest = samples.reduce((most, sample, i) => Math.max(most, Math.abs(sample - (samples[i - 1] ?? 0))), 0);
      // The tone's own steps, and what a fade of 4 ms changes of them.
      expect(steepest).toBeLessThanOrEqual(8_000 * 2 * Math.sin((Math.PI * 200) / sampleRate) * 1.1);
      const said = texts.reduce((sum, text) => sum + (speak(text).length * sampleRate) / 16_000, 0);
      expect(Math.abs(samples.length - said)).toBeLessThanOrEqual(texts.length);
    }
  },
);

test('checked, each tier is asked for what shows its credentials; those that do not work are named', async () => {
  const log = createKeptLog();
  const { voice, backends } = setUp([{}, {}, {}], { log });
  const [laptop, gpu, cloud] = backends;
  if (gpu) gpu.health = new FlavorError('ERR_FLAVOR_AUTH', 'refused the credentials', false);
  let checks = 0;
  if (cloud) {
    Object.assign(cloud, {
      check: async () => {
        checks += 1;
      },
    });
  }
  await voice.check(new AbortController().signal);
  expect([laptop?.probes, gpu?.probes, cloud?.probes, checks]).toEqual([1, 1, 0, 1]);
  expect(log.lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: 'warn',
      message: expect.any(String),
      tier: 'gpu',
      code: 'ERR_FLAVOR_AUTH',
      detail: 'refused the credentials',
    },
  ]);
  const away = new FlavorError('ERR_FLAVOR_NETWORK', 'away', true);
  if (laptop) laptop.health = away;
  if (cloud) Object.assign(cloud, { check: () => Promise.reject(away) });
  await expect(voice.check(new AbortController().signal)).rejects.toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
});

test('tags are given to tiers that act them, and taken out for the others', async () => {
  const { clock, open, backends, voice } = setUp([{ backend: { tags: true } }, {}]);
  expect(voice.capabilities.voiceSigns).toBe(true);
  await sayAll(await open(), clock, 'That is funny [laugh] indeed.');
  const laptop = backends[0];
  if (laptop) laptop.fault = new FlavorError('ERR_FLAVOR_NETWORK', 'refused', true);
  await sayAll(await open(), clock, 'That is funny [laugh] indeed.');
  expect(laptop?.requests.map(({ text }) => text)[0]).toBe('That is funny [laugh] indeed.');
  expect(backends[1]?.requests.map(({ text }) => text)).toEqual(['That is funny indeed.']);
});

test.each([
  ['a sign that no tier acts', '[laugh]', []],
  ['bare punctuation', '…', []],
  ['a sign that the tier acts', '[laugh]', ['[laugh]']],
])('%s is no sentence that fails: the answer goes on behind it', async (_, sign, said) => {
  const { clock, open, backends, voice } = setUp([{ backend: { tags: said.length > 0 } }, {}]);
  const events = await sayAll(await open(), clock, 'Hello there.', sign, 'Good bye.');
  expect(backends[0]?.requests.map(({ text }) => text)).toEqual(['Hello there.', ...said, 'Good bye.']);
  expect(backends[1]?.requests).toEqual([]);
  expect(ofType(events, 'piece').map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(events.at(-1)?.event).toEqual({ type: 'end', spokenPieces: 3 });
  expect(voice.tiers.map(({ seen }) => seen.busy)).toEqual([0, 0]);
});

test('a sign that was being acted is left out where nobody else acts it', async () => {
  const { clock, open, backends } = setUp([{ backend: { tags: true } }, {}]);
  if (backends[0]) backends[0].fault = 'gone';
  const events = await sayAll(await open(), clock, '[laugh]', 'Good bye.');
  expect(backends.map(({ requests }) => requests.map(({ text }) => text))).toEqual([['[laugh]', 'Good bye.'], []]);
  expect(events.at(-1)?.event).toEqual({ type: 'end', spokenPieces: 2 });
});

test('a late sign is not asked of a second tier that does not act it', async () => {
  const { clock, open, backends } = setUp([{ backend: { tags: true, firstAudioMs: 3_500 } }, {}]);
  const events = await sayAll(await open(), clock, '[laugh]');
  expect(backends[1]?.requests).toEqual([]);
  expect(events.at(-1)?.event).toEqual({ type: 'end', spokenPieces: 1 });
});

test('where answers come whole, a long text is asked for by clauses, each while the one before is heard', async () => {
  const { clock, open, backends } = setUp([{ backend: { streaming: false, firstAudioMs: 50, realTimeFactor: 0.6 } }]);
  const text =
    'Let me look at that for a moment, then I will tell you what is free, and we choose a day that suits you.';
  const events = await sayAll(await open(), clock, text);
  const asked = backends[0]?.requests.map((request) => request.text) ?? [];
  expect(asked.length).toBeGreaterThan(1);
  expect(asked.join(' ')).toBe(text);
  expect(asked[0]?.length).toBeLessThan(text.length / 2);
  expect(ofType(events, 'piece')).toHaveLength(1);
});

test('a tier that turned out to make speech more slowly than it is spoken comes after one that does not', async () => {
  const { clock, open } = setUp([{ backend: { realTimeFactor: 1.3 } }, { tier: { voice: 'tom' } }]);
  // Once is no measure.
  for (let sentence = 1; sentence <= 3; sentence += 1) {
    expect(tiersOf(await sayAll(await open(), clock, 'Good afternoon.'))).toEqual(['laptop first']);
  }
  expect(tiersOf(await sayAll(await open(), clock, 'Good evening.'))).toEqual(['gpu slow']);
});

test('where a tier says that it must start first, another one is asked at once', async () => {
  const { clock, open, backends } = setUp([{}, {}]);
  const [laptop] = backends;
  const synthesize = laptop?.synthesize.bind(laptop);
  if (laptop && synthesize) {
    laptop.synthesize = async function* (text, signal) {
      yield { type: 'progress', state: 'starting' };
      await laptop.wait(8_000, signal);
      yield* synthesize(text, signal);
    };
  }
  const beganMs = clock.now();
  const events = await sayAll(await open(), clock, 'Good afternoon.');
  expect(tiersOf(events)).toEqual(['laptop first, left: late', 'gpu hedge']);
  expect((events.find(({ event }) => event.type === 'audio')?.atMs ?? 0) - beganMs).toBeLessThan(400);
  // To start is no failure.
  if (laptop) laptop.health = { state: 'starting' };
  expect(tiersOf(await sayAll(await open(), clock, 'Good evening.'))).toEqual(['gpu cold']);
});

test('a tier that must start is woken while there are calls, and the others speak meanwhile', async () => {
  const { clock, open, backends } = setUp([{ tier: { keepWarm: 'calls' } }, {}]);
  const laptop = backends[0];
  if (laptop) laptop.health = { state: 'cold', startMs: 9_000 };
  const session = await open();
  await settle();
  const events = await sayAll(session, clock, 'Hello.');
  expect(tiersOf(events)).toEqual(['gpu cold']);
  await runUntil(clock, () => laptop?.wakes === 1, 20_000);
  const later = await sayAll(await open(), clock, 'Hello.');
  expect(tiersOf(later)).toEqual(['laptop first']);
});

test('what tiers cost is added up, and a budget that is used up ends their work for today', async () => {
  const { clock, open, voice } = setUp([
    { rules: { budgetUsdPerDay: 0.001 }, tier: { priceOf: ({ quantity }) => quantity / 1e6 } },
    {},
  ]);
  await sayAll(await open(), clock, 'This sentence costs two thousandths of a dollar.');
  expect(voice.tiers[0]?.seen.spentUsd).toBeCloseTo(0.0024, 4);
  expect(tiersOf(await sayAll(await open(), clock, 'Next.'))).toEqual(['gpu budget']);
  clock.advance(24 * 3_600_000);
  expect(tiersOf(await sayAll(await open(), clock, 'Next.'))).toEqual(['laptop first']);
});
