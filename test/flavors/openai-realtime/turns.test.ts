import { expect, test } from 'vitest';
import { TestCall } from './call.js';

test('a turn is answered with one response, as soon as it is committed', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  expect(call.service.types()).toEqual(['response.create']);
  expect(call.lastRequest).toEqual({ metadata: { request: 'request-1' } });
});

test('the answer comes out as text, audio, transcript and an end', async () => {
  const call = new TestCall().start();
  call.turn('item_1').response(400, 'On Friday.');
  await call.settle();
  const answer = call.events.filter((event) => 'responseId' in event || event.type === 'transcript');
  expect(answer.map(({ type }) => type)).toEqual(['text', 'audio', 'transcript', 'audio-done']);
  expect(answer).toContainEqual({
    type: 'transcript',
    role: 'agent',
    turnId: 'response-1',
    text: 'On Friday.',
    final: true,
  });
});

/** Audio that the service has after each of `frames` frames more, ms. */
function heardMs(call: TestCall, frames: number): readonly number[] {
  return Array.from({ length: frames }, () => call.write(20).service.audio.length / 8);
}

test('audio goes in messages of 40 ms, and of 20 while the service hears the caller speak', () => {
  const call = new TestCall().start();
  expect(heardMs(call, 3)).toEqual([0, 40, 40]);
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_1', audio_start_ms: 0 });
  expect(call.service.audio.length / 8).toBe(60);
  expect(heardMs(call, 2)).toEqual([80, 100]);
  call.service.say('input_audio_buffer.speech_stopped', { item_id: 'item_1', audio_end_ms: 100 });
  expect(heardMs(call, 3)).toEqual([100, 140, 140]);
});

test('a connection that is lost while the caller speaks leaves no short messages to the next', async () => {
  const call = new TestCall({ reconnect: { firstDelayMs: 0 } }).start();
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_1', audio_start_ms: 0 });
  call.write(120).service.lose();
  call.clock.advance(1);
  await call.settle();
  const before = call.service.audio.length / 8;
  expect(heardMs(call, 2)).toEqual([before, before + 40]);
});

test('an appendMs that is written down holds always', () => {
  const call = new TestCall({ appendMs: 60 }).start();
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_1', audio_start_ms: 0 });
  expect(heardMs(call, 4)).toEqual([0, 0, 60, 60]);
});

test('a cough that the host rejects is deleted and not answered', () => {
  const call = new TestCall().start();
  call.turn('item_1', 'rejected');
  expect(call.service.sent).toEqual([{ type: 'conversation.item.delete', item_id: 'item_1' }]);
});

test('speech that the host did not notice is answered', () => {
  const call = new TestCall().start();
  call.turn('item_1', 'none');
  expect(call.service.types()).toEqual(['response.create']);
});

test('where the host has not made up its mind, the answer waits for it', async () => {
  const call = new TestCall().start();
  call.turn('item_1', 'open');
  expect(call.service.types()).toEqual([]);
  call.session.onOnset('accepted', 0);
  await call.settle();
  expect(call.service.types()).toEqual(['response.create']);
});

test('a verdict that comes after the commit can still be that it was none', async () => {
  const call = new TestCall().start();
  call.turn('item_1', 'open');
  call.session.onOnset('rejected', 0);
  await call.settle();
  expect(call.service.types()).toEqual(['conversation.item.delete']);
});

test('one accepted onset among rejected ones makes a turn', () => {
  const call = new TestCall().start();
  const { session, service } = call;
  session.onVoice({ type: 'started', positionMs: 0 });
  session.onOnset('rejected', 0);
  session.onVoice({ type: 'stopped', positionMs: 300 });
  session.onVoice({ type: 'started', positionMs: 500 });
  session.onOnset('accepted', 500);
  service.say('input_audio_buffer.speech_started', { item_id: 'item_1', audio_start_ms: 0 });
  call.write(1_500);
  service.say('input_audio_buffer.speech_stopped', { item_id: 'item_1', audio_end_ms: 1_500 });
  service.say('input_audio_buffer.committed', { item_id: 'item_1' });
  expect(service.types()).toEqual(['response.create']);
});

