import { expect, test } from 'vitest';
import { dialogueTokens, fitDialogue } from '../../../src/cascade/dialogue/budget.js';
import { addCaller, addNote, addToolResult, type Dialogue, setAgent } from '../../../src/cascade/dialogue/dialogue.js';

function turns(count: number): Dialogue {
  let dialogue: Dialogue = setAgent([], 'greeting', { text: 'Hello!', calls: [] });
  for (let turn = 0; turn < count; turn += 1) {
    dialogue = addCaller(dialogue, `Question ${turn}: ${'words '.repeat(10)}`);
    dialogue = setAgent(dialogue, `a${turn}`, { text: `Answer ${turn}: ${'words '.repeat(10)}`, calls: [] });
  }
  return dialogue;
}

const options = { maxTokens: 200, keptShare: 0.6 };

test('a dialogue within its budget is left alone', () => {
  const dialogue = turns(3);
  expect(fitDialogue(dialogue, options)).toEqual({ kept: dialogue, dropped: [] });
});

test('the oldest turns are dropped, whole, and enough at once that the next turns fit as well', () => {
  const { kept, dropped } = fitDialogue(turns(20), options);
  expect(dialogueTokens(kept)).toBeLessThanOrEqual(120);
  expect(kept[0]?.kind).toBe('caller');
  expect([...dropped, ...kept]).toEqual(turns(20));
});

test('the latest turn stays, whatever it costs', () => {
  const dialogue = addCaller(turns(5), 'long '.repeat(1_000));
  expect(fitDialogue(dialogue, options).kept).toEqual([dialogue.at(-1)]);
});

test('turns of a caller who only presses keys are dropped as well', () => {
  const keyed: Dialogue = turns(20).map((entry) => (entry.kind === 'caller' ? { ...entry, kind: 'note' } : entry));
  const { kept, dropped } = fitDialogue(keyed, options);
  expect(dialogueTokens(kept)).toBeLessThanOrEqual(120);
  expect(kept[0]?.kind).toBe('note');
  expect([...dropped, ...kept]).toEqual(keyed);
});

test('a note behind the result of a tool is no turn: the model still has what it is to answer', () => {
  const call = { id: '1', name: 'look_up', arguments: {} };
  const asked = setAgent([{ kind: 'caller', text: 'Where is it?' }], 'a', { text: '', calls: [call] });
  const noted = addNote(addToolResult(asked, '1', { output: 'depot '.repeat(200) }), '(They are a member.)');
  expect(fitDialogue(noted, options).kept).toEqual(noted);
});

test('a call that waits for its result is not dropped, and no result is parted from its call', () => {
  const call = { id: '1', name: 'look_up', arguments: {} };
  let dialogue = setAgent(turns(10), 'w', { text: '', calls: [call] });
  dialogue = [...dialogue, ...turns(20).slice(1)];
  const open = fitDialogue(dialogue, options).kept;
  expect(open.some((entry) => entry.kind === 'agent' && entry.id === 'w')).toBe(true);
  const settled = fitDialogue(addToolResult(dialogue, '1', { output: 'x' }), options).kept;
  expect(dialogueTokens(settled.slice(0, -1))).toBeLessThanOrEqual(120);
});

test('scripts whose signs are words cost more than letters', () => {
  const latin = dialogueTokens([{ kind: 'caller', text: 'abcdefgh' }]);
  const han = dialogueTokens([{ kind: 'caller', text: '星期五送到你家门口' }]);
  expect(han).toBeGreaterThan(latin);
});
