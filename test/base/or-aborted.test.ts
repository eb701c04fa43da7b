import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { orAborted } from '../../src/base/or-aborted.js';

test('what is waited for comes, or fails, as it does, and the signal is not listened to any more', async () => {
  const { signal } = new AbortController();
  await expect(orAborted(Promise.resolve(1), signal)).resolves.toBe(1);
  await expect(orAborted(Promise.reject(new Error('broke')), signal)).rejects.toThrow('broke');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('who does not listen to the signal is left behind, and what it brings too late is given back', async () => {
  const controller = new AbortController();
  let bring = (_value: string): void => {};
  const late: string[] = [];
  const promise = new Promise<string>((resolve) => {
    bring = resolve;
  });
  const waiting = orAborted(promise, controller.signal, (value) => late.push(value));
  controller.abort(new Error('over'));
  await expect(waiting).rejects.toThrow('over');
  bring('late');
  await promise;
  expect(late).toEqual(['late']);
});

test('where the signal is aborted already, nothing is waited for, and a failure behind it is nobody’s', async () => {
  const broken = Promise.reject(new Error('broke'));
  await expect(orAborted(broken, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
});
