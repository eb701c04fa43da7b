import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createSystemClock } from '../../../src/base/clock.js';
import { createSystemRandom } from '../../../src/base/random.js';
import { threadLimits } from '../../../src/base/thread-limits.js';
import type {
  CallerFrame,
  MediaEngine,
  StreamEvent,
  StreamOptions,
  StreamParameters,
} from '../../../src/media/engine.js';
import {
  createWorkerEngine,
  type WorkerEngineDeps,
  workerEngineDefaults,
} from '../../../src/media/worker/worker-engine.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { UdpPhone } from '../../support/udp-phone.js';

const LOUD = 0x10;

/** However slow the machine is. */
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 10 });

let nextPort = 20_000 + 2 * new SeededRandom(process.pid + 1).integer(5_500);

/** @param entryOf of each thread, where they differ */
const openEngine = (deps: Partial<WorkerEngineDeps> = {}, entryOf?: () => URL): MediaEngine => {
  nextPort += 20;
  return createWorkerEngine(
    {
      bind: '127.0.0.1',
      ports: { min: nextPort - 20, max: nextPort - 1 },
      portRestSeconds: 0,
      jitter: { minMs: 20, maxMs: 120 },
      latching: { nat: false, strict: false },
      rtpTimeoutMs: 30_000,
    },
    Object.defineProperties(
      { clock: createSystemClock(), random: createSystemRandom(), ...deps },
      entryOf === undefined ? {} : { entry: { get: entryOf } },
    ),
  );
};

const parametersFor = (remote: StreamParameters['remote']): StreamParameters => ({
  codec: { name: 'pcmu', payloadType: 0 },
  dtmfPayloadType: 101,
  remote,
  direction: 'sendrecv',
  ptimeMs: 20,
});

/** A stream with a phone at its other end, and what it has told. */
const openCall = async (engine: MediaEngine, phone: UdpPhone) => {
  const events: StreamEvent[] = [];
  const frames: { readonly code: number; readonly receivedAtMs: number }[] = [];
  const stream = await engine.open({
    family: 4,
    listener: {
      onFrame: ({ data, receivedAtMs }: CallerFrame) => frames.push({ code: data[80] ?? -1, receivedAtMs }),
      onEvent: (event) => events.push(event),
    },
  });
  stream.connect(parametersFor(phone.remote));
  const waitFor = async <T extends StreamEvent['type']>(type: T): Promise<Extract<StreamEvent, { type: T }>> => {
    for (;;) {
      const found = events.find((event): event is Extract<StreamEvent, { type: T }> => event.type === type);
      if (found) return found;
      await sleep(5);
    }
  };
  return { stream, events, frames, waitFor };
};

/** Keeps this thread busy, as a flavor may. */
const block = (ms: number): void => {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) Math.sqrt(untilMs);
};

const numbersOf = (phone: UdpPhone): number[] => phone.heard.map(({ header }) => header.sequence);

test('packets go on while the thread of the calls is busy, and what was heard meanwhile is told afterwards', async () => {
  await using engine = openEngine();
  await using phone = await UdpPhone.open();
  const { stream, frames } = await openCall(engine, phone);
  stream.play('long', new Uint8Array(8 * 4_000).fill(LOUD));
  await phone.hear(5);
  const before = stream.stats().out.packets;
  block(1_000);
  await eventually(() => expect(stream.stats().out.packets).toBeGreaterThan(before + 40));
  // Frames of the second in which nobody listened are there, one every 20 ms.
  await eventually(() => expect(frames.length).toBeGreaterThan(40));
  await phone.hear(50);
  const numbers = numbersOf(phone);
  expect(numbers.slice(1).every((number, at) => number === ((numbers[at] ?? 0) + 1) % 65_536)).toBe(true);
});

test('twelve seconds of 24 kHz speech in one go are played whole: no frame is dropped, no silence comes between', async () => {
  await using engine = openEngine();
  await using phone = await UdpPhone.open();
  const { stream, waitFor } = await openCall(engine, phone);
  stream.setFormats({ encoding: 'mulaw', sampleRate: 8000 }, { encoding: 'pcm16', sampleRate: 24_000 });
  const samples = Int16Array.from({ length: 12 * 24_000 }, (_, index) => 8000 * Math.sin(index / 10));
  stream.play('speech', new Uint8Array(samples.buffer));
  // A packet or two may have left already.
  expect(stream.queuedMs()).toBeGreaterThan(11_900);
  expect(stream.queuedMs()).toBeLessThan(12_001);
  stream.endResponse('speech');
  await phone.hear(30);
  const queuedMs = stream.queuedMs();
  expect(queuedMs).toBeLessThan(11_900);
  expect(queuedMs).toBeGreaterThan(10_000);
  const flush = stream.flush();
  expect(stream.queuedMs()).toBe(0);
  const ended = await waitFor('response-ended');
  expect(ended).toMatchObject({ responseId: 'speech', state: 'interrupted' });
  // What was said to be heard is what had left: to the sample.
  await phone.hear(phone.heard.length + 3);
  const spoken = phone.heard.filter(({ payload }) => payload.some((code) => (code & 0x7f) !== 0x7f));
  expect(Math.abs(spoken.length * 20 - ended.heardMs)).toBeLessThanOrEqual(40);
  expect(flush).toBe(2);
  const first = phone.heard.indexOf(spoken[0] as (typeof spoken)[number]);
  expect(phone.heard.slice(first, first + spoken.length - 1)).toEqual(spoken.slice(0, -1));
});

