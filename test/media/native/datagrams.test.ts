import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type Datagrams, loadDatagrams } from '../../../src/media/native/datagrams.js';
import { nativeAddon } from '../../support/native-addon.js';
import { SeededRandom } from '../../support/seeded-random.js';

const addon = nativeAddon();

function open(batches: boolean): Datagrams & Disposable {
  const native = loadDatagrams(addon, batches);
  return Object.assign(native, { [Symbol.dispose]: () => void native.dispose() });
}

/** A place to receive into, and what lies there. */
function inbox() {
  const bytes = new Uint8Array(64 * 1024);
  const records = new Int32Array(64 * 4);
  const times = new Float64Array(64);
  return { bytes, records, times, of: (index: number) => Array.from(records.subarray(index * 4, index * 4 + 4)) };
}

function receive(native: Datagrams, box: ReturnType<typeof inbox>, offset = 0): number {
  return native.receive(box.bytes, offset, box.records, box.times);
}

/** Two sockets of which the first sends to the second. */
function pair(native: Datagrams): readonly [number, number] {
  const [from, to] = [native.bind('127.0.0.1', 0), native.bind('127.0.0.1', 0)];
  expect(native.destination(from, '127.0.0.1', native.port(to))).toBe(0);
  return [from, to];
}

/** The kernel begins to stamp packets a moment after the first socket has asked for it: waits until it does, and leaves that socket open. */
function awaitStamps(native: Datagrams): void {
  const [from] = pair(native);
  const box = inbox();
  for (let attempt = 0; attempt < 200; attempt += 1) {
    native.send(new Uint8Array(1), Int32Array.from([from, 0, 1]), 1);
    native.sleepUntil(native.now() + 20);
    receive(native, box);
    if ((box.times[0] ?? Number.POSITIVE_INFINITY) < native.now() - 15) break;
  }
}

/** Sockets, each of which sends one packet to itself: its index. */
function selfCallers(native: Datagrams, count: number): readonly number[] {
  const sockets = Array.from({ length: count }, () => native.bind('127.0.0.1', 0));
  for (const index of sockets) expect(native.destination(index, '127.0.0.1', native.port(index))).toBe(0);
  const records = Int32Array.from(sockets.flatMap((index) => [index, index, 1]));
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index & 0xff);
  expect(native.send(bytes, records, count)).toBe(count);
  return sockets;
}

