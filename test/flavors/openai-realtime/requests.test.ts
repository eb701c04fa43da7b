import { expect, test } from 'vitest';
import { objectIn } from '../../../flavors/openai-realtime/protocol/json.js';
import { TestCall } from './call.js';

test('one response is made at a time, in the order in which they were asked for', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  call.session.speak({ text: 'Please hold the line.' });
  call.session.speak({ instructions: 'Ask for the name.' });
  expect(call.service.ofType('response.create')).toHaveLength(1);
  call.response(300);
  expect(call.asked().at(-1)).toContain('"Please hold the line."');
  call.response(300);
  expect(call.asked().at(-1)).toContain('Ask for the name.');
  call.response(300);
  expect(call.service.ofType('response.create')).toHaveLength(3);
});

test('exact words are asked for outside the dialogue and without tools, instructions within both', () => {
  const call = new TestCall({ instructions: 'Be brief.' }).start();
  call.session.speak({ text: 'He said "no".' });
  expect(call.lastRequest).toMatchObject({ input: [], tool_choice: 'none' });
  expect(call.asked().at(-1)).toContain(JSON.stringify('He said "no".'));
  call.response(100);
  call.session.speak({ instructions: 'Ask for the name.' });
  expect(call.lastRequest).toEqual({
    metadata: { request: 'request-2' },
    instructions: 'Be brief.\n\nAsk for the name.',
  });
});

test('the greeting is made while the phone rings, and heard when the call is answered', async () => {
  const call = new TestCall({ greeting: 'Welcome.' });
  call.response(600, 'Welcome.');
  await call.settle();
  expect(call.events).toEqual([]);
  call.start();
  await call.settle();
  expect(call.events.map(({ type }) => type)).toEqual(['text', 'audio', 'transcript', 'audio-done']);
});

test('a greeting that comes in pieces before and after the answer is whole', async () => {
  const call = new TestCall({ greeting: 'Welcome.' });
  const id = call.created();
  call.speaks(id, 600).start();
  call.speaks(id, 400).done(id);
  expect(await call.spokenMs()).toEqual({ 'response-1': 1_000 });
});

test('with greetEarly off nothing is made for a caller who may give up', () => {
  const call = new TestCall({ greeting: 'Welcome.', greetEarly: false });
  expect(call.service.types()).toEqual([]);
  call.start();
  expect(call.asked()).toHaveLength(1);
});

test('the greeting of the call goes before that of the configuration, and an empty one is none', () => {
  expect(new TestCall({ greeting: 'Welcome.' }, { greeting: 'Good day.' }).asked()[0]).toContain('"Good day."');
  expect(new TestCall({ greeting: 'Welcome.' }, { greeting: '' }).start().asked()).toEqual([]);
});

test('templates in the greeting of the configuration are filled in, those of the call are as they are', () => {
  const render = (text: string): string => text.replace('{{shop}}', 'London');
  expect(new TestCall({ greeting: 'This is {{shop}}.' }, { render }).asked()[0]).toContain('This is London.');
});

test('nothing else is asked for before the call is answered', () => {
  const call = new TestCall();
  call.turn('item_1');
  expect(call.service.types()).toEqual([]);
  call.start();
  expect(call.service.types()).toEqual(['response.create']);
});

test('keys pressed in quick succession go to the model together, and are answered', () => {
  const call = new TestCall({ digitPauseMs: 1_000 }).start();
  for (const digit of '123') {
    call.session.onDtmf(digit);
    call.clock.advance(900);
  }
  expect(call.service.types()).toEqual([]);
  call.clock.advance(100);
  expect(call.items()).toEqual(['user: I pressed these keys on my phone: 123']);
  expect(call.service.types()).toEqual(['conversation.item.create', 'response.create']);
});

test('a hash ends a number at once', () => {
  const call = new TestCall().start();
  call.session.onDtmf('4');
  call.session.onDtmf('2');
  call.session.onDtmf('#');
  expect(call.items()).toEqual(['user: I pressed these keys on my phone: 42#']);
});

test('words before a number and the number get one answer', () => {
  const call = new TestCall({ digitPauseMs: 1_000 }).start();
  call.turn('item_1');
  const id = call.created();
  call.session.onDtmf('7');
  call.session.onDtmf('#');
  call.done(id, 'cancelled');
  expect(call.service.types()).toEqual([
    'response.create',
    'conversation.item.create',
    'response.cancel',
    'response.create',
  ]);
});

