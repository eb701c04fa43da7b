import { expect, test } from 'vitest';
import { objectIn, textIn } from '../../../flavors/openai-realtime/protocol/json.js';
import { type ConversationItem, FlavorError } from '../../../src/flavor-api/index.js';
import { TestCall } from './call.js';

/** What the host has of the dialogue; it grows during a call. */
function talking(config: Readonly<Record<string, unknown>> = {}): {
  readonly call: TestCall;
  readonly history: ConversationItem[];
} {
  const history: ConversationItem[] = [];
  return { call: new TestCall({ transcription: { language: 'en' }, ...config }, { history }).start(), history };
}

/** The connection is lost, and another is there. */
async function lose(call: TestCall): Promise<void> {
  call.service.lose();
  await call.settle();
  call.clock.advance(0);
  await call.settle();
}

test('a lost connection is replaced at once, with a warning, and the dialogue told to the new one', async () => {
  const { call, history } = talking();
  call.turn('item_1').transcript('item_1', 'On Friday.');
  history.push({ role: 'caller', turnId: 'turn-1', text: 'On Friday.' });
  call.response(300, 'At three?');
  call.report('response-1', 'finished', 300, 'At three?');
  history.push({
    role: 'agent',
    responseId: 'response-1',
    text: 'At three?',
    heardText: 'At three?',
    interrupted: false,
  });
  await lose(call);
  expect(call.connections).toHaveLength(2);
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_NETWORK']);
  expect(call.items()).toEqual(['user: On Friday.', 'assistant: At three?']);
  expect(call.service.ofType('response.create')).toEqual([]);
  call.write(2_000).turn('item_2');
  expect(call.service.types().at(-1)).toBe('response.create');
});

test('what goes on with an answer on instructions of the host knows of them', async () => {
  const { call } = talking({ instructions: 'Be brief.' });
  call.session.speak({ instructions: 'Say goodbye, then report.' });
  call.speaks(call.created(), 400, 'Good');
  await lose(call);
  expect(call.asked()[0]).toMatch(/^Be brief\.\n\nSay goodbye, then report\.\n\nYour last message was cut off/u);
});

test('an answer that was owed is asked for again when the words are written down', async () => {
  const { call, history } = talking();
  call.turn('item_1').transcript('item_1', 'On Friday.');
  history.push({ role: 'caller', turnId: 'turn-1', text: 'On Friday.' });
  await lose(call);
  expect(call.service.types()).toEqual(['conversation.item.create', 'response.create']);
});

test('words that nobody has written down are heard again, and answered then', async () => {
  const { call } = talking();
  call.write(3_000).turn('item_1');
  await lose(call);
  expect(call.service.types()).toEqual([]);
  // From the padding before the first sound on.
  expect(call.service.audio.length / 8).toBe(1_800);
  expect(call.service.audio[300 * 8]).toBe(0x11);
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_b', audio_start_ms: 0 });
  call.service.say('input_audio_buffer.speech_stopped', { item_id: 'item_b', audio_end_ms: 1_800 });
  call.service.say('input_audio_buffer.committed', { item_id: 'item_b' });
  expect(call.service.types()).toEqual(['response.create']);
});

test('a cough that was rejected before the loss is rejected when it is heard again', async () => {
  const { call } = talking();
  call.write(1_000);
  call.session.onVoice({ type: 'started', positionMs: 1_000 });
  call.session.onOnset('rejected', 1_000);
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_1', audio_start_ms: 700 });
  call.write(200, 0x11);
  call.session.onVoice({ type: 'stopped', positionMs: 1_200 });
  await lose(call);
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_b', audio_start_ms: 0 });
  call.write(500);
  call.service.say('input_audio_buffer.speech_stopped', { item_id: 'item_b', audio_end_ms: 1_000 });
  call.service.say('input_audio_buffer.committed', { item_id: 'item_b' });
  expect(call.service.types()).toEqual(['conversation.item.delete']);
});

test('what the caller says while there is no connection is not lost', async () => {
  const { call } = talking();
  call.write(1_000);
  call.reachable = false;
  call.service.lose();
  await call.settle();
  call.write(4_000, 0x11);
  call.reachable = true;
  for (let step = 0; step < 40; step += 1) {
    call.clock.advance(100);
    await call.settle();
  }
  // What is collected for a message is not lost either.
  call.write(40);
  await call.settle();
  expect(call.connections).toHaveLength(2);
  expect(call.service.audio.filter((byte) => byte === 0x11).length / 8).toBe(4_000);
});

