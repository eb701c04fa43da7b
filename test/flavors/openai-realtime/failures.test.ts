import { expect, test } from 'vitest';
import type { JsonObject } from '../../../flavors/openai-realtime/protocol/json.js';
import { TestCall } from './call.js';

function failed(code: string, type = 'server_error'): JsonObject {
  return { status_details: { type: 'failed', error: { type, code, message: 'secret words' } } };
}

test('a response that fails and may succeed later is asked for once more, after a moment', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  call.done(call.created(), 'failed', failed('server_error'));
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_NETWORK']);
  expect(call.service.ofType('response.create')).toHaveLength(1);
  call.clock.advance(250);
  expect(call.service.ofType('response.create')).toHaveLength(2);
  call.response(300);
  expect(await call.of('end')).toEqual([]);
});

test('a response that fails again ends the session, which may be tried elsewhere', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  call.done(call.created(), 'failed', failed('rate_limit_exceeded'));
  call.clock.advance(250);
  call.done(call.created(), 'failed', failed('rate_limit_exceeded'));
  const [end] = await call.of('end');
  expect(end).toMatchObject({ reason: 'failed', error: { code: 'ERR_FLAVOR_QUOTA', retryable: true } });
  expect(call.service.closed).toBe(true);
});

test('an exhausted quota ends the session at once', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  call.done(call.created(), 'failed', failed('insufficient_quota'));
  expect(await call.of('end')).toMatchObject([{ error: { code: 'ERR_FLAVOR_QUOTA', retryable: false } }]);
});

test('a failure long after another is the first again', async () => {
  const call = new TestCall().start();
  for (const itemId of ['item_1', 'item_2']) {
    call.turn(itemId);
    call.done(call.created(), 'failed', failed('server_error'));
    call.clock.advance(250);
    call.response(300);
  }
  expect(await call.of('end')).toEqual([]);
});

test('a response that fails in mid-speech stays open until its rest begins, which is asked for', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 2_000, 'First we wash your hair and then we cut it.').done(id, 'failed', failed('server_error'));
  call.clock.advance(250);
  expect(call.asked().at(-1)).toContain('cut off');
  expect(await call.of('audio-done')).toEqual([]);
  call.response(1_000, 'as you like it.');
  expect((await call.of('audio-done')).map(({ responseId }) => responseId)).toEqual(['response-1', 'response-2']);
});

test('an answer that was cut off by what ends the session is never called complete', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 2_000, 'First we wash your hair.').done(id, 'failed', failed('server_error'));
  call.clock.advance(250);
  call.done(call.created(), 'failed', failed('server_error'));
  expect(await call.of('end')).toMatchObject([{ reason: 'failed' }]);
  expect(await call.of('audio-done')).toEqual([]);
});

test('words of an answer that was cut off and then interrupted are not told as said', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.speaks(id, 2_000, 'First we wash your hair.').done(id, 'failed', failed('server_error'));
  call.session.interrupt('api');
  call.report('response-1', 'interrupted', 300, 'First');
  call.session.speak({ instructions: 'Say goodbye.' });
  call.clock.advance(250);
  call.response(1_000, 'Goodbye.');
  expect((await call.of('transcript')).map(({ text }) => text)).toEqual(['Goodbye.']);
});

test('a response that does not begin in time is asked for once more', async () => {
  const call = new TestCall({ responseTimeoutMs: 2_000 }).start();
  call.turn('item_1');
  call.clock.advance(2_000);
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_TIMEOUT']);
  call.clock.advance(250);
  expect(call.service.ofType('response.create')).toHaveLength(2);
  call.clock.advance(2_000);
  expect(await call.of('end')).toMatchObject([{ error: { code: 'ERR_FLAVOR_TIMEOUT', retryable: true } }]);
});

test('a response that begins after it was asked for anew is cancelled', () => {
  const call = new TestCall({ responseTimeoutMs: 2_000 }).start();
  call.turn('item_1');
  call.clock.advance(2_250);
  call.service.say('response.created', { response: { id: 'resp_late', metadata: { request: 'request-1' } } });
  expect(call.service.sent.at(-1)).toEqual({ type: 'response.cancel', response_id: 'resp_late' });
});

test('an answer in text, which nobody hears, is asked for once more', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.service.say('response.output_text.delta', { response_id: id, delta: 'On Friday.' });
  call.done(id);
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_PROTOCOL']);
  call.clock.advance(250);
  expect(call.service.ofType('response.create')).toHaveLength(2);
});