test('words aside run beside the conversation, without tools, and are heard', async () => {
  const call = new TestCall().start();
  call.session.speak({ text: 'One moment.', aside: true });
  expect(call.lastRequest).toMatchObject({
    conversation: 'none',
    tool_choice: 'none',
    metadata: { request: 'aside-1' },
  });
  call.response(500, 'One moment.');
  expect(await call.spokenMs()).toEqual({ 'response-1': 500 });
});

test('words aside are dropped when the answer is there before their first sound', async () => {
  const call = new TestCall().start();
  call.session.speak({ text: 'One moment.', aside: true });
  const aside = call.created();
  call.turn('item_1');
  const answer = call.created();
  call.speaks(answer, 300);
  expect(call.service.sent.at(-1)).toEqual({ type: 'response.cancel', response_id: aside });
  call.speaks(aside, 500).done(aside, 'cancelled');
  expect(Object.values(await call.spokenMs())).toEqual([300]);
});

test('words aside that are dropped before they begin are cancelled when they do', async () => {
  const call = new TestCall().start();
  call.session.speak({ text: 'One moment.', aside: true });
  call.turn('item_1');
  call.speaks(call.created(), 300);
  call.service.say('response.created', { response: { id: 'resp_late', metadata: { request: 'aside-1' } } });
  expect(call.service.sent.at(-1)).toEqual({ type: 'response.cancel', response_id: 'resp_late' });
});

test('words aside are not said while the agent is being heard', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  call.speaks(call.created(), 300);
  call.session.speak({ text: 'One moment.', aside: true });
  expect(call.service.ofType('response.create')).toHaveLength(1);
});

test('words aside that are interrupted leave the memory of the service alone', () => {
  const call = new TestCall().start();
  call.session.speak({ text: 'One moment.', aside: true });
  call.response(500, 'One moment.');
  call.session.interrupt('speech');
  call.report('response-1', 'interrupted', 200);
  expect(call.service.types()).toEqual(['response.create']);
});

test('a refusal of words aside is nobody’s trouble', async () => {
  const call = new TestCall().start();
  call.session.speak({ text: 'One moment.', aside: true });
  call.service.say('error', { error: { type: 'invalid_request_error', code: 'invalid_value', event_id: 'aside-1' } });
  expect(await call.warnings()).toEqual([]);
  call.session.speak({ text: 'One moment.', aside: true });
  expect(call.service.ofType('response.create')).toHaveLength(2);
});

test('words aside that never begin are given up, and others are asked for', async () => {
  const call = new TestCall({ responseTimeoutMs: 2_000 }).start();
  call.session.speak({ text: 'One moment.', aside: true });
  // A refusal that does not say of what.
  call.service.say('error', { error: { type: 'invalid_request_error', code: 'invalid_value' } });
  call.clock.advance(1_999);
  call.session.speak({ text: 'Nearly there.', aside: true });
  expect(call.service.ofType('response.create')).toHaveLength(1);
  call.clock.advance(1);
  call.session.speak({ text: 'Nearly there.', aside: true });
  expect(call.service.ofType('response.create')).toHaveLength(2);
  call.controller.abort();
  expect(call.clock.pendingTimers).toBe(0);
});

test('a request that meets a response of the service’s own is made again a little later', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const error = { type: 'invalid_request_error', code: 'conversation_already_has_active_response' };
  call.service.say('error', { error: { ...error, event_id: 'request-1' } });
  expect(call.service.ofType('response.create')).toHaveLength(1);
  call.clock.advance(250);
  expect(call.service.ofType('response.create')).toHaveLength(2);
});

test('an endless answer is cut off, with a warning', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  for (let minute = 0; minute < 6; minute += 1) call.speaks(id, 60_000);
  expect(call.service.sent.at(-1)).toEqual({ type: 'response.cancel', response_id: id });
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_PROTOCOL']);
  expect(Object.values(await call.spokenMs())[0]).toBeLessThanOrEqual(360_000);
  expect(await call.of('audio-done')).toHaveLength(1);
});

