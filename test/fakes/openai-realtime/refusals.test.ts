import { expect, test } from 'vitest';
import { FakeClock } from '../../support/fake-clock.js';
import { type Mind, toneVoice } from './index.js';
import { type JsonObject, memberAt } from './json-value.js';
import { phoneSession, type RawClient } from './raw-client.js';
import { callerLine, useScene } from './scene.js';

const { start, connect } = useScene();

/** What the fake says to `event`; it must be an error that names the event. */
async function refusedFor(client: RawClient, event: JsonObject): Promise<JsonObject> {
  client.send({ event_id: 'mine', ...event });
  const error = await client.nextError();
  expect(error['event_id']).toBe('mine');
  return error;
}

const update = (session: JsonObject): JsonObject => ({ type: 'session.update', session });
const realtime = (session: JsonObject): JsonObject => update({ type: 'realtime', ...session });
const input = (given: JsonObject): JsonObject => realtime({ audio: { input: given } });
const say = (text: string): JsonObject => ({
  type: 'response.create',
  response: { instructions: `Say exactly: "${text}"` },
});

/** `[what, event, code, param]`; the messages are those of the service where they are known. */
const configurations: readonly (readonly [string, JsonObject, string, string])[] = [
  ['no type', update({ instructions: 'x' }), 'missing_required_parameter', 'session.type'],
  [
    "the beta's audio format",
    realtime({ input_audio_format: 'g711_ulaw' }),
    'unknown_parameter',
    'session.input_audio_format',
  ],
  ["the beta's modalities", realtime({ modalities: ['audio', 'text'] }), 'unknown_parameter', 'session.modalities'],
  ["the beta's voice", realtime({ voice: 'marin' }), 'unknown_parameter', 'session.voice'],
  ["the beta's turn detection", realtime({ turn_detection: null }), 'unknown_parameter', 'session.turn_detection'],
  [
    'reasoning of a model that has none',
    realtime({ reasoning: { effort: 'low' } }),
    'unsupported_parameter',
    'session.reasoning',
  ],
  ['a temperature', realtime({ temperature: 0.8 }), 'unknown_parameter', 'session.temperature'],
  ['both modalities', realtime({ output_modalities: ['audio', 'text'] }), 'invalid_value', 'session.output_modalities'],
  ['an unknown modality', realtime({ output_modalities: ['smell'] }), 'invalid_value', 'session.output_modalities[0]'],
  ['a format that is text', input({ format: 'pcm16' }), 'invalid_type', 'session.audio.input.format'],
  ['an unknown format', input({ format: { type: 'g711_ulaw' } }), 'invalid_value', 'session.audio.input.format.type'],
  [
    'PCM without a rate',
    input({ format: { type: 'audio/pcm' } }),
    'missing_required_parameter',
    'session.audio.input.format.rate',
  ],
  [
    'PCM at 16 kHz',
    input({ format: { type: 'audio/pcm', rate: 16_000 } }),
    'integer_below_min_value',
    'session.audio.input.format.rate',
  ],
  [
    'a threshold above 1',
    input({ turn_detection: { type: 'server_vad', threshold: 1.5 } }),
    'decimal_above_max_value',
    'session.audio.input.turn_detection.threshold',
  ],
  [
    'eagerness of server VAD',
    input({ turn_detection: { type: 'server_vad', eagerness: 'low' } }),
    'unknown_parameter',
    'session.audio.input.turn_detection.eagerness',
  ],
  [
    'an unknown voice',
    realtime({ audio: { output: { voice: 'nobody' } } }),
    'invalid_value',
    'session.audio.output.voice',
  ],
  [
    'a speed above 1.5',
    realtime({ audio: { output: { speed: 2 } } }),
    'integer_above_max_value',
    'session.audio.output.speed',
  ],
  ['no tokens at all', realtime({ max_output_tokens: 0 }), 'integer_below_min_value', 'session.max_output_tokens'],
  [
    'a nested function',
    realtime({ tools: [{ type: 'function', name: 'f', function: {} }] }),
    'unknown_parameter',
    'session.tools[0].function',
  ],
  [
    'a function without a name',
    realtime({ tools: [{ type: 'function' }] }),
    'missing_required_parameter',
    'session.tools[0].name',
  ],
  ['another model', realtime({ model: 'gpt-realtime-mini' }), 'invalid_value', 'session.model'],
  ['a transcription session', update({ type: 'transcription' }), 'invalid_parameter', 'session.type'],
];

test.each(configurations)(
  'a session with %s is refused, and nothing of it holds',
  async (_what, event, code, param) => {
    const client = await connect(await start());
    const refused = await refusedFor(client, event);
    expect(refused).toMatchObject({ type: 'invalid_request_error', code, param });
    expect(client.types()).toEqual(['session.created', 'session.updated', 'error']);
  },
);

const message = (content: readonly JsonObject[], role = 'user'): JsonObject => ({
  type: 'conversation.item.create',
  item: { type: 'message', role, content },
});

