import { expect, test } from 'vitest';
import type { Datagrams } from '../../../src/media/native/datagrams.js';
import { NativeTransport } from '../../../src/media/native/native-transport.js';
import { FakeClock } from '../../support/fake-clock.js';

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
