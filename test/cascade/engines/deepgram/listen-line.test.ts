import { expect, test } from 'vitest';
import { closeFailure, statusError } from '../../../../src/cascade/engines/deepgram/errors.js';
import { chunksOf } from '../../../../src/cascade/engines/deepgram/listen-config.js';
import { Bench, final, interim, SILENCE, VOICE } from './listen-bench.js';
import { settle } from './scripted-socket.js';

test('frames go out as they come; Flux gets them in pieces of 80 ms', async () => {
  const nova = await new Bench().open();
  await nova.hear(60);
  expect(nova.service.last.audio.map(({ length }) => length)).toEqual([160, 160, 160]);
  const flux = await new Bench(true, 80).open();
  await flux.hear(200);
  expect(flux.service.last.audio.map(({ length }) => length)).toEqual([640, 640]);
});

test('Flux hears the pause of a turn frame by frame, in pieces that end where the others would', async () => {
  const bench = await new Bench(true, 80, 20).open();
  const pieces = (): readonly number[] => bench.service.last.audio.map(({ length }) => length / 8);
  // Nothing was told of a turn: silence is as good as speech.
  await bench.hear(160, SILENCE);
  await bench.hear(180);
  expect(pieces()).toEqual([80, 80, 80, 80]);
  bench.service.last.say({ type: 'TurnInfo', event: 'StartOfTurn', transcript: 'Hello', audio_window_end: 0.3 });
  await bench.hear(80);
  expect(pieces().slice(4)).toEqual([80]);
  // A stop within a word is no pause; what waits goes out with the frame that makes it one.
  await bench.hear(40, SILENCE);
  await bench.hear(100);
  expect(pieces().slice(5)).toEqual([80, 80]);
  await bench.hear(120, SILENCE);
  expect(pieces().slice(7)).toEqual([60, 20, 20, 20]);
  await bench.hear(40);
  expect(pieces().slice(11)).toEqual([40]);
  await bench.hear(180, SILENCE);
  expect(pieces().slice(12)).toEqual([60, 20, 20, 20, 20, 20, 20]);
  bench.service.last.say({ type: 'TurnInfo', event: 'EndOfTurn', transcript: 'Hello', audio_window_end: 1 });
  await bench.hear(260, SILENCE);
  expect(pieces().slice(19)).toEqual([60, 80, 80]);
});

test('a turn whose end is never told is not listened to frame by frame for ever', async () => {
  const bench = await new Bench(true, 80, 20).open();
  await bench.hear(80);
  bench.service.last.say({ type: 'TurnInfo', event: 'StartOfTurn', transcript: 'Hello', audio_window_end: 0.1 });
  await bench.hear(7_000, SILENCE);
  expect(bench.service.last.audio.slice(-5).map(({ length }) => length)).toEqual([640, 640, 640, 640, 640]);
});

test('pieces of a length that is given are all of that length, and so are those of Nova', async () => {
  expect(chunksOf({ model: 'flux-general-en', chunkMs: undefined })).toEqual({ chunkMs: 80, pauseChunkMs: 20 });
  expect(chunksOf({ model: 'flux-general-en', chunkMs: 80 })).toEqual({ chunkMs: 80 });
  expect(chunksOf({ model: 'nova-3', chunkMs: undefined })).toEqual({ chunkMs: 40 });
  const bench = await new Bench(true, 80).open();
  await bench.hear(160);
  bench.service.last.say({ type: 'TurnInfo', event: 'StartOfTurn', transcript: 'Hello', audio_window_end: 0.1 });
  await bench.hear(200, SILENCE);
  expect(bench.service.last.audio.map(({ length }) => length)).toEqual([640, 640, 640, 640]);
});

test('Finalize goes behind all audio, also less than a chunk; Flux has none', async () => {
  const nova = await new Bench(false, 60).open();
  await nova.hear(80);
  nova.line.finalize();
  expect(nova.service.last.audioBytes).toBe(640);
  expect(nova.service.last.types()).toEqual(['Finalize']);
  const flux = await new Bench(true, 80).open();
  flux.line.finalize();
  expect(flux.service.last.types()).toEqual([]);
});

test('on hold, Nova is kept alive by text every 4 s, which is no audio', async () => {
  const bench = await new Bench().open();
  await bench.hear(20);
  await bench.pass(13_000);
  expect(bench.service.last.types()).toEqual(['KeepAlive', 'KeepAlive', 'KeepAlive']);
  expect(bench.service.last.audioBytes).toBe(160);
});

test('before the caller talks, a little silence makes KeepAlive count', async () => {
  const bench = await new Bench().open();
  await bench.pass(9_000);
  expect(bench.service.last.audio.map(({ length }) => length)).toEqual([800]);
  expect(bench.service.last.audio[0]?.every((byte) => byte === SILENCE)).toBe(true);
  expect(bench.service.last.types()).toEqual(['KeepAlive']);
});

