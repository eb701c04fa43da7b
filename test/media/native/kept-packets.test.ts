import { expect, test } from 'vitest';
import { type Area, KeptPackets } from '../../../src/media/native/kept-packets.js';

/** Packets of one byte, which is their name, and what became of them. */
const setUp = (areas = 2) => {
  const heard: string[] = [];
  let onHeard: (() => void) | undefined;
  const kept = new KeptPackets(areas, 64, (socket, { bytes }, start, length, atMs) => {
    heard.push(`${socket} ${String.fromCharCode(bytes[start] as number)} ${length} ${atMs}`);
    onHeard?.();
  });
  const put = (phase: number, socket: number, name: string, area: Area): void => {
    area.bytes[7] = name.charCodeAt(0);
    kept.keep(phase, socket, area, 7, 1, 5);
  };
  const hear = (then: () => void): void => {
    onHeard = then;
  };
  return { kept, heard, put, hear };
};

test('a packet waits for its phase, and is handed over once, as it came', () => {
  const { kept, heard, put } = setUp();
  put(2, 9, 'a', kept.freeArea());
  for (const phase of [0, 1, 3]) kept.handOver(phase);
  expect(heard).toEqual([]);
  kept.handOver(2);
  kept.handOver(2);
  expect(heard).toEqual(['9 a 1 5']);
});

test('nothing is received into an area in which a packet is kept; where there is no other, all are handed over', () => {
  const { kept, heard, put } = setUp(3);
  const first = kept.freeArea();
  expect(kept.freeArea()).toBe(first);
  put(0, 1, 'a', first);
  const second = kept.freeArea();
  expect(second).not.toBe(first);
  put(1, 2, 'b', second);
  const third = kept.freeArea();
  put(2, 3, 'c', third);
  expect(new Set([first, second, third]).size).toBe(3);
  kept.handOver(1);
  expect(heard).toEqual(['2 b 1 5']);
  // The next is the first again, whose packet is still there.
  expect(kept.freeArea()).toBe(first);
  expect(heard).toEqual(['2 b 1 5', '1 a 1 5', '3 c 1 5']);
  expect([first, second, third].map((area) => area.kept)).toEqual([0, 0, 0]);
});

test('of a flood no packet is lost, and those of a socket stay in order', () => {
  const { kept, heard } = setUp();
  const area = kept.freeArea();
  for (let index = 0; index < 3000; index += 1) kept.keep(1, 4, area, 0, 1, index);
  kept.handOver(1);
  expect(heard.map((line) => Number(line.split(' ').at(-1)))).toEqual(
    Array.from({ length: 3000 }, (_, index) => index),
  );
  expect(area.kept).toBe(0);
});

test('packets of a socket that was closed are nobody’s, also where that happens while they are handed over', () => {
  const { kept, heard, put, hear } = setUp();
  const area = kept.freeArea();
  put(0, 1, 'a', area);
  put(0, 2, 'a', area);
  put(0, 1, 'a', area);
  kept.forget(2);
  hear(() => kept.forget(1));
  kept.handOver(0);
  expect(heard).toEqual(['1 a 1 5']);
  expect(area.kept).toBe(0);
});

test('whoever is handed a packet may have everything handed over', () => {
  const { kept, heard, put, hear } = setUp();
  const area = kept.freeArea();
  for (const socket of [1, 2, 3]) put(0, socket, 'a', area);
  hear(() => kept.handOverAll());
  kept.handOver(0);
  expect(heard).toEqual(['1 a 1 5', '2 a 1 5', '3 a 1 5']);
  expect(area.kept).toBe(0);
});
