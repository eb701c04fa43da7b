import { expect, test } from 'vitest';
import { Dialogue } from '../../src/call/dialogue.js';

const line = { type: 'transcript', turnId: 't1', final: true } as const;
const report = { responseId: 'r1', heardMs: 400, heardText: 'one', heardChars: 3 } as const;

test('holds what was said and heard, in order, with its time from the answer', () => {
  const dialogue = new Dialogue();
  dialogue.onTranscript({ ...line, role: 'caller', text: 'hello' }, 1500);
  dialogue.onPlayout({ ...report, state: 'interrupted' }, 'one two', 2500.4);
  dialogue.onTool({ role: 'tool', id: 'c', name: 'hang_up', arguments: {} }, 2600);
  expect(dialogue.history).toEqual([
    { role: 'caller', turnId: 't1', text: 'hello' },
    { role: 'agent', responseId: 'r1', text: 'one two', heardText: 'one', interrupted: true },
    { role: 'tool', id: 'c', name: 'hang_up', arguments: {} },
  ]);
  expect(dialogue.transcript(1000)).toEqual([
    { role: 'caller', text: 'hello', atMs: 500 },
    { role: 'agent', text: 'one', atMs: 1500 },
  ]);
});

test('leaves out what is not final, is empty, or was only meant to be said', () => {
  const dialogue = new Dialogue();
  dialogue.onTranscript({ ...line, role: 'caller', text: 'hel', final: false }, 0);
  dialogue.onTranscript({ ...line, role: 'caller', text: '' }, 0);
  dialogue.onTranscript({ ...line, role: 'agent', text: 'I said' }, 0);
  dialogue.onPlayout({ ...report, state: 'started' }, 'one two', 0);
  dialogue.onPlayout({ ...report, state: 'finished' }, '', 0);
  expect(dialogue.history).toEqual([]);
});

test('what nobody heard is in the history, and in no transcript', () => {
  const dialogue = new Dialogue();
  dialogue.onPlayout({ ...report, state: 'interrupted', heardText: '', heardMs: 0 }, 'one two', 0);
  expect(dialogue.history).toHaveLength(1);
  expect(dialogue.transcript(0)).toEqual([]);
});

test('is bounded, and keeps what was said last', () => {
  const dialogue = new Dialogue();
  for (let index = 0; index < 5001; index += 1) {
    dialogue.onTranscript({ ...line, role: 'caller', text: String(index) }, index);
  }
  expect(dialogue.history).toHaveLength(5000);
  expect(dialogue.history.at(-1)).toMatchObject({ text: '5000' });
  const lines = dialogue.transcript(0);
  expect([lines.at(0), lines.at(-1)]).toMatchObject([
    { text: '1', atMs: 1 },
    { text: '5000', atMs: 5000 },
  ]);
});
