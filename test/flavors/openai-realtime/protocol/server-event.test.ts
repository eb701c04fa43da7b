import { expect, test } from 'vitest';
import { readServerEvent } from '../../../../flavors/openai-realtime/protocol/server-event.js';

function read(event: unknown): unknown {
  return readServerEvent(JSON.stringify(event));
}

test('events of both dialects read alike', () => {
  const pairs = [
    ['response.output_audio.delta', 'response.audio.delta', { response_id: 'r', item_id: 'i', delta: 'AA==' }],
    ['response.output_audio_transcript.delta', 'response.audio_transcript.delta', { response_id: 'r', delta: 'Hi' }],
    ['response.output_text.delta', 'response.text.delta', { response_id: 'r', delta: 'Hi' }],
    ['conversation.item.added', 'conversation.item.created', { item: { id: 'i' } }],
  ] as const;
  for (const [ga, beta, members] of pairs) {
    const event = read({ type: ga, ...members });
    expect(event).toMatchObject({ type: expect.any(String) });
    expect(read({ type: beta, ...members })).toEqual(event);
  }
});

test.each([
  ['no JSON', '{"type":"response.done"'],
  ['no object', '[1]'],
  ['null', 'null'],
  ['no type', '{"event_id":"e"}'],
  ['a type that is no text', '{"type":7}'],
  ['audio that is no text', '{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":7}'],
  ['audio without its response', '{"type":"response.output_audio.delta","item_id":"i","delta":"AA=="}'],
  ['an id without end', JSON.stringify({ type: 'input_audio_buffer.committed', item_id: 'x'.repeat(201) })],
  ['speech without a time', '{"type":"input_audio_buffer.speech_started","item_id":"i"}'],
  ['a transcript that is no text', '{"type":"conversation.item.input_audio_transcription.completed","item_id":"i"}'],
  ['an error without one', '{"type":"error"}'],
  ['a response without id', '{"type":"response.created","response":{}}'],
  ['an item without id', '{"type":"response.output_item.done","response_id":"r","item":{"type":"message"}}'],
])('%s is unreadable', (_what, text) => {
  expect(readServerEvent(text)).toBe('unreadable');
});

test('what is of no use here, or not known yet, is ignored', () => {
  expect(read({ type: 'rate_limits.updated', rate_limits: [] })).toBe('ignored');
  expect(read({ type: 'response.hologram.delta', delta: 1 })).toBe('ignored');
});

test('a time below zero is zero', () => {
  expect(read({ type: 'input_audio_buffer.speech_started', item_id: 'i', audio_start_ms: -5 })).toMatchObject({
    atMs: 0,
  });
});

test('a status that nobody knows ends a response as complete', () => {
  expect(read({ type: 'response.done', response: { id: 'r', status: 'odd' } })).toMatchObject({ status: 'completed' });
});

test('usage without details counts as text, and what is no number as nothing', () => {
  const usage = { input_tokens: 12, output_tokens: 'many', input_token_details: null };
  expect(read({ type: 'response.done', response: { id: 'r', status: 'completed', usage } })).toMatchObject({
    usage: { text: { input: 12, cached: 0, output: 0 }, audio: { input: 0, cached: 0, output: 0 } },
  });
});

test('a call that was cut short is not whole', () => {
  const item = { id: 'i', type: 'function_call', call_id: 'c', name: 'f', arguments: '{', status: 'incomplete' };
  const type = 'response.output_item.done';
  expect(read({ type, response_id: 'r', item })).toMatchObject({ item: { kind: 'call', whole: false } });
  expect(read({ type, response_id: 'r', item: { ...item, status: 'completed' } })).toMatchObject({
    item: { whole: true },
  });
});

test.each([
  ['{"order":7}', '{"order":7}'],
  [undefined, ''],
  [null, ''],
  [{ order: 7 }, '{"order":7}'],
  [7, '7'],
])('the arguments of a call are text, or what it would stand for: %j is read as %j', (written, taken) => {
  const item = { id: 'i', type: 'function_call', call_id: 'c', name: 'f', arguments: written };
  expect(read({ type: 'response.output_item.done', response_id: 'r', item })).toMatchObject({
    item: { arguments: taken },
  });
});
