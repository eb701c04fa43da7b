import { expect, test } from 'vitest';
import { closeFailure, statusError } from '../../../../src/cascade/engines/deepgram/errors.js';
import { SpeakLine } from '../../../../src/cascade/engines/deepgram/speak-line.js';
import { SpeakPool } from '../../../../src/cascade/engines/deepgram/speak-pool.js';
import { SpeakUtterance } from '../../../../src/cascade/engines/shared/speak-utterance.js';
import type { TextToSpeechEvent } from '../../../../src/cascade/index.js';
import type { AudioFormat } from '../../../../src/flavor-api/index.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { ScriptedService, settle } from './scripted-socket.js';

const identity = { provider: 'deepgram', model: 'aura-2-thalia-en' };
const mulaw: AudioFormat = { encoding: 'mulaw', sampleRate: 8000 };
const flushed = { type: 'Flushed', sequence_id: 0 };
const cleared = { type: 'Cleared', sequence_id: 0 };

interface BenchOptions {
  readonly format?: AudioFormat;
  readonly share?: boolean;
  readonly limit?: number;
  readonly service?: ScriptedService;
  readonly clock?: FakeClock;
  readonly pool?: SpeakPool;
  readonly answerTimeoutMs?: number;
}

/** A call that speaks, and a service that is the test. */
class Bench {
  readonly clock: FakeClock;
  readonly service: ScriptedService;
  readonly pool: SpeakPool;
  readonly line: SpeakLine;
  readonly #format: AudioFormat;

  constructor({
    format = mulaw,
    share = false,
    limit,
    service,
    clock,
    pool,
    answerTimeoutMs = 5_000,
  }: BenchOptions = {}) {
    this.clock = clock ?? new FakeClock(1000);
    this.service = service ?? new ScriptedService(this.clock);
    this.#format = format;
    this.pool =
      pool ??
      new SpeakPool({
        limit,
        share,
        clock: this.clock,
        dial: (_format, listener, signal) => this.service.dial(listener, signal),
      });
    this.line = new SpeakLine({
      format,
      pool: this.pool,
      share,
      answerTimeoutMs,
      renewAfterMs: 55 * 60_000,
      reconnect: { attempts: 3, firstDelayMs: 200, maxDelayMs: 1_000 },
      clock: this.clock,
      random: new SeededRandom(1),
    });
  }

  async open(): Promise<this> {
    await this.line.open(new AbortController().signal);
    return this;
  }

  begin(...pieces: readonly string[]): Said {
    const said = new Said(this.line, this.#format);
    for (const piece of pieces) said.utterance.append(piece);
    return said;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms, 20);
    await settle();
  }

  /** What the last connection was told: texts, and types of the rest. */
  told(): readonly unknown[] {
    return this.service.last.messages.map(({ type, text }) => text ?? type);
  }
}

/** An utterance with what came of it. */
class Said {
  readonly utterance: SpeakUtterance;
  readonly events: TextToSpeechEvent[] = [];

  constructor(line: SpeakLine, format: AudioFormat) {
    const utterance = new SpeakUtterance(line, identity, format);
    this.utterance = utterance;
    void (async () => {
      for await (const event of utterance.events) this.events.push(event);
    })();
  }

  async story(): Promise<readonly string[]> {
    await settle();
    return this.events.map((event) => {
      switch (event.type) {
        case 'audio':
          return `audio ${event.data.length}`;
        case 'piece':
          return `piece ${event.index}`;
        case 'usage':
          return `${event.quantity} ${event.unit}`;
        case 'end':
          return `end ${event.spokenPieces}${event.error === undefined ? '' : ` ${event.error.code}`}`;
        default:
          return event.type;
      }
    });
  }
}

const sound = new Uint8Array(160);

test('text goes out as it comes, each piece with a flush, and audio is attributed by the Flushed between', async () => {
  const bench = await new Bench().open();
  const said = bench.begin('Hello there,', 'how are you?');
  said.utterance.finish();
  expect(bench.told()).toEqual(['Hello there, ', 'Flush', 'how are you? ', 'Flush']);
  bench.service.last.speak(sound);
  bench.service.last.speak(sound);
  bench.service.last.say(flushed);
  bench.service.last.speak(sound);
  bench.service.last.say(flushed);
  expect(await said.story()).toEqual([
    'piece 0',
    'audio 160',
    'audio 160',
    'piece 1',
    'audio 160',
    '26 characters',
    'end 2',
  ]);
});

