import { expect, test } from 'vitest';
import { drawTimeline, type TimelineInput } from '../../src/demo/timeline.js';
import { fullRecord, sampleRecord } from '../support/sample-record.js';
import { textsOf } from '../support/svg-texts.js';

const tone = (ms: number): Int16Array => Int16Array.from({ length: ms * 8 }, (_, index) => 8000 * Math.sin(index / 5));

function input(changes: Partial<TimelineInput> = {}): TimelineInput {
  return {
    title: 'A call',
    subtitle: 'today',
    caller: tone(9000),
    agent: tone(9000),
    record: fullRecord,
    callerSpeech: [{ startMs: 500, endMs: 1500, label: '“Where is my parcel?”' }],
    digits: [{ atMs: 4000, digit: '#' }],
    hostSpeech: [{ startMs: 5000, endMs: 6000, label: '“One moment, please.”' }],
    pauses: [{ onsetMs: 2500, startMs: 2600, endMs: 3100 }],
    tools: [{ name: 'find_slots', ok: true, startMs: 5000, endMs: 6500 }],
    figures: [
      ['INVITE to 200', '12 ms'],
      ['Duration', '9.5 s'],
      ['One more', '1'],
    ],
    ...changes,
  };
}

test('shows title, times, words, latency, interruption, key and figures', () => {
  const texts = textsOf(drawTimeline(input())).join('\n');
  for (const part of [
    'A call',
    'today',
    '9 s',
    'Where is my parcel?',
    '640 ms',
    'cut off',
    'silent 14 ms',
    'no interruption: goes on after 500 ms',
    'find_slots 1500 ms',
    'One moment',
    '#',
    '12 ms',
  ]) {
    expect(texts).toContain(part);
  }
});

test('hostile words are words: escaped, and without what XML does not know', () => {
  const hostile = '</text><script>alert("1 & 2")</script>\u0000\u001b\ud800 ]]>';
  const turns = [{ ...fullRecord.turns[0], heardText: hostile }];
  const svg = drawTimeline(
    input({
      title: hostile,
      subtitle: hostile,
      record: sampleRecord({ turns }),
      callerSpeech: [{ startMs: 0, endMs: 9000, label: hostile }],
      digits: [{ atMs: 1, digit: '<' }],
      tools: [{ name: hostile, ok: false, startMs: 0, endMs: 1 }],
      figures: [[hostile, hostile]],
    }),
  );
  expect(svg).not.toContain('<script');
  expect(textsOf(svg).join()).toContain('&lt;/text&gt;&lt;script&gt;alert(&quot;1 &amp; 2&quot;)');
});

test('a call in which nothing happened is a picture too', () => {
  const record = sampleRecord({ turns: [], bargeIns: [] });
  const nothing = { caller: new Int16Array(0), agent: new Int16Array(0), record };
  const svg = drawTimeline(
    input({ ...nothing, callerSpeech: [], hostSpeech: [], digits: [], pauses: [], tools: [], figures: [] }),
  );
  expect(textsOf(svg)).toContain('A call');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test('times outside the recording stay inside the picture', () => {
  const svg = drawTimeline(
    input({
      callerSpeech: [{ startMs: -500, endMs: 99_000, label: 'before and after' }],
      digits: [{ atMs: 1e9, digit: '1' }],
      pauses: [{ onsetMs: -900, startMs: -800, endMs: 1e9 }],
      tools: [{ name: 'hold', ok: false, startMs: -1e9, endMs: 1e9 }],
    }),
  );
  for (const [, x = ''] of svg.matchAll(/\bx[12]?="([-\d.]+)"/g)) {
    expect(Number(x)).toBeGreaterThanOrEqual(0);
    expect(Number(x)).toBeLessThanOrEqual(1600);
  }
});

test('long words take a few lines at most, and end in an ellipsis', () => {
  const label = 'word '.repeat(200);
  const texts = textsOf(drawTimeline(input({ callerSpeech: [{ startMs: 8000, endMs: 8500, label }] })));
  expect(texts.filter((text) => text.startsWith('word'))).toHaveLength(2);
  expect(texts.some((text) => text.endsWith('…'))).toBe(true);
});

test('without tools there is no row for them', () => {
  const without = drawTimeline(input({ tools: [] }));
  expect(textsOf(without)).not.toContain('Tools');
  expect(textsOf(drawTimeline(input()))).toContain('Tools');
});

test('tools that follow each other at once have one label together, in the order in which they began', () => {
  const tool = (name: string, startMs: number) => ({ name, ok: true, startMs, endMs: startMs + 10 });
  const svg = drawTimeline(input({ tools: [tool('find_slots', 1000), tool('hang_up', 8010), tool('book', 8000)] }));
  const texts = textsOf(svg);
  expect(texts).toContain('find_slots 10 ms');
  expect(texts).toContain('book 10 ms · hang_up 10 ms');
  expect(svg.match(/height="16" rx="4"/g)).toHaveLength(3);
});

test('labels of interruptions that crowd are put where there is room, or left out', () => {
  const bargeIns = [3000, 3100, 3200, 3300, 3400, 3500].map((onsetMs) => ({ ...fullRecord.bargeIns[0], onsetMs }));
  const svg = drawTimeline(input({ record: sampleRecord({ bargeIns }), pauses: [] }));
  const labels = [...svg.matchAll(/<text x="([\d.]+)" y="(\d+)"[^>]*>barge-in/g)];
  expect(labels.length).toBeGreaterThanOrEqual(2);
  expect(labels.length).toBeLessThan(bargeIns.length);
  expect(new Set(labels.map(([, x, y]) => `${x}/${y}`)).size).toBe(labels.length);
  expect(svg.match(/stroke="#c81e4a" stroke-width="2"/g)).toHaveLength(bargeIns.length);
});
