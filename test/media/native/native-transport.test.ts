import { expect, test } from 'vitest';
import type { Datagrams } from '../../../src/media/native/datagrams.js';
import { NativeTransport } from '../../../src/media/native/native-transport.js';
import type { DatagramPair } from '../../../src/media/sockets/datagram-transport.js';
import type { RemoteAddress } from '../../../src/media/sockets/remote-address.js';
import { FakeClock } from '../../support/fake-clock.js';

/** Names of packets below this are those of STUN. */
const FIRST_OF_RTP = 4;

/** An add-on to which packets come: socket, its new source or 0, and a name, in the first byte. Ports are numbers of sockets. */
const withPackets = async () => {
  const arrived: [socket: number, source: number, name: number][] = [];
  let sockets = 0;
  const free: number[] = [];
  const native: Partial<Datagrams> = {
    now: () => 0,
    bind: () => free.pop() ?? sockets++,
    port: (index) => index,
    close: (index) => {
      free.push(index);
      return 0;
    },
    source: (number) => `192.0.2.${number} 9`,
    receive: (bytes, offset, records, times) => {
      const count = arrived.length;
      for (const [index, [socket, source, name]] of arrived.splice(0).entries()) {
        bytes[offset + 256 * index] = name < FIRST_OF_RTP ? name : 0x80 + name;
        records.set([socket, offset + 256 * index, 3, source], index * 4);
        times[index] = 4;
      }
      return count;
    },
  };
  const transport = new NativeTransport(native as Datagrams, new FakeClock());
  const heard: string[] = [];
  const bind = (who: string): Promise<DatagramPair> =>
    transport.bind('127.0.0.1', 4, 0, {
      onRtp: (bytes, from, atMs, offset, length) =>
        void heard.push(`${who} ${(bytes[offset] as number) & 0x7f} ${length} ${from.address} ${atMs}`),
      onRtcp: (bytes, from) =>
        void heard.push(`${who} rtcp ${(bytes[0] as number) & 0x7f} ${bytes.length} ${from.address}`),
      onError: () => {},
    });
  const come = (...packets: typeof arrived): void => {
    arrived.push(...packets);
    transport.read();
  };
  return { transport, heard, bind, come };
};

test('a packet of a stream that has named its phase waits for a slot of that phase; others, and RTCP, do not', async () => {
  const { transport, heard, bind, come } = await withPackets();
  const one = await bind('one');
  await bind('two');
  come([0, 1, 10]);
  expect(heard.splice(0)).toEqual(['one 10 3 192.0.2.1 4']);
  one.keepFor?.(2);
  come([0, 0, 11], [2, 2, 20], [1, 3, 12], [0, 0, 13]);
  expect(heard.splice(0)).toEqual(['two 20 3 192.0.2.2 4', 'one rtcp 12 3 192.0.2.3']);
  for (const slot of [8, 9, 11]) transport.handOver(slot);
  expect(heard).toEqual([]);
  transport.handOver(10);
  expect(heard).toEqual(['one 11 3 192.0.2.1 4', 'one 13 3 192.0.2.1 4']);
});

test('STUN and DTLS never wait, and what is kept of their stream waits on', async () => {
  const { transport, heard, bind, come } = await withPackets();
  const one = await bind('one');
  come([0, 1, 10]);
  heard.length = 0;
  one.keepFor?.(2);
  come([0, 0, 11], [0, 0, 1], [0, 0, 12]);
  expect(heard.splice(0)).toEqual(['one 1 3 192.0.2.1 4']);
  transport.handOver(2);
  expect(heard).toEqual(['one 11 3 192.0.2.1 4', 'one 12 3 192.0.2.1 4']);
});

test('a packet from another source is handed over at once, behind what is kept, which keeps the source it had', async () => {
  const { transport, heard, bind, come } = await withPackets();
  const one = await bind('one');
  come([0, 1, 10]);
  one.keepFor?.(3);
  come([0, 0, 11], [0, 2, 12], [0, 0, 13]);
  transport.handOver(3);
  expect(heard).toEqual([1, 1, 2, 2].map((source, index) => `one ${10 + index} 3 192.0.2.${source} 4`));
});