test('Flux is never sent KeepAlive: on hold a little silence stands for it', async () => {
  const bench = await new Bench(true, 80).open();
  await bench.hear(80);
  await bench.pass(13_000);
  expect(bench.service.last.types()).toEqual([]);
  expect(bench.service.last.audio.map(({ length }) => length)).toEqual([640, 800, 800, 800]);
});

test('a turn of Flux that hold interrupts is given the silence that ends it, and no more', async () => {
  const bench = await new Bench(true, 80).open();
  await bench.hear(800);
  bench.service.last.say({ type: 'TurnInfo', event: 'StartOfTurn', transcript: 'Hello', audio_window_end: 0.5 });
  const before = bench.service.last.audioBytes;
  await bench.pass(2_000);
  const silence = (bench.service.last.audioBytes - before) / 8;
  expect(silence).toBeGreaterThanOrEqual(1_400);
  expect(silence).toBeLessThanOrEqual(1_600);
  bench.service.last.say({ type: 'TurnInfo', event: 'EndOfTurn', transcript: 'Hello', audio_window_end: 2.5 });
  await bench.pass(1_000);
  expect((bench.service.last.audioBytes - before) / 8).toBe(silence);
});

test('a turn that never ends is not fed for ever', async () => {
  const bench = await new Bench(true, 80).open();
  await bench.hear(800);
  bench.service.last.say({ type: 'TurnInfo', event: 'StartOfTurn', transcript: 'Hello', audio_window_end: 0.5 });
  await bench.pass(60_000);
  expect(bench.service.last.audioBytes / 8).toBeLessThan(10_000);
});

test('times after silence of ours are those of the call', async () => {
  const bench = await new Bench().open();
  await bench.pass(4_100);
  await bench.hear(1_000);
  // 100 ms of the connection's audio were none of the caller's.
  bench.service.last.say({ type: 'SpeechStarted', timestamp: 0.6 });
  expect(bench.events).toContainEqual({ type: 'speech-started', positionMs: 500 });
});

test('a lost connection is replaced at once, and hears again what was not final, no faster than 1.25 times', async () => {
  const bench = await new Bench().open();
  await bench.hear(1_000);
  bench.service.last.say(final);
  await bench.hear(2_000);
  bench.service.last.say(interim);
  bench.service.last.lose(closeFailure(1006));
  await bench.hear(20);
  expect(bench.service.sockets).toHaveLength(2);
  expect(bench.warnings()).toEqual(['ERR_FLAVOR_NETWORK']);
  await bench.hear(12_000);
  const { last } = bench.service;
  // From the end of the final segment to now: nothing twice, nothing left out.
  expect(last.audioBytes / 8).toBe(14_020);
  for (const [index, atMs] of last.audioAtMs.entries()) {
    const [beganMs = 0] = last.audioAtMs;
    const sentMs = last.audio.slice(0, index).reduce((sum, { length }) => sum + length / 8, 0);
    expect(sentMs).toBeLessThanOrEqual((atMs - beganMs) * 1.25 + 400);
  }
});

test('silence is not heard again', async () => {
  const bench = await new Bench().open();
  await bench.hear(4_000, SILENCE);
  bench.service.last.lose(closeFailure(1011));
  await bench.hear(20, SILENCE);
  expect(bench.service.last.audioBytes).toBeLessThanOrEqual(160);
});

test('times on a new connection are those of the call', async () => {
  const bench = await new Bench().open();
  await bench.hear(2_000, SILENCE);
  await bench.hear(500);
  bench.service.last.lose(closeFailure(1006));
  await bench.pass(20);
  bench.service.last.say({ type: 'SpeechStarted', timestamp: 0.3 });
  expect(bench.events.at(-1)).toEqual({ type: 'speech-started', positionMs: 2_000 });
});

test('a gap longer than the memory is told', async () => {
  const bench = await new Bench().open();
  await bench.hear(1_000);
  bench.service.last.say(interim);
  bench.service.refusals.push(statusError(503), statusError(503));
  bench.service.last.lose(closeFailure(1006));
  for (let ms = 0; ms < 6_000; ms += 20) {
    bench.line.write({ data: new Uint8Array(160).fill(VOICE), positionMs: 1_000 + ms, concealed: false });
  }
  await bench.pass(2_000);
  expect(bench.service.sockets).toHaveLength(2);
  expect(bench.warnings()).toEqual(['ERR_FLAVOR_NETWORK', 'ERR_FLAVOR_NETWORK']);
});

test('attempts are spaced, and end with the last error', async () => {
  const bench = await new Bench().open();
  bench.service.refusals.push(statusError(503), statusError(503), statusError(429));
  bench.service.last.lose(closeFailure(1006));
  await bench.pass(20);
  expect(bench.service.refusals).toHaveLength(2);
  expect(bench.failed).toBeUndefined();
  await bench.pass(1_500);
  expect(bench.failed).toMatchObject({ code: 'ERR_FLAVOR_QUOTA' });
});

