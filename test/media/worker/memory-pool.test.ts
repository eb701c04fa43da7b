import { expect, test } from 'vitest';
import { CommandReader, CommandWriter } from '../../../src/media/worker/command-link.js';
import { MemoryPool } from '../../../src/media/worker/memory-pool.js';
import { ReportReader, ReportWriter } from '../../../src/media/worker/report-link.js';
import { FiguresWriter } from '../../../src/media/worker/stream-figures.js';
import { type StreamMemory, word } from '../../../src/media/worker/stream-memory.js';
import { WorkerStream } from '../../../src/media/worker/worker-stream.js';

const BYTES = 28_672;
const PAGE_BYTES = 4096;

const bytesOf = ({ views, firstWord }: StreamMemory): Uint8Array =>
  views.bytes.subarray(4 * firstWord, 4 * firstWord + BYTES);

const streamOn = (memory: StreamMemory, heard: number[] = []): WorkerStream =>
  new WorkerStream({
    memory,
    local: { address: '127.0.0.1', port: 20_000 },
    listener: { onFrame: ({ positionMs }) => heard.push(positionMs), onEvent: () => {} },
    tap: undefined,
    signal: () => {},
    soundNumber: () => 0,
    now: () => 0,
  });

const frameAt = (positionMs: number) => ({
  ...{ data: new Uint8Array(160), positionMs, concealed: false, voiced: false, stirring: false },
  receivedAtMs: positionMs,
});

const statsOf = (packets: number) =>
  ({
    in: { packets, lost: 0, lateDropped: 0, duplicates: 0, concealedMs: 0, jitterMs: 0, dropped: {} },
    out: { packets: 0, maxGapMs: 0, skippedSlots: 0 },
    ...{ mos: undefined, roundTripMs: undefined },
    remote: { lost: undefined, jitterMs: undefined, mos: undefined },
    rtcp: { sent: 0, received: 0 },
  }) as const;

test('streams of a block have memory of their own, a hundred of them too', () => {
  const pool = new MemoryPool();
  const places = Array.from({ length: 100 }, () => pool.take());
  for (const [index, { memory }] of places.entries()) bytesOf(memory).fill(index + 1);
  places.forEach(({ memory, block, index: place }, index) => {
    expect(bytesOf(memory).every((byte) => byte === index + 1)).toBe(true);
    expect([...memory.stats.slice(0, 2)]).toEqual([index + 1, index + 1]);
    expect({ block, place }).toEqual({ block: Math.floor(index / 64), place: index % 64 });
  });
});

test("a call with a phone's codec touches two pages of its stream's memory, wherever in the block it lies", () => {
  const pool = new MemoryPool();
  for (let stream = 0; stream < 20; stream += 1) {
    const { memory } = pool.take();
    const writer = new CommandWriter(memory.down, () => {});
    const reader = new CommandReader(memory.down, { command: () => {}, play: () => {}, interject: () => {} });
    const reports = new ReportWriter(memory, () => {});
    const heard = new ReportReader(memory, { onFrame: () => {}, onEvent: () => {} }, undefined);
    new FiguresWriter(memory).writeStats(statsOf(7));
    for (let piece = 0; piece < 50; piece += 1) {
      for (let frame = 0; frame < 3; frame += 1) reports.onFrame(frameAt(20 * (3 * piece + frame)));
      heard.drain();
      writer.play('r', new Uint8Array(480).fill(1));
      reader.drain();
    }
    const touched = new Set<number>();
    bytesOf(memory).forEach((byte, at) => {
      if (byte !== 0) touched.add(Math.floor((4 * memory.firstWord + at) / PAGE_BYTES));
    });
    expect(touched.size).toBe(2);
  }
});

test('memory of a stream that has ended is used again, with a header as new, its neighbours untouched', () => {
  const pool = new MemoryPool();
  const [before, ended, behind] = [pool.take(), pool.take(), pool.take()];
  for (const { memory } of [before, ended, behind]) bytesOf(memory).fill(0xff);
  pool.giveBack(ended);
  const next = pool.take();
  expect(next).toBe(ended);
  expect(bytesOf(next.memory).slice(0, 256)).toEqual(new Uint8Array(256));
  for (const { memory } of [before, behind]) expect(bytesOf(memory).every((byte) => byte === 0xff)).toBe(true);
});

test('whoever asks a stream that has ended hears nothing of the one that has its memory now, and changes nothing there', () => {
  const pool = new MemoryPool();
  const place = pool.take();
  const heard: number[] = [];
  const ended = streamOn(place.memory, heard);
  new FiguresWriter(place.memory).writeStats(statsOf(7));
  ended.release();
  pool.giveBack(place);

  const { memory } = pool.take();
  new FiguresWriter(memory).writeStats(statsOf(9));
  new FiguresWriter(memory).writeQueue(500, 0, 0);
  new ReportWriter(memory, () => {}).onFrame(frameAt(40));
  const header = [...bytesOf(memory).slice(0, 256)];
  expect(ended.stats().in.packets).toBe(7);
  expect(ended.queuedMs()).toBe(0);
  ended.takeFrames();
  ended.awaitFrames(4);
  ended.play('r', new Uint8Array(160));
  ended.pause();
  ended.close();
  expect(heard).toEqual([]);
  expect([...bytesOf(memory).slice(0, 256)]).toEqual(header);

  const next = streamOn(memory, heard);
  expect(next.stats().in.packets).toBe(9);
  next.takeFrames();
  expect(heard).toEqual([40]);
  expect(memory.views.ints[memory.firstWord + word.closing]).toBe(0);
});
