import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CallerFrame, StreamEvent, StreamParameters } from '../../../src/media/engine.js';
import { CommandReader, CommandWriter } from '../../../src/media/worker/command-link.js';
import { ReportReader, ReportWriter } from '../../../src/media/worker/report-link.js';
import { sharedViews } from '../../../src/media/worker/shared-views.js';
import type { StreamCommand } from '../../../src/media/worker/stream-command.js';
import {
  allocateStreamMemory,
  DOWN_RING_BYTES,
  type StreamMemory,
  streamMemory,
  word,
} from '../../../src/media/worker/stream-memory.js';

interface Played {
  readonly responseId: string;
  /** As hexadecimal digits. */
  bytes: string;
}

/** Memory that lies where others have theirs before and behind it. */
const newStreamMemory = (): StreamMemory => streamMemory(sharedViews(allocateStreamMemory(3)), 1);

const hexOf = (audio: Uint8Array): string => Buffer.from(audio).toString('hex');

/** Both ends of a ring down. What one `drain` brings is put together by response. */
const setUpCommands = () => {
  const { down } = newStreamMemory();
  const played: Played[] = [];
  const interjected: Played[] = [];
  const commands: StreamCommand[] = [];
  let full = 0;
  const writer = new CommandWriter(down, () => {
    full += 1;
  });
  const reader = new CommandReader(down, {
    command: (command) => commands.push(command),
    play: (responseId, audio) => {
      const last = played.at(-1);
      if (last?.responseId === responseId) last.bytes += hexOf(audio);
      else played.push({ responseId, bytes: hexOf(audio) });
    },
    interject: (responseId, audio) => interjected.push({ responseId, bytes: hexOf(audio) }),
  });
  return { writer, reader, played, interjected, commands, full: () => full };
};

test('audio in chunks of any size, far more than the ring holds, arrives byte for byte, its commands in between', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ length: fc.nat(40_000), response: fc.nat(2), drains: fc.boolean() }), { maxLength: 15 }),
      (steps) => {
        const { writer, reader, played, commands } = setUpCommands();
        const expected: Played[] = [];
        steps.forEach(({ length, response, drains }, index) => {
          const responseId = `response ${response}`;
          const audio = Uint8Array.from({ length }, (_, at) => (index + at) & 0xff);
          writer.play(responseId, audio);
          writer.command({ type: 'end-response', responseId: `${index}` });
          const last = expected.at(-1);
          if (last?.responseId === responseId) last.bytes += hexOf(audio);
          else expected.push({ responseId, bytes: hexOf(audio) });
          if (drains) reader.drain();
          writer.pump();
        });
        for (let turn = 0; turn < 100; turn += 1) {
          reader.drain();
          writer.pump();
        }
        expect(writer.full).toBe(false);
        expect(played).toEqual(expected);
        expect(commands).toEqual(steps.map((_, index) => ({ type: 'end-response', responseId: `${index}` })));
      },
    ),
    { numRuns: 20 },
  );
});

test('a pause, its end and what was negotiated overtake audio that waits for room', () => {
  const { writer, reader, played, commands } = setUpCommands();
  writer.play('a', new Uint8Array(100_000));
  writer.command({ type: 'end-response', responseId: 'a' });
  for (const type of ['pause', 'resume'] as const) writer.command({ type });
  reader.drain();
  writer.pump();
  reader.drain();
  expect(commands).toEqual([{ type: 'pause' }, { type: 'resume' }]);
  for (let turn = 0; turn < 100; turn += 1) {
    writer.pump();
    reader.drain();
  }
  expect(commands.slice(2)).toEqual([{ type: 'end-response', responseId: 'a' }]);
  expect(played.map(({ responseId, bytes }) => [responseId, bytes.length / 2])).toEqual([['a', 100_000]]);
});

