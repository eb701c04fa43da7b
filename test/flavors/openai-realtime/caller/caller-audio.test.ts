import { expect, test } from 'vitest';
import { CallerAudio } from '../../../../flavors/openai-realtime/caller/caller-audio.js';
import { Tape } from '../../../../flavors/openai-realtime/caller/tape.js';
import { AppendMessages } from '../../../../flavors/openai-realtime/protocol/append-message.js';

const FRAME_MS = 20;

/** Eight bytes a millisecond; each byte says which frame it is of. */
class Line {
  readonly messages: Buffer[] = [];
  bufferedBytes = 0;
  overflows = 0;
  readonly audio: CallerAudio;
  #frames = 0;

  constructor(appendMs = 20, maxMs = 30_000, speechAppendMs = 20) {
    this.audio = new CallerAudio({
      bytesPerMs: 8,
      appendMs,
      speechAppendMs,
      keepMs: 500,
      maxMs,
      messages: new AppendMessages(),
      onOverflow: () => {
        this.overflows += 1;
      },
    });
  }

  sendMessage(message: Buffer): void {
    const event: { readonly type: string; readonly audio: string } = JSON.parse(message.toString());
    expect(event.type).toBe('input_audio_buffer.append');
    this.messages.push(Buffer.from(event.audio, 'base64'));
  }

