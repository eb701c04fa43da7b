import { expect, test } from 'vitest';
import { azureSpeakSchema, createAzureTextToSpeech } from '../../../../src/cascade/engines/azure/index.js';
import type { TextToSpeechEvent, TextToSpeechSession } from '../../../../src/cascade/index.js';
import { eventually, useScene } from '../../../fakes/azure/scene.js';
import { toneVoice } from '../../../fakes/openai-realtime/tone-voice.js';
import { audioOf, Collected, depsOf, useEngines } from './bench.js';

const { start } = useScene();
const { voice } = useEngines();

/** An utterance of these pieces, finished. */
function say(session: TextToSpeechSession, ...pieces: readonly string[]): Collected<TextToSpeechEvent> {
  const utterance = session.begin();
  const collected = new Collected(utterance.events);
  for (const piece of pieces) utterance.append(piece);
  utterance.finish();
  return collected;
}

test('an answer of two pieces comes in mu-law, each piece announced, over one connection', async () => {
  const fake = await start();
  const session = await voice(fake);
  const said = say(session, 'Good morning.', 'How can I help you?');
  await said.ended;
  expect(said.of('piece').map(({ index }) => index)).toEqual([0, 1]);
  expect(said.of('end')).toEqual([{ type: 'end', spokenPieces: 2 }]);
  expect(fake.timeline.speeches.map(({ text, format }) => [text, format])).toEqual([
    ['Good morning.', 'raw-8khz-8bit-mono-mulaw'],
    ['How can I help you?', 'raw-8khz-8bit-mono-mulaw'],
  ]);
  const durationMs = fake.timeline.speeches.reduce((sum, { audioMs }) => sum + audioMs, 0);
  expect(audioOf(said).length / 8).toBeCloseTo(durationMs);
  expect(fake.timeline.connections.length).toBe(1);
});

test('words begin where they are heard: ticks of 100 ns, counted over all pieces', async () => {
  const fake = await start();
  const session = await voice(fake);
  const said = say(session, 'Good morning.', 'Hello there.');
  await said.ended;
  const [first, second] = await Promise.all(['Good morning.', 'Hello there.'].map((text) => toneVoice(text)));
  const baseMs = fake.timeline.speeches[0]?.audioMs ?? 0;
  const expected = [
    ...(first?.words ?? []),
    ...(second?.words ?? []).map(({ text, startMs }) => ({ text, startMs: startMs + baseMs })),
  ];
  const words = said.of('word');
  expect(words.map(({ text }) => text)).toEqual(['Good', 'morning', 'Hello', 'there']);
  for (const [index, { atMs }] of words.entries()) expect(atMs).toBeCloseTo(expected[index]?.startMs ?? -1, 0);
});

test.each([
  [{ encoding: 'alaw', sampleRate: 8000 }, 'raw-8khz-8bit-mono-alaw'],
  [{ encoding: 'pcm16', sampleRate: 24_000 }, 'raw-24khz-16bit-mono-pcm'],
  [{ encoding: 'pcm16', sampleRate: 48_000 }, 'raw-48khz-16bit-mono-pcm'],
] as const)('the voice speaks %o', async (format, name) => {
  const fake = await start();
  const said = say(await voice(fake, {}, format), 'Hello.');
  await said.ended;
  expect(fake.timeline.speeches[0]?.format).toBe(name);
});

test('samples that the network cut in half are put together again', async () => {
  const fake = await start();
  fake.fail('odd-chunks');
  const said = say(await voice(fake, {}, { encoding: 'pcm16', sampleRate: 24_000 }), 'Hello there, good morning.');
  await said.ended;
  expect(said.of('audio').every(({ data }) => data.length % 2 === 0)).toBe(true);
  expect(audioOf(said).length / 48).toBeCloseTo(fake.timeline.speeches[0]?.audioMs ?? 0, 1);
});

test('audio of another turn, or of another stream, is not heard', async () => {
  const fake = await start();
  fake.fail('stray-audio');
  const said = say(await voice(fake), 'Hello there.');
  await said.ended;
  expect(audioOf(said).length / 8).toBeCloseTo(fake.timeline.speeches[0]?.audioMs ?? 0);
});

