import { expect, test } from 'vitest';
import { closeFailure, statusError } from '../../../../src/cascade/engines/azure/errors.js';
import { ListenLine } from '../../../../src/cascade/engines/azure/listen-line.js';
import type { SpeechToTextEvent } from '../../../../src/cascade/index.js';
import type { FlavorError } from '../../../../src/flavor-api/index.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { ScriptedService, settle } from './scripted-connection.js';

const VOICE = 0x10;
const SILENCE = 0xff;
const TICKS = 10_000;

/** A caller, a line, and a service that is the test. */
class Bench {
  readonly clock = new FakeClock(1000);
  readonly service = new ScriptedService(this.clock);
  readonly events: SpeechToTextEvent[] = [];
  failed: FlavorError | undefined;
  readonly line: ListenLine;
  #positionMs = 0;

  constructor(finalizeOnPause = true) {
    this.line = new ListenLine(
      {
        format: { encoding: 'mulaw', sampleRate: 8000 },
        chunkMs: 40,
        replayMs: 5_000,
        context: { of: 'every turn' },
        finalizeOnPause,
        answerTimeoutMs: 5_000,
        reconnect: { attempts: 3, firstDelayMs: 200, maxDelayMs: 1_000 },
        clock: this.clock,
        random: new SeededRandom(1),
        dial: this.service.dial,
      },
      {
        onEvent: (event) => this.events.push(event),
        onSent: () => undefined,
        onFailed: (error) => {
          this.failed = error;
        },
      },
    );
  }

  async open(): Promise<this> {
    await this.line.open(new AbortController().signal);
    return this;
  }

