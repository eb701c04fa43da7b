import { expect, test } from 'vitest';
import { FakeClock } from '../../support/fake-clock.js';
import { eventually, speakPath, useScene } from './scene.js';

const { start, connect } = useScene();

test('a sentence is spoken at once, the rest at a flush, and Flushed is behind all of it', async () => {
  const client = await connect(await start(), speakPath);
  expect(await client.next('Metadata')).toMatchObject({ model_name: 'aura-2-thalia-en' });
  client.send({ type: 'Speak', text: 'Hello there. How ' });
  await eventually(() => client.audioBytes()).toBeGreaterThan(0);
  client.send({ type: 'Speak', text: 'are you' });
  client.send({ type: 'Flush' });
  expect(await client.next('Flushed')).toEqual({ type: 'Flushed', sequence_id: 0 });
  expect(client.order).toEqual(['Metadata', 'audio', 'Flushed']);
});

test('text without an end is not spoken before a flush', async () => {
  const fake = await start();
  const client = await connect(fake, speakPath);
  client.send({ type: 'Speak', text: 'How are you' });
  await eventually(() => fake.timeline.connections[0]?.messages.length).toBe(1);
  expect(fake.timeline.speeches).toEqual([]);
});

test('Clear forgets text and sound', async () => {
  const fake = await start({ audioRate: 1 });
  const client = await connect(fake, speakPath);
  client.send({ type: 'Speak', text: 'A very long story about nothing.' });
  client.send({ type: 'Flush' });
  await eventually(() => client.audioBytes()).toBeGreaterThan(0);
  client.send({ type: 'Clear' });
  await client.next('Cleared');
  const before = client.audioBytes();
  client.send({ type: 'Flush' });
  await client.next('Flushed');
  expect(client.audioBytes()).toBe(before);
  expect(fake.timeline.speeches[0]?.cancelled).toBe(true);
});

test('a voice that fails ends the connection, not the fake', async () => {
  const fake = await start({ synthesise: () => Promise.reject(new Error('no voice today')) });
  const client = await connect(fake, speakPath);
  client.send({ type: 'Speak', text: 'Hello there. ' });
  expect(await client.ending).toMatchObject({ code: 1011 });
});

test('the 21st flush in 60 s brings a warning instead', async () => {
  const clock = new FakeClock();
  const client = await connect(await start({ clock }), speakPath);
  for (let i = 0; i < 21; i += 1) client.send({ type: 'Flush' });
  expect(await client.next('Warning')).toMatchObject({ code: 'FLUSH_LIMIT_EXCEEDED' });
  expect(client.events.filter(({ type }) => type === 'Flushed')).toHaveLength(20);
  clock.advance(60_000);
  client.send({ type: 'Flush' });
  await client.next('Flushed');
});

test.each([
  ['text of more than 2,000 characters', { type: 'Speak', text: 'a'.repeat(2_001) }],
  ['no text', { type: 'Speak' }],
  ['KeepAlive, which it does not have', { type: 'KeepAlive' }],
])('%s is refused', async (_name, message) => {
  const client = await connect(await start(), speakPath);
  client.send(message);
  await client.next('Error');
  expect(await client.ending).toMatchObject({ code: 1008 });
});

test('Close speaks what is left, and ends', async () => {
  const client = await connect(await start(), speakPath);
  client.send({ type: 'Speak', text: 'Goodbye' });
  client.send({ type: 'Close' });
  expect(await client.ending).toMatchObject({ code: 1000 });
  expect(client.audioBytes()).toBeGreaterThan(0);
});

test('a connection ends after an hour', async () => {
  const clock = new FakeClock();
  const client = await connect(await start({ clock }), speakPath);
  clock.advance(3_600_000);
  expect(await client.ending).toMatchObject({ code: 1000 });
});

test('speech begins with silence, as the service has it, in mu-law as asked', async () => {
  const client = await connect(await start({ leadingSilenceMs: 150 }), speakPath);
  client.send({ type: 'Speak', text: 'Hello' });
  client.send({ type: 'Flush' });
  await client.next('Flushed');
  const audio = Buffer.concat(client.audio);
  expect(audio.subarray(0, 1_150).every((byte) => byte === 0xff || byte === 0x7f)).toBe(true);
  expect(audio.subarray(1_200, 2_400).some((byte) => byte !== 0xff)).toBe(true);
});

test('in odd chunks, samples are torn', async () => {
  const fake = await start();
  fake.fail('odd-chunks');
  const client = await connect(fake, speakPath.replace('mulaw', 'linear16'));
  client.send({ type: 'Speak', text: 'Hello there' });
  client.send({ type: 'Flush' });
  await client.next('Flushed');
  expect(client.audio.some(({ length }) => length % 2 === 1)).toBe(true);
});

test('late audio comes in place of Cleared', async () => {
  const fake = await start();
  fake.fail('late-audio');
  const client = await connect(fake, speakPath);
  client.send({ type: 'Clear' });
  await eventually(() => client.audioBytes()).toBeGreaterThan(0);
  expect(client.order).not.toContain('Cleared');
});