test('an answer that is broken off is silent at once, and the next one is heard whole', async () => {
  const fake = await start({ audioRate: 2 });
  const session = await voice(fake);
  const utterance = session.begin();
  const cut = new Collected(utterance.events);
  utterance.append('This is a long sentence that nobody wants to hear to its end, for it goes on and on.');
  await eventually(() => cut.of('audio').length).toBeGreaterThan(0);
  utterance.cancel();
  await cut.ended;
  const heard = cut.events.length;
  const next = say(session, 'All right.');
  await next.ended;
  expect(cut.events.length).toBe(heard);
  expect(cut.of('end')).toEqual([{ type: 'end', spokenPieces: 0 }]);
  expect(fake.timeline.speeches[0]).toMatchObject({ stopped: true });
  expect(audioOf(next).length / 8).toBeCloseTo(fake.timeline.speeches[1]?.audioMs ?? 0);
  expect(fake.timeline.connections.length).toBe(1);
});

test('a service that does not stop when it is told to is left, and the next answer is heard over another connection', async () => {
  const fake = await start({ audioRate: 2 });
  const session = await voice(fake);
  fake.fail('ignores-stop');
  const utterance = session.begin();
  const cut = new Collected(utterance.events);
  utterance.append('This is a long sentence that nobody wants to hear to its end, for it goes on and on.');
  await eventually(() => cut.of('audio').length).toBeGreaterThan(0);
  utterance.cancel();
  const next = say(session, 'All right.');
  await next.ended;
  expect(fake.timeline.connections.length).toBe(2);
  const bytes = audioOf(next).length;
  expect(bytes / 8).toBeCloseTo(fake.timeline.speeches.find(({ text }) => text === 'All right.')?.audioMs ?? 0);
});

test('whatever a model writes is spoken as text, and nothing of it is markup', async () => {
  const fake = await start();
  const text = 'Say </voice><voice name="x"> & <break/> "now"';
  const said = say(await voice(fake), `${text}\u0000\ud800`);
  await said.ended;
  expect(said.of('end')[0]?.error).toBeUndefined();
  expect(fake.timeline.speeches[0]?.text).toBe(text);
});

test('rate, pitch, style and pauses are written as SSML has them, and markup is charged', async () => {
  const fake = await start();
  const config = {
    voice: 'en-GB-SoniaNeural',
    rate: '+10%',
    pitch: '-2st',
    style: 'cheerful',
    styleDegree: 1.5,
    silence: { leadingMs: 0, tailingMs: 100 },
  };
  const said = say(await voice(fake, config), 'Hi.');
  await said.ended;
  const content =
    '<mstts:silence type="Leading-exact" value="0ms"/><mstts:silence type="Tailing-exact" value="100ms"/>' +
    '<mstts:express-as style="cheerful" styledegree="1.5"><prosody rate="+10%" pitch="-2st">Hi.</prosody></mstts:express-as>';
  const document = fake.timeline.connections[0]?.messages.find(({ path }) => path === 'ssml')?.body;
  expect(document).toContain(`xml:lang="en-GB"><voice name="en-GB-SoniaNeural">${content}</voice></speak>`);
  expect(said.of('usage')).toEqual([
    { type: 'usage', provider: 'azure', model: 'en-GB-SoniaNeural', unit: 'characters', quantity: content.length },
  ]);
});

test('a voice that does not exist is a mistake of the configuration, and nothing is tried again', async () => {
  const fake = await start();
  const said = say(await voice(fake, { voice: 'en-US-NobodyAtAll' }), 'Hi.');
  await said.ended;
  expect(said.of('end')).toMatchObject([{ error: { code: 'ERR_FLAVOR_CONFIG', retryable: false }, spokenPieces: 0 }]);
  expect(
    fake.timeline.connections.flatMap(({ messages }) => messages).filter(({ path }) => path === 'ssml').length,
  ).toBe(1);
});

test.each(['close-1006', 'close-1011', 'close-4429', 'oversized'] as const)(
  'a connection that goes in the middle of a word (%s) ends the answer with what is whole of it',
  async (fault) => {
    const fake = await start({ audioRate: 20 });
    const session = await voice(fake);
    const utterance = session.begin();
    const said = new Collected(utterance.events);
    utterance.append('One.');
    await eventually(() => fake.timeline.speeches[0]?.doneAtMs).toBeDefined();
    fake.fail(fault, { once: true, to: 'open' });
    utterance.append('Two is a longer sentence than that.');
    utterance.append('Three.');
    await said.ended;
    expect(said.of('end')).toMatchObject([{ error: { retryable: true }, spokenPieces: 1 }]);
    const again = say(session, 'Four.');
    await again.ended;
    expect(again.of('end')).toEqual([{ type: 'end', spokenPieces: 1 }]);
  },
);