test('a key that is refused on the way back is not tried again', async () => {
  const bench = await new Bench().open();
  bench.service.refusals.push(statusError(401));
  bench.service.last.lose(closeFailure(1006));
  await bench.pass(20);
  expect(bench.failed).toMatchObject({ code: 'ERR_FLAVOR_AUTH', retryable: false });
});

test('a service that hears speech and says nothing is given up for another', async () => {
  const bench = await new Bench().open();
  for (let ms = 0; ms < 6_000; ms += 20) {
    bench.line.write({ data: new Uint8Array(160).fill(VOICE), positionMs: ms, concealed: false });
    bench.clock.advance(20);
  }
  await settle();
  expect(bench.warnings()).toEqual(['ERR_FLAVOR_TIMEOUT']);
  expect(bench.service.sockets).toHaveLength(2);
});

test('a connection that the network does not empty is not filled', async () => {
  const bench = await new Bench().open();
  bench.service.last.bufferedBytes = 100_000;
  await bench.hear(200);
  expect(bench.service.last.audio).toEqual([]);
  bench.service.last.bufferedBytes = 0;
  await bench.hear(20);
  expect(bench.service.last.audioBytes).toBe(11 * 160);
});

test('the end is said to the service, and no timer is left', async () => {
  const bench = await new Bench().open();
  await bench.hear(100);
  bench.line.close();
  expect(bench.service.last.types()).toEqual(['CloseStream']);
  expect(bench.clock.pendingTimers).toBe(0);
  expect(bench.sentMs).toBe(100);
});

test('a connection that comes after the end is closed', async () => {
  const bench = await new Bench().open();
  bench.service.last.lose(closeFailure(1006));
  bench.line.close();
  await bench.pass(100);
  expect(bench.service.sockets.every(({ alive }) => !alive)).toBe(true);
});

test('how much a piece still awaits is known before each frame, also after one that was cut short', async () => {
  const bench = await new Bench(false, 80).open();
  const hearAsAwaited = async (): Promise<void> => {
    for (let frame = 0; frame < 9; frame += 1) {
      const { awaitedMs } = bench.line;
      const before = bench.service.last.audio.length;
      await bench.hear(20);
      expect(bench.service.last.audio.length - before).toBe(awaitedMs <= 20 ? 1 : 0);
    }
  };
  await hearAsAwaited();
  bench.line.finalize();
  await hearAsAwaited();
});

test('no piece leaves before what was awaited has come, in the pauses of a turn either', async () => {
  const bench = await new Bench(true, 80, 20).open();
  let kept = 0;
  for (let frame = 0; frame < 200; frame += 1) {
    const event = frame % 60 === 20 ? 'StartOfTurn' : 'EndOfTurn';
    if (frame % 60 === 20 || frame % 60 === 50)
      bench.service.last.say({ type: 'TurnInfo', event, transcript: 'Hello', audio_window_end: 0.1 });
    const { awaitedMs } = bench.line;
    const before = bench.service.last.audio.length;
    await bench.hear(20, frame % 7 < 3 || frame % 20 > 13 ? SILENCE : VOICE);
    if (awaitedMs > 20) expect(bench.service.last.audio.length).toBe(before);
    if (awaitedMs > 20) kept += 1;
  }
  expect(kept).toBeGreaterThan(100);
});

test('a hold that comes while nobody listens moves the call to another connection, and throws nothing', async () => {
  const bench = await new Bench(true, 80).open();
  const hear = (ms: number, byte: number, fromMs: number): void => {
    for (let at = fromMs; at < fromMs + ms; at += 20) {
      bench.line.write({ data: new Uint8Array(160).fill(byte), positionMs: at, concealed: false });
      bench.clock.advance(20);
    }
  };
  // 960 ms of voice over 3 s, and half a piece of it that still waits when the caller is put on hold.
  hear(480, VOICE, 0);
  hear(2_080, SILENCE, 480);
  hear(480, VOICE, 2_560);
  hear(40, VOICE, 3_040);
  await bench.pass(5_000);
  expect(bench.warnings()).toEqual(['ERR_FLAVOR_TIMEOUT']);
  expect(bench.service.sockets).toHaveLength(2);
  bench.line.close();
  expect(bench.clock.pendingTimers).toBe(0);
});

test('what a service says right behind the upgrade is why there is no connection, the first time and later', async () => {
  const refused = new Bench();
  refused.service.greeting = [{ type: 'Error', code: 'INVALID_AUTH' }];
  await expect(refused.open()).rejects.toMatchObject({ code: 'ERR_FLAVOR_AUTH', retryable: false });
  expect(refused.service.last.alive).toBe(false);
  const bench = await new Bench().open();
  bench.service.greeting = refused.service.greeting;
  bench.service.last.lose(closeFailure(1011));
  await bench.pass(100);
  expect(bench.failed).toMatchObject({ code: 'ERR_FLAVOR_AUTH' });
  expect(bench.service.sockets).toHaveLength(2);
});