test('nobody gets what is kept of a call that has ended, its successor on the same socket least of all', async () => {
  const { transport, heard, bind, come } = await withPackets();
  const one = await bind('one');
  come([0, 1, 10]);
  one.keepFor?.(0);
  come([0, 0, 11]);
  await one.close();
  await bind('two');
  transport.handOver(4);
  expect(heard).toEqual(['one 10 3 192.0.2.1 4']);
});

/** An add-on that says how late a slot is, and what it was asked to do. */
const setUp = (granted = true) => {
  const order: string[] = [];
  let lateMs = 0;
  const native: Partial<Datagrams> = {
    now: () => 0,
    sleepUntil: () => lateMs,
    receive: () => {
      order.push('read');
      return 0;
    },
    realtime: (priority) => {
      order.push(`priority ${priority}`);
      return granted ? 0 : -1;
    },
  };
  const transport = new NativeTransport(native as Datagrams, new FakeClock());
  /** What happens in a slot that is so late. */
  const slot = async (ms: number): Promise<string[]> => {
    lateMs = ms;
    order.length = 0;
    await new Promise<void>((resolve) => {
      transport.arm(0, () => {
        order.push('slot');
        resolve();
      });
    });
    return [...order];
  };
  return { transport, slot };
};

test('slots are waited for until their time though the thread was interrupted as it began', async () => {
  const clock = new FakeClock();
  let interruptedMs = 7;
  const until: number[] = [];
  const native: Partial<Datagrams> = {
    now: () => {
      const machineMs = clock.now() + 1_000;
      clock.advance(interruptedMs);
      interruptedMs = 0;
      return machineMs;
    },
    sleepUntil: (atMs) => until.push(atMs) && 0,
    receive: () => 0,
  };
  const transport = new NativeTransport(native as Datagrams, clock);
  await new Promise<void>((resolve) => transport.arm(20, resolve));
  // Earlier, it would go round and round until the clock is there, at each slot anew.
  expect(until).toEqual([1_020]);
});

test('what is said in answer to a packet leaves before the thread sleeps again', async () => {
  const order: string[] = [];
  let pair: DatagramPair | undefined;
  let unread = 1;
  const native: Partial<Datagrams> = {
    now: () => 0,
    bind: () => order.push('bind') - 1,
    port: () => 40_000,
    source: () => '192.0.2.1 9',
    destination: () => 0,
    sleepUntil: () => 0.1,
    receive: (_bytes, _offset, records) => {
      records.set([0, 0, 3, 1]);
      unread -= 1;
      return unread + 1 > 0 ? 1 : 0;
    },
    send: (_bytes, _records, count) => order.push(`send ${count}`),
  };
  const transport = new NativeTransport(native as Datagrams, new FakeClock());
  const answer = (_bytes: Uint8Array, from: RemoteAddress): void => pair?.send(new Uint8Array(8), from);
  pair = await transport.bind('127.0.0.1', 4, 0, { onRtp: answer, onRtcp: () => {}, onError: () => {} });
  transport.arm(0, () => order.push('slot'));
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(order.slice(2)).toEqual(['slot', 'send 1']);
});

test('a slot on time is served before what has arrived is read, a late one after', async () => {
  const { slot } = setUp();
  expect(await slot(0.1)).toEqual(['slot', 'read']);
  expect(await slot(9)).toEqual(['slot', 'read']);
  expect(await slot(10)).toEqual(['read', 'slot', 'read']);
});

test('a thread at real-time priority that falls behind is one among others until it is on time again', async () => {
  const { transport, slot } = setUp();
  expect(transport.becomeRealtime(5)).toBe(true);
  expect(await slot(149)).not.toContain('priority 0');
  expect(await slot(150)).toContain('priority 0');
  expect(await slot(500)).toEqual(['read', 'slot', 'read']);
  expect(await slot(3)).toEqual(['slot', 'read']);
  expect(await slot(1)).toContain('priority 5');
  expect(await slot(1)).toEqual(['slot', 'read']);
});

test('where real-time priority is not granted it is not asked for again', async () => {
  const { transport, slot } = setUp(false);
  expect(transport.becomeRealtime(5)).toBe(false);
  for (const lateMs of [500, 1]) expect((await slot(lateMs)).join()).not.toContain('priority');
});