test('an onset rejected long before has nothing to do with the turn', () => {
  const call = new TestCall().start();
  call.turn('item_1', 'rejected').write(2_000).turn('item_2', 'none');
  expect(call.service.types()).toEqual(['conversation.item.delete', 'response.create']);
});

test('an interruption that comes with the verdict is settled first, and the turn answered then', async () => {
  const call = new TestCall().start();
  call.turn('item_1').response(4_000);
  call.report('response-1', 'started');
  call.turn('item_2', 'open');
  const before = call.service.sent.length;
  call.session.onOnset('accepted', 1_500);
  call.session.interrupt('speech');
  await call.settle();
  expect(call.service.types(before)).toEqual([]);
  call.report('response-1', 'interrupted', 1_200);
  expect(call.service.types(before)).toEqual(['conversation.item.truncate', 'response.create']);
});

test('an answer that nobody has heard yet is owed again after an interruption by speech', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.session.interrupt('speech');
  expect(call.service.types().at(-1)).toBe('response.cancel');
  call.done(id, 'cancelled');
  expect(call.service.types().at(-1)).toBe('response.create');
});

test('an answer that nobody has heard yet is dropped when the host says so otherwise', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const id = call.created();
  call.session.interrupt('api');
  call.done(id, 'cancelled');
  expect(call.service.types()).toEqual(['response.create', 'response.cancel']);
});

test('a caller who goes on before the answer is heard gets one answer to all of it', () => {
  const call = new TestCall().start();
  const { service } = call;
  call.turn('item_1');
  const tooEarly = call.created();
  service.say('input_audio_buffer.speech_started', { item_id: 'item_2', audio_start_ms: 1_500 });
  expect(service.sent.at(-1)).toEqual({ type: 'response.cancel', response_id: tooEarly });
  call.done(tooEarly, 'cancelled');
  expect(service.ofType('response.create')).toHaveLength(1);
  service.say('input_audio_buffer.speech_stopped', { item_id: 'item_2', audio_end_ms: 1_500 });
  service.say('input_audio_buffer.committed', { item_id: 'item_2' });
  expect(service.ofType('response.create')).toHaveLength(2);
});

test('a noise before the answer is heard delays it and does not cost it', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const tooEarly = call.created();
  call.turn('item_2', 'rejected');
  call.done(tooEarly, 'cancelled');
  expect(call.service.types().slice(-2)).toEqual(['conversation.item.delete', 'response.create']);
});

test('an answer that a noise has taken back is asked for when the noise is rejected', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const tooEarly = call.created();
  call.session.onVoice({ type: 'started', positionMs: 1_500 });
  call.session.onOnset('rejected', 1_500);
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_2', audio_start_ms: 1_500 });
  call.done(tooEarly, 'cancelled').write(700);
  expect(call.service.ofType('response.create')).toHaveLength(1);
  call.service.say('input_audio_buffer.speech_stopped', { item_id: 'item_2', audio_end_ms: 2_200 });
  call.service.say('input_audio_buffer.committed', { item_id: 'item_2' });
  expect(call.service.types().slice(-2)).toEqual(['conversation.item.delete', 'response.create']);
});

test('sound without end keeps an answer back for five seconds at most', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const tooEarly = call.created();
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_2', audio_start_ms: 1_500 });
  call.done(tooEarly, 'cancelled').write(4_980);
  expect(call.service.ofType('response.create')).toHaveLength(1);
  call.write(40);
  expect(call.service.ofType('response.create')).toHaveLength(2);
});

test('speech that was heard is not taken back when the caller goes on: the host decides', () => {
  const call = new TestCall().start();
  call.turn('item_1');
  call.speaks(call.created(), 200);
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_2', audio_start_ms: 1_500 });
  expect(call.service.ofType('response.cancel')).toEqual([]);
});

