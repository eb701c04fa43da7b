import { expect, test } from 'vitest';
import { seedEvents } from '../../../flavors/openai-realtime/seed.js';
import type { ConversationItem } from '../../../src/flavor-api/index.js';

/** Items of the events, without what is the same in all. */
function itemsOf(history: readonly ConversationItem[]): unknown[] {
  return seedEvents(history, 'ga').map((event) => JSON.parse(JSON.stringify(event)).item);
}

test('a dialogue is told as it was heard, with calls of tools and their results', () => {
  const history: readonly ConversationItem[] = [
    { role: 'caller', turnId: 't', text: 'My order?' },
    { role: 'tool', id: 'call with odd id', name: 'look up', arguments: { order: 7 }, output: { state: 'sent' } },
    { role: 'agent', responseId: 'r', text: 'It was sent on Monday.', heardText: 'It was sent', interrupted: true },
    { role: 'tool', id: 'x', name: 'hold', arguments: undefined, error: 'closed' },
  ];
  expect(itemsOf(history)).toEqual([
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'My order?' }] },
    { type: 'function_call', call_id: 'earlier_1', name: 'look_up', arguments: '{"order":7}' },
    { type: 'function_call_output', call_id: 'earlier_1', output: '{"state":"sent"}' },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'It was sent' }] },
    { type: 'function_call', call_id: 'earlier_3', name: 'hold', arguments: '{}' },
    { type: 'function_call_output', call_id: 'earlier_3', output: '{"error":"closed"}' },
  ]);
});

test('what was not said or not heard is not told', () => {
  const agent = { role: 'agent', responseId: 'r', text: 'Hello.', heardText: ' ', interrupted: true } as const;
  expect(itemsOf([{ role: 'caller', turnId: 't', text: '' }, agent])).toEqual([]);
});

test('of a dialogue too long the latest is told, in order', () => {
  const history = Array.from({ length: 1_000 }, (_, index): ConversationItem => {
    return { role: 'caller', turnId: `t${index}`, text: `line ${index}` };
  });
  const events = JSON.stringify(itemsOf(history));
  expect(events).toContain('line 999');
  expect(events).not.toContain('line 600');
  expect(events.indexOf('line 998')).toBeLessThan(events.indexOf('line 999'));
  const essays = history.map((entry) => ({ ...entry, text: 'x'.repeat(10_000) }) as ConversationItem);
  expect(itemsOf(essays).length).toBeLessThan(7);
});
