import { expect, test } from 'vitest';
import { toneVoice } from './index.js';
import { memberAt } from './json-value.js';
import { RawClient } from './raw-client.js';
import { callerLine, replyLine, useScene } from './scene.js';

const { start } = useScene();

const betaSession = {
  modalities: ['text', 'audio'],
  voice: 'af_heart',
  input_audio_format: 'g711_ulaw',
  output_audio_format: 'g711_ulaw',
  input_audio_transcription: { model: 'whisper-1' },
  turn_detection: { type: 'server_vad', silence_duration_ms: 400 },
  temperature: 0.8,
};

async function betaClient(): Promise<RawClient> {
  const fake = await start({ dialect: 'beta' });
  const headers = { authorization: 'Bearer test', 'openai-beta': 'realtime=v1' };
  const client = RawClient.start(fake.origin, { path: '/v1/realtime?model=any', headers });
  await client.next('session.created');
  client.send({ type: 'session.update', session: betaSession });
  return client;
}

test('the beta dialect configures a session flat, and shows it flat', async () => {
  const client = await betaClient();
  const { session } = await client.next('session.updated');
  const { temperature: _temperature, ...shown } = betaSession;
  expect(session).toMatchObject({ ...shown, turn_detection: { threshold: 0.5, silence_duration_ms: 400 } });
  expect(session).not.toHaveProperty('audio');
  expect(session).not.toHaveProperty('type');
  await client.close();
});

test('the beta dialect has the names of the beta for what is said', async () => {
  const client = await betaClient();
  client.say(await toneVoice(callerLine));
  const done = await client.next('response.done');
  expect(client.members('response.audio_transcript.done', 'transcript')).toEqual([replyLine]);
  expect(memberAt(done, ['response', 'output', 0, 'content', 0])).toEqual({ type: 'audio', transcript: replyLine });
  expect(memberAt(done, ['response', 'modalities'])).toEqual(['text', 'audio']);
  const types = client.types();
  expect(types).toContain('response.audio.delta');
  expect(types).toContain('conversation.item.created');
  expect(types.filter((type) => /output_audio|output_text|conversation\.item\.(added|done)/.test(type))).toEqual([]);
  await client.close();
});

test.each(['type', 'audio', 'output_modalities'])('the beta dialect does not know session.%s', async (key) => {
  const client = await betaClient();
  await client.next('session.updated');
  client.send({ type: 'session.update', session: { [key]: 'x' } });
  expect(await client.nextError()).toMatchObject({ code: 'unknown_parameter', param: `session.${key}` });
  await client.close();
});

test('the beta dialect takes assistant text by its old name', async () => {
  const client = await betaClient();
  const content = [{ type: 'text', text: 'Hello' }];
  client.send({ type: 'conversation.item.create', item: { type: 'message', role: 'assistant', content } });
  expect(await client.next('conversation.item.created')).toMatchObject({ item: { role: 'assistant', content } });
  await client.close();
});