test('a flush ends what waits for room, too, and what is played after it stays', async () => {
  await using engine = openEngine();
  await using phone = await UdpPhone.open();
  const { stream, events } = await openCall(engine, phone);
  await phone.hear(2);
  stream.play('old', new Uint8Array(8 * 60_000).fill(LOUD));
  stream.flush();
  stream.play('new', new Uint8Array(800).fill(LOUD));
  stream.endResponse('new');
  await eventually(() => expect(events.filter(({ type }) => type === 'response-ended')).toHaveLength(2));
  expect(events.filter(({ type }) => type === 'response-ended')).toMatchObject([
    { responseId: 'old', state: 'interrupted', sentMs: 0 },
    { responseId: 'new', state: 'finished', heardMs: 100 },
  ]);
  expect(stream.queuedMs()).toBe(0);
});

test('no packet leaves once close has returned, and closed comes after the ends of its responses', async () => {
  await using engine = openEngine();
  await using phone = await UdpPhone.open();
  const { stream, events, waitFor } = await openCall(engine, phone);
  stream.play('open', new Uint8Array(8_000).fill(LOUD));
  await phone.hear(3);
  stream.close();
  stream.play('late', new Uint8Array(160));
  await waitFor('closed');
  expect(events.slice(-2)).toMatchObject([{ type: 'response-ended', responseId: 'open' }, { type: 'closed' }]);
  // The counters are final with `closed`; one packet may have been on its way within this machine.
  const { packets } = stream.stats().out;
  await sleep(60);
  expect(phone.heard.length).toBeLessThanOrEqual(packets);
});

test.each([true, false])(
  'a farewell is said by RTCP after close has returned, also where it shares the port of RTP (%s)',
  async (mux) => {
    await using engine = openEngine();
    await using phone = await UdpPhone.open();
    const received: Buffer[] = [];
    const rtcp = createSocket('udp4', (bytes) => received.push(bytes));
    rtcp.bind(0, '127.0.0.1');
    await once(rtcp, 'listening');
    const { stream, waitFor } = await openCall(engine, phone);
    const { port } = rtcp.address();
    const remote = mux ? { address: '127.0.0.1', port } : phone.remote;
    stream.connect({
      ...parametersFor(remote),
      rtcp: { mux, remote: mux ? undefined : { address: '127.0.0.1', port } },
    });
    if (mux) await eventually(() => expect(received.length).toBeGreaterThan(3));
    else await phone.hear(3);
    stream.close(true);
    await waitFor('closed');
    // A compound packet that ends with BYE (203).
    await eventually(() => expect(received.some((bytes) => (bytes[1] ?? 0) >= 200 && bytes.includes(203))).toBe(true));
    rtcp.close();
  },
);

test('times of the media thread are those of the engine clock', async () => {
  const clock = createSystemClock();
  await using engine = openEngine({ clock });
  await using phone = await UdpPhone.open();
  const beforeMs = clock.now();
  const { stream, frames, waitFor } = await openCall(engine, phone);
  const { atMs } = await waitFor('ack');
  await phone.talk([new Uint8Array(160).fill(LOUD), new Uint8Array(160).fill(LOUD)], stream.local);
  await eventually(() => expect(frames.some(({ code }) => code === LOUD)).toBe(true));
  const afterMs = clock.now();
  for (const timeMs of [atMs, ...frames.map(({ receivedAtMs }) => receivedAtMs)]) {
    expect(timeMs).toBeGreaterThan(beforeMs);
    expect(timeMs).toBeLessThan(afterMs);
  }
});

test('a thread that is ended with its engine has not died', async () => {
  const died: string[] = [];
  const engine = openEngine({ startsAtOnce: true, onThreadDied: (why) => died.push(why) });
  await engine.ready?.();
  await engine[Symbol.asyncDispose]();
  expect(died).toEqual([]);
});

test('an engine is ready once its thread has started, or has failed to', async () => {
  await using engine = openEngine({ startsAtOnce: true });
  await engine.ready?.();
  const died: string[] = [];
  const missing = new URL('./missing-thread.mjs', import.meta.url);
  await using broken = openEngine({ startsAtOnce: true, entry: missing, onThreadDied: (why) => died.push(why) });
  await broken.ready?.();
  expect(died).toHaveLength(1);
});

