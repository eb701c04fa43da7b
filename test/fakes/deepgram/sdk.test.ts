import { DeepgramClient } from '@deepgram/sdk';
import { expect, test } from 'vitest';
import { toneVoice } from '../openai-realtime/tone-voice.js';
import { encodeAudio } from './audio-format.js';
import { mulaw } from './raw-client.js';
import { eventually, useScene } from './scene.js';

const { start } = useScene();

const line = 'I would like to book a table';

/** The vendor's own client, for the fake must be what it takes for Deepgram. */
function clientOf(url: string): DeepgramClient {
  return new DeepgramClient({ apiKey: 'test', baseUrl: url });
}

async function spoken(): Promise<Uint8Array> {
  const { pcm, sampleRate } = await toneVoice(line);
  const padded = new Int16Array(pcm.length + sampleRate);
  padded.set(pcm);
  return encodeAudio(padded, sampleRate, mulaw);
}

test("the vendor's client is understood over listen v1", async () => {
  const fake = await start({ lines: [line] });
  const socket = await clientOf(fake.url).listen.v1.connect({
    model: 'nova-3',
    encoding: 'mulaw',
    sample_rate: 8000,
    interim_results: 'true',
    keyterm: ['Acme', 'beta gamma'],
    Authorization: 'Token test',
    reconnectAttempts: 0,
  });
  const heard: string[] = [];
  socket.on('message', (message) => {
    if (message.type === 'Results' && message.is_final === true) {
      heard.push(message.channel.alternatives[0]?.transcript ?? '');
    }
  });
  socket.connect();
  await socket.waitForOpen();
  socket.sendMedia(await spoken());
  await eventually(() => heard).toContain(line);
  expect(fake.timeline.connections[0]?.query).toContain('keyterm=Acme&keyterm=beta+gamma');
  socket.close();
});

test("the vendor's client is understood over listen v2", async () => {
  const fake = await start({ lines: [line] });
  const socket = await clientOf(fake.url).listen.v2.connect({
    model: 'flux-general-en',
    encoding: 'mulaw',
    sample_rate: 8000,
    Authorization: 'Token test',
    reconnectAttempts: 0,
  });
  const turns: string[] = [];
  socket.on('message', (message) => {
    if (message.type === 'TurnInfo' && message.event === 'EndOfTurn') turns.push(message.transcript);
  });
  socket.connect();
  await socket.waitForOpen();
  socket.sendMedia(await spoken());
  await eventually(() => turns).toEqual([line]);
  socket.close();
});

test("the vendor's client is spoken to, in blobs", async () => {
  const fake = await start();
  const socket = await clientOf(fake.url).speak.v1.connect({
    model: 'aura-2-thalia-en',
    encoding: 'mulaw',
    sample_rate: '8000',
    Authorization: 'Token test',
    reconnectAttempts: 0,
  });
  const kinds: string[] = [];
  socket.on('message', (message: unknown) => {
    const type = message instanceof Blob ? 'Blob' : (message as { type: string }).type;
    if (kinds.at(-1) !== type) kinds.push(type);
  });
  socket.connect();
  await socket.waitForOpen();
  socket.sendText({ type: 'Speak', text: 'Hello there.' });
  socket.sendFlush({ type: 'Flush' });
  await eventually(() => kinds).toEqual(['Metadata', 'Blob', 'Flushed']);
  socket.close();
});

test("the vendor's client is granted a token", async () => {
  const fake = await start();
  const client = new DeepgramClient({ apiKey: 'test', baseUrl: fake.url.replace('ws:', 'http:') });
  expect(await client.auth.v1.tokens.grant()).toMatchObject({ expires_in: 30 });
});
