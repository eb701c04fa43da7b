import { expect, test } from 'vitest';
import { FakeClock } from '../../support/fake-clock.js';
import { type Mind, toneVoice } from './index.js';
import { memberAt } from './json-value.js';
import { phoneSession } from './raw-client.js';
import { callerLine, eventually, useScene } from './scene.js';
import type { Speech } from './speech.js';
import { decodeAudio, encodeAudio, type WireFormat } from './wire-format.js';

const { start, connect } = useScene();

const formats: readonly WireFormat[] = [
  { type: 'audio/pcmu' },
  { type: 'audio/pcma' },
  { type: 'audio/pcm', rate: 24_000 },
];

function session(format: WireFormat, turnDetection: object = { type: 'server_vad' }): object {
  const turn_detection = { ...turnDetection };
  return {
    audio: {
      input: { format, turn_detection, transcription: { model: 'gpt-4o-mini-transcribe' } },
      output: { format, voice: 'marin' },
    },
  };
}

/** A mind that answers nothing of its own. */
function mute(guess = 'something'): () => Mind {
  return () => ({ guess: () => guess, reply: () => ({}) });
}

/** A voice-like sound of so long. */
async function sound(durationMs: number): Promise<Speech> {
  const { pcm, sampleRate, words } = await toneVoice('x'.repeat(Math.ceil(durationMs / 60)));
  return { pcm: pcm.subarray(0, (durationMs * sampleRate) / 1000), sampleRate, words };
}

test.each(formats)('speech in $type is heard and answered in it', async (format) => {
  const client = await connect(await start(), { ...session(format) });
  client.say(await toneVoice(callerLine), format);
  const done = await client.next('response.done');
  const spoken = decodeAudio(client.audioOf(memberAt(done, ['response', 'id'])), format);
  const expected = await toneVoice('Which day would suit you?');
  const durationMs = (expected.pcm.length * 1000) / expected.sampleRate;
  expect(spoken.length).toBe((durationMs * (format.type === 'audio/pcm' ? 24_000 : 8000)) / 1000);
  expect(spoken.some((sample) => Math.abs(sample) > 2000)).toBe(true);
});

test.each(formats)('marks of speech in $type are on the clock of the audio', async (format) => {
  const client = await connect(await start({ script: mute() }), { ...session(format) });
  client.append(new Int16Array(16_000), 16_000, format);
  const { pcm, sampleRate } = await sound(900);
  client.append(pcm, sampleRate, format);
  client.append(new Int16Array(16_000), 16_000, format);
  const { audio_start_ms } = await client.next('input_audio_buffer.speech_started');
  const { audio_end_ms } = await client.next('input_audio_buffer.speech_stopped');
  // From a second on, 300 ms of padding before, 500 ms of silence after.
  expect(Math.abs(Number(audio_start_ms) - 700)).toBeLessThanOrEqual(20);
  expect(Math.abs(Number(audio_end_ms) - 2400)).toBeLessThanOrEqual(30);
});

test('the committed audio is that between the two marks', async () => {
  const fake = await start({ script: mute() });
  const client = await connect(fake);
  client.append(new Int16Array(16_000), 16_000);
  client.say(await sound(900));
  const started = await client.next('input_audio_buffer.speech_started');
  const stopped = await client.next('input_audio_buffer.speech_stopped');
  client.send({ type: 'conversation.item.retrieve', item_id: started['item_id'] });
  const { item } = await client.next('conversation.item.retrieved');
  const audio = Buffer.from(String(memberAt(item, ['content', 0, 'audio'])), 'base64');
  const marked = Number(stopped['audio_end_ms']) - Number(started['audio_start_ms']);
  expect(Math.abs(audio.length / 8 - marked)).toBeLessThanOrEqual(40);
});

test.each([
  [{ type: 'server_vad', silence_duration_ms: 200 }, 200],
  [{ type: 'server_vad', silence_duration_ms: 900 }, 900],
  [{ type: 'semantic_vad', eagerness: 'high' }, 400],
  [{ type: 'semantic_vad', eagerness: 'auto' }, 800],
  [{ type: 'semantic_vad', eagerness: 'low' }, 1500],
])('%j waits %i ms before a turn is over', async (turnDetection, silenceMs) => {
  const client = await connect(await start({ script: mute() }), { ...session({ type: 'audio/pcmu' }, turnDetection) });
  client.say(await sound(600), undefined, 2000);
  const { audio_end_ms } = await client.next('input_audio_buffer.speech_stopped');
  expect(Math.abs(Number(audio_end_ms) - 600 - silenceMs)).toBeLessThanOrEqual(30);
});

test('a pause shorter than the silence that ends a turn does not end it', async () => {
  const fake = await start({ script: mute() });
  const client = await connect(fake);
  client.say(await sound(600), undefined, 400);
  client.say(await sound(600));
  await client.next('input_audio_buffer.committed');
  expect(client.members('input_audio_buffer.speech_started')).toHaveLength(1);
  expect(fake.timeline.turns).toHaveLength(1);
});

test('two turns in one append are two turns', async () => {
  const client = await connect(await start({ script: mute() }));
  const { pcm, sampleRate } = await sound(600);
  const both = new Int16Array(sampleRate * 4);
  both.set(pcm);
  both.set(pcm, sampleRate * 2);
  const audio = Buffer.from(encodeAudio(both, sampleRate, { type: 'audio/pcmu' })).toString('base64');
  client.send({ type: 'input_audio_buffer.append', audio });
  await client.next('input_audio_buffer.committed');
  await client.next('input_audio_buffer.committed');
  expect(client.members('input_audio_buffer.speech_started')).toHaveLength(2);
});