test('a thread keeps its young generation small, whatever the process allows itself', async () => {
  const told: string[] = [];
  const limited = new URL('./limited-thread.mjs', import.meta.url);
  await using engine = openEngine({ startsAtOnce: true, entry: limited, onNotice: (message) => told.push(message) });
  await engine.ready?.();
  expect(told).toEqual([`${threadLimits.maxYoungGenerationSizeMb} MB`]);
});

test('calls of a thread that dies fail and can be closed; the next call gets a thread of its own', async () => {
  const died: string[] = [];
  await using phone = await UdpPhone.open();
  // Starts as any other, and dies a little later.
  const dying = new URL('./dying-thread.mjs', import.meta.url);
  await using engine = openEngine({ entry: dying, onThreadDied: (message) => died.push(message) });
  const { stream, events, waitFor } = await openCall(engine, phone);
  stream.play('cut off', new Uint8Array(8_000).fill(LOUD));
  await waitFor('failed');
  expect(died).toEqual(['killed by a test']);
  stream.close();
  expect(events.slice(-3)).toMatchObject([
    { type: 'failed' },
    { type: 'response-ended', responseId: 'cut off', state: 'interrupted' },
    { type: 'closed' },
  ]);
  expect(engine.usage().open).toBe(0);
  const next = await openCall(engine, phone);
  expect(next.stream.local.port % 2).toBe(0);
});

test('a thread that cannot start is an error of the call that needed it', async () => {
  await using engine = openEngine({ entry: new URL('./no-such-thread.mjs', import.meta.url) });
  const opening = engine.open({ family: 4, listener: { onFrame: () => {}, onEvent: () => {} } });
  await expect(opening).rejects.toMatchObject({ code: 'ERR_NO_MEDIA_PORT' });
  expect(engine.usage().open).toBe(0);
});

/** A machine with cores for three media threads, of which each has enough with two streams. */
const manyCores = (): void => {
  const spies = [
    vi.spyOn(os, 'availableParallelism').mockReturnValue(4),
    vi.spyOn(workerEngineDefaults as { streamsPerThread: number }, 'streamsPerThread', 'get').mockReturnValue(2),
  ];
  syncBuiltinESMExports();
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
    syncBuiltinESMExports();
  });
};

const nobody: StreamOptions = { family: 4, listener: { onFrame: () => {}, onEvent: () => {} } };

test('streams that a thread has enough of get another, as long as there are cores', async () => {
  manyCores();
  const entries: URL[] = [];
  const entry = new URL('../../../dist/src/media/worker/thread-entry.js', import.meta.url);
  await using engine = openEngine({}, () => {
    entries.push(entry);
    return entry;
  });
  for (let count = 1; count <= 7; count += 1) {
    await engine.open(nobody);
    expect(entries.length).toBe(Math.min(Math.ceil(count / 2), 3));
  }
});

test('a call for which no other thread can be started is taken by one that is there', async () => {
  manyCores();
  const told: string[] = [];
  const entry = new URL('../../../dist/src/media/worker/thread-entry.js', import.meta.url);
  let asked = 0;
  // As where a limit of threads is reached, this throws when the thread is made.
  const next = (): URL => (asked++ === 0 ? entry : new URL('none:thread'));
  await using engine = openEngine({ onNotice: (message) => told.push(message) }, next);
  for (let count = 1; count <= 4; count += 1) await engine.open(nobody);
  expect(engine.usage().open).toBe(4);
  // It is tried again, and said once.
  expect([asked, told.length]).toEqual([3, 1]);
  expect(told[0]).toMatch(/^no other media thread can be started: /);
});

test('a listener that throws fails its own call, and no other', async () => {
  await using engine = openEngine();
  await using phone = await UdpPhone.open();
  await using other = await UdpPhone.open();
  const sound = await openCall(engine, other);
  const events: StreamEvent[] = [];
  const faulty = await engine.open({
    family: 4,
    listener: {
      onFrame: () => {
        throw new Error('boom');
      },
      onEvent: (event) => events.push(event),
    },
  });
  faulty.connect(parametersFor(phone.remote));
  await eventually(() => expect(events.at(-1)).toEqual({ type: 'failed', message: 'boom' }));
  const before = sound.frames.length;
  await eventually(() => expect(sound.frames.length).toBeGreaterThan(before + 5));
});

test('what is commanded behind a command that fails is carried out: the stream closes, and its port is free', async () => {
  await using engine = openEngine();
  await using phone = await UdpPhone.open();
  const { stream, events } = await openCall(engine, phone);
  // Opus is not loaded here. Both lie in the ring when the thread looks.
  stream.connect({ ...parametersFor(phone.remote), codec: { name: 'opus', payloadType: 111 } });
  stream.close();
  await eventually(() => expect(events.at(-1)?.type).toBe('closed'));
  await eventually(() => expect(engine.usage().open).toBe(0));
});