test('nothing gets in between the parts of a command', () => {
  const { writer, reader, played, commands } = setUpCommands();
  const long = 'b'.repeat(20_000);
  writer.play('a', new Uint8Array(DOWN_RING_BYTES));
  writer.play(long, Uint8Array.of(7));
  writer.command({ type: 'pause' });
  for (let turn = 0; turn < 20; turn += 1) {
    reader.drain();
    writer.pump();
  }
  expect(played.map(({ responseId }) => responseId)).toEqual(['a', long]);
  expect(commands).toEqual([{ type: 'pause' }]);
});

test('commands that are acknowledged keep their order, however long they are and whatever audio stands between them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ of: fc.nat(4), length: fc.nat(20_000), drains: fc.boolean() }), { maxLength: 20 }),
      (steps) => {
        const { writer, reader, played, commands } = setUpCommands();
        const expected: string[] = [];
        let bytes = 0;
        for (const { of, length, drains } of steps) {
          writer.play('a', new Uint8Array(length));
          bytes += length;
          const type = (['pause', 'resume', 'flush', 'mark', 'connect'] as const)[of] ?? 'mark';
          const key = new Uint8Array(length);
          const srtp = { suite: 'AEAD_AES_128_GCM', localKey: key, remoteKey: key, remoteLifetimePackets: 1 } as const;
          const codec = { name: 'pcmu', payloadType: 0 } as const;
          const rest = { dtmfPayloadType: undefined, remote: undefined, direction: 'sendrecv', ptimeMs: 20 } as const;
          writer.command(type === 'connect' ? { type, parameters: { codec, srtp, ...rest } } : { type });
          expected.push(type);
          if (drains) reader.drain();
          writer.pump();
        }
        for (let turn = 0; turn < 400; turn += 1) {
          reader.drain();
          writer.pump();
        }
        expect(commands.map(({ type }) => type)).toEqual(expected);
        expect(played.reduce((sum, each) => sum + each.bytes.length / 2, 0)).toBe(bytes);
      },
    ),
    { numRuns: 20 },
  );
});

test('a response of no audio is named all the same', () => {
  const { writer, reader, played } = setUpCommands();
  writer.play('silent', new Uint8Array(0));
  reader.drain();
  expect(played).toEqual([{ responseId: 'silent', bytes: '' }]);
});

test('keys arrive as the bytes they are, and what is left out stays left out', () => {
  const { writer, reader, commands } = setUpCommands();
  const key = Buffer.from('0123456789abcdef0123456789abcd');
  const parameters: StreamParameters = {
    codec: { name: 'pcmu', payloadType: 0 },
    dtmfPayloadType: undefined,
    remote: undefined,
    direction: 'sendrecv',
    ptimeMs: 20,
    srtp: {
      suite: 'AES_CM_128_HMAC_SHA1_80',
      localKey: key,
      remoteKey: new Uint8Array(key),
      remoteLifetimePackets: 2 ** 48,
    },
  };
  writer.command({ type: 'connect', parameters });
  reader.drain();
  const [command] = commands;
  if (command?.type !== 'connect') throw new Error('no connect');
  expect({ ...command.parameters, srtp: undefined }).toEqual({ ...parameters, srtp: undefined });
  expect(Buffer.from(command.parameters.srtp?.localKey ?? []).equals(key)).toBe(true);
  expect(Buffer.from(command.parameters.srtp?.remoteKey ?? []).equals(key)).toBe(true);
});

test('an interjection arrives whole, however long it and its name are', () => {
  const { writer, reader, interjected } = setUpCommands();
  const responseId = 'x'.repeat(2 * DOWN_RING_BYTES);
  const audio = Uint8Array.from({ length: 5 * DOWN_RING_BYTES }, (_, at) => at & 0xff);
  writer.interject(responseId, audio);
  for (let turn = 0; turn < 50; turn += 1) {
    reader.drain();
    writer.pump();
  }
  expect(interjected).toEqual([{ responseId, bytes: hexOf(audio) }]);
});

