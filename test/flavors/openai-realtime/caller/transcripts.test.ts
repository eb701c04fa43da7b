import { expect, test } from 'vitest';
import { TestCall } from '../call.js';

/** Caller transcripts so far: `turn: text`, those that may still change in brackets. */
async function heard(call: TestCall): Promise<readonly string[]> {
  const transcripts = (await call.of('transcript')).filter(({ role }) => role === 'caller');
  return transcripts.map(({ turnId, text, final }) => `${turnId}: ${final ? text : `(${text})`}`);
}

test('words that may still change go out as they come, the final ones once', async () => {
  const call = new TestCall().start();
  call.turn('item_1');
  for (const delta of ['On', ' Friday']) {
    call.service.say('conversation.item.input_audio_transcription.delta', { item_id: 'item_1', delta });
  }
  call.transcript('item_1', ' On Friday, please.\n').transcript('item_1', 'On Friday, please.');
  expect(await heard(call)).toEqual(['turn-1: (On)', 'turn-1: (On Friday)', 'turn-1: On Friday, please.']);
});

test('words come while the caller speaks, before anybody knows whether it is a turn', async () => {
  const call = new TestCall().start();
  call.service.say('input_audio_buffer.speech_started', { item_id: 'item_1', audio_start_ms: 0 });
  call.service.say('conversation.item.input_audio_transcription.delta', { item_id: 'item_1', delta: 'Wait' });
  expect(await heard(call)).toEqual(['turn-1: (Wait)']);
});

test('transcripts come in the order of the turns, whatever the order in which they are made', async () => {
  const call = new TestCall().start();
  call.turn('item_1').turn('item_2');
  call.transcript('item_2', 'At three.');
  expect(await heard(call)).toEqual([]);
  call.transcript('item_1', 'On Friday.');
  expect(await heard(call)).toEqual(['turn-1: On Friday.', 'turn-2: At three.']);
});

test('a transcript that does not come holds up the next for three seconds, and may still come late', async () => {
  const call = new TestCall().start();
  call.turn('item_1').turn('item_2');
  call.transcript('item_2', 'At three.');
  call.clock.advance(3_000);
  expect(await heard(call)).toEqual(['turn-2: At three.']);
  call.transcript('item_1', 'On Friday.');
  expect(await heard(call)).toEqual(['turn-2: At three.', 'turn-1: On Friday.']);
});

test('a transcript that failed holds up nothing', async () => {
  const call = new TestCall().start();
  call.turn('item_1').turn('item_2');
  call.transcript('item_2', 'At three.');
  call.service.say('conversation.item.input_audio_transcription.failed', { item_id: 'item_1' });
  expect(await heard(call)).toEqual(['turn-2: At three.']);
});

test('what was rejected has no transcript', async () => {
  const call = new TestCall().start();
  call.turn('item_1', 'rejected').turn('item_2');
  call.transcript('item_1', 'Ahem.').transcript('item_2', 'On Friday.');
  expect(await heard(call)).toEqual(['turn-2: On Friday.']);
});

test('a transcript that is there before the verdict is told as words, for the verdict may depend on them', async () => {
  const call = new TestCall().start();
  call.turn('item_1', 'open').transcript('item_1', 'On Friday.');
  expect(await heard(call)).toEqual(['turn-1: (On Friday.)']);
  call.session.onOnset('accepted', 0);
  await call.settle();
  expect(await heard(call)).toEqual(['turn-1: (On Friday.)', 'turn-1: On Friday.']);
});

test('words that were told already are not told again for want of a verdict', async () => {
  const call = new TestCall().start();
  call.turn('item_1', 'open');
  const delta = 'On Friday.';
  call.service.say('conversation.item.input_audio_transcription.delta', { item_id: 'item_1', delta });
  call.transcript('item_1', 'On Friday.');
  expect(await heard(call)).toEqual(['turn-1: (On Friday.)']);
});

test('a turn without words has no transcript, and holds up nothing', async () => {
  const call = new TestCall().start();
  call.turn('item_1').turn('item_2');
  call.transcript('item_1', ' ').transcript('item_2', 'On Friday.');
  expect(await heard(call)).toEqual(['turn-2: On Friday.']);
});

test('what transcription costs is told by the model that does it, in its own unit', async () => {
  const call = new TestCall().start();
  const completed = 'conversation.item.input_audio_transcription.completed';
  call.turn('item_1').turn('item_2');
  const tokens = { type: 'tokens', input_tokens: 14, output_tokens: 5, total_tokens: 19 };
  call.service.say(completed, { item_id: 'item_1', transcript: 'One.', usage: tokens });
  call.service.say(completed, { item_id: 'item_2', transcript: 'Two.', usage: { type: 'duration', seconds: 1.5 } });
  const counts = (await call.of('usage')).map(({ model, unit, quantity }) => `${model} ${unit} ${quantity}`);
  expect(counts).toEqual([
    'gpt-4o-mini-transcribe input-tokens 14',
    'gpt-4o-mini-transcribe output-tokens 5',
    'gpt-4o-mini-transcribe audio-ms 1500',
  ]);
});
