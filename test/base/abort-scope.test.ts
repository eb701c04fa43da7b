import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { AbortScope } from '../../src/base/abort-scope.js';

const reason = new Error('closed');

test('a signal aborts with its scope, or with the other one, whichever comes first', () => {
  const scope = new AbortScope();
  const other = new AbortController();
  const alone = scope.open();
  const both = scope.open(other.signal);
  other.abort('the call is over');
  expect(both.signal.reason).toBe('the call is over');
  expect(alone.signal.aborted).toBe(false);
  scope.close(reason);
  scope.close(new Error('again'));
  expect(alone.signal.reason).toBe(reason);
  expect(both.signal.reason).toBe('the call is over');
  expect(scope).toMatchObject({ size: 0, closed: true });
});

test('a closed scope gives out signals that are aborted, and so does one that was aborted before', () => {
  const scope = new AbortScope();
  expect(scope.open(AbortSignal.abort(reason)).signal.reason).toBe(reason);
  expect(scope.size).toBe(0);
  scope.close();
  expect(scope.open().signal.reason).toMatchObject({ name: 'AbortError' });
});

test('nothing is left of a signal that was given back', () => {
  const scope = new AbortScope();
  const other = new AbortController();
  let signal: AbortSignal;
  {
    using own = scope.open(other.signal);
    signal = own.signal;
    expect(scope.size).toBe(1);
    expect(getEventListeners(other.signal, 'abort')).toHaveLength(1);
  }
  expect(scope.size).toBe(0);
  expect(getEventListeners(other.signal, 'abort')).toEqual([]);
  other.abort();
  scope.close();
  expect(signal.aborted).toBe(false);
});
