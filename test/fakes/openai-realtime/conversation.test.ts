import { expect, test } from 'vitest';
import { type FakeOpenAiRealtime, scriptOf, toneVoice } from './index.js';
import { memberAt } from './json-value.js';
import { phoneSession, type RawClient } from './raw-client.js';
import { callerLine, eventually, replyLine, useScene } from './scene.js';

const { start, connect } = useScene();

const longAnswer = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen';

/** A client to which a long answer was spoken, and the id of its item. */
async function afterLongAnswer(fake: FakeOpenAiRealtime): Promise<{ client: RawClient; itemId: string }> {
  const client = await connect(fake);
  client.send({ type: 'response.create', response: { instructions: `Say exactly: "${longAnswer}"` } });
  const done = await client.next('response.done');
  return { client, itemId: String(memberAt(done, ['response', 'output', 0, 'id'])) };
}

test('a spoken turn is answered with the events of the service, in its order', async () => {
  const client = await connect(await start());
  client.say(await toneVoice(callerLine));
  const done = await client.next('response.done');
  await eventually(() => client.members('conversation.item.input_audio_transcription.completed')).toHaveLength(1);
  const order = client
    .types()
    .filter((type) => type !== 'rate_limits.updated' && !type.includes('input_audio_transcription'));
  // Audio and transcript are interleaved: told once here.
  const told = order.filter((type, at) => order.indexOf(type) === at || !type.endsWith('.delta'));
  expect(told).toEqual([
    'session.created',
    'session.updated',
    'input_audio_buffer.speech_started',
    'input_audio_buffer.speech_stopped',
    'input_audio_buffer.committed',
    'conversation.item.added',
    'conversation.item.done',
    'response.created',
    'response.output_item.added',
    'conversation.item.added',
    'response.content_part.added',
    'response.output_audio_transcript.delta',
    'response.output_audio.delta',
    'response.output_audio.done',
    'response.output_audio_transcript.done',
    'response.content_part.done',
    'response.output_item.done',
    'conversation.item.done',
    'response.done',
  ]);
  expect(client.members('response.output_audio_transcript.delta', 'delta').join('')).toBe(replyLine);
  expect(memberAt(done, ['response', 'status'])).toBe('completed');
  expect(client.members('conversation.item.input_audio_transcription.completed', 'transcript')).toEqual([callerLine]);
  expect(client.members('rate_limits.updated')).toHaveLength(1);
});

test('rate limits are told once for each response, at its beginning or after its end', async () => {
  const client = await connect(await start());
  const follows = new Set<unknown>();
  for (let i = 0; i < 12; i += 1) {
    client.send({ type: 'response.create', response: { instructions: 'Say exactly: "x"' } });
    await client.next('response.done');
  }
  await eventually(() => client.members('rate_limits.updated')).toHaveLength(12);
  const types = client.types();
  for (const [at, type] of types.entries()) if (type === 'rate_limits.updated') follows.add(types[at - 1]);
  expect(follows).toEqual(new Set(['response.created', 'response.done']));
});

test('every event has an id of its own', async () => {
  const client = await connect(await start());
  client.say(await toneVoice(callerLine));
  await client.next('response.done');
  const ids = client.events.map(({ event_id }) => event_id);
  expect(ids).not.toContain(undefined);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the item announced with the start of speech is the one that is committed and transcribed', async () => {
  const client = await connect(await start());
  client.say(await toneVoice(callerLine));
  const { item_id } = await client.next('input_audio_buffer.speech_started');
  expect(await client.next('input_audio_buffer.speech_stopped')).toMatchObject({ item_id });
  expect(await client.next('input_audio_buffer.committed')).toMatchObject({ item_id, previous_item_id: null });
  expect(await client.next('conversation.item.added')).toMatchObject({ item: { id: item_id, role: 'user' } });
  expect(await client.next('conversation.item.input_audio_transcription.completed')).toMatchObject({ item_id });
});

test('a response in an empty conversation greets', async () => {
  const fake = await start({ script: scriptOf([], { greeting: { text: 'Hello there', delayMs: 0 } }) });
  const client = await connect(fake);
  client.send({ type: 'response.create' });
  expect(await client.next('response.output_audio_transcript.done')).toMatchObject({ transcript: 'Hello there' });
});

test('what instructions want said exactly is said exactly', async () => {
  const client = await connect(await start());
  client.send({ type: 'response.create', response: { instructions: 'Say exactly: "Good \\"old\\" salon."' } });
  expect(await client.next('response.output_audio_transcript.done')).toMatchObject({ transcript: 'Good "old" salon.' });
});

