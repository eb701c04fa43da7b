import { expect, test } from 'vitest';
import type { PlayoutReport } from '../../src/flavor-api/index.js';
import { FakePlayout } from '../../src/flavor-testkit/fake-playout.js';

const BYTES_PER_MS = 8;
const MS_100 = 100 * BYTES_PER_MS;

function playout(): { readonly playout: FakePlayout; readonly reports: PlayoutReport[] } {
  const reports: PlayoutReport[] = [];
  return { playout: new FakePlayout(BYTES_PER_MS, (report) => reports.push(report)), reports };
}

function tick(played: FakePlayout, times: number): void {
  for (let count = 0; count < times; count += 1) played.tick(20);
}

test('responses play one after the other, each started once and finished once', () => {
  const { playout: played, reports } = playout();
  played.audio('a', MS_100);
  played.done('a');
  played.audio('b', MS_100);
  played.done('b');
  tick(played, 11);
  expect(reports.map(({ responseId, state, heardMs }) => `${responseId} ${state} ${heardMs}`)).toEqual([
    'a started 0',
    'a finished 100',
    'b started 0',
    'b finished 100',
  ]);
});

test('a flush reports what was heard, at the next tick, and drops what comes late', () => {
  const { playout: played, reports } = playout();
  played.text('a', 'one ', 0);
  played.text('a', 'two ', 40);
  played.text('a', 'three ', 80);
  played.audio('a', MS_100);
  tick(played, 3);
  played.flush();
  expect(reports).toHaveLength(1);
  played.audio('a', MS_100);
  tick(played, 2);
  expect(reports.slice(1)).toEqual([
    { responseId: 'a', state: 'interrupted', heardMs: 60, heardText: 'one two', heardChars: 8 },
  ]);
  expect(played.queuedMs).toBe(0);
});

test('a response that was never played is reported as interrupted at 0', () => {
  const { playout: played, reports } = playout();
  played.text('silent', 'words without sound', undefined);
  played.done('silent');
  tick(played, 1);
  expect(reports).toEqual([{ responseId: 'silent', state: 'interrupted', heardMs: 0, heardText: '', heardChars: 0 }]);
});

test('a pause holds the playhead and keeps the queue', () => {
  const { playout: played, reports } = playout();
  played.audio('a', MS_100);
  played.done('a');
  tick(played, 2);
  played.pause();
  tick(played, 10);
  expect(played.playing).toEqual({ responseId: 'a', heardMs: 40, heardChars: 0 });
  played.resume();
  tick(played, 3);
  expect(reports.at(-1)).toMatchObject({ state: 'finished', heardMs: 100 });
});
