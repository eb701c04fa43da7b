import { expect, test } from 'vitest';
import { CallRegistry, type RegisteredCall } from '../../src/connector/call-registry.js';
import { sampleSummary } from '../support/sample-record.js';

function registered(id: string, ended: string[] = []): RegisteredCall {
  return {
    id,
    summary: () => sampleSummary({ id }),
    end: (by) => ended.push(`${id} ${by}`),
    pauseRecording: () => false,
  };
}

test('knows the calls in progress, the oldest first', () => {
  const registry = new CallRegistry();
  registry.add(registered('a'));
  registry.add(registered('b'));
  expect(registry.size).toBe(2);
  expect(registry.get('a')?.id).toBe('a');
  expect(registry.summaries().map(({ id }) => id)).toEqual(['a', 'b']);
  registry.delete('a');
  expect(registry.get('a')).toBeUndefined();
  expect(registry.size).toBe(1);
});

test('is empty for everybody who waits, once the last call has ended', async () => {
  const registry = new CallRegistry();
  await registry.empty();
  registry.add(registered('a'));
  registry.add(registered('b'));
  const waited: number[] = [];
  const waiting = [1, 2].map((who) => registry.empty().then(() => waited.push(who)));
  registry.delete('a');
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  expect(waited).toEqual([]);
  registry.delete('b');
  await Promise.all(waiting);
  expect(waited).toEqual([1, 2]);
});

test('ends all calls, those that leave meanwhile too', () => {
  const registry = new CallRegistry();
  const ended: string[] = [];
  const [a, b] = [registered('a', ended), registered('b', ended)];
  registry.add({
    ...a,
    end: (by) => {
      a.end(by);
      registry.delete('a');
    },
  });
  registry.add(b);
  registry.endAll('drain');
  expect(ended).toEqual(['a drain', 'b drain']);
});