test('a response apart from the conversation leaves no item in it', async () => {
  const client = await connect(await start());
  client.send({
    type: 'response.create',
    response: { conversation: 'none', output_modalities: ['text'], instructions: 'Say exactly: "aside"', input: [] },
  });
  const { response } = await client.next('response.done');
  expect(response).toMatchObject({
    conversation_id: null,
    output: [{ content: [{ type: 'output_text', text: 'aside' }] }],
  });
  expect(client.types()).not.toContain('conversation.item.added');
  client.send({ type: 'conversation.item.retrieve', item_id: memberAt(response, ['output', 0, 'id']) });
  expect(await client.nextError()).toMatchObject({ code: 'item_retrieve_invalid_item_id' });
});

test('without turn detection nothing happens until the client commits and asks', async () => {
  const client = await connect(await start(), {
    audio: { ...phoneSession.audio, input: { format: { type: 'audio/pcmu' }, turn_detection: null } },
  });
  client.say(await toneVoice(callerLine));
  client.send({ type: 'input_audio_buffer.commit' });
  const { item_id } = await client.next('input_audio_buffer.committed');
  expect(client.types()).not.toContain('input_audio_buffer.speech_started');
  client.send({ type: 'response.create' });
  await client.next('response.done');
  expect(client.members('conversation.item.added', 'item', 'id')[0]).toBe(item_id);
  expect(client.members('response.output_audio_transcript.done', 'transcript')).toEqual([replyLine]);
});

test('with create_response off a turn is committed, and answered only when asked', async () => {
  const fake = await start();
  const client = await connect(fake);
  const turn_detection = { type: 'server_vad', create_response: false, interrupt_response: false };
  client.send({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection } } } });
  await client.next('session.updated');
  client.say(await toneVoice(callerLine));
  await client.next('conversation.item.input_audio_transcription.completed');
  expect(fake.timeline.responses).toHaveLength(0);
  client.send({ type: 'response.create' });
  await client.next('response.done');
  expect(fake.timeline.responses).toMatchObject([{ turn: { heard: callerLine }, status: 'completed' }]);
});

test('a function call is sent in pieces, and its result leads to speech when a response is asked for', async () => {
  const fake = await start({
    script: scriptOf([{ reply: { delayMs: 0, toolCalls: [{ name: 'book', arguments: { day: 'Friday' } }] } }], {
      afterTools: { text: 'It is booked', delayMs: 0 },
    }),
  });
  const client = await connect(fake, { ...phoneSession, tools: [{ type: 'function', name: 'book', parameters: {} }] });
  client.say(await toneVoice(callerLine));
  const { call_id, arguments: given } = await client.next('response.function_call_arguments.done');
  expect(client.members('response.function_call_arguments.delta', 'delta').join('')).toBe('{"day":"Friday"}');
  expect(given).toBe('{"day":"Friday"}');
  expect(await client.next('response.done')).toMatchObject({
    response: { status: 'completed', output: [{ type: 'function_call', name: 'book', call_id }] },
  });
  client.send({
    type: 'conversation.item.create',
    item: { type: 'function_call_output', call_id, output: '{"ok":true}' },
  });
  await client.next('conversation.item.done');
  expect(fake.timeline.responses).toHaveLength(1);
  client.send({ type: 'response.create' });
  await client.next('response.done');
  expect(client.members('response.output_audio_transcript.done', 'transcript')).toEqual(['It is booked']);
  expect(fake.requests().at(-1)?.prompt).toContain(`result ${String(call_id)}: {"ok":true}`);
});

test('a function that was not offered is not called', async () => {
  const reply = { text: 'Bye', delayMs: 0, toolCalls: [{ name: 'hang_up', arguments: {} }] };
  const client = await connect(await start({ script: scriptOf([{ reply }]) }));
  client.say(await toneVoice(callerLine));
  expect(await client.next('response.done')).toMatchObject({ response: { output: [{ type: 'message' }] } });
});

