import { expect, test } from 'vitest';
import { TestCall } from '../call.js';

/** A call in which the host takes turns. */
function hosted(): TestCall {
  return new TestCall({ turnDetection: { type: 'host' } }).start();
}

/** The caller speaks for a second, beginning where the call is; the host accepts it and ends the turn. */
function speak(call: TestCall, fromMs: number): void {
  call.session.onVoice({ type: 'started', positionMs: fromMs });
  call.session.onOnset('accepted', fromMs);
  call.write(1_000, 0x11);
  call.session.onVoice({ type: 'stopped', positionMs: fromMs + 1_000 });
  call.write(600);
  call.session.endTurn();
}

test('only what the host takes for speech is sent, with a little before it', () => {
  const call = hosted();
  call.write(2_000);
  expect(call.service.audio).toHaveLength(0);
  speak(call, 2_000);
  call.write(2_000);
  expect(call.service.audio.length / 8).toBe(300 + 1_600);
});

test('the end of a turn commits it, and its item is answered', async () => {
  const call = hosted();
  call.write(2_000);
  speak(call, 2_000);
  expect(call.service.types()).toEqual(['input_audio_buffer.commit']);
  call.service.say('input_audio_buffer.committed', { item_id: 'item_1' });
  expect(call.service.types()).toEqual(['input_audio_buffer.commit', 'response.create']);
  call.transcript('item_1', 'On Friday.').response(300);
  expect((await call.of('turn')).map(({ timing }) => timing.endOfTurnMs)).toEqual([600]);
  expect(await call.of('speech-started')).toEqual([]);
});

test('a rejected onset is taken out of the buffer, and nothing is committed', () => {
  const call = hosted();
  call.write(2_000);
  call.session.onVoice({ type: 'started', positionMs: 2_000 });
  call.write(200, 0x11);
  call.session.onOnset('rejected', 2_000);
  call.session.onVoice({ type: 'stopped', positionMs: 2_200 });
  call.session.endTurn();
  expect(call.service.types()).toEqual(['input_audio_buffer.clear']);
});

test('a turn too short for the service is not committed', () => {
  const call = hosted();
  call.session.onVoice({ type: 'started', positionMs: 0 });
  call.session.onOnset('accepted', 0);
  call.write(80, 0x11);
  call.session.endTurn();
  expect(call.service.types()).toEqual([]);
  speak(call, 80);
  call.service.say('input_audio_buffer.committed', { item_id: 'item_1' });
  expect(call.service.types()).toEqual(['input_audio_buffer.commit', 'response.create']);
});

test('an answer waits until the caller who goes on has finished', () => {
  const call = hosted();
  speak(call, 0);
  call.service.say('input_audio_buffer.committed', { item_id: 'item_1' });
  const tooEarly = call.created();
  speak(call, 1_600);
  call.done(tooEarly, 'cancelled');
  call.service.say('input_audio_buffer.committed', { item_id: 'item_2' });
  expect(call.service.types().filter((type) => type.startsWith('response'))).toEqual([
    'response.create',
    'response.cancel',
    'response.create',
  ]);
});

test('a turn that ends while there is no connection is heard and committed by the next', async () => {
  const call = hosted();
  call.write(2_000);
  call.session.onVoice({ type: 'started', positionMs: 2_000 });
  call.session.onOnset('accepted', 2_000);
  call.write(500, 0x11);
  call.service.lose();
  call.write(500, 0x11);
  call.session.endTurn();
  await call.settle();
  call.clock.advance(0);
  await call.settle();
  expect(call.service.audio.length / 8).toBe(1_300);
  expect(call.service.types()).toEqual(['input_audio_buffer.commit']);
});

test('a turn that was committed and not written down is committed again by the next connection', async () => {
  const call = hosted();
  call.write(2_000);
  speak(call, 2_000);
  call.service.say('input_audio_buffer.committed', { item_id: 'item_1' });
  call.service.lose();
  await call.settle();
  call.clock.advance(0);
  await call.settle();
  expect(call.service.types()).toEqual(['input_audio_buffer.commit']);
  expect(call.service.audio.length / 8).toBe(1_900);
});

test('a turn under way when the connection is lost goes on over the next', async () => {
  const call = hosted();
  call.write(2_000);
  call.session.onVoice({ type: 'started', positionMs: 2_000 });
  call.session.onOnset('accepted', 2_000);
  call.write(500, 0x11);
  call.service.lose();
  await call.settle();
  call.clock.advance(0);
  await call.settle();
  call.write(500, 0x11);
  call.session.endTurn();
  expect(call.service.audio.length / 8).toBe(1_300);
  expect(call.service.types()).toEqual(['input_audio_buffer.commit']);
});

test('turns that were complete and not acknowledged when the connection was lost are one turn for the next', async () => {
  const call = hosted();
  call.write(2_000);
  speak(call, 2_000);
  speak(call, 3_600);
  call.service.lose();
  await call.settle();
  call.clock.advance(0);
  await call.settle();
  expect(call.service.types()).toEqual(['input_audio_buffer.commit']);
  expect(call.service.audio.length / 8).toBe(300 + 3_200);
  call.service.say('input_audio_buffer.committed', { item_id: 'item_1' });
  speak(call, 5_200);
  call.service.say('input_audio_buffer.committed', { item_id: 'item_2' });
  expect(call.service.ofType('input_audio_buffer.commit')).toHaveLength(2);
});

test('a turn of which the service says that it is too short is none, and the next is told from its own beginning', async () => {
  const call = hosted();
  call.write(2_000);
  speak(call, 2_000);
  const error = { type: 'invalid_request_error', code: 'input_audio_buffer_commit_empty' };
  call.service.say('error', { error });
  expect(await call.warnings()).toEqual([]);
  call.write(20_000);
  speak(call, 23_600);
  call.service.say('input_audio_buffer.committed', { item_id: 'item_1' });
  call.transcript('item_1', 'On Friday.').response(300);
  expect((await call.of('turn')).map(({ timing }) => timing.endOfTurnMs)).toEqual([600]);
  // Nothing of either is said again.
  call.service.lose();
  await call.settle();
  call.clock.advance(0);
  await call.settle();
  expect(call.service.audio).toHaveLength(0);
  expect(call.service.types()).not.toContain('input_audio_buffer.commit');
});
