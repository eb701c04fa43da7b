import { expect, test } from 'vitest';
import { toolOutput } from '../../../flavors/openai-realtime/answers/tool-rounds.js';
import { TestCall } from './call.js';

function asking(config: Readonly<Record<string, unknown>> = {}): { readonly call: TestCall; readonly id: string } {
  const call = new TestCall(config).start();
  call.turn('item_1');
  return { call, id: call.created() };
}

test('a call of a tool comes at once, with the speech that goes before it', async () => {
  const { call, id } = asking();
  call.speaks(id, 300, 'Let me see.').calls(id, 'call_1', '{"order":7}');
  expect(await call.of('tool-call')).toEqual([
    { type: 'tool-call', id: 'call_1', responseId: 'response-1', name: 'look_up', arguments: { order: 7 } },
  ]);
});

test('a call of a tool without speech belongs to none', async () => {
  const { call, id } = asking();
  call.calls(id, 'call_1').done(id);
  expect(await call.of('tool-call')).toEqual([{ type: 'tool-call', id: 'call_1', name: 'look_up', arguments: {} }]);
});

test('one answer follows the results of all calls of a response, after the last of them', () => {
  const { call, id } = asking();
  call.calls(id, 'call_1').calls(id, 'call_2').done(id);
  call.session.onToolResult({ id: 'call_1', output: { price: 38 }, reply: true });
  expect(call.service.ofType('response.create')).toHaveLength(1);
  call.session.onToolResult({ id: 'call_2', output: null, error: 'closed', reply: false });
  expect(call.items()).toEqual(['function_call_output: {"price":38}', 'function_call_output: {"error":"closed"}']);
  expect(call.service.types().slice(-2)).toEqual(['conversation.item.create', 'response.create']);
});

test('the answer to a tool that was called on instructions of the host knows of them, until the caller has the word', () => {
  const call = new TestCall({ instructions: 'Be brief.' }).start();
  call.session.speak({ instructions: 'Report that nobody speaks, then say goodbye.' });
  const id = call.created();
  call.calls(id, 'call_1').done(id);
  call.session.onToolResult({ id: 'call_1', output: {}, reply: true });
  expect(call.lastRequest).toMatchObject({
    instructions: expect.stringMatching(
      /^Be brief\.\n\nReport that nobody speaks, then say goodbye\..*still missing/su,
    ),
  });
  const next = call.created();
  call.calls(next, 'call_2').done(next);
  call.turn('item_1');
  const answer = call.created();
  call.session.onToolResult({ id: 'call_2', output: {}, reply: true });
  call.done(answer);
  expect(call.service.ofType('response.create')).toHaveLength(4);
  expect(call.lastRequest).not.toHaveProperty('instructions');
});

test('no answer follows where no result wants one', () => {
  const { call, id } = asking();
  call.calls(id, 'call_1').calls(id, 'call_2').done(id);
  for (const callId of ['call_1', 'call_2']) call.session.onToolResult({ id: callId, output: {}, reply: false });
  expect(call.items()).toHaveLength(2);
  expect(call.service.ofType('response.create')).toHaveLength(1);
});

test('a result that is there before its response is complete is answered when it is', () => {
  const { call, id } = asking();
  call.calls(id, 'call_1');
  call.session.onToolResult({ id: 'call_1', output: {}, reply: true });
  expect(call.service.ofType('response.create')).toHaveLength(1);
  call.done(id);
  expect(call.service.ofType('response.create')).toHaveLength(2);
});

test('a result that comes after an interruption still reaches the model, and is answered', () => {
  const { call, id } = asking();
  call.speaks(id, 300).calls(id, 'call_1').done(id);
  call.session.interrupt('speech');
  call.report('response-1', 'interrupted', 100);
  call.session.onToolResult({ id: 'call_1', output: 'late', reply: true });
  expect(call.items()).toEqual(['function_call_output: "late"']);
  expect(call.service.types().at(-1)).toBe('response.create');
});

test('a result and a turn at the same time get one answer', () => {
  const { call, id } = asking();
  call.calls(id, 'call_1').done(id);
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_2', audio_start_ms: 1_500 });
  call.session.onToolResult({ id: 'call_1', output: {}, reply: true });
  expect(call.service.ofType('response.create')).toHaveLength(1);
  call.service.say('input_audio_buffer.speech_stopped', { item_id: 'item_2', audio_end_ms: 1_500 });
  call.service.say('input_audio_buffer.committed', { item_id: 'item_2' });
  call.response(300);
  expect(call.service.ofType('response.create')).toHaveLength(2);
});

test('a model that must call a tool may speak about the result', () => {
  const { call, id } = asking({ toolChoice: 'required' });
  call.calls(id, 'call_1').done(id);
  call.session.onToolResult({ id: 'call_1', output: {}, reply: true });
  expect(call.lastRequest['tool_choice']).toBe('auto');
});

test('arguments that are no object go back to the model instead of to the host', async () => {
  const { call, id } = asking();
  call.calls(id, 'call_1', '{"order":').done(id);
  expect(await call.of('tool-call')).toEqual([]);
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_PROTOCOL']);
  expect(call.items()).toEqual(['function_call_output: {"error":"the arguments were no JSON object"}']);
  expect(call.service.ofType('response.create')).toHaveLength(2);
});

test('results of calls that nobody made are ignored, and so is a second result', () => {
  const { call, id } = asking();
  call.calls(id, 'call_1').done(id);
  call.session.onToolResult({ id: 'call_9', output: {}, reply: true });
  call.session.onToolResult({ id: 'call_1', output: {}, reply: false });
  call.session.onToolResult({ id: 'call_1', output: {}, reply: true });
  expect(call.items()).toHaveLength(1);
});

test('a call that comes twice is made once', async () => {
  const { call, id } = asking();
  call.calls(id, 'call_1').calls(id, 'call_1');
  expect(await call.of('tool-call')).toHaveLength(1);
});

test('a tool whose name the service refuses is left out, with a warning', async () => {
  const call = new TestCall({}, { tools: [{ name: 'look up!', description: '', parameters: {} }] });
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_CONFIG']);
});

test('results are JSON, bounded, whatever they are', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  expect(toolOutput({ output: undefined })).toBe('null');
  expect(toolOutput({ output: circle })).toContain('cannot be written');
  expect(toolOutput({ output: 10n })).toContain('cannot be written');
  const long = toolOutput({ output: 'x'.repeat(200_000) });
  expect(long.length).toBeLessThan(64_001);
  expect(JSON.parse(long)).toMatchObject({ truncated: true });
});

test('a call that is cut short, which nobody will answer, goes from the memory of the service, speech or none', () => {
  const { call, id } = asking();
  const item = { id: 'item_cut', type: 'function_call', status: 'incomplete', call_id: 'call_1', name: 'look_up' };
  call.service.say('response.output_item.done', { response_id: id, item: { ...item, arguments: '{"or' } });
  call.done(id, 'incomplete');
  expect(call.service.sent.at(-1)).toEqual({ type: 'conversation.item.delete', item_id: 'item_cut' });
});