test('of an answer that was half out only the rest is asked for, and the model told what was heard', async () => {
  const { call } = talking();
  call.turn('item_1').transcript('item_1', 'What does it include?');
  const id = call.created();
  // 2 s of speech: about thirty characters.
  call.speaks(id, 2_000, 'First we wash your hair and then we cut it as you like it.');
  await lose(call);
  expect(await call.of('audio-done')).toEqual([]);
  expect(call.items()).toEqual(['assistant: First we wash your hair and']);
  expect(call.asked()).toHaveLength(1);
  expect(call.asked()[0]).toContain('cut off');
  call.response(1_000, 'then we cut it as you like it.');
  expect((await call.of('audio-done')).map(({ responseId }) => responseId)).toEqual(['response-1', 'response-2']);
  expect(await call.spokenMs()).toEqual({ 'response-1': 2_000, 'response-2': 1_000 });
});

test('an answer that is still being heard is told to the new connection, and corrected when it is interrupted', async () => {
  const { call } = talking();
  call.turn('item_1').transcript('item_1', 'What does it include?').response(4_000, 'First we wash your hair.');
  call.report('response-1', 'started');
  await lose(call);
  expect(call.items()).toEqual(['assistant: First we wash your hair.']);
  const from = call.service.sent.length;
  call.session.interrupt('speech');
  call.report('response-1', 'interrupted', 900, 'First we');
  const [told] = call.service.ofType('conversation.item.create');
  const itemId = textIn(objectIn(told ?? {}, 'item'), 'id');
  expect(call.service.sent.slice(from)).toMatchObject([
    { type: 'conversation.item.create', previous_item_id: itemId, item: { content: [{ text: 'First we' }] } },
    { type: 'conversation.item.delete', item_id: itemId },
  ]);
});

test('a greeting that is ready and was not heard survives the loss of its connection', async () => {
  const call = new TestCall({ greeting: 'Welcome.' });
  call.response(600, 'Welcome.');
  await lose(call);
  expect(call.service.ofType('response.create')).toEqual([]);
  call.start();
  expect(await call.spokenMs()).toEqual({ 'response-1': 600 });
});

test('a greeting that was half made is made again, and heard once', async () => {
  const call = new TestCall({ greeting: 'Welcome.' });
  call.speaks(call.created(), 200, 'Wel');
  await lose(call);
  call.response(600, 'Welcome.');
  call.start();
  expect(Object.values(await call.spokenMs())).toEqual([600]);
});

test('a result whose call the new connection does not know goes with its call', async () => {
  const { call } = talking();
  call.turn('item_1').transcript('item_1', 'My order?');
  const id = call.created();
  call.calls(id, 'call_1', '{"order":7}').done(id);
  await lose(call);
  call.session.onToolResult({ id: 'call_1', output: 'sent', reply: true });
  expect(call.items()).toEqual(['function_call: {"order":7}', 'function_call_output: "sent"']);
  expect(call.service.types().at(-1)).toBe('response.create');
});

test('a result that came while there was no connection is told once', async () => {
  const { call, history } = talking();
  call.turn('item_1').transcript('item_1', 'My order?');
  const id = call.created();
  call.calls(id, 'call_1', '{"order":7}').done(id);
  call.service.lose();
  history.push({ role: 'tool', id: 'call_1', name: 'look_up', arguments: { order: 7 }, output: 'sent' });
  call.session.onToolResult({ id: 'call_1', output: 'sent', reply: true });
  call.clock.advance(0);
  await call.settle();
  expect(call.items()).toEqual(['function_call: {"order":7}', 'function_call_output: "sent"']);
  expect(call.service.types().at(-1)).toBe('response.create');
});

test('a response that called a tool is not made again for a lost connection: the tool would run twice', async () => {
  const { call } = talking();
  call.turn('item_1').transcript('item_1', 'My order?');
  call.calls(call.created(), 'call_1');
  await lose(call);
  expect(call.service.ofType('response.create')).toEqual([]);
  call.session.onToolResult({ id: 'call_1', output: 'sent', reply: true });
  expect(call.service.ofType('response.create')).toHaveLength(1);
});

test('keys and context that came while there was no connection reach the new one', async () => {
  const { call } = talking();
  await call.session.update({ context: 'The caller is a member.' });
  call.service.lose();
  call.session.onDtmf('7#');
  call.clock.advance(0);
  await call.settle();
  expect(call.items()).toEqual(['system: The caller is a member.', 'user: I pressed these keys on my phone: 7#']);
  expect(call.service.types().at(-1)).toBe('response.create');
});

