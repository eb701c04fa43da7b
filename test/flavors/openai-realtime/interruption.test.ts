import { expect, test } from 'vitest';
import { TestCall } from './call.js';

/** A call in which an answer of 4 s, complete at the service, is being played. */
function playing(): TestCall {
  const call = new TestCall().start();
  call.turn('item_1').response(4_000, 'First we wash your hair.');
  return call.report('response-1', 'started');
}

/** What was sent since `from`, each as one line. */
function sentSince(call: TestCall, from: number): readonly string[] {
  return call.service.sent.slice(from).map((event) => {
    const { type, item_id: itemId, audio_end_ms: endMs } = event;
    return [type, itemId, endMs].filter((part) => part !== undefined).join(' ');
  });
}

test('what was heard of an answer is what the service keeps of it', () => {
  const call = playing();
  const from = call.service.sent.length;
  call.session.interrupt('speech');
  call.report('response-1', 'interrupted', 1_234.7, 'First we');
  expect(sentSince(call, from)).toEqual(['conversation.item.truncate resp_1_item 1234']);
});

test('an answer of which nothing was heard is removed', () => {
  const call = playing();
  const from = call.service.sent.length;
  call.session.interrupt('speech');
  call.report('response-1', 'interrupted', 0);
  expect(sentSince(call, from)).toEqual(['conversation.item.delete resp_1_item']);
});

test('an answer that was heard to its end stays as it is', () => {
  const call = playing();
  const from = call.service.sent.length;
  call.session.interrupt('speech');
  call.report('response-1', 'finished', 4_000);
  expect(sentSince(call, from)).toEqual([]);
});

test('of several items each is cut by its own clock: heard, cut, removed', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 1_000, '', 'a').speaks(id, 1_000, '', 'b').speaks(id, 1_000, '', 'c').done(id);
  const from = call.service.sent.length;
  call.session.interrupt('speech');
  call.report('response-1', 'interrupted', 1_600);
  expect(sentSince(call, from)).toEqual(['conversation.item.truncate b 600', 'conversation.item.delete c']);
});

test('words of one item stand apart from those of the item before it, for the host and in the transcript', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 500, 'One', 'a').speaks(id, 500, ' moment.', 'a');
  call.speaks(id, 500, 'Friday', 'b').speaks(id, 500, ' is free.', 'b').done(id);
  await call.settle();
  const texts = call.events.flatMap((event) => (event.type === 'text' ? [event.text] : []));
  expect(texts.join('')).toBe('One moment. Friday is free.');
  expect(call.events).toContainEqual(
    expect.objectContaining({ type: 'transcript', role: 'agent', text: 'One moment. Friday is free.' }),
  );
});

test('nothing is asked for between an interruption and what was heard', () => {
  const call = playing();
  const from = call.service.sent.length;
  call.session.interrupt('dtmf');
  call.session.speak({ text: 'One moment.' });
  expect(sentSince(call, from)).toEqual([]);
  call.report('response-1', 'interrupted', 500);
  expect(sentSince(call, from)).toEqual(['conversation.item.truncate resp_1_item 500', 'response.create']);
});

test('an answer that is still being made is cancelled at once, and cut when the service has let go of it', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 2_000);
  const from = call.service.sent.length;
  call.session.interrupt('speech');
  expect(sentSince(call, from)).toEqual(['response.cancel']);
  call.report('response-1', 'interrupted', 800);
  expect(sentSince(call, from)).toEqual(['response.cancel']);
  call.done(id, 'cancelled');
  expect(sentSince(call, from)).toEqual(['response.cancel', 'conversation.item.truncate resp_1_item 800']);
});

test('all of a cancelled answer that came was heard: it is cut there, for the service had more of it', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 2_000);
  call.session.interrupt('speech');
  call.speaks(id, 500).done(id, 'cancelled');
  const from = call.service.sent.length;
  call.report('response-1', 'interrupted', 2_040);
  expect(sentSince(call, from)).toEqual(['conversation.item.truncate resp_1_item 2000']);
});