const events: readonly (readonly [string, JsonObject, string | null, string | null])[] = [
  ['an unknown event', { type: 'session.close_please' }, 'invalid_value', 'type'],
  ['no type', {}, 'missing_required_parameter', 'type'],
  ['an unknown member', { type: 'input_audio_buffer.clear', now: true }, 'unknown_parameter', 'now'],
  ['audio that is not base64', { type: 'input_audio_buffer.append', audio: '///!' }, 'invalid_value', 'audio'],
  ['audio of half a base64 group', { type: 'input_audio_buffer.append', audio: 'AAAAA' }, 'invalid_value', 'audio'],
  ['no audio', { type: 'input_audio_buffer.append' }, 'missing_required_parameter', 'audio'],
  ['a commit of nothing', { type: 'input_audio_buffer.commit' }, 'input_audio_buffer_commit_empty', null],
  ['a cancel with nothing to cancel', { type: 'response.cancel' }, 'response_cancel_not_active', null],
  [
    'a cancel of another response',
    { type: 'response.cancel', response_id: 'resp_x' },
    'response_cancel_not_active',
    null,
  ],
  [
    'a result of no call',
    { type: 'conversation.item.create', item: { type: 'function_call_output', call_id: 'call_x', output: '' } },
    'invalid_tool_call_id',
    'item.call_id',
  ],
  [
    "assistant text of the beta's type",
    message([{ type: 'text', text: 'x' }], 'assistant'),
    'invalid_value',
    'item.content[0].type',
  ],
  [
    'assistant audio',
    message([{ type: 'output_audio', transcript: 'x' }], 'assistant'),
    'invalid_value',
    'item.content[0].type',
  ],
  [
    'an item after one that is not there',
    { ...message([{ type: 'input_text', text: 'x' }]), previous_item_id: 'item_x' },
    'item_not_found',
    'previous_item_id',
  ],
  [
    'a truncation of an unknown item',
    { type: 'conversation.item.truncate', item_id: 'item_x', content_index: 0, audio_end_ms: 0 },
    'item_truncate_invalid_item_id',
    'item_id',
  ],
  [
    'a truncation at a fraction',
    { type: 'conversation.item.truncate', item_id: 'item_x', content_index: 0, audio_end_ms: 1.5 },
    'invalid_type',
    'audio_end_ms',
  ],
  [
    'the deletion of an unknown item',
    { type: 'conversation.item.delete', item_id: 'item_x' },
    'item_delete_invalid_item_id',
    'item_id',
  ],
  [
    "the beta's modalities of a response",
    { type: 'response.create', response: { modalities: ['text'] } },
    'unknown_parameter',
    'response.modalities',
  ],
];

test.each(events)('%s is refused', async (_what, event, code, param) => {
  const client = await connect(await start());
  expect(await refusedFor(client, event)).toMatchObject({ type: 'invalid_request_error', code, param });
});

test('a commit of less than 100 ms is refused with what there was', async () => {
  const client = await connect(await start());
  client.append(new Int16Array(400), 8000);
  expect(await refusedFor(client, { type: 'input_audio_buffer.commit' })).toMatchObject({
    code: 'input_audio_buffer_commit_empty',
    message: expect.stringContaining('Expected at least 100ms of audio, but buffer only has 50.00ms of audio.'),
  });
});

test('odd bytes of PCM are refused', async () => {
  const client = await connect(await start(), { output_modalities: ['audio'] });
  const refused = await refusedFor(client, { type: 'input_audio_buffer.append', audio: 'AAAA' });
  expect(refused).toMatchObject({ code: 'invalid_value', message: expect.stringContaining('mono PCM16 at 24kHz') });
});

test('a frame that is no JSON, and a binary one, are refused; the session goes on', async () => {
  const client = await connect(await start());
  client.socket.send('{"type":');
  expect(await client.nextError()).toMatchObject({ code: 'invalid_json' });
  client.socket.send(Buffer.from('{}'));
  expect(await client.nextError()).toMatchObject({ code: 'invalid_event' });
  client.send(say('all is well'));
  expect(await client.next('response.done')).toMatchObject({ response: { status: 'completed' } });
});

test('a second response at the same time is refused, and the first goes on', async () => {
  const client = await connect(await start({ audioRate: 20 }));
  client.send(say('one two three four'));
  const refused = await refusedFor(client, say('five'));
  const [id] = client.members('response.created', 'response', 'id');
  expect(refused).toMatchObject({
    code: 'conversation_already_has_active_response',
    message: expect.stringContaining(`in progress: ${String(id)}.`),
  });
  expect(await client.next('response.done')).toMatchObject({ response: { status: 'completed' } });
});

test('a response apart from the conversation may run beside another', async () => {
  const client = await connect(await start({ audioRate: 4 }));
  client.send(say('one two three four'));
  client.send({
    type: 'response.create',
    response: { conversation: 'none', output_modalities: ['text'], instructions: 'Say exactly: "aside"' },
  });
  expect(await client.next('response.done')).toMatchObject({ response: { conversation_id: null } });
  expect(await client.next('response.done')).toMatchObject({ response: { conversation_id: expect.any(String) } });
  expect(client.types()).not.toContain('error');
});