test('of context and keys without end, another connection is told the latest fifty, and the first hundred', async () => {
  const { call } = talking();
  for (let word = 0; word < 60; word += 1) await call.session.update({ context: `Context ${word}.` });
  call.service.lose();
  for (let key = 0; key < 105; key += 1) call.session.onDtmf(`${key}#`);
  call.clock.advance(0);
  await call.settle();
  expect(call.items()).toEqual([
    ...Array.from({ length: 50 }, (_, at) => `system: Context ${at + 10}.`),
    ...Array.from({ length: 100 }, (_, key) => `user: I pressed these keys on my phone: ${key}#`),
  ]);
});

test('another connection begins with the instructions and tools of the moment', async () => {
  const { call } = talking();
  await call.session.update({ instructions: 'Be thorough.', tools: [{ name: 'a', description: '', parameters: {} }] });
  await lose(call);
  expect(call.setups.at(-1)).toMatchObject({ instructions: 'Be thorough.', tools: [{ name: 'a' }] });
});

test('settings that change while another connection is told the old ones reach it', async () => {
  const { call } = talking();
  let connected = (): void => undefined;
  call.connecting = new Promise((resolve) => {
    connected = resolve;
  });
  await lose(call);
  await call.session.update({ instructions: 'Be thorough.' });
  connected();
  await call.settle();
  expect(call.setups.map(({ instructions }) => instructions)).toEqual([expect.any(String), 'Be thorough.']);
});

test('settings that the service refused are not tried on another connection', async () => {
  const { call } = talking();
  call.service.onUpdate = () => Promise.reject(new Error('no'));
  await expect(call.session.update({ instructions: 'Too long.' })).rejects.toThrow('no');
  await lose(call);
  expect(call.setups.at(-1)?.instructions).not.toBe('Too long.');
});

test('settings that change while the connection is lost are no failure', async () => {
  const { call } = talking();
  call.service.onUpdate = () => {
    call.service.lose();
    return Promise.reject(new Error('lost'));
  };
  await call.session.update({ instructions: 'Be thorough.' });
  call.clock.advance(0);
  await call.settle();
  expect(call.setups.at(-1)?.instructions).toBe('Be thorough.');
});

test('after so many attempts in vain the session ends as failed, and may be tried elsewhere', async () => {
  const { call } = talking({ reconnect: { attempts: 3, firstDelayMs: 200, maxDelayMs: 1_000 } });
  call.reachable = false;
  call.service.lose();
  for (let step = 0; step < 50; step += 1) {
    await call.settle();
    call.clock.advance(20);
  }
  expect(call.setups).toHaveLength(3);
  expect(await call.of('end')).toMatchObject([{ reason: 'failed', error: { retryable: true } }]);
  expect(call.clock.pendingTimers).toBe(0);
});

test('a refused key is not tried again', async () => {
  const { call } = talking();
  call.refusal = new FlavorError('ERR_FLAVOR_AUTH', 'no such key', false);
  call.service.lose();
  for (let step = 0; step < 50; step += 1) {
    await call.settle();
    call.clock.advance(100);
  }
  expect(call.setups).toHaveLength(1);
  expect(await call.of('end')).toMatchObject([{ reason: 'failed', error: { code: 'ERR_FLAVOR_AUTH' } }]);
});

test('a connection that lives long makes earlier losses forgotten, one that does not adds to them', async () => {
  const { call } = talking({ reconnect: { attempts: 2, firstDelayMs: 0, maxDelayMs: 0 } });
  await lose(call);
  call.clock.advance(30_000);
  await lose(call);
  await lose(call);
  expect(await call.of('end')).toEqual([]);
  await lose(call);
  expect(await call.of('end')).toHaveLength(1);
});

test('a session that reached its longest duration goes on with another', async () => {
  const { call } = talking();
  call.service.say('error', { error: { type: 'invalid_request_error', code: 'session_expired' } });
  await call.settle();
  call.clock.advance(0);
  await call.settle();
  expect(call.connections).toHaveLength(2);
  expect(call.connections[0]?.closed).toBe(true);
});

test('with transcription off, words are heard again until their answer is heard', async () => {
  const { call } = talking({ transcription: 'off', reconnect: { firstDelayMs: 0 } });
  call.write(1_000).turn('item_1');
  await lose(call);
  expect(call.service.audio.length / 8).toBe(1_800);
  call.write(3_000).turn('item_2').response(300);
  call.report('response-2', 'finished', 300);
  await lose(call);
  expect(call.connections).toHaveLength(3);
  expect(call.service.audio.length / 8).toBeLessThanOrEqual(500);
});