test('when flushes run low, pieces go together, and the last of an answer has its own', async () => {
  const bench = await new Bench().open();
  for (let i = 0; i < 14; i += 1) {
    const said = bench.begin('Yes.');
    said.utterance.finish();
    bench.service.last.say(flushed);
  }
  bench.service.last.messages.length = 0;
  const said = bench.begin('One.', 'Two.', 'Three.');
  expect(bench.told()).toEqual(['One. ', 'Two. ', 'Three. ']);
  // Whole sentences are spoken without a flush.
  bench.service.last.speak(sound);
  said.utterance.finish();
  expect(bench.told()).toEqual(['One. ', 'Two. ', 'Three. ', 'Flush']);
  bench.service.last.say(flushed);
  expect(await said.story()).toEqual(['piece 0', 'audio 160', '17 characters', 'end 3']);
});

test('an answer with another in the middle of it comes to its end with few flushes left', async () => {
  const bench = await new Bench().open();
  for (let i = 0; i < 14; i += 1) {
    bench.begin('Yes.').utterance.finish();
    bench.service.last.say(flushed);
  }
  const first = bench.begin('One.');
  const other = bench.begin('Other.');
  first.utterance.append('Two.');
  first.utterance.finish();
  other.utterance.finish();
  for (let i = 0; i < 3; i += 1) bench.service.last.say(flushed);
  expect(await first.story()).toEqual(['10 characters', 'end 2']);
  expect(await other.story()).toEqual(['7 characters', 'end 1']);
});

test('without a flush left, the end of an answer waits for one', async () => {
  const bench = await new Bench().open();
  for (let i = 0; i < 21; i += 1) {
    bench.begin('Yes.').utterance.finish();
    if (i < 20) bench.service.last.say(flushed);
  }
  const flushes = (): number => bench.service.last.types().filter((type) => type === 'Flush').length;
  expect(flushes()).toBe(20);
  await bench.pass(60_000);
  expect(flushes()).toBe(20);
  await bench.pass(600);
  expect(flushes()).toBe(21);
});

test('a flush that Deepgram did not take is sent again', async () => {
  const bench = await new Bench().open();
  const said = bench.begin('Hello.');
  said.utterance.finish();
  bench.service.last.say({ type: 'Warning', code: 'FLUSH_LIMIT_EXCEEDED', description: 'too many' });
  await bench.pass(2_900);
  expect(bench.told()).toEqual(['Hello. ', 'Flush']);
  await bench.pass(200);
  expect(bench.told()).toEqual(['Hello. ', 'Flush', 'Flush']);
  bench.service.last.say(flushed);
  expect(await said.story()).toEqual(['warning', '7 characters', 'end 1']);
});

test('a cancelled answer is cleared, and nothing that comes before Cleared is heard', async () => {
  const bench = await new Bench().open();
  const first = bench.begin('A long story.');
  bench.service.last.speak(sound);
  first.utterance.cancel();
  expect(bench.told()).toEqual(['A long story. ', 'Flush', 'Clear']);
  const second = bench.begin('Sorry?');
  second.utterance.finish();
  bench.service.last.speak(sound);
  bench.service.last.say(flushed);
  bench.service.last.say(cleared);
  bench.service.last.speak(new Uint8Array(80));
  bench.service.last.say(flushed);
  expect(await first.story()).toEqual(['piece 0', 'audio 160', '14 characters', 'end 0']);
  expect(await second.story()).toEqual(['piece 0', 'audio 80', '7 characters', 'end 1']);
});

test('an answer of which nothing was sent is cancelled without a word to the service', async () => {
  const bench = await new Bench().open();
  bench.begin().utterance.cancel();
  expect(bench.told()).toEqual([]);
});

test('one that waits behind another is cancelled without silencing it', async () => {
  const bench = await new Bench().open();
  const first = bench.begin('One moment.');
  first.utterance.finish();
  const second = bench.begin('Here it is.');
  second.utterance.cancel();
  expect(bench.told()).not.toContain('Clear');
  bench.service.last.speak(sound);
  bench.service.last.say(flushed);
  bench.service.last.speak(sound);
  bench.service.last.say(flushed);
  expect(await first.story()).toEqual(['piece 0', 'audio 160', '12 characters', 'end 1']);
  expect(await second.story()).toEqual(['12 characters', 'end 0']);
});

test('one that waits behind a cancelled one is said anew', async () => {
  const bench = await new Bench().open();
  const first = bench.begin('One moment.');
  const second = bench.begin('Here it is.');
  second.utterance.finish();
  first.utterance.cancel();
  bench.service.last.say(cleared);
  expect(bench.told().slice(-3)).toEqual(['Clear', 'Here it is. ', 'Flush']);
  bench.service.last.speak(sound);
  bench.service.last.say(flushed);
  expect(await second.story()).toEqual(['piece 0', 'audio 160', '24 characters', 'end 1']);
});