test('a request that the service refuses is made once more, then the session is over', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const error = { type: 'invalid_request_error', code: 'invalid_value' };
  call.service.say('error', { error: { ...error, event_id: 'request-1' } });
  call.clock.advance(250);
  call.service.say('error', { error: { ...error, event_id: 'request-2' } });
  expect(await call.of('end')).toMatchObject([{ reason: 'failed', error: { code: 'ERR_FLAVOR_PROTOCOL' } }]);
});

test('an error that belongs to nothing is a warning, and the session lives', async () => {
  const call = new TestCall().start();
  call.service.say('error', { error: { type: 'server_error', code: null } });
  call.service.say('error', { error: { type: 'invalid_request_error', code: 'unknown_thing' } });
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_NETWORK', 'ERR_FLAVOR_PROTOCOL']);
  call.turn('item_1').response(300);
  expect(await call.of('end')).toEqual([]);
});

test('a key that is withdrawn in mid-call ends the session', async () => {
  const call = new TestCall().start();
  call.service.say('error', { error: { type: 'invalid_request_error', code: 'invalid_api_key' } });
  expect(await call.of('end')).toMatchObject([{ error: { code: 'ERR_FLAVOR_AUTH', retryable: false } }]);
});

test('faults of the protocol are warnings, as long as they are few', async () => {
  const few = new TestCall().start();
  for (let fault = 0; fault < 60; fault += 1) {
    few.service.fault();
    few.clock.advance(3_000);
  }
  expect(await few.of('end')).toEqual([]);
  expect(await few.warnings()).toHaveLength(60);
  const many = new TestCall().start();
  for (let fault = 0; fault < 21; fault += 1) many.service.fault();
  expect(await many.of('end')).toMatchObject([{ error: { code: 'ERR_FLAVOR_PROTOCOL', retryable: true } }]);
});

test('a network that takes nothing loses caller audio, with one warning, and not the memory of the process', async () => {
  const call = new TestCall().start();
  call.write(1_000);
  call.service.bufferedBytes = 600_000;
  call.write(60_000);
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_NETWORK']);
  call.service.bufferedBytes = 0;
  call.write(1_000);
  // The service's clock stood still meanwhile; the call's did not.
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_1', audio_start_ms: 1_200 });
  expect(await call.of('speech-started')).toEqual([{ type: 'speech-started', positionMs: 61_500 }]);
});

test('messages of errors hold no words of the service', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  call.done(call.created(), 'failed', failed('<b>server error: "secret words"</b>', 'odd type: secret'));
  const [warning] = await call.of('warning');
  expect(warning?.error.message).toBe('the service refused a request (bservererrorsecretwordsb)');
});

test('a service in which another response always runs is asked nine times in a row, and given up at the tenth', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const collide = (request: number): void => {
    const error = { type: 'invalid_request_error', code: 'conversation_already_has_active_response' };
    call.service.say('error', { error: { ...error, event_id: `request-${request}` } });
    call.clock.advance(250);
  };
  for (let request = 1; request <= 8; request += 1) collide(request);
  expect(await call.warnings()).toEqual([]);
  expect(call.service.ofType('response.create')).toHaveLength(9);
  collide(9);
  expect(await call.warnings()).toEqual(['ERR_FLAVOR_PROTOCOL']);
  collide(10);
  expect(await call.of('end')).toMatchObject([{ reason: 'failed', error: { code: 'ERR_FLAVOR_PROTOCOL' } }]);
});

test.each([
  ['max_output_tokens', 'ERR_FLAVOR_CONFIG', 'maxOutputTokens'],
  ['content_filter', 'ERR_FLAVOR_PROTOCOL', '(content_filter)'],
])(
  'an answer that ends before its end for %s is heard as far as it goes, and the operator learns why',
  async (reason, code, word) => {
    const call = new TestCall().start();
    call.turn('item_1');
    const id = call.created();
    call
      .speaks(id, 1_000, 'First we wash your')
      .done(id, 'incomplete', { status_details: { type: 'incomplete', reason } });
    expect((await call.of('warning')).map(({ error }) => error)).toMatchObject([
      { code, message: expect.stringContaining(word) },
    ]);
    expect((await call.of('audio-done')).map(({ responseId }) => responseId)).toEqual(['response-1']);
    call.turn('item_2').response(300);
    expect(await call.of('end')).toEqual([]);
  },
);