test('an answer that was not begun when the connection went is said over the next one', async () => {
  const fake = await start({ delays: { interimMs: 0, finalMs: 0, speechMs: 150 } });
  const session = await voice(fake);
  const said = say(session, 'Hello there.');
  await eventually(() => fake.timeline.speeches.length).toBe(1);
  fake.drop();
  await said.ended;
  expect(said.of('end')).toEqual([{ type: 'end', spokenPieces: 1 }]);
  expect(fake.timeline.connections.length).toBe(2);
});

test('a connection that goes while nobody speaks is replaced before it is needed', async () => {
  const fake = await start();
  const session = await voice(fake);
  fake.drop('tts', 1000, 'idle');
  await eventually(() => fake.timeline.connections.length).toBe(2);
  await say(session, 'Hello.').ended;
  expect(fake.timeline.connections.length).toBe(2);
});

test('a service that says nothing is given up after its time', async () => {
  const fake = await start();
  const session = await voice(fake, { answerTimeoutMs: 500, reconnect: { attempts: 0 } });
  fake.fail('silent');
  const said = say(session, 'Hello.');
  await said.ended;
  expect(said.of('end')).toMatchObject([{ error: { code: 'ERR_FLAVOR_TIMEOUT' } }]);
});

test('frames that cannot be read are warnings, and the answer is heard', async () => {
  const fake = await start();
  const session = await voice(fake);
  fake.malformNext('tts');
  const said = say(session, 'Hello.');
  await said.ended;
  expect(said.of('end')).toEqual([{ type: 'end', spokenPieces: 1 }]);
  expect(said.of('warning').every(({ error }) => error.code === 'ERR_FLAVOR_PROTOCOL')).toBe(true);
});

test.each([
  ['upgrade-401', 'ERR_FLAVOR_AUTH'],
  ['upgrade-429', 'ERR_FLAVOR_QUOTA'],
  ['upgrade-503', 'ERR_FLAVOR_NETWORK'],
] as const)('a connection that fails with %s is told as %s', async (fault, code) => {
  const fake = await start();
  fake.fail(fault);
  await expect(voice(fake)).rejects.toMatchObject({ code });
});

test('the signal of the call ends every utterance, and the connection', async () => {
  const fake = await start({ audioRate: 1 });
  const controller = new AbortController();
  const session = await voice(fake, {}, undefined, controller.signal);
  const said = say(session, 'This is a sentence of some length.');
  const waiting = new Collected(session.begin().events);
  await eventually(() => said.of('audio').length).toBeGreaterThan(0);
  controller.abort();
  await Promise.all([said.ended, waiting.ended]);
  await eventually(() => fake.connections()).toBe(0);
  const late = session.begin();
  late.append('Nobody hears this.');
  await new Collected(late.events).ended;
});

test('a flood of speech comes in pieces of two seconds at most, and can be broken off', async () => {
  const fake = await start();
  fake.fail('audio-flood');
  const session = await voice(fake);
  const utterance = session.begin();
  const flood = new Collected(utterance.events);
  utterance.append('Hello.');
  await eventually(() => flood.of('audio').length).toBeGreaterThan(100);
  utterance.cancel();
  await flood.ended;
  expect(Math.max(...flood.of('audio').map(({ data }) => data.length))).toBeLessThanOrEqual(16_000);
});

test('a custom voice is asked for by its deployment', async () => {
  const fake = await start();
  await say(await voice(fake, { customVoice: 'deployment-1' }), 'Hello.').ended;
  expect(fake.timeline.connections[0]?.query).toBe('deploymentId=deployment-1');
});

test('check() says whether the key is right, and nothing is spoken', async () => {
  const fake = await start({ key: 'right' });
  const config = azureSpeakSchema.parse({});
  const { signal } = new AbortController();
  await createAzureTextToSpeech(config, depsOf(fake, 'right')).check(signal);
  await expect(createAzureTextToSpeech(config, depsOf(fake, 'wrong')).check(signal)).rejects.toMatchObject({
    code: 'ERR_FLAVOR_AUTH',
  });
  expect(fake.timeline.speeches).toEqual([]);
});