test('a service that does not clear is left for another connection', async () => {
  const bench = await new Bench().open();
  bench.begin('A long story.').utterance.cancel();
  const second = bench.begin('Sorry?');
  second.utterance.finish();
  await bench.pass(1_600);
  expect(bench.service.sockets).toHaveLength(2);
  expect(bench.told()).toEqual(['Sorry? ', 'Flush']);
});

test('text of more than 2,000 characters goes in several messages', async () => {
  const bench = await new Bench().open();
  bench.begin('word '.repeat(600));
  const lengths = bench.service.last.messages.flatMap(({ text }) => (typeof text === 'string' ? [text.length] : []));
  expect(lengths).toHaveLength(2);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(2_000);
});

test('a piece without a word is spoken by saying nothing', async () => {
  const bench = await new Bench().open();
  const said = bench.begin('  ');
  said.utterance.finish();
  expect(bench.told()).toEqual([]);
  expect(await said.story()).toEqual(['end 1']);
});

test('samples that the network tore are put together', async () => {
  const bench = await new Bench({ format: { encoding: 'pcm16', sampleRate: 8000 } }).open();
  const said = bench.begin('Hello.');
  bench.service.last.speak(Uint8Array.of(1, 2, 3));
  bench.service.last.speak(Uint8Array.of(4, 5, 6));
  await settle();
  const audio = said.events.flatMap((event) => (event.type === 'audio' ? [[...event.data]] : []));
  expect(audio).toEqual([
    [1, 2],
    [3, 4, 5, 6],
  ]);
});

test('a flood comes in pieces of at most 2 s', async () => {
  const bench = await new Bench().open();
  const said = bench.begin('Hello.');
  bench.service.last.speak(new Uint8Array(40_000));
  expect(await said.story()).toEqual(['piece 0', 'audio 16000', 'audio 16000', 'audio 8000']);
});

test('audio that nobody waits for is dropped', async () => {
  const bench = await new Bench().open();
  bench.service.last.speak(sound);
  bench.service.last.say(flushed);
  const said = bench.begin('Hello.');
  bench.service.last.say(flushed);
  expect(await said.story()).toEqual(['7 characters'].slice(1));
});

test('a connection lost before any sound is replaced, and what was to be said is said', async () => {
  const bench = await new Bench().open();
  const said = bench.begin('Hello.');
  said.utterance.finish();
  bench.service.last.lose(closeFailure(1006));
  await bench.pass(20);
  expect(bench.service.sockets).toHaveLength(2);
  expect(bench.told()).toEqual(['Hello. ', 'Flush']);
  bench.service.last.speak(sound);
  bench.service.last.say(flushed);
  expect(await said.story()).toEqual(['piece 0', 'audio 160', '14 characters', 'end 1']);
});

test('a connection lost in the middle of a piece ends the answer with what was whole', async () => {
  const bench = await new Bench().open();
  const said = bench.begin('One.', 'Two.', 'Three.');
  bench.service.last.speak(sound);
  bench.service.last.say(flushed);
  bench.service.last.speak(sound);
  bench.service.last.lose(closeFailure(1011));
  expect((await said.story()).at(-1)).toBe('end 1 ERR_FLAVOR_NETWORK');
});

test('a connection lost while nobody speaks is replaced unnoticed', async () => {
  const bench = await new Bench().open();
  bench.service.last.lose(closeFailure(1000));
  await bench.pass(20);
  const said = bench.begin('Hello.');
  said.utterance.finish();
  bench.service.last.say(flushed);
  expect(await said.story()).toEqual(['7 characters', 'end 1']);
});

test('when no connection comes, what waits ends with the reason, and the next answer tries again', async () => {
  const bench = await new Bench().open();
  bench.service.refusals.push(statusError(503), statusError(503), statusError(503));
  bench.service.last.lose(closeFailure(1006));
  const said = bench.begin('Hello.');
  await bench.pass(2_000);
  expect(await said.story()).toEqual(['end 0 ERR_FLAVOR_NETWORK']);
  bench.begin('Hello?');
  await bench.pass(20);
  expect(bench.told()).toEqual(['Hello? ', 'Flush']);
});

test('a service that owes sound and stays silent is given up', async () => {
  const bench = await new Bench().open();
  const said = bench.begin('Hello.');
  bench.service.last.speak(sound);
  await bench.pass(5_100);
  expect(await said.story()).toEqual(['piece 0', 'audio 160', '7 characters', 'end 0 ERR_FLAVOR_TIMEOUT']);
});