test('audio that waits for room is a copy: a flavor may use its memory again', () => {
  const { writer, reader, played, full } = setUpCommands();
  const audio = Buffer.alloc(3 * DOWN_RING_BYTES, 1);
  writer.play('response', audio);
  expect(full()).toBeGreaterThan(0);
  audio.fill(2);
  for (let turn = 0; turn < 10; turn += 1) {
    reader.drain();
    writer.pump();
  }
  expect(played).toEqual([{ responseId: 'response', bytes: '01'.repeat(audio.length) }]);
});

test('a flush overtakes audio that waits for room: it need not be carried to where nobody will hear it', () => {
  const { writer, reader, played, commands, full } = setUpCommands();
  writer.play('long', new Uint8Array(576_000));
  expect(full()).toBeGreaterThan(0);
  writer.forgetAudio();
  writer.command({ type: 'flush' });
  reader.drain();
  writer.pump();
  reader.drain();
  expect(commands).toEqual([{ type: 'flush' }]);
  expect(played.at(-1)?.bytes.length).toBeLessThanOrEqual(2 * DOWN_RING_BYTES);
});

/** Both ends of a ring up. */
const setUpReports = () => {
  const memory = newStreamMemory();
  const heard: (number | string)[] = [];
  const writer = new ReportWriter(memory, () => {});
  const reader = new ReportReader(
    memory,
    {
      onFrame: ({ positionMs }) => heard.push(positionMs),
      onEvent: ({ type }) => heard.push(type),
    },
    undefined,
  );
  return { writer, reader, heard };
};

const frameOf = (positionMs: number, length = 960): CallerFrame => ({
  data: new Uint8Array(length).fill(positionMs & 0xff),
  positionMs,
  concealed: false,
  voiced: true,
  stirring: false,
  receivedAtMs: positionMs + 0.25,
});

test('frames, events and taps cross as they are', () => {
  const memory = newStreamMemory();
  const writer = new ReportWriter(memory, () => {});
  const frames: CallerFrame[] = [];
  const events: StreamEvent[] = [];
  const tapped: unknown[] = [];
  const reader = new ReportReader(
    memory,
    {
      onFrame: (frame) => frames.push({ ...frame, data: frame.data.slice() }),
      onEvent: (event) => events.push(event),
    },
    {
      caller: (samples, atMs, rtpTimestamp) => tapped.push([[...samples], atMs, rtpTimestamp]),
      agent: (samples, atMs) => tapped.push([[...samples], atMs]),
    },
  );
  const ack = {
    type: 'ack',
    sequence: 3,
    command: 'flush',
    atMs: 7.125,
    playing: { responseId: 'r', heardMs: 40 },
  } as const;
  writer.caller(Int16Array.of(1, -2, 3), 1.5, 4_000_000_000);
  writer.onFrame({ ...frameOf(20, 161), concealed: true, stirring: true });
  writer.onEvent(ack);
  writer.agent(Int16Array.of(-32_768), 2.5);
  reader.drain();
  expect(frames).toEqual([{ ...frameOf(20, 161), concealed: true, stirring: true }]);
  expect(events).toEqual([ack]);
  expect(tapped).toEqual([
    [[1, -2, 3], 1.5, 4_000_000_000],
    [[-32_768], 2.5],
  ]);
});

test('the longest packet that a tap may hear, and the longest frame, find room', () => {
  const memory = newStreamMemory();
  const writer = new ReportWriter(memory, () => {});
  const lengths: number[] = [];
  const reader = new ReportReader(
    memory,
    { onFrame: ({ data }) => lengths.push(data.length), onEvent: () => {} },
    { caller: (samples) => lengths.push(samples.length), agent: (samples) => lengths.push(samples.length) },
  );
  // Of each, enough to come round in the ring.
  for (let turn = 0; turn < 7; turn += 1) {
    writer.caller(new Int16Array(240 * 8), 0, 0);
    reader.drain();
    writer.agent(new Int16Array(240 * 8), 0);
    reader.drain();
    writer.onFrame(frameOf(0, 20 * 48 * 2));
    reader.drain();
    expect(writer.full).toBe(false);
    expect(lengths.splice(0)).toEqual([1920, 1920, 1920]);
  }
});

