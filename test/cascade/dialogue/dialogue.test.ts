import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addCaller,
  addNote,
  addToolResult,
  cutAgent,
  type Dialogue,
  dialogueOf,
  setAgent,
} from '../../../src/cascade/dialogue/dialogue.js';
import { CALL_BEGINS, messagesOf, STILL_RUNNING } from '../../../src/cascade/dialogue/messages.js';
import type { ModelMessage } from '../../../src/cascade/index.js';

const call = (id: string) => ({ id, name: 'look_up', arguments: { order: 7 } });
const said = (text: string) => ({ text, calls: [] });

/** What every provider demands of a dialogue. */
function requireWellFormed(messages: readonly ModelMessage[]): void {
  expect(messages[0]?.role).toBe('user');
  expect(messages.at(-1)?.role).not.toBe('assistant');
  const seen = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const before = messages[index - 1];
    if (message.role === 'tool') {
      if (before?.role !== 'assistant') throw new Error('results without calls');
      expect(message.results.map(({ id }) => id)).toEqual(before.toolCalls.map(({ id }) => id));
    } else {
      expect(before?.role).not.toBe(message.role);
      if (before?.role === 'assistant') expect(before.toolCalls).toEqual([]);
    }
    if (message.role !== 'assistant') continue;
    expect(message.text !== '' || message.toolCalls.length > 0).toBe(true);
    for (const { id } of message.toolCalls) {
      expect(seen.has(id)).toBe(false);
      seen.add(id);
    }
  }
}

describe('what was heard', () => {
  test('an interrupted answer is cut to it', () => {
    let dialogue = setAgent(addCaller([], 'Hi.'), 'a', said('Your parcel will come on Friday.'));
    dialogue = addCaller(cutAgent(dialogue, 'a', 'Your parcel will '), 'When?');
    expect(messagesOf(dialogue)).toEqual([
      { role: 'user', text: 'Hi.' },
      { role: 'assistant', text: 'Your parcel will', toolCalls: [] },
      { role: 'user', text: 'When?' },
    ]);
  });

  test('an answer of which nothing was heard was never given: what the caller said stands together', () => {
    let dialogue = setAgent(addCaller([], 'I want a table.'), 'a', said('For how many?'));
    dialogue = addCaller(cutAgent(dialogue, 'a', ''), 'For four.');
    expect(messagesOf(dialogue)).toEqual([{ role: 'user', text: 'I want a table.\nFor four.' }]);
  });

  test('an answer that was cut is not the one that the model wants back word for word', () => {
    const opaque = { provider: 'p', model: 'm', content: 'reasoning' };
    const whole = setAgent(addCaller([], 'Hi.'), 'a', { text: 'One two.', calls: [call('1')], opaque });
    expect(messagesOf(whole)[1]).toMatchObject({ opaque });
    expect(messagesOf(cutAgent(whole, 'a', 'One'))[1]).not.toHaveProperty('opaque');
  });

  test('an answer behind a greeting, with which it is one message, is still given what the model wants back', () => {
    const opaque = { provider: 'p', model: 'm', content: 'reasoning' };
    const greeted = setAgent([], 'greeting', { text: 'Hello.', calls: [] });
    const messages = messagesOf(setAgent(greeted, 'a', { text: 'One moment.', calls: [call('1')], opaque }));
    expect(messages[1]).toMatchObject({ text: 'Hello. One moment.', toolCalls: [{ id: '1' }], opaque });
    requireWellFormed(messages);
  });
});