  write(ms: number): this {
    for (let done = 0; done < ms; done += FRAME_MS) {
      this.audio.write(new Uint8Array(FRAME_MS * 8).fill(this.#frames % 256), this.#frames * FRAME_MS);
      this.#frames += 1;
    }
    return this;
  }

  /** Lengths of the messages, ms. */
  get lengths(): readonly number[] {
    return this.messages.map(({ length }) => length / 8);
  }

  /** Frames that went out, in order. */
  get frames(): readonly number[] {
    const all = Buffer.concat(this.messages);
    return Array.from({ length: all.length / 160 }, (_, index) => all[index * 160] ?? -1);
  }
}

test('each frame is a message, or so many frames together', () => {
  const each = new Line();
  each.audio.attach(each, 0);
  expect(each.write(60).lengths).toEqual([20, 20, 20]);
  const threes = new Line(60);
  threes.audio.attach(threes, 0);
  expect(threes.write(160).lengths).toEqual([60, 60]);
  expect(threes.frames).toEqual([0, 1, 2, 3, 4, 5]);
});

test('while the service hears the caller speak messages are shorter, and no frame is lost or waits between', () => {
  const line = new Line(60, 30_000, 20);
  line.audio.attach(line, 0);
  line.write(40);
  line.audio.heard(true);
  expect(line.lengths).toEqual([40]);
  expect(line.write(60).lengths).toEqual([40, 20, 20, 20]);
  expect(line.audio.awaitedMs).toBe(20);
  line.audio.heard(false);
  expect(line.audio.awaitedMs).toBe(60);
  expect(line.write(120).lengths).toEqual([40, 20, 20, 20, 60, 60]);
  expect(line.frames).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('messages in speech are never longer than the others', () => {
  const line = new Line(20, 30_000, 100);
  line.audio.attach(line, 0);
  line.audio.heard(true);
  expect(line.write(60).lengths).toEqual([20, 20, 20]);
});

test('a frame’s memory is not kept', () => {
  const line = new Line(40);
  line.audio.attach(line, 0);
  const data = new Uint8Array(160).fill(1);
  line.audio.write(data, 0);
  data.fill(9);
  line.audio.write(data, 20);
  expect(line.frames).toEqual([1, 9]);
});

test('a thousand frames before there is a connection all go out, in order, once there is one', () => {
  const line = new Line();
  line.audio.detach(0);
  line.write(20_000);
  line.audio.attach(line, 0);
  line.write(40);
  expect(line.frames).toEqual(Array.from({ length: 1_002 }, (_, index) => index % 256));
});

test('what waited for a connection goes out at once, and makes nothing late that is said afterwards', () => {
  const line = new Line(60);
  line.audio.detach(0);
  line.write(3_000);
  line.audio.attach(line, 0);
  expect([line.audio.sentMs, line.audio.endMs]).toEqual([3_000, 3_000]);
  for (let said = 60; said <= 1_200; said += 60) {
    line.write(60);
    expect(line.audio.endMs - line.audio.sentMs).toBe(0);
    expect(line.lengths.at(-1)).toBe(60);
  }
});

test('what waits without a connection is bounded; the oldest goes first', () => {
  const line = new Line(20, 2_000);
  line.audio.detach(0);
  line.write(5_000);
  line.audio.attach(line, 0);
  expect(line.frames).toEqual(Array.from({ length: 100 }, (_, index) => (150 + index) % 256));
});

test('a new connection begins with what it is to hear again', () => {
  const line = new Line();
  line.audio.attach(line, 0);
  line.audio.hold(400);
  line.write(1_000);
  line.messages.length = 0;
  line.audio.detach(400);
  line.write(100);
  line.audio.attach(line, 400);
  expect(line.frames).toEqual(Array.from({ length: 35 }, (_, index) => 20 + index));
});

test('the service’s clock starts with each connection, and is told in positions of the call', () => {
  const line = new Line();
  line.audio.attach(line, 0);
  line.write(2_000);
  expect(line.audio.positionOf(1_500)).toBe(1_500);
  line.audio.attach(line, 1_800);
  line.write(1_000);
  expect(line.audio.positionOf(0)).toBe(1_800);
  expect(line.audio.positionOf(700)).toBe(2_500);
});

test('a position never lies ahead of the caller', () => {
  const line = new Line();
  line.audio.attach(line, 0);
  line.write(100);
  expect(line.audio.positionOf(9_999)).toBe(100);
});

test('where the network takes nothing, audio is dropped, told once, and the clocks are kept apart', () => {
  const line = new Line(20, 1_000);
  line.audio.attach(line, 0);
  line.write(1_000);
  line.bufferedBytes = 20_000;
  line.write(3_000);
  line.bufferedBytes = 0;
  line.write(1_000);
  expect(line.overflows).toBe(1);
  expect(line.audio.positionOf(900)).toBe(900);
  expect(line.audio.positionOf(1_100)).toBe(4_100);
  line.bufferedBytes = 20_000;
  line.write(100);
  expect(line.overflows).toBe(2);
});

test('a jump of the call’s clock does not bend the mapping', () => {
  const line = new Line();
  line.audio.attach(line, 0);
  line.write(100);
  line.audio.write(new Uint8Array(160), 5_000);
  expect(line.audio.endMs).toBe(5_020);
  expect(line.audio.positionOf(50)).toBe(50);
  expect(line.audio.positionOf(110)).toBe(5_010);
});

test('while the gate is closed nothing goes out; opened, it goes out from where it is told', () => {
  const line = new Line(60);
  line.audio.attach(line, 0);
  line.audio.closeGate();
  line.write(400);
  expect(line.messages).toEqual([]);
  line.audio.openGate(300);
  line.write(40);
  line.audio.closeGate();
  line.write(200);
  expect(line.frames).toEqual([15, 16, 17, 18, 19, 20, 21]);
  expect(line.audio.sentMs).toBe(140);
});

test('a tape keeps the latest, more while something is held, and never more than it may', () => {
  const tape = new Tape(100, 1_000);
  const write = (count: number, value: number): void => {
    for (let done = 0; done < count; done += 10) tape.write(new Uint8Array(10).fill(value));
  };
  write(500, 1);
  expect([tape.start, tape.end]).toEqual([400, 500]);
  tape.hold(450);
  write(800, 2);
  expect(tape.start).toBeLessThanOrEqual(450);
  expect([...tape.read(495, 10)]).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
  write(800, 3);
  expect(tape.end - tape.start).toBe(1_000);
  expect(tape.read(0, 5_000)).toHaveLength(1_000);
  tape.hold(undefined);
  expect(tape.end - tape.start).toBe(100);
  expect([...tape.read(tape.start, 100)].every((value) => value === 3)).toBe(true);
});

test('a tape takes memory for a long turn while that lasts, and gives it back with what it kept whole', () => {
  const tape = new Tape(100, 1_000);
  const write = (from: number, to: number): void => {
    for (let at = from; at < to; at += 10)
      tape.write(Uint8Array.from({ length: 10 }, (_, index) => (at + index) & 0xff));
  };
  const last = (count: number): number[] => [...tape.read(tape.end - count, count)];
  const counted = (count: number): number[] => Array.from({ length: count }, (_, at) => (tape.end - count + at) & 0xff);
  expect(tape.roomBytes).toBe(100);
  for (let turn = 0; turn < 5; turn += 1) {
    tape.hold(tape.end);
    write(tape.end, tape.end + 730);
    expect(last(730)).toEqual(counted(730));
    expect(tape.roomBytes).toBeGreaterThanOrEqual(730);
    tape.hold(undefined);
    expect([tape.roomBytes, tape.end - tape.start]).toEqual([100, 100]);
    expect(last(100)).toEqual(counted(100));
    write(tape.end, tape.end + 250);
    expect(last(100)).toEqual(counted(100));
  }
});

test('a block that goes round the end of a tape is kept whole', () => {
  const tape = new Tape(8, 8);
  for (let at = 0; at < 30; at += 3) {
    tape.write(Uint8Array.of(at, at + 1, at + 2));
    expect([...tape.read(at, 3)]).toEqual([at, at + 1, at + 2]);
  }
});

test('a block larger than a tape leaves the tape empty, not broken', () => {
  const tape = new Tape(10, 100);
  tape.write(new Uint8Array(500));
  expect([tape.start, tape.end]).toEqual([500, 500]);
  tape.write(new Uint8Array(5).fill(7));
  expect([...tape.read(500, 10)]).toEqual([7, 7, 7, 7, 7]);
});

test('how much a message still awaits is known before each frame, after a gate and a break as well', () => {
  const line = new Line(60);
  const writeAsAwaited = (): void => {
    for (let frame = 0; frame < 7; frame += 1) {
      const { awaitedMs } = line.audio;
      const before = line.messages.length;
      line.write(FRAME_MS);
      expect(line.messages.length - before).toBe(awaitedMs <= FRAME_MS ? 1 : 0);
    }
  };
  line.audio.attach(line, 0);
  writeAsAwaited();
  line.audio.closeGate();
  line.audio.openGate(line.audio.endMs - 20);
  writeAsAwaited();
  line.audio.attach(line, line.audio.endMs - 100);
  writeAsAwaited();
});