test('a truncation beyond the audio is refused with both lengths, and up to its end is not', async () => {
  const fake = await start();
  const client = await connect(fake);
  client.send(say('one two'));
  const done = await client.next('response.done');
  const item_id = memberAt(done, ['response', 'output', 0, 'id']);
  const audioMs = client.audioOf(memberAt(done, ['response', 'id'])).length / 8;
  const truncate = { type: 'conversation.item.truncate', item_id, content_index: 0 };
  expect(await refusedFor(client, { ...truncate, audio_end_ms: audioMs + 1 })).toMatchObject({
    code: 'invalid_value',
    message: `Audio content of ${audioMs}ms is already shorter than ${audioMs + 1}ms`,
  });
  client.send({ ...truncate, audio_end_ms: audioMs });
  await client.next('conversation.item.truncated');
  expect(fake.timeline.truncations).toMatchObject([
    { audioEndMs: audioMs + 1, audioMs, refused: true },
    { audioEndMs: audioMs, audioMs, refused: false },
  ]);
  const beside = { ...truncate, content_index: 1, audio_end_ms: 0 };
  expect(await refusedFor(client, beside)).toMatchObject({ code: 'invalid_value', param: 'content_index' });
});

test('what the caller said cannot be truncated', async () => {
  const client = await connect(await start());
  client.say(await toneVoice(callerLine));
  const { item_id } = await client.next('input_audio_buffer.committed');
  await client.next('response.done');
  const event = { type: 'conversation.item.truncate', item_id, content_index: 0, audio_end_ms: 0 };
  expect(await refusedFor(client, event)).toMatchObject({
    code: 'unsupported_content_type',
    message: 'Only model output audio messages can be truncated',
  });
});

test('what the model has not begun to say cannot be truncated', async () => {
  const clock = new FakeClock();
  const script = (): Mind => ({ guess: () => '', reply: () => ({ text: 'later', delayMs: 1000 }) });
  const client = await connect(await start({ clock, script }));
  client.send({ type: 'response.create' });
  const { item_id } = await client.next('response.content_part.added');
  const event = { type: 'conversation.item.truncate', item_id, content_index: 0, audio_end_ms: 0 };
  expect(await refusedFor(client, event)).toMatchObject({ code: 'unsupported_content_type' });
});

test('the voice is fixed once the model has spoken; naming the same one is no change', async () => {
  const client = await connect(await start());
  const voiced = (voice: string): JsonObject => realtime({ audio: { output: { voice } } });
  client.send({ ...say('apart'), response: { instructions: 'Say exactly: "apart"', conversation: 'none' } });
  await client.next('response.done');
  client.send(voiced('cedar'));
  await client.next('session.updated');
  client.send(say('hello'));
  await client.next('response.done');
  expect(await refusedFor(client, voiced('marin'))).toMatchObject({ code: 'cannot_update_voice' });
  client.send(voiced('cedar'));
  const { session } = await client.next('session.updated');
  expect(memberAt(session, ['audio', 'output', 'voice'])).toBe('cedar');
});

test('an update answers with the whole configuration, and changes what it names alone', async () => {
  const client = await connect(await start());
  client.send(realtime({ instructions: 'Be brief.', tools: [{ type: 'function', name: 'hang_up' }] }));
  await client.next('session.updated');
  client.send(input({ turn_detection: { type: 'server_vad', threshold: 0.7 } }));
  await client.next('session.updated');
  client.send(input({ turn_detection: { type: 'server_vad', silence_duration_ms: 300 } }));
  const { session } = await client.next('session.updated');
  expect(session).toMatchObject({
    type: 'realtime',
    model: 'gpt-realtime',
    instructions: 'Be brief.',
    tools: [{ type: 'function', name: 'hang_up' }],
    max_output_tokens: 'inf',
    audio: {
      input: {
        ...phoneSession.audio.input,
        noise_reduction: null,
        turn_detection: { threshold: 0.7, prefix_padding_ms: 300, silence_duration_ms: 300, create_response: true },
      },
      output: { ...phoneSession.audio.output, speed: 1 },
    },
  });
});

test.each([
  [realtime({ modalities: [] }), "Unknown parameter: 'session.modalities'."],
  [update({}), "Missing required parameter: 'session.type'."],
  [
    input({ format: 'pcm16' }),
    "Invalid type for 'session.audio.input.format': expected an object, but got a string instead.",
  ],
  [
    input({ format: { type: 'pcm' } }),
    "Invalid value: 'pcm'. Supported values are: 'audio/pcm', 'audio/pcmu', and 'audio/pcma'.",
  ],
  [
    realtime({ output_modalities: ['audio', 'text'] }),
    "Invalid modalities: ['audio', 'text']. Supported combinations are: ['text'] and ['audio'].",
  ],
  [
    realtime({ max_output_tokens: -5 }),
    "Invalid 'session.max_output_tokens': integer below minimum value. Expected a value >= 1, but got -5 instead.",
  ],
])('%j is refused in the words of the service', async (event, words) => {
  const client = await connect(await start());
  expect(await refusedFor(client, event)).toMatchObject({ message: words });
});