test('frames of changing lengths cross as they are, and a stream of one length comes in one array', () => {
  const memory = newStreamMemory();
  const writer = new ReportWriter(memory, () => {});
  const heard: Uint8Array[] = [];
  const reader = new ReportReader(memory, { onFrame: ({ data }) => heard.push(data), onEvent: () => {} }, undefined);
  const lengths = [160, 161, 7, 960, 160, 0, 320, ...Array.from({ length: 40 }, (_, index) => 100 + index), 160, 161];
  for (const [index, length] of lengths.entries()) {
    const sent = Uint8Array.from({ length }, (_, at) => (at * 7 + index) & 0xff);
    writer.onFrame({ ...frameOf(0), data: sent });
    reader.drain();
    expect(heard.at(-1)).toEqual(sent);
  }
  for (let turn = 0; turn < 2; turn += 1) writer.onFrame(frameOf(0, 160));
  reader.drain();
  expect(heard.at(-1)).toBe(heard.at(-2));
});

test('a call that reads nothing for long gets every event, and of the frames the oldest and the newest', () => {
  const { writer, reader, heard } = setUpReports();
  for (let index = 0; index < 1_000; index += 1) {
    writer.onFrame(frameOf(20 * index));
    if (index % 100 === 0) writer.onEvent({ type: 'rtp-timeout' });
  }
  for (let turn = 0; turn < 100; turn += 1) {
    reader.drain();
    writer.pump();
  }
  expect(writer.full).toBe(false);
  const frames = heard.filter((entry) => typeof entry === 'number');
  expect(heard.filter((entry) => entry === 'rtp-timeout')).toHaveLength(10);
  expect(frames.length + writer.droppedFrames).toBe(1_000);
  expect(writer.droppedFrames).toBeGreaterThan(500);
  expect(frames).toEqual(frames.toSorted((a, b) => Number(a) - Number(b)));
  expect(frames.slice(-256)).toEqual(Array.from({ length: 256 }, (_, index) => 20 * (744 + index)));
});

/** Both ends of a ring up whose reader reads as soon as it is told to, and what it heard each time. */
const setUpBell = () => {
  const memory = newStreamMemory();
  const bunches: (number | string)[][] = [];
  const tell = (what: number | string): number | undefined => bunches.at(-1)?.push(what);
  const listener = {
    onFrame: ({ positionMs }: CallerFrame) => void tell(positionMs),
    onEvent: ({ type }: StreamEvent) => void tell(type),
  };
  const tap = { caller: () => void tell('caller'), agent: () => void tell('agent') };
  const reader = new ReportReader(memory, listener, tap);
  const writer = new ReportWriter(memory, () => {
    bunches.push([]);
    reader.drain();
  });
  const frame = (positionMs: number, changes: Partial<CallerFrame> = {}): void =>
    writer.onFrame({ ...frameOf(positionMs), voiced: false, ...changes });
  return { writer, reader, bunches, frame };
};

test('frames that may wait are told of with the last of them, and each of those that follow at once', () => {
  const { reader, bunches, frame } = setUpBell();
  frame(0);
  reader.awaitFrames(3);
  for (const positionMs of [20, 40, 60, 80, 100]) frame(positionMs);
  expect(bunches).toEqual([[0], [20, 40, 60], [80], [100]]);
});