test('no cancellation goes out where nothing is being made', () => {
  const call = playing();
  call.session.interrupt('speech');
  expect(call.service.ofType('response.cancel')).toEqual([]);
});

test('what still comes of a cancelled answer is not passed on', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 200, 'First');
  call.session.interrupt('speech');
  await call.settle();
  const before = call.events.length;
  call.speaks(id, 400, ' we wash').done(id, 'cancelled');
  call.speaks(id, 400, ' your hair.');
  await call.settle();
  expect(call.events.slice(before).filter((event) => 'responseId' in event)).toEqual([]);
});

test('an answer that is interrupted before it begins is cancelled when it does, and leaves nothing', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  call.session.interrupt('api');
  expect(call.service.types()).toEqual(['response.create']);
  const id = call.created();
  call.speaks(id, 300, 'First').done(id, 'cancelled');
  expect(call.service.types().slice(1)).toEqual(['response.cancel', 'conversation.item.delete']);
  expect(await call.spokenMs()).toEqual({});
});

test('what was waiting to be said is not said after an interruption', () => {
  const call = playing();
  call.session.speak({ text: 'One.' });
  call.session.speak({ text: 'Two.' });
  call.session.interrupt('api');
  call.report('response-1', 'interrupted', 500);
  call.done(call.created(), 'cancelled');
  expect(call.service.ofType('response.create')).toHaveLength(2);
});

test('a host that never says what was heard does not silence the agent', () => {
  const call = playing();
  call.session.interrupt('speech');
  call.session.speak({ text: 'Still there.' });
  const from = call.service.sent.length;
  call.clock.advance(999);
  expect(sentSince(call, from)).toEqual([]);
  call.clock.advance(1);
  expect(sentSince(call, from)).toEqual(['response.create']);
});

test('a service that never says that a response is cancelled does not silence the agent', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  call.speaks(call.created(), 300);
  call.session.interrupt('speech');
  call.report('response-1', 'interrupted', 100);
  call.session.speak({ text: 'Still there.' });
  const from = call.service.sent.length;
  call.clock.advance(2_000);
  expect(sentSince(call, from)).toEqual(['conversation.item.truncate resp_1_item 100', 'response.create']);
});

test('a response that the host gives up by itself is cancelled', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 300).report('response-1', 'interrupted', 0);
  expect(call.service.sent.at(-1)).toEqual({ type: 'response.cancel', response_id: id });
  call.done(id, 'cancelled');
  expect(call.service.sent.at(-1)).toEqual({ type: 'conversation.item.delete', item_id: 'resp_1_item' });
});

test('a call of a tool that an interruption cut short is not made, and leaves nothing', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 300);
  call.session.interrupt('speech');
  call.calls(id, 'call_1').done(id, 'cancelled').report('response-1', 'interrupted', 100);
  expect(await call.of('tool-call')).toEqual([]);
  expect(call.service.ofType('conversation.item.delete')).toEqual([
    { type: 'conversation.item.delete', item_id: 'call_1_item' },
  ]);
});

test('reports that come twice, or about nothing, change nothing', () => {
  const call = playing();
  call.report('response-1', 'interrupted', 500);
  const from = call.service.sent.length;
  call.report('response-1', 'interrupted', 100).report('response-9', 'interrupted', 100);
  expect(sentSince(call, from)).toEqual([]);
});

test('races that two sides cannot avoid are no warnings', async () => {
  const call = playing();
  const codes = [
    'response_cancel_not_active',
    'conversation_already_has_active_response',
    'item_truncate_invalid_item_id',
  ];
  for (const code of codes) call.service.say('error', { error: { type: 'invalid_request_error', code } });
  const param = 'audio_end_ms';
  call.service.say('error', { error: { type: 'invalid_request_error', code: 'invalid_value', param } });
  expect(await call.warnings()).toEqual([]);
  call.service.say('error', {
    error: { type: 'invalid_request_error', code: 'invalid_value', param: 'session.voice' },
  });
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_PROTOCOL']);
});