test('each sound begins the wait for the next anew', async () => {
  const bench = await new Bench().open();
  const said = bench.begin('Hello.');
  for (let piece = 0; piece < 3; piece += 1) {
    await bench.pass(4_900);
    bench.service.last.speak(sound);
  }
  await bench.pass(5_100);
  expect(await said.story()).toEqual([
    'piece 0',
    'audio 160',
    'audio 160',
    'audio 160',
    '7 characters',
    'end 0 ERR_FLAVOR_TIMEOUT',
  ]);
});

test('a warning while nobody speaks is told by the next answer', async () => {
  const bench = await new Bench().open();
  bench.service.last.say({ type: 'Warning', code: 'SOMETHING', description: 'x' });
  expect(await bench.begin('Hello.').story()).toEqual(['warning']);
});

test('an error of the service is the end of the connection, an unknown message is a fault', async () => {
  const bench = await new Bench().open();
  const said = bench.begin('Hello.');
  bench.service.last.say({ type: 'Novelty' });
  bench.service.last.speak(sound);
  bench.service.last.say({ type: 'Error', err_code: 'NET-0001', description: 'x' });
  expect(await said.story()).toEqual(['warning', 'piece 0', 'audio 160', '7 characters', 'end 0 ERR_FLAVOR_NETWORK']);
});

test('before 60 minutes another connection takes over, between two answers', async () => {
  const bench = await new Bench().open();
  bench.clock.advance(55 * 60_000 - 1_000);
  const said = bench.begin('Hello.');
  said.utterance.finish();
  await bench.pass(2_000);
  expect(bench.service.sockets).toHaveLength(1);
  bench.service.last.say(flushed);
  expect(await said.story()).toEqual(['7 characters', 'end 1']);
  await bench.pass(20);
  expect(bench.service.sockets).toHaveLength(2);
  expect(bench.service.sockets[0]?.closed).toBe(true);
});

test('the limit of the plan refuses one more call', async () => {
  const bench = await new Bench({ limit: 1 }).open();
  const { pool, service, clock } = bench;
  await expect(new Bench({ pool, service, clock }).open()).rejects.toMatchObject({
    code: 'ERR_FLAVOR_QUOTA',
    retryable: true,
  });
  bench.line.close();
  await new Bench({ pool, service, clock }).open();
});

test('a shared connection serves one call after the other, and none waits in vain', async () => {
  const one = await new Bench({ share: true, limit: 1 }).open();
  const { pool, service, clock } = one;
  const two = await new Bench({ share: true, pool, service, clock }).open();
  const first = one.begin('One.');
  first.utterance.finish();
  await one.pass(20);
  const second = two.begin('Two.');
  second.utterance.finish();
  await one.pass(20);
  expect(one.told()).toEqual(['One. ', 'Flush']);
  service.last.speak(sound);
  service.last.say(flushed);
  await one.pass(20);
  expect(one.told()).toEqual(['One. ', 'Flush', 'Two. ', 'Flush']);
  service.last.speak(sound);
  service.last.say(flushed);
  expect(await second.story()).toEqual(['piece 0', 'audio 160', '5 characters', 'end 1']);
  expect(service.sockets).toHaveLength(1);
  pool.close();
  expect(clock.pendingTimers).toBe(2);
});

test('the end closes the connection, ends what is being said, and leaves no timer', async () => {
  const bench = await new Bench().open();
  const said = bench.begin('Hello.');
  bench.line.close();
  expect(await said.story()).toEqual(['7 characters', 'end 0']);
  expect(bench.service.last.closed).toBe(true);
  expect(bench.clock.pendingTimers).toBe(0);
});

test('a service that never speaks is given up, however long it is waited for', async () => {
  const bench = await new Bench({ answerTimeoutMs: 30_000 }).open();
  const said = bench.begin('Hello.');
  said.utterance.finish();
  await bench.pass(150_000);
  expect(said.events.at(-1)).toMatchObject({ type: 'end', error: { code: 'ERR_FLAVOR_TIMEOUT' } });
  expect(bench.service.sockets.length).toBe(4);
});

test('what a service says right behind the upgrade is why there is no voice, and the next connection is none the worse', async () => {
  const bench = new Bench();
  bench.service.greeting = [{ type: 'Error', err_code: 'INVALID_AUTH' }];
  await expect(bench.line.open(new AbortController().signal)).rejects.toMatchObject({ code: 'ERR_FLAVOR_AUTH' });
  expect(bench.service.last.alive).toBe(false);
  bench.service.greeting = [{ type: 'Metadata' }];
  await bench.line.open(new AbortController().signal);
  expect(bench.service.last.alive).toBe(true);
});