test('audio that comes twice is heard once, by its event or by its sound; silence may repeat itself', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  const say = (eventId: string, sound: Buffer): void => {
    const delta = sound.toString('base64');
    const members = { event_id: eventId, response_id: id, item_id: 'item_a', delta };
    call.service.say('response.output_audio.delta', members);
  };
  const speech = Buffer.from(Array.from({ length: 800 }, (_, index) => (index * 7) % 256));
  say('event_1', speech);
  say('event_2', speech);
  say('event_3', Buffer.alloc(800, 0xff));
  say('event_4', Buffer.alloc(800, 0xff));
  say('event_4', Buffer.alloc(800, 0xff));
  say('event_5', speech);
  expect(await call.spokenMs()).toEqual({ 'response-1': 400 });
});

test('audio of a response that was never begun is not heard, and noticed once', async () => {
  const call = new TestCall().start();
  call.write(100).speaks('resp_unknown', 300).speaks('resp_unknown', 300);
  expect(await call.spokenMs()).toEqual({});
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_PROTOCOL']);
});

test('long audio goes out in chunks of a second, and linear samples are never cut in two', async () => {
  const pcm16 = { encoding: 'pcm16', sampleRate: 24000 } as const;
  const call = new TestCall({}, { output: pcm16 }).start();
  call.turn('item_1');
  const id = call.created();
  const say = (bytes: number): void => {
    const delta = Buffer.alloc(bytes, 7).toString('base64');
    call.service.say('response.output_audio.delta', { response_id: id, item_id: 'item_a', delta });
  };
  say(48_001);
  say(3);
  expect((await call.of('audio')).map(({ data }) => data.length)).toEqual([48_000, 4]);
});

test('settings change in mid-call, with the tools or without', async () => {
  const call = new TestCall({ instructions: 'Be brief.' }, { tools: [{ name: 'a', description: '', parameters: {} }] });
  call.start();
  await call.session.update({ instructions: 'Be thorough.', context: 'The caller is a member.' });
  const [item, update] = call.service.sent;
  expect(call.items()).toEqual(['system: The caller is a member.']);
  expect(item?.['type']).toBe('conversation.item.create');
  expect(update).toMatchObject({ type: 'session.update', session: { type: 'realtime', instructions: 'Be thorough.' } });
  expect(objectIn(update ?? {}, 'session')['tools']).toHaveLength(1);
  await call.session.update({ tools: [] });
  expect(objectIn(call.service.sent.at(-1) ?? {}, 'session')).toMatchObject({
    instructions: 'Be thorough.',
    tools: [],
  });
});

test('settings that the service refuses are refused', async () => {
  const call = new TestCall().start();
  call.service.onUpdate = () => Promise.reject(new Error('no'));
  await expect(call.session.update({ instructions: 'x' })).rejects.toThrow('no');
});

test('after the end nothing can be changed, said or heard, and nothing throws', async () => {
  const call = new TestCall().start();
  call.controller.abort();
  await expect(call.session.update({ instructions: 'x' })).rejects.toMatchObject({ code: 'ERR_FLAVOR_NETWORK' });
  const { session } = call;
  session.speak({ text: 'x' });
  session.interrupt('api');
  session.onDtmf('1');
  session.endTurn();
  call.write(100);
  expect(await call.of('end')).toEqual([{ type: 'end', reason: 'aborted' }]);
  expect(call.service.closed).toBe(true);
  expect(call.clock.pendingTimers).toBe(0);
});

test('the call is answered when the first sound of the greeting is there', async () => {
  const call = new TestCall({ greeting: 'Welcome.' });
  let answered = false;
  void call.session.greeted.then(() => {
    answered = true;
  });
  const id = call.created();
  await call.settle();
  expect(answered).toBe(false);
  call.speaks(id, 100);
  await call.settle();
  expect(answered).toBe(true);
});

test.each([
  ['when it takes too long', (call: TestCall) => call.clock.advance(1_500)],
  ['when the session fails', (call: TestCall) => call.service.say('error', { error: { code: 'invalid_api_key' } })],
  ['when the caller gives up', (call: TestCall) => call.controller.abort()],
])('the greeting is not waited for %s', async (_what, happen) => {
  const call = new TestCall({ greeting: 'Welcome.' });
  happen(call);
  await call.session.greeted;
});

test('where there is no greeting, or none to be made early, the call is answered at once', async () => {
  await new TestCall({ greeting: '' }).session.greeted;
  await new TestCall({ greeting: 'Welcome.', greetEarly: false }).session.greeted;
});

test('a piece of speech without a sound in it is nothing, and what follows is heard', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 0).speaks(id, 300).done(id);
  expect(Object.values(await call.spokenMs())).toEqual([300]);
});