test('a click starts nothing, and a higher threshold needs a louder voice', async () => {
  const fake = await start({ script: mute() });
  const turnDetection = { type: 'server_vad', threshold: 1 };
  const strict = await connect(fake, { ...session({ type: 'audio/pcmu' }, turnDetection) });
  const lax = await connect(fake);
  const { pcm, sampleRate } = await sound(600);
  const soft = { pcm: pcm.map((sample) => sample / 10), sampleRate, words: [] };
  for (const client of [strict, lax]) {
    client.say(await sound(20));
    client.say(soft);
    client.send({ type: 'input_audio_buffer.clear' });
    await client.next('input_audio_buffer.cleared');
  }
  expect(strict.types()).not.toContain('input_audio_buffer.speech_started');
  expect(lax.members('input_audio_buffer.speech_started')).toHaveLength(1);
});

test('an update during speech leaves the turn as it is', async () => {
  const client = await connect(await start({ script: mute() }));
  client.append((await sound(600)).pcm, 16_000);
  const { item_id } = await client.next('input_audio_buffer.speech_started');
  client.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } });
  await client.next('session.updated');
  client.append(new Int16Array(16_000), 16_000);
  expect(await client.next('input_audio_buffer.committed')).toMatchObject({ item_id });
});

test('the reply is due after its delay from the receipt of the last voiced sample', async () => {
  const clock = new FakeClock();
  const script = (): Mind => ({ guess: () => 'hello', reply: () => ({ text: 'Hello', delayMs: 800 }) });
  const fake = await start({ clock, script });
  const client = await connect(fake);
  const { pcm, sampleRate } = await sound(600);
  client.append(pcm, sampleRate);
  await client.next('input_audio_buffer.speech_started');
  client.send({ type: 'conversation.item.retrieve', item_id: 'none' });
  await client.next('error');
  const voicedAtMs = clock.now();
  clock.advance(500);
  client.append(new Int16Array(8000), 16_000);
  await client.next('response.content_part.added');
  await eventually(() => fake.timeline.responses[0]?.dueAtMs).toBe(voicedAtMs + 800);
  await clock.advanceAsync(299);
  expect(fake.timeline.responses[0]?.firstAudioAtMs).toBeUndefined();
  await clock.advanceAsync(1);
  await client.next('response.output_audio.delta');
  expect(fake.timeline.turns).toMatchObject([{ lastVoicedAtMs: voicedAtMs, speechStoppedAtMs: voicedAtMs + 500 }]);
  expect(fake.timeline.responses[0]?.firstAudioAtMs).toBe(voicedAtMs + 800);
});

test('audio is sent as many times faster than it plays as the fake was told', async () => {
  const clock = new FakeClock();
  const fake = await start({ clock, audioRate: 4 });
  const client = await connect(fake);
  client.send({ type: 'response.create', response: { instructions: 'Say exactly: "one two three four five six"' } });
  await client.next('response.output_audio.delta');
  const speech = await toneVoice('one two three four five six');
  const audioMs = (speech.pcm.length * 1000) / speech.sampleRate;
  await clock.advanceAsync(audioMs / 4 - 5);
  expect(fake.timeline.responses[0]?.status).toBeUndefined();
  await clock.advanceAsync(10);
  await client.next('response.done');
  expect(fake.timeline.responses[0]?.audioMs).toBe(audioMs);
});

test('with an idle timeout the model speaks again when nobody does', async () => {
  const clock = new FakeClock();
  const reply = { text: 'Are you there?', delayMs: 0 };
  const fake = await start({ clock, script: () => ({ guess: () => '', reply: () => reply }) });
  const turnDetection = { type: 'server_vad', idle_timeout_ms: 6000 };
  const client = await connect(fake, { ...session({ type: 'audio/pcmu' }, turnDetection) });
  client.append(new Int16Array(1600), 8000);
  client.send({ type: 'response.create' });
  await client.next('response.done');
  await clock.advanceAsync((fake.timeline.responses[0]?.audioMs ?? 0) + 5999);
  expect(fake.timeline.turns).toHaveLength(0);
  await clock.advanceAsync(1);
  const { item_id } = await client.next('input_audio_buffer.timeout_triggered');
  expect(await client.next('input_audio_buffer.committed')).toMatchObject({ item_id });
  await client.next('response.done');
});

test('words are told while the caller speaks, where the fake was told to, and all of them in the end', async () => {
  const text = 'I would like to book a haircut for Friday afternoon please';
  const fake = await start({
    interimEveryMs: 400,
    transcriptDelayMs: 0,
    utterances: [{ text, speech: await toneVoice(text) }],
  });
  const client = await connect(fake);
  client.say(await toneVoice(text));
  await client.next('conversation.item.input_audio_transcription.completed');
  const type = 'conversation.item.input_audio_transcription.delta';
  const stopped = client.events.findIndex((event) => event['type'] === 'input_audio_buffer.speech_stopped');
  const early = client.events.slice(0, stopped).filter((event) => event['type'] === type);
  expect(early.length).toBeGreaterThan(2);
  expect(client.members(type, 'delta').join('')).toBe(text);
});

test('whisper-1 tells a transcript in one piece', async () => {
  const fake = await start({ script: mute('one two three') });
  const client = await connect(fake, {
    audio: { ...phoneSession.audio, input: { ...phoneSession.audio.input, transcription: { model: 'whisper-1' } } },
  });
  client.say(await sound(600));
  await client.next('conversation.item.input_audio_transcription.completed');
  expect(client.members('conversation.item.input_audio_transcription.delta', 'delta')).toEqual(['one two three']);
});
