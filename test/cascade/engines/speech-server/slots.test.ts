import { expect, test } from 'vitest';
import { Slots } from '../../../../src/cascade/engines/speech-server/slots.js';

const never = new AbortController().signal;

test('whoever finds no place gets one in order of arrival, and nobody overtakes', async () => {
  const slots = new Slots(1);
  const first = await slots.wait(never);
  const order: string[] = [];
  const second = slots.wait(never).then((release) => {
    order.push('second');
    // The place is passed on, not free: who comes now waits behind the third.
    expect(slots.take()).toBeUndefined();
    release();
  });
  const third = slots.wait(never).then((release) => {
    order.push('third');
    release();
  });
  expect(slots).toMatchObject({ inUse: 1, waiting: 2 });
  first();
  first();
  await Promise.all([second, third]);
  expect(order).toEqual(['second', 'third']);
  expect(slots).toMatchObject({ inUse: 0, waiting: 0 });
});

test('waiting ends with an abort, and leaves no place behind', async () => {
  const slots = new Slots(1);
  const release = await slots.wait(never);
  const controller = new AbortController();
  const waiting = slots.wait(controller.signal);
  controller.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  release();
  expect(slots.take()).toBeDefined();
});