test('the host learns where the caller spoke, without the padding and the waiting of the service', async () => {
  const call = new TestCall().start();
  call.write(2_000).turn('item_1');
  // 2,000 ms of silence, 1,000 ms of speech, 500 ms of silence.
  expect(await call.of('speech-started')).toEqual([{ type: 'speech-started', positionMs: 2_000 }]);
  expect(await call.of('speech-stopped')).toEqual([{ type: 'speech-stopped', positionMs: 3_000 }]);
});

test('a server that answers by itself, though it was asked not to, is heard once', async () => {
  const call = new TestCall().start();
  const { service } = call;
  call.write(500);
  service.say('response.created', { response: { id: 'resp_own' } });
  call.speaks('resp_own', 300).done('resp_own');
  expect(await call.spokenMs()).toEqual({ 'response-1': 300 });
  expect(service.types()).toEqual([]);
});

test('the stages of an answer count from the last voiced sample', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  call.clock.advance(100);
  call.transcript('item_1', 'On Friday, please.');
  call.clock.advance(200);
  call.response(300);
  const timing = { endOfTurnMs: 500, transcriptMs: 600, firstAudioMs: 800 };
  expect(await call.of('turn')).toEqual([{ type: 'turn', turnId: 'turn-1', timing }]);
});

test('a transcript that comes late goes into the stages, one that never comes does not hold them up', async () => {
  const late = new TestCall().start();
  late.turn('item_1');
  late.speaks(late.created(), 300);
  expect(await late.of('turn')).toEqual([]);
  late.transcript('item_1', 'On Friday, please.');
  expect((await late.of('turn')).map(({ timing }) => timing.transcriptMs)).toEqual([500]);
  const never = new TestCall().start();
  never.turn('item_1').response(300);
  expect((await never.of('turn')).map(({ timing }) => timing)).toEqual([{ endOfTurnMs: 500, firstAudioMs: 500 }]);
});

test('tokens are told by model, audio and text apart, and what came out of the cache', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  const usage = {
    input_tokens: 150,
    output_tokens: 60,
    input_token_details: {
      text_tokens: 90,
      audio_tokens: 60,
      cached_tokens: 80,
      cached_tokens_details: { text_tokens: 64, audio_tokens: 16 },
    },
    output_token_details: { text_tokens: 20, audio_tokens: 40 },
  };
  call.done(call.created(), 'completed', { usage });
  const counts = (await call.of('usage')).map(({ model, unit, quantity }) => `${model} ${unit} ${quantity}`);
  expect(counts).toEqual([
    'gpt-realtime input-tokens 26',
    'gpt-realtime cached-tokens 64',
    'gpt-realtime output-tokens 20',
    'gpt-realtime audio-input-tokens 44',
    'gpt-realtime audio-cached-tokens 16',
    'gpt-realtime audio-output-tokens 40',
  ]);
});

test('of stretches that a service begins or ends and never takes, the oldest are forgotten', async () => {
  const call = new TestCall({ transcription: 'off' }).start();
  for (let index = 0; index < 100; index += 1) {
    const item_id = `item_${index}`;
    call.service.say('input_audio_buffer.speech_started', { item_id, audio_start_ms: index * 20 });
    call.write(20);
    call.service.say('input_audio_buffer.speech_stopped', { item_id, audio_end_ms: 600 });
  }
  call.clock.advance(5_000);
  call.service.say('input_audio_buffer.committed', { item_id: 'item_0' });
  call.response(100);
  // Nobody knows any more that its last sound was heard 1,900 ms ago.
  expect(await call.of('turn')).toMatchObject([{ timing: { endOfTurnMs: 0 } }]);
});

test('of what a service began to hear and never took, not all is said again', async () => {
  const call = new TestCall({ transcription: 'off' }).start();
  for (let index = 0; index < 100; index += 1) {
    call.service.say('input_audio_buffer.speech_started', { item_id: `item_${index}`, audio_start_ms: index * 20 });
    call.write(20);
  }
  call.service.lose();
  await call.settle();
  call.clock.advance(0);
  await call.settle();
  expect(call.connections).toHaveLength(2);
  expect(call.service.audio.length / 8).toBe(64 * 20);
});