test('a truncation removes the transcript, and the model remembers only the words before it', async () => {
  const fake = await start();
  const { client, itemId } = await afterLongAnswer(fake);
  client.send({ type: 'conversation.item.truncate', item_id: itemId, content_index: 0, audio_end_ms: 600 });
  expect(await client.next('conversation.item.truncated')).toMatchObject({ item_id: itemId, audio_end_ms: 600 });
  client.send({ type: 'conversation.item.retrieve', item_id: itemId });
  const { item } = await client.next('conversation.item.retrieved');
  expect(item).toMatchObject({ content: [{ type: 'output_audio', transcript: null }] });
  client.say(await toneVoice(callerLine));
  await client.next('response.done');
  const request = fake.requests().at(-1);
  expect(request?.prompt).toMatch(/assistant: one two three\n/);
  expect(request?.truncatedToMs).toBe(600);
});

test('a cancelled response ends with what was sent of it', async () => {
  const fake = await start({ audioRate: 1 });
  const client = await connect(fake);
  client.send({ type: 'response.create', response: { instructions: `Say exactly: "${longAnswer}"` } });
  await client.next('response.output_audio.delta');
  client.send({ type: 'response.cancel' });
  const { response } = await client.next('response.done');
  expect(response).toMatchObject({
    status: 'cancelled',
    status_details: { type: 'cancelled', reason: 'client_cancelled' },
    output: [{ status: 'incomplete' }],
  });
  const said = client.members('response.output_audio_transcript.delta', 'delta').join('');
  expect(client.members('response.output_audio_transcript.done', 'transcript')).toEqual([said]);
  expect(longAnswer.startsWith(said)).toBe(true);
  expect(said).not.toBe(longAnswer);
  expect(fake.timeline.cancellations).toMatchObject([{ reason: 'client_cancelled' }]);
});

test('speech over the model cancels what it says, and the turn is answered', async () => {
  const client = await connect(await start({ audioRate: 1 }));
  client.send({ type: 'response.create', response: { instructions: `Say exactly: "${longAnswer}"` } });
  await client.next('response.output_audio.delta');
  client.say(await toneVoice(callerLine));
  await client.next('input_audio_buffer.speech_started');
  expect(await client.next('response.done')).toMatchObject({
    response: { status: 'cancelled', status_details: { reason: 'turn_detected' } },
  });
  await client.next('response.created');
});

test('with interrupt_response off speech over the model changes nothing for it', async () => {
  const client = await connect(await start({ audioRate: 20 }));
  const turn_detection = { type: 'server_vad', create_response: false, interrupt_response: false };
  client.send({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection } } } });
  client.send({ type: 'response.create', response: { instructions: `Say exactly: "${longAnswer}"` } });
  await client.next('response.output_audio.delta');
  client.say(await toneVoice(callerLine));
  await client.next('input_audio_buffer.speech_started');
  expect(await client.next('response.done')).toMatchObject({ response: { status: 'completed' } });
});

test('a model that reasons says a message before its answer, each with words, audio and a clock of its own', async () => {
  const script = scriptOf([{ reply: { preamble: 'One moment.', text: replyLine, delayMs: 0 } }]);
  const fake = await start({ script });
  const client = await connect(fake);
  client.say(await toneVoice(callerLine));
  const done = await client.next('response.done');
  const [first, second] = [0, 1].map((at) => String(memberAt(done, ['response', 'output', at, 'id'])));
  expect(first).not.toBe(second);
  expect(client.members('response.output_audio_transcript.done', 'transcript')).toEqual(['One moment.', replyLine]);
  expect(client.members('response.output_audio.done', 'item_id')).toEqual([first, second]);
  expect(client.members('response.output_audio.done', 'output_index')).toEqual([0, 1]);
  const preambleMs = (await toneVoice('One moment.')).pcm.length / 16;
  const cut = { type: 'conversation.item.truncate', item_id: first, content_index: 0 };
  client.send({ ...cut, audio_end_ms: preambleMs + 100 });
  expect(await client.nextError()).toMatchObject({ code: 'invalid_value', param: 'audio_end_ms' });
  client.send({ ...cut, audio_end_ms: preambleMs - 100 });
  expect(await client.next('conversation.item.truncated')).toMatchObject({ item_id: first });
});

test.each([
  ['whisper-1', { type: 'duration', seconds: expect.any(Number) }],
  ['gpt-4o-mini-transcribe', { type: 'tokens', output_tokens: expect.any(Number) }],
])('what %s transcribed is told in the unit that it is billed by', async (model, usage) => {
  const client = await connect(await start());
  client.send({
    type: 'session.update',
    session: { type: 'realtime', audio: { input: { transcription: { model } } } },
  });
  client.say(await toneVoice(callerLine));
  const told = await client.next('conversation.item.input_audio_transcription.completed');
  expect(told['usage']).toMatchObject(usage);
});