describe.each([
  ['in batches, where the system has them', true],
  ['one by one', false],
] as const)('%s', (_name, batches) => {
  test('packets of one call arrive in one call, with their source named once', () => {
    using native = open(batches);
    const [from, to] = pair(native);
    const records = Int32Array.from([from, 0, 3, from, 3, 2]);
    expect(native.send(Uint8Array.from([1, 2, 3, 4, 5]), records, 2)).toBe(2);
    const box = inbox();
    expect(receive(native, box, 10)).toBe(2);
    expect([box.of(0), box.of(1)]).toEqual([
      [to, 10, 3, 1],
      [to, 266, 2, 0],
    ]);
    expect([...box.bytes.subarray(10, 13), ...box.bytes.subarray(266, 268)]).toEqual([1, 2, 3, 4, 5]);
    expect(native.source(1)).toBe(`127.0.0.1 ${native.port(from)}`);
    expect(receive(native, box)).toBe(0);
  });

  test('a packet’s time is that of its arrival, not of its reading', () => {
    using native = open(batches);
    awaitStamps(native);
    const [from] = pair(native);
    const before = native.now();
    native.send(new Uint8Array(20), Int32Array.from([from, 0, 20]), 1);
    const after = native.now();
    native.sleepUntil(after + 30);
    const box = inbox();
    expect(receive(native, box)).toBe(1);
    expect(box.times[0]).toBeGreaterThanOrEqual(before - 5);
    expect(box.times[0]).toBeLessThanOrEqual(after + 5);
  });

  test('IPv6 goes the same way', () => {
    using native = open(batches);
    const [from, to] = [native.bind('::1', 0), native.bind('::1', 0)];
    expect(native.destination(from, '::1', native.port(to))).toBe(0);
    native.send(new Uint8Array(8), Int32Array.from([from, 0, 8]), 1);
    const box = inbox();
    expect(receive(native, box)).toBe(1);
    expect(native.source(1)).toBe(`::1 ${native.port(from)}`);
  });

  test('what does not fit is left for the next call', () => {
    using native = open(batches);
    const [from] = pair(native);
    for (let index = 0; index < 100; index += 1) {
      native.send(Uint8Array.from([index]), Int32Array.from([from, 0, 1]), 1);
    }
    const heard: number[] = [];
    const box = inbox();
    for (let count = receive(native, box); count > 0; count = receive(native, box)) {
      for (let index = 0; index < count; index += 1) heard.push(box.bytes[box.records[index * 4 + 1] ?? 0] ?? -1);
    }
    expect(heard).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  test('an overlong packet is dropped and the next one heard', async () => {
    using native = open(batches);
    const to = native.bind('127.0.0.1', 0);
    const sender = createSocket('udp4');
    for (const bytes of [5_000, 2_048]) {
      sender.send(Buffer.alloc(bytes), native.port(to), '127.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    sender.close();
    await once(sender, 'close');
    const box = inbox();
    expect(receive(native, box)).toBe(1);
    expect(box.of(0)).toEqual([to, 0, 2_048, 1]);
  });

  test('what the system refuses comes back as its error', () => {
    using native = open(batches);
    const index = native.bind('127.0.0.1', 0);
    const { EADDRINUSE, EINVAL, EBADF, EAFNOSUPPORT } = { EADDRINUSE: -98, EINVAL: -22, EBADF: -9, EAFNOSUPPORT: -97 };
    expect(native.bind('127.0.0.1', native.port(index))).toBe(EADDRINUSE);
    expect(native.bind('no address', 0)).toBe(EINVAL);
    expect(native.bind('127.0.0.1', 65_536)).toBe(EINVAL);
    expect(native.destination(index, '::1', 4_000)).toBe(EAFNOSUPPORT);
    expect(native.close(index)).toBe(0);
    expect([native.close(index), native.port(index), native.destination(index, '127.0.0.1', 1)]).toEqual([
      EBADF,
      EBADF,
      EBADF,
    ]);
  });

  test('packets from outside the bytes, or of no socket, or without a destination, are not sent', () => {
    using native = open(batches);
    const [from, to] = pair(native);
    const records = Int32Array.from([from, 0, 11, from, -1, 5, from, 9, 2 ** 31 - 1, to, 0, 5, -1, 0, 5, 99, 0, 5]);
    expect(native.send(new Uint8Array(10), records, 6)).toBe(0);
    expect(native.send(new Uint8Array(10), Int32Array.from([from, 0]), 1_000)).toBe(0);
  });

  test('no sleep is longer than a tenth of a second', () => {
    using native = open(batches);
    const before = native.now();
    for (const atMs of [Number.NaN, Number.NEGATIVE_INFINITY, -1]) native.sleepUntil(atMs);
    native.sleepUntil(Number.POSITIVE_INFINITY);
    expect(native.now() - before).toBeGreaterThanOrEqual(99);
  });

  test('packets of hundreds of calls leave and arrive, each with its source and time', () => {
    using native = open(batches);
    awaitStamps(native);
    const before = native.now();
    const sockets = selfCallers(native, 300);
    const after = native.now();
    native.sleepUntil(after + 20);
    const box = inbox();
    const heard = new Map<number, string>();
    const times: number[] = [];
    for (let count = receive(native, box); count > 0; count = receive(native, box)) {
      for (let at = 0; at < count; at += 1) {
        const [index = -1, offset = -1, length, source = 0] = box.of(at);
        heard.set(index, `${length} ${box.bytes[offset]} ${native.source(source)}`);
        times.push(box.times[at] as number);
      }
    }
    expect(Math.min(...times)).toBeGreaterThanOrEqual(before - 5);
    // When they came, not when they were read: a busy kernel brings the later ones late, and never all of them.
    expect(Math.min(...times)).toBeLessThanOrEqual(after + 5);
    expect(Math.max(...times)).toBeLessThanOrEqual(native.now() + 5);
    expect(heard).toEqual(
      new Map(sockets.map((index) => [index, `1 ${index & 0xff} 127.0.0.1 ${native.port(index)}`])),
    );
  });

  test('a packet that cannot leave is not counted, and holds up no other', () => {
    using native = open(batches);
    const [from, to] = pair(native);
    const records = Int32Array.from([from, 0, 3, from, 0, 70_000, from, 3, 2]);
    expect(native.send(new Uint8Array(70_000), records, 3)).toBe(2);
    const box = inbox();
    expect(receive(native, box)).toBe(2);
    expect([box.of(0).slice(0, 3), box.of(1).slice(0, 3)]).toEqual([
      [to, 0, 3],
      [to, 256, 2],
    ]);
  });

  test('bursts at some calls and single packets at others are all read', () => {
    using native = open(batches);
    selfCallers(native, 20);
    const bytes = new Uint8Array(1);
    for (let burst = 0; burst < 50; burst += 1) native.send(bytes, Int32Array.from([3, 0, 1, 7, 0, 1]), 2);
    const heard = new Array<number>(20).fill(0);
    const box = inbox();
    for (let count = receive(native, box); count > 0; count = receive(native, box)) {
      for (let at = 0; at < count; at += 1) heard[box.of(at)[0] ?? 0] = (heard[box.of(at)[0] ?? 0] ?? 0) + 1;
    }
    expect(heard).toEqual(Array.from({ length: 20 }, (_, index) => (index === 3 || index === 7 ? 51 : 1)));
  });

  test('what a call has received and not been given is not given to the next one with its number', () => {
    using native = open(batches);
    const sockets = selfCallers(native, 100);
    const box = inbox();
    const count = receive(native, box);
    const given = new Set(Array.from({ length: count }, (_, at) => box.of(at)[0]));
    const waiting = sockets.filter((index) => !given.has(index));
    expect(waiting.length).toBeGreaterThan(0);
    for (const index of waiting) {
      native.close(index);
      expect(native.bind('127.0.0.1', 0)).toBe(index);
    }
    expect(receive(native, box)).toBe(0);
  });
});

test('what is no number is no socket: closing it leaves the first one open', () => {
  using native = open(true);
  const first = native.bind('127.0.0.1', 0);
  expect(first).toBe(0);
  expect(() => Reflect.apply(native.close, native, ['0'])).toThrow(TypeError);
  expect(native.port(first)).toBeGreaterThan(0);
});

test('nothing that it is called with ends the process', () => {
  const native = loadDatagrams(addon);
  const random = new SeededRandom(7);
  native.bind('127.0.0.1', 0);
  const odd: readonly unknown[] = [
    ...[undefined, null, '', 'x'.repeat(10_000), '127.0.0.1', '::1', 0, 1, -1, 0.5, 2 ** 31, 2 ** 53, Number.NaN, 1n],
    ...[Symbol('s'), {}, [], () => {}, new Uint8Array(0), new Uint8Array(100), new Int32Array(7).fill(2 ** 31 - 1)],
    ...[
      new Int32Array(40),
      new Float64Array(9),
      new Int32Array(new SharedArrayBuffer(64)),
      new DataView(new ArrayBuffer(8)),
    ],
  ];
  const pick = (): unknown => odd[random.integer(odd.length)];
  const names = [
    'bind',
    'port',
    'mark',
    'close',
    'destination',
    'send',
    'receive',
    'source',
    'now',
    'realtime',
  ] as const;
  let calls = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const name = names[random.integer(names.length)] ?? 'now';
    // Real-time priority is not for a test to take.
    const args = name === 'realtime' ? [-1] : Array.from({ length: random.integer(6) }, pick);
    const self = random.integer(20) === 0 ? pick() : native;
    try {
      Reflect.apply(native[name], self, args);
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
    }
    calls += 1;
  }
  native.dispose();
  native.dispose();
  expect(native.bind('127.0.0.1', 0)).toBeLessThan(0);
  expect(calls).toBe(20_000);
});