test('a call that waits for each frame need not say so each time, and hears each at once', () => {
  const memory = newStreamMemory();
  const { ints } = memory.views;
  const at = memory.firstWord + word.frameAwaited;
  const bunches: number[][] = [];
  const listener = {
    onFrame: ({ positionMs }: CallerFrame) => void bunches.at(-1)?.push(positionMs),
    onEvent: () => {},
  };
  const reader = new ReportReader(memory, listener, undefined);
  const writer = new ReportWriter(memory, () => {
    bunches.push([]);
    reader.drain();
  });
  const said = new Set<number>();
  for (let index = 0; index < 5_000; index += 1) {
    writer.onFrame({ ...frameOf(index), voiced: false });
    reader.awaitFrames(1);
    said.add(Atomics.load(ints, at));
  }
  expect(bunches).toEqual(Array.from({ length: 5_000 }, (_, index) => [index]));
  // Seldom, but not never: the number must not fall so far behind that it seems to lie ahead.
  expect(said.size).toBe(5);
  reader.awaitFrames(3);
  for (let index = 5_000; index < 5_002; index += 1) writer.onFrame({ ...frameOf(index), voiced: false });
  reader.awaitFrames(1);
  writer.onFrame({ ...frameOf(5_002), voiced: false });
  expect(bunches.slice(5_000)).toEqual([[5_000, 5_001, 5_002]]);
});

test('a voice that begins or ends, a sign of one, and events are told of at once, with what was kept', () => {
  const { writer, reader, bunches, frame } = setUpBell();
  reader.awaitFrames(100);
  frame(0);
  frame(20, { concealed: true });
  frame(40, { stirring: true });
  frame(60, { stirring: true });
  frame(80, { stirring: true, voiced: true });
  frame(100, { voiced: true });
  frame(120, { voiced: true });
  frame(140);
  frame(160);
  writer.onEvent({ type: 'rtp-timeout' });
  frame(180);
  reader.awaitFrames(1);
  frame(200);
  expect(bunches).toEqual([[0, 20, 40], [60, 80], [100], [120, 140], [160, 'rtp-timeout'], [180, 200]]);
});

test('sound for a tap is told of with the next frame, or when there is much of it', () => {
  const { writer, bunches, frame } = setUpBell();
  writer.caller(Int16Array.of(1), 0, 0);
  writer.agent(Int16Array.of(1), 0);
  expect(bunches).toEqual([]);
  frame(0);
  expect(bunches).toEqual([['caller', 'agent', 0]]);
  for (let index = 0; index < 32; index += 1) writer.agent(Int16Array.of(1), 0);
  expect(bunches.slice(1)).toEqual([new Array(16).fill('agent'), new Array(16).fill('agent')]);
});

test('frames that were given up do not count: those that may wait do so after an overload as before', () => {
  const memory = newStreamMemory();
  let told = 0;
  const writer = new ReportWriter(memory, () => {
    told += 1;
  });
  const heard: number[] = [];
  const reader = new ReportReader(
    memory,
    { onFrame: ({ positionMs }) => heard.push(positionMs), onEvent: () => {} },
    undefined,
  );
  for (let index = 0; index < 1_000; index += 1) writer.onFrame(frameOf(20 * index));
  while (writer.full) {
    reader.drain();
    writer.pump();
  }
  reader.drain();
  reader.awaitFrames(3);
  told = 0;
  for (let index = 1_000; index < 1_003; index += 1) {
    expect(told).toBe(0);
    writer.onFrame(frameOf(20 * index));
  }
  expect(told).toBe(1);
});

test('what is kept finds room wherever in the ring it begins: wide frames, and what a recording hears beside them', () => {
  for (const [frameBytes, tapped] of [
    [160, false],
    [160, true],
    [960, false],
    [960, true],
  ] as const) {
    const { writer, reader, bunches } = setUpBell();
    const samples = new Int16Array(160);
    for (let slot = 0; slot < 500; slot += 1) {
      if (slot % 5 === 0) reader.awaitFrames(5);
      if (tapped) writer.caller(samples, 0, 0);
      if (slot % 35 === 0) writer.onEvent({ type: 'rtp-timeout' });
      if (tapped) writer.agent(samples, 0);
      writer.onFrame({ ...frameOf(20 * slot, frameBytes), voiced: false });
      expect(writer.full).toBe(false);
    }
    expect(bunches.filter((bunch) => bunch.at(-1) !== 'rtp-timeout')).toHaveLength(100);
  }
});