describe('tools', () => {
  const asked = setAgent(addCaller([], 'Where is it?'), 'a', { text: 'One moment.', calls: [call('1'), call('2')] });

  test('parallel results stand in one message', () => {
    const dialogue = addToolResult(addToolResult(asked, '2', { output: 'two' }), '1', { output: { ok: true } });
    const messages = messagesOf(dialogue);
    expect(messages.at(-1)).toEqual({
      role: 'tool',
      results: [
        { id: '1', name: 'look_up', output: '{"ok":true}', failed: false },
        { id: '2', name: 'look_up', output: 'two', failed: false },
      ],
    });
    requireWellFormed(messages);
  });

  test('a tool that still runs has a result that says so', () => {
    const messages = messagesOf(addCaller(asked, 'Hurry.'));
    expect(JSON.stringify(messages)).toContain(STILL_RUNNING);
    requireWellFormed(messages);
  });

  test('a result that comes after the dialogue has gone on moves its call to the end', () => {
    const gone = setAgent(addCaller(cutAgent(asked, 'a', ''), 'Wait.'), 'b', said('Yes?'));
    const late = addToolResult(gone, '1', { output: null, error: 'not found' });
    const messages = messagesOf(late);
    expect(messages.at(-1)).toEqual({
      role: 'tool',
      results: [{ id: '1', name: 'look_up', output: 'not found', failed: true }],
    });
    requireWellFormed(messages);
  });

  test('a call that has moved to the end is not told of twice when its answer is over', () => {
    const opaque = { provider: 'p', model: 'm', content: 'as it was' };
    const late = addToolResult(addCaller(asked, 'And hurry.'), '1', { output: 'depot' });
    for (const text of ['One moment.', '']) {
      const over = setAgent(late, 'a', { text, calls: [call('1'), call('2')], opaque });
      const messages = messagesOf(over, 'Go on.');
      requireWellFormed(messages);
      expect(JSON.stringify(messages)).toContain('depot');
      expect(JSON.stringify(messages)).not.toContain('as it was');
    }
  });

  test('a second result of the same call is ignored', () => {
    const once = addToolResult(asked, '1', { output: 'first' });
    expect(addToolResult(once, '1', { output: 'second' })).toBe(once);
  });

  test('an order beyond the dialogue stands after the results', () => {
    requireWellFormed(messagesOf(addToolResult(asked, '1', { output: 1 }), 'Say goodbye.'));
  });
});

test('a greeting has something before it, and joins what is said after it', () => {
  const dialogue = setAgent(setAgent([], 'g', said('Hello!')), 'h', said('How are you?'));
  expect(messagesOf(addCaller(dialogue, 'Well.'))).toEqual([
    { role: 'user', text: CALL_BEGINS },
    { role: 'assistant', text: 'Hello! How are you?', toolCalls: [] },
    { role: 'user', text: 'Well.' },
  ]);
});

test('a call that is taken over goes on with what was heard and what the tools said', () => {
  const dialogue = dialogueOf([
    { role: 'agent', responseId: 'r', text: 'Hello there, friend.', heardText: 'Hello there,', interrupted: true },
    { role: 'caller', turnId: 't', text: 'My order.' },
    { role: 'tool', id: 'x'.repeat(200), name: 'look_up', arguments: { order: 7 }, output: { at: 'depot' } },
    { role: 'agent', responseId: 'u', text: 'Never heard.', heardText: '', interrupted: true },
    { role: 'caller', turnId: 'v', text: 'So?' },
  ]);
  const messages = messagesOf(dialogue);
  requireWellFormed(messages);
  const told = JSON.stringify(messages);
  expect(told).toContain('Hello there,');
  expect(told).toContain('depot');
  expect(told).not.toContain('friend');
  expect(told).not.toContain('Never');
});

test('whatever happens in whatever order, the messages are such as every provider takes', () => {
  const id = fc.constantFrom('1', '2', '3', '4');
  const step = fc.oneof(
    fc.record({ do: fc.constant('caller' as const), text: fc.constantFrom('Hi.', '', 'No.') }),
    fc.record({ do: fc.constant('note' as const), text: fc.constantFrom('(A key.)', '') }),
    fc.record({
      do: fc.constant('agent' as const),
      text: fc.constantFrom('', 'Yes, sir.'),
      calls: fc.uniqueArray(id, { maxLength: 2 }),
    }),
    fc.record({ do: fc.constant('cut' as const), heard: fc.constantFrom('', 'Yes') }),
    fc.record({ do: fc.constant('result' as const), id }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let dialogue: Dialogue = [];
      const used = new Set<string>();
      for (const [index, each] of steps.entries()) {
        if (each.do === 'caller') dialogue = addCaller(dialogue, each.text);
        else if (each.do === 'note') dialogue = addNote(dialogue, each.text);
        else if (each.do === 'cut') dialogue = cutAgent(dialogue, `a${index - 1}`, each.heard);
        else if (each.do === 'result') dialogue = addToolResult(dialogue, each.id, { output: 'done' });
        else {
          const calls = each.calls.filter((callId) => !used.has(callId));
          for (const callId of calls) used.add(callId);
          dialogue = setAgent(dialogue, `a${index}`, { text: each.text, calls: calls.map(call) });
        }
        requireWellFormed(messagesOf(dialogue, 'Go on.'));
      }
    }),
  );
});