  /** The caller is heard for so long; every frame takes its time. */
  async hear(ms: number, byte = VOICE): Promise<void> {
    for (const endMs = this.#positionMs + ms; this.#positionMs < endMs; this.#positionMs += 20) {
      this.line.write({ data: new Uint8Array(160).fill(byte), positionMs: this.#positionMs, concealed: false });
      this.clock.advance(20);
    }
    await settle();
  }

  types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }

  texts(): readonly string[] {
    return this.events.flatMap((event) => (event.type === 'transcript' && event.final ? [event.text] : []));
  }
}

function phrase(text: string, startMs: number, endMs: number): object {
  return {
    RecognitionStatus: 'Success',
    DisplayText: text,
    Offset: startMs * TICKS,
    Duration: (endMs - startMs) * TICKS,
    NBest: [{ Confidence: 0.9, Display: text, Words: [{ Word: text, Offset: startMs * TICKS, Duration: 0 }] }],
  };
}

test('a connection begins with what the client is, the context of the turn, and the head of the audio', async () => {
  const { service } = await new Bench().open();
  const { messages, audio, requestId } = service.last;
  expect(messages.map(({ path }) => path)).toEqual(['speech.config', 'speech.context']);
  expect(messages[1]).toMatchObject({ requestId, body: { of: 'every turn' } });
  expect(requestId).toMatch(/^[0-9A-F]{32}$/);
  expect(audio.map(({ bytes, contentType }) => [bytes.length, contentType])).toEqual([[44, 'audio/x-wav']]);
});

test('audio is passed on in pieces of 40 ms, not held back until 100 ms are there', async () => {
  const bench = await new Bench().open();
  await bench.hear(40);
  expect(bench.service.last.audio.at(-1)).toMatchObject({ atMs: 1020 });
  expect(bench.service.last.audioMs).toBe(40);
});

test('after a loss the caller is heard again from where nothing was settled, twice as fast as it was spoken', async () => {
  const bench = await new Bench().open();
  await bench.hear(1000);
  bench.service.last.say('speech.phrase', phrase('one', 0, 600));
  await bench.hear(600);
  bench.service.last.lose(closeFailure(1006));
  await bench.clock.advanceAsync(5);
  const { last } = bench.service;
  // From 300 ms before the first voice that is not settled, which is at 600.
  expect(last.audioMs).toBe(100);
  await bench.clock.advanceAsync(475);
  expect(last.audioMs).toBeGreaterThanOrEqual(1000);
  const sentAt = last.audio.filter(({ contentType }) => contentType === undefined).map(({ atMs }) => atMs);
  expect((sentAt[1] ?? 0) - (sentAt[0] ?? 0)).toBe(50);
  // Times of the new connection are those of the call again.
  last.say('speech.phrase', phrase('two', 100, 200));
  const final = bench.events.at(-1);
  expect(final).toMatchObject({ type: 'transcript', text: 'two', words: [{ startMs: 700 }] });
});

test('lost connections are replaced at once, then with pauses that grow and are not the same for everybody', async () => {
  const bench = await new Bench().open();
  for (let i = 0; i < 3; i += 1) bench.service.refusals.push(statusError(503));
  bench.service.last.lose(closeFailure(1006));
  await bench.clock.advanceAsync(5_000);
  const [, ...gaps] = bench.service.dialledAtMs.map((atMs, index, all) => atMs - (all[index - 1] ?? atMs));
  expect(gaps[0]).toBeLessThanOrEqual(5);
  expect(gaps[1]).toBeGreaterThanOrEqual(100);
  expect(gaps[1]).toBeLessThanOrEqual(205);
  expect(gaps[2]).toBeGreaterThanOrEqual(200);
  expect(gaps[2]).toBeLessThanOrEqual(405);
  expect(bench.failed).toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
  expect(bench.types().filter((type) => type === 'warning').length).toBe(1);
});

test('a key that is refused after a loss is not tried again', async () => {
  const bench = await new Bench().open();
  bench.service.refusals.push(statusError(401));
  bench.service.last.lose(closeFailure(1006));
  await bench.clock.advanceAsync(5_000);
  expect(bench.failed).toMatchObject({ code: 'ERR_FLAVOR_AUTH' });
  expect(bench.service.dialledAtMs.length).toBe(2);
});

test('a turn is ended by an empty message, and what is said meanwhile waits for the next', async () => {
  const bench = await new Bench().open();
  await bench.hear(400);
  bench.line.finalize();
  const { last } = bench.service;
  const first = last.requestId;
  expect(last.audio.at(-1)?.bytes.length).toBe(0);
  await bench.hear(200);
  expect(last.audioMs).toBe(400);
  last.say('speech.phrase', phrase('one', 0, 400));
  last.say('turn.end');
  expect(last.requestId).not.toBe(first);
  expect(last.audioMs).toBe(600);
  // The next turn's audio begins at 400 of the call.
  last.say('speech.phrase', phrase('two', 0, 200));
  expect(bench.events.at(-1)).toMatchObject({ words: [{ startMs: 400 }] });
});

test('a turn that ends without a word says so, to whoever waits for the text', async () => {
  const bench = await new Bench().open();
  await bench.hear(400);
  bench.line.finalize();
  bench.service.last.say('speech.phrase', { RecognitionStatus: 'EndOfDictation' });
  bench.service.last.say('turn.end');
  expect(bench.texts()).toEqual(['']);
  // It was listened to: the next turn does not hear it again.
  await bench.hear(40, SILENCE);
  expect(bench.service.last.audioMs).toBe(440);
});

test('what was to be final is still wanted when the connection goes in the meantime', async () => {
  const bench = await new Bench().open();
  await bench.hear(400);
  bench.line.finalize();
  bench.service.last.lose(closeFailure(1011));
  await settle();
  await bench.clock.advanceAsync(500);
  expect(bench.service.last.audioMs).toBe(400);
  expect(bench.service.last.audio.at(-1)?.bytes.length).toBe(0);
});

test('a turn that does not end is given up with its connection', async () => {
  const bench = await new Bench().open();
  await bench.hear(400);
  bench.line.finalize();
  await bench.clock.advanceAsync(5_005);
  expect(bench.service.connections.length).toBe(2);
  expect(bench.events.at(-1)).toMatchObject({ type: 'warning', error: { code: 'ERR_FLAVOR_TIMEOUT' } });
});

test('without finalizeOnPause, finalize() leaves the turn alone', async () => {
  const bench = await new Bench(false).open();
  await bench.hear(400);
  bench.line.finalize();
  expect(bench.service.last.audio.at(-1)?.bytes.length).not.toBe(0);
});

test('words about a turn that is over are not taken for the one under way', async () => {
  const bench = await new Bench().open();
  await bench.hear(400);
  bench.service.last.say('speech.phrase', phrase('late', 0, 300), 'F'.repeat(32));
  expect(bench.events).toEqual([]);
});

test('a service that ends one turn after the other is left', async () => {
  const bench = await new Bench().open();
  for (let i = 0; i < 3; i += 1) bench.service.last.say('turn.end');
  await bench.clock.advanceAsync(5);
  expect(bench.service.connections.length).toBe(2);
  expect(bench.events.at(-1)).toMatchObject({ type: 'warning', error: { code: 'ERR_FLAVOR_PROTOCOL' } });
});

test('speech that nothing is said about is told to another connection; silence may pass without a word', async () => {
  const bench = await new Bench().open();
  await bench.hear(20_000, SILENCE);
  expect(bench.service.connections.length).toBe(1);
  await bench.hear(1_200);
  await bench.hear(5_000, SILENCE);
  expect(bench.service.connections.length).toBe(2);
});

test('a network that takes nothing is not given more than a second of audio', async () => {
  const bench = await new Bench().open();
  bench.service.last.bufferedBytes = 8_001;
  await bench.hear(400);
  expect(bench.service.last.audioMs).toBe(0);
  bench.service.last.bufferedBytes = 0;
  await bench.hear(40);
  expect(bench.service.last.audioMs).toBeGreaterThan(0);
});

test('nothing of a line is left behind when it is closed', async () => {
  const bench = await new Bench().open();
  await bench.hear(400);
  bench.line.finalize();
  bench.service.last.lose(closeFailure(1006));
  bench.line.close();
  await settle();
  expect(bench.clock.pendingTimers).toBe(0);
  expect(bench.service.connections.every(({ alive }) => !alive)).toBe(true);
});

test('how much a piece still awaits is known before each frame', async () => {
  const bench = await new Bench().open();
  for (let frame = 0; frame < 9; frame += 1) {
    const { awaitedMs } = bench.line;
    const before = bench.service.last.audioMs;
    await bench.hear(20);
    expect(bench.service.last.audioMs - before).toBe(awaitedMs <= 20 ? 40 : 0);
  }
});

test('a turn that was answered before its end was asked for says so when nothing more is understood', async () => {
  const bench = await new Bench().open();
  await bench.hear(400);
  bench.service.last.say('speech.phrase', phrase('one', 0, 400));
  // A cough.
  await bench.hear(400);
  bench.line.finalize();
  bench.service.last.say('turn.end');
  expect(bench.texts()).toEqual(['one', '']);
});
